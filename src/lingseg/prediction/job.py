"""What is to be predicted, and where it goes: from what a person typed to pairs and safe names."""

import csv
import hashlib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lingseg.imaging.raster import SUFFIXES

MAX_CSV_BYTES = 64 * 2**20
_GLOB = re.compile(r"[*?\[]")
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")
_UNSAFE_IN_STEM = re.compile(r"[^A-Za-z0-9_-]+")
_MAX_SLUG, _MAX_STEM = 48, 80
_COLUMNS = ("image", "text", "output")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One sentence on one picture."""

    image: Path
    text: str
    output: Path
    """The mask's file; its `.json` and overlay lie beside it."""

    @property
    def overlay(self) -> Path:
        """Where the overlay goes."""
        return self.output.with_name(f"{self.output.stem}.overlay.png")


def find_images(inputs: Sequence[str], *, is_recursive: bool, out: Path) -> list[Path]:
    """Return the picture files that files, folders and patterns name, each once.

    A folder gives the pictures in it, in the order of their names; hidden files and what lies in
    `out` do not count.

    Raises:
        FileNotFoundError: An input names nothing.
        ValueError: `out` is one of the folders: masks would be taken for pictures.
    """
    found: dict[Path, None] = {}
    for name in inputs:
        pictures = list(_find(name, is_recursive=is_recursive, out=out))
        if not pictures:
            raise FileNotFoundError(
                f"{name} names no picture; expected a file, a pattern, or a folder with "
                f"{', '.join(SUFFIXES)} in it. Check the spelling, or add --recursive."
            )
        found |= dict.fromkeys(pictures)
    return list(found)


def make_jobs(images: Sequence[Path], texts: Sequence[str], out: Path) -> list[Job]:
    """Return a job for every picture and sentence, with names that do not collide."""
    pairs = [(image, text) for image in images for text in dict.fromkeys(texts)]
    return _named([(image, text, None) for image, text in pairs], out)


