"""Your own data set: a folder with `train.csv`, `val.csv`, `test.csv` and a `dataset.json`.

The tables have the columns `image,mask,text[,label,subject,…]`, with paths relative to the folder;
`mask` and `text` may be empty or absent. One or two of the tables may be absent as well.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PureWindowsPath
from types import MappingProxyType

from lingseg.datasets.case import Case, Dataset, DatasetInfo, DatasetNotFound
from lingseg.datasets.declaration import read_declaration

SPLITS = ("train", "val", "test")

ENCODING = "utf-8-sig"
"""Spreadsheet programs put a byte order mark before UTF-8; it is read over."""

_FIELDS = frozenset({"image", "mask", "text", "label", "subject"})

Row = Mapping[str, str]


def read_folder(root: Path) -> Dataset:
    """Read a data set in the folder format. Pictures are not opened.

    Raises:
        DatasetNotFound: There is no such folder, or it has none of the three tables.
        FileNotFoundError: There is no `dataset.json`.
        ValueError: A file is not in the format; the message says where.
    """
    present = tuple(split for split in SPLITS if (root / f"{split}.csv").is_file())
    if not present:
        raise DatasetNotFound(
            f"{root} holds none of {', '.join(f'{split}.csv' for split in SPLITS)}. A data set has "
            f"at least one of them, with the columns image,mask,text. Check the path."
        )
    info = read_declaration(root)
    splits = {split: _read_split(root, split, info) for split in present}
    return Dataset(root=root, info=info, splits=MappingProxyType(splits))


def as_table(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Return rows as CSV with unix line ends; what a row does not say is left empty."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def as_declaration(info: DatasetInfo) -> str:
    """Return what stands in the `dataset.json` of a data set."""
    return json.dumps(asdict(info), indent=1) + "\n"


def _read_split(root: Path, split: str, info: DatasetInfo) -> tuple[Case, ...]:
    """Read the cases of one table."""
    rows = read_table(root / f"{split}.csv")
    case_ids = _name_cases([row.get("mask") or row["image"] for row in rows])
    return tuple(
        _case(root, row, info=info, case_id=f"{split}/{case_id}")
        for row, case_id in zip(rows, case_ids, strict=True)
    )


def _case(root: Path, row: Row, *, info: DatasetInfo, case_id: str) -> Case:
    """Return what one row says."""
    columns = {name: value for name, value in row.items() if name not in _FIELDS}
    return Case(
        case_id=case_id,
        image=root / row["image"],
        text=row.get("text", ""),
        mask=root / row["mask"] if row.get("mask") else None,
        subject=row.get("subject") or row["image"],
        side=info.side,
        label=row.get("label", ""),
        columns=MappingProxyType(columns),
    )


def _name_cases(paths: Sequence[str]) -> Iterator[str]:
    """Yield a name for each row that is readable and found only once.

    A file's own name will do, unless another folder has one of the same name; a file that several
    rows share (several sentences of one mask) is numbered from the second row on.
    """
    bare = {path: _without_ending(path) for path in paths}
    stems = Counter(_last_part(name) for name in set(bare.values()))
    repeats: Counter[str] = Counter()
    taken = set()
    for path in paths:
        stem = _last_part(bare[path])
        name = unique = stem if stems[stem] == 1 else bare[path]
        while unique in taken:
            repeats[name] += 1
            unique = f"{name}#{repeats[name] + 1}"
        taken.add(unique)
        yield unique


def _without_ending(path: str) -> str:
    """Return a path without `.png` or the like."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name)


def _last_part(path: str) -> str:
    """Return what stands behind the last slash."""
    return path.rpartition("/")[2]


def read_table(path: Path) -> list[Row]:
    """Return the rows of one table, checked.

    Raises:
        ValueError: It is not a table of this format.
    """
    try:
        with path.open(encoding=ENCODING, newline="") as table:
            reader = csv.DictReader(table, strict=True)
            _check_header(path, reader.fieldnames or ())
            return [_checked_row(path, reader.line_num, row) for row in reader]
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text (byte {error.start}). Save the table as CSV in UTF-8."
        ) from error
    except csv.Error as error:
        raise ValueError(f"{path} is not a CSV table: {error}. Save it as CSV in UTF-8.") from error


def _check_header(path: Path, header: Sequence[str]) -> None:
    """Refuse a table that lacks a column, or has one twice."""
    if "image" not in header:
        raise ValueError(
            f"{path} has no column 'image'; its first line is {','.join(header)!r}. "
            f"The columns are image,mask,text[,label,subject,…], with commas."
        )
    folded = {name.strip().casefold(): name for name in header}
    misspelt = [folded[name] for name in sorted(_FIELDS & folded.keys()) if name not in header]
    if misspelt:
        name = misspelt[0]
        raise ValueError(
            f"{path} has the column {name!r}, expected {name.strip().casefold()!r}, in small "
            f"letters and without blanks. Rename it."
        )
    twice = [name for name, number in Counter(header).items() if name and number > 1]
    if twice:
        raise ValueError(f"{path} has the column {twice[0]!r} twice. Rename or drop one of them.")


def _checked_row(path: Path, line: int, row: dict[str, str]) -> Row:
    """Return the row, if it has as many fields as the header and its paths stay in the folder."""
    if None in row or None in row.values():
        raise ValueError(
            f"{path} line {line} has more or fewer fields than the first line. Put a text that "
            f"has commas between double quotes."
        )
    if not row["image"]:
        raise ValueError(f"{path} line {line} names no image. Every row needs one.")
    for column in ("image", "mask"):
        value = row.get(column, "")
        # Read as a Windows path, so that both kinds of slash and a drive letter are seen anywhere.
        parts = PureWindowsPath(value)
        if parts.anchor or ".." in parts.parts:
            raise ValueError(
                f"{path} line {line}: {column} {value!r} leaves the data set's folder. "
                f"Paths are relative to {path.parent} and stay within it."
            )
    return row
