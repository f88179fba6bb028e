"""Where jobs come from: pairs of pictures and sentences, or a table, read row by row."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TextIO

from lingseg.prediction.formats import FORMATS, FormatName
from lingseg.prediction.job import Job, Place, is_address
from lingseg.prediction.job_store import FilesOf, Jobs
from lingseg.prediction.options import formats_of
from lingseg.prediction.result import record_path
from lingseg.prediction.shard import Shard

MAX_ROW_CHARACTERS = 2**20
"""Of a row of a jobs table: far more than a path and a sentence have."""
_MAX_SHOWN = 100
"""Letters of a table that an error quotes."""
_COLUMNS = ("image", "text", "output")


def files_of(asked: FormatName | None) -> FilesOf:
    """Return what gives every file that a job may write."""
    formats = [FORMATS[name] for name in formats_of(asked)]

    def files(job: Job) -> Iterator[Path]:
        yield job.output
        yield job.overlay
        for each in formats:
            yield from each.paths(job.output)
        yield record_path(job.output)

    return files


def make_jobs(
    images: Iterable[Place],
    texts: Sequence[str],
    out: Path,
    *,
    format: FormatName | None = None,  # noqa: A002 - the word people type
    shard: Shard | None = None,
    is_deidentified: bool = False,
) -> Jobs:
    """Return a job for every picture and sentence, with names that do not collide.

    Raises:
        ValueError: A mask would be written over a picture.
        OSError: The jobs cannot be kept in a temporary file.
    """
    jobs = Jobs(out, shard=shard, is_deidentified=is_deidentified)
    for image in images:
        for text in dict.fromkeys(texts):
            jobs.add(image, text)
    settle(jobs, format)
    return jobs


def read_jobs(
    path: Path,
    out: Path,
    *,
    format: FormatName | None = None,  # noqa: A002 - the word people type
    shard: Shard | None = None,
    is_deidentified: bool = False,
) -> Jobs:
    """Read a jobs file: CSV with the columns `image`, `text` and, if wanted, `output`.

    Pictures are looked for relative to the file's own folder; outputs lie in `out`. An output may
    end as the format's files do, or in nothing.

    Raises:
        ValueError: It is no such table, or an output would lie elsewhere or twice at one place.
        OSError: It cannot be read.
    """
    jobs = Jobs(out, shard=shard, is_deidentified=is_deidentified)
    outputs = _Outputs(out, format)
    number = 0
    for number, row in _rows(path):
        name = row["image"].strip()
        output = outputs.checked(row["output"].strip(), f"{path}, line {number}")
        jobs.add(path.parent / name, row["text"].strip(), output, name=Path(name).as_posix())
    if not number:
        raise ValueError(f"{path} has no rows; expected one job a row. Add them.")
    settle(jobs, format)
    return jobs


def settle(jobs: Jobs, asked: FormatName | None) -> None:
    """Refuse jobs whose files would be written twice, or over a picture.

    Raises:
        ValueError: They would be.
        OSError: The jobs cannot be kept in a temporary file.
    """
    collections = [FORMATS[name].collection for name in formats_of(asked)]
    jobs.settle(files_of(asked), [jobs.out / each[0] for each in collections if each])
    jobs.settled_for = (asked,)


class _Outputs:
    """The outputs that a table may name."""

    def __init__(self, out: Path, asked: FormatName | None) -> None:
        """Take the folder that they must lie in, and what they may end in."""
        self._out, self._resolved = out, out.resolve()
        suffixes = [suffix for name in formats_of(asked) for suffix in FORMATS[name].suffixes]
        self._suffixes = sorted({".png", *suffixes}, key=len, reverse=True)
        self._wanted = FORMATS[formats_of(asked)[0]].suffixes[0]

    def checked(self, output: str, where: str) -> Path | None:
        """Return the output with the suffix of PNG, or None where none is named.

        Raises:
            ValueError: It lies elsewhere, or ends otherwise.
        """
        if not output:
            return None
        named = PurePosixPath(output.replace("\\", "/"))
        path = self._out / named
        is_outside = named.is_absolute() or ".." in named.parts or ":" in output
        if is_outside or not path.resolve().is_relative_to(self._resolved):
            raise ValueError(
                f"{where}: output {repr(output)[:_MAX_SHOWN]} does not lie in {self._out}. "
                f"Give a plain name."
            )
        for suffix in self._suffixes:
            stem = path.name[: -len(suffix)]
            if stem and path.name.lower().endswith(suffix):
                is_png = suffix == ".png"  # whose letters stay as they are: .PNG is its file
                return path if is_png else path.with_name(f"{stem}.png")
        if named.suffix:
            raise ValueError(
                f"{where}: output {repr(output)[:_MAX_SHOWN]} does not end in {self._wanted}. "
                f"Let it end so, or leave the ending out."
            )
        return path.with_suffix(".png")


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a jobs file with their numbers, every column a text."""
    with path.open(encoding="utf-8-sig", newline="") as opened:
        lines = _Lines(opened, path)
        try:
            table = csv.DictReader(lines)
            columns = [str(name).strip() for name in table.fieldnames or ()]
            table.fieldnames = columns
            _check_columns(path, columns)
            for row in table:
                lines.start_row()
                yield table.line_num, _checked_row(row, f"{path}, line {table.line_num}")
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(
                f"{path} is not a table in UTF-8 CSV ({error}). Save it so."
            ) from error


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    """Refuse a table without pictures or sentences."""
    if missing := {"image", "text"} - set(columns):
        for mark, name in ((";", "semicolons"), ("\t", "tabs")):
            if len(columns) == 1 and {"image", "text"} <= _names_in(columns[0], mark):
                raise ValueError(
                    f"{path} has {name} between its columns; expected commas. Save it as CSV with "
                    f"commas (in LibreOffice: tick 'Edit filter settings'), or replace them."
                )
        shown = ", ".join(map(repr, columns))[:_MAX_SHOWN] or "none"
        raise ValueError(
            f"{path} has the columns {shown}; expected image,text[,output]. "
            f"Add {', '.join(sorted(missing))}."
        )


