"""Tables of sentences in Excel's format, as LViT's data sets have them."""

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError

_COLUMNS = ("image", "description")

_MOST_BYTES = 256 * 2**20
"""No table of sentences unpacks to more; a zip bomb does."""

# What openpyxl raises on files that break the rules of the format, whatever the rule.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, ParseError, ValueError, LookupError, TypeError, AttributeError,
    EOFError, RuntimeError, NotImplementedError,
)  # fmt: skip


def read_texts(path: Path) -> list[tuple[str, str]]:
    """Read the columns Image and Description of the first sheet, row by row.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not such a workbook.
    """
    try:
        _refuse_bomb(path)
        rows = list(_read_rows(path))
    except _BROKEN as error:
        raise ValueError(
            f"{path} is not an Excel workbook that can be read ({error}). Save it again as .xlsx."
        ) from error
    header = [str(cell).strip().lower() for cell in rows[0]] if rows else []
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise ValueError(
            f"{path} has no column {missing[0].capitalize()!r}; its first row is {header}. "
            f"A table of texts has the columns Image and Description."
        )
    name_at, text_at = (header.index(column) for column in _COLUMNS)
    return [
        (_as_text(row[name_at]), _as_text(row[text_at]))
        for row in rows[1:]
        if any(cell is not None for cell in row)
    ]


def _refuse_bomb(path: Path) -> None:
    """Refuse a file that would unpack to more than any table of sentences."""
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > _MOST_BYTES:
        raise ValueError(f"it would unpack to {unpacked:,} bytes; at most {_MOST_BYTES:,} are read")


def _read_rows(path: Path) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the first sheet, all of one length."""
    import openpyxl  # a fifth of a second that most commands need not wait for

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl's remarks on styles, which are not used
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            # Some programs write a wrong extent, and rows beyond it would be lost in silence.
            sheet.reset_dimensions()
            width = 0
            for row in sheet.iter_rows(values_only=True):
                width = max(width, len(row))
                yield tuple(row) + (None,) * (width - len(row))
        finally:
            book.close()


def _as_text(cell: object) -> str:
    """Return a cell's content as text; an empty cell is empty text."""
    return "" if cell is None else str(cell).strip()