def read_jobs(path: Path, out: Path) -> list[Job]:
    """Read a jobs file: CSV with the columns `image`, `text` and, if wanted, `output`.

    Pictures are looked for relative to the file's own folder; outputs lie in `out`.

    Raises:
        ValueError: It is no such table, or an output would lie elsewhere or twice at one place.
        OSError: It cannot be read.
    """
    rows = list(_rows(path))
    if not rows:
        raise ValueError(f"{path} has no rows; expected one job a row. Add them.")
    entries = [
        (
            path.parent / row["image"].strip(),
            row["text"].strip(),
            _safe_output(out, row["output"].strip(), f"{path}, line {number}"),
        )
        for number, row in rows
    ]
    return _named(entries, out)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a jobs file with their numbers, every column a text."""
    if path.stat().st_size > MAX_CSV_BYTES:
        raise ValueError(f"{path} has more than {MAX_CSV_BYTES:,} bytes. Split it.")
    try:
        table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
        columns = [str(name).strip() for name in table.fieldnames or ()]
        table.fieldnames = columns
        rows = [(table.line_num, row) for row in table]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a table in UTF-8 CSV ({error}). Save it so.") from error
    if missing := {"image", "text"} - set(columns):
        raise ValueError(
            f"{path} has the columns {', '.join(columns) or 'none'}; expected image,text[,output]. "
            f"Add {', '.join(sorted(missing))}."
        )
    for number, row in rows:
        if not (row["image"] or "").strip():
            raise ValueError(
                f"{path}, line {number}: no image is named. Name one or drop the line."
            )
        yield number, {name: row.get(name) or "" for name in _COLUMNS}


def _find(name: str, *, is_recursive: bool, out: Path) -> Iterator[Path]:
    """Yield the pictures that one input names."""
    path = Path(name)
    if path.is_dir():
        _refuse_out(path, out)
        pattern = path.rglob("*") if is_recursive else path.glob("*")
        yield from _pictures(pattern, out)
    elif path.exists() or not _GLOB.search(name):
        yield from [path] if path.exists() else []
    else:
        root = Path(path.anchor or ".")
        yield from _pictures(root.glob(str(path.relative_to(path.anchor))), out)


def _refuse_out(folder: Path, out: Path) -> None:
    """Refuse to write masks among the pictures that are looked for."""
    if folder.resolve() == out.resolve():
        raise ValueError(
            f"{out} is the folder of the pictures as well; the next run would take masks for "
            f"pictures. Choose another folder with -o."
        )


def _pictures(paths: Iterable[Path], out: Path) -> Iterator[Path]:
    """Yield, in the order of their names, the paths that are pictures by their suffix."""
    own = out.resolve()
    for path in sorted(paths):
        is_hidden = path.name.startswith(".")
        if is_hidden or path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        if own not in path.resolve().parents:
            yield path


def _safe_output(out: Path, output: str, where: str) -> Path | None:
    """Return where an output that a table names lies, which must be in `out`."""
    if not output:
        return None
    named = PurePosixPath(output.replace("\\", "/"))
    path = out / named.with_suffix(".png") if not named.suffix else out / named
    is_outside = named.is_absolute() or ".." in named.parts or ":" in output
    if is_outside or not path.resolve().is_relative_to(out.resolve()):
        raise ValueError(f"{where}: output {output!r} does not lie in {out}. Give a plain name.")
    if path.suffix.lower() != ".png":
        raise ValueError(f"{where}: output {output!r} is not PNG. Let its name end in .png.")
    return path


def _named(entries: Sequence[tuple[Path, str, Path | None]], out: Path) -> list[Job]:
    """Return jobs whose files do not collide with one another nor with a picture."""
    plain = [_plain_name(image, text) for image, text, _ in entries]
    taken = Counter(name.lower() for name in plain)
    jobs = []
    for name, (image, text, output) in zip(plain, entries, strict=True):
        unique = name if taken[name.lower()] == 1 else f"{name}-{_short_hash(image, text)}"
        jobs.append(Job(image=image, text=text, output=output or out / f"{unique}.png"))
    jobs = list(dict.fromkeys(jobs))  # a row that stands twice is one job
    _refuse_collisions(jobs)
    return jobs


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    """Refuse jobs that would write over one another or over a picture."""
    pictures = {_key(job.image) for job in jobs}
    written: set[str] = set()
    for job in jobs:
        for path in (job.output, job.overlay):
            key = _key(path)
            if key in written or key in pictures:
                raise ValueError(
                    f"{path} would be written twice, or over a picture. "
                    f"Give every row an output of its own."
                )
            written.add(key)


def refuse_overwriting(jobs: Sequence[Job], paths: Callable[[Job], Iterable[Path]]) -> None:
    """Refuse jobs whose files, as `paths` gives them, would be written over a picture.

    Raises:
        ValueError: One would be.
    """
    pictures = {_key(job.image) for job in jobs}
    for job in jobs:
        for path in paths(job):
            if _key(path) in pictures:
                raise ValueError(
                    f"{path} is a picture and would be written over. Choose another folder with -o."
                )


def _key(path: Path) -> str:
    """Return a text that is the same for paths to one file, whatever the case of their letters."""
    return str(path.resolve()).lower()


def _plain_name(image: Path, text: str) -> str:
    """Return a file name that a person recognises: the picture's, and what was asked."""
    stem = _UNSAFE_IN_STEM.sub("-", _ascii(image.stem)).strip("-")[:_MAX_STEM]
    return f"{stem or 'picture'}--{slug(text)}"


def slug(text: str) -> str:
    """Return `text` as part of a file name: small letters, digits and dashes only."""
    letters = _UNSAFE.sub("-", _ascii(text).lower()).strip("-")
    if len(letters) > _MAX_SLUG:
        letters = letters[:_MAX_SLUG].rpartition("-")[0] or letters[:_MAX_SLUG]
    return letters or "text"


def _ascii(text: str) -> str:
    """Return the letters of `text` without accents; what has no such form is dropped."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _short_hash(image: Path, text: str) -> str:
    """Return eight digits that differ where the picture's path or the text do."""
    whole = f"{image.as_posix()}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:8]