def _names_in(column: str, mark: str) -> set[str]:
    """Return the names of columns that `mark` sets apart."""
    return {name.strip(' "') for name in column.split(mark)}


def _checked_row(row: dict[str, str | None], where: str) -> dict[str, str]:
    """Return the columns that count.

    Raises:
        ValueError: No picture is named, or one on the net: a table could send the credentials of
            whoever runs it to any machine.
    """
    image = (row["image"] or "").strip()
    if not image:
        raise ValueError(f"{where}: no image is named. Name one or drop the line.")
    for name in ("image", "output"):
        if not (row.get(name) or "").isprintable():
            raise ValueError(
                f"{where}: the {name} has letters that no file name should have, "
                f"{repr(row[name])[:_MAX_SHOWN]}. Save the table again."
            )
    if is_address(image):
        raise ValueError(
            f"{where}: {repr(image)[:_MAX_SHOWN]} is an address; a table names files only. "
            f"Give the address on the command line."
        )
    return {name: row.get(name) or "" for name in _COLUMNS}


class _Lines:
    """The lines of a file, of which no row has too many characters."""

    def __init__(self, opened: TextIO, path: Path) -> None:
        """Take the open file and what errors call it."""
        self._opened, self._path = opened, path
        self._in_row = 0

    def start_row(self) -> None:
        """Count anew."""
        self._in_row = 0

    def __iter__(self) -> "_Lines":
        """Return itself: the lines come once."""
        return self

    def __next__(self) -> str:
        """Return the next line.

        Raises:
            ValueError: The row that it belongs to is far too long.
        """
        line = self._opened.readline(MAX_ROW_CHARACTERS + 1)
        if not line:
            raise StopIteration
        self._in_row += len(line)
        if self._in_row > MAX_ROW_CHARACTERS:
            raise ValueError(
                f"{self._path} has a row of more than {MAX_ROW_CHARACTERS:,} characters; "
                f"expected a picture and a sentence. Look for a quotation mark that is not closed."
            )
        return line
