"""The tags of a TIFF's pages, read without its pixels and without trusting their lengths."""

import struct
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Literal, TypeAlias

from lingseg.imaging.image import UnreadableImage

Tags: TypeAlias = dict[int, tuple[int, ...] | bytes]
"""Numbers, or for tags of bytes these, by the tag's number."""
ByteOrder: TypeAlias = Literal["<", ">"]

MAX_PAGES = 16
MAX_VALUES = 2**20
"""Of one tag: the tiles of the largest slide are fewer."""
_MAX_TAGS = 512
_LETTERS = {
    1: "B",
    2: "c",
    3: "H",
    4: "I",
    6: "b",
    7: "c",
    8: "h",
    9: "i",
    13: "I",
    16: "Q",
    18: "Q",
}
"""How struct calls the types of TIFF; others, such as fractions, are not needed."""
_BYTES = (2, 7)


@dataclass(frozen=True, kw_only=True)
class Directory:
    """The pages of a file."""

    byte_order: ByteOrder
    pages: tuple[Tags, ...]


def read_directory(opened: BufferedIOBase, name: str) -> Directory:
    """Read the tags of the first pages of a TIFF or BigTIFF; `name` is what errors call it.

    Raises:
        UnreadableImage: It is not such a file, or is damaged.
    """
    try:
        return _read(opened)
    except (struct.error, OverflowError, ValueError, OSError) as error:
        raise UnreadableImage(
            f"{name} starts as TIFF but its tags are damaged or cut short. Save it again."
        ) from error


@dataclass(frozen=True, kw_only=True)
class _Sizes:
    """How wide the numbers of a file's directory are."""

    order: ByteOrder
    count: str
    """Of the tags of a page."""
    offset: str
    """Of places in the file, and of the number of a tag's values."""

    def unpack(self, opened: BufferedIOBase, letters: str) -> tuple[int, ...]:
        """Read numbers from where the file is."""
        numbers = struct.Struct(self.order + letters)
        return numbers.unpack(opened.read(numbers.size))


def _read(opened: BufferedIOBase) -> Directory:
    """Read the header, then page after page."""
    opened.seek(0)
    mark = opened.read(2)
    if mark not in (b"II", b"MM"):
        raise ValueError("no TIFF")
    order: ByteOrder = "<" if mark == b"II" else ">"
    (version,) = struct.unpack(order + "H", opened.read(2))
    sizes = _Sizes(order=order, count="H", offset="I")
    if version == 43:
        sizes = _Sizes(order=order, count="Q", offset="Q")
        opened.read(4)
    (place,) = sizes.unpack(opened, sizes.offset)
    pages: list[Tags] = []
    while place and len(pages) < MAX_PAGES:
        tags, place = _read_page(opened, place, sizes)
        pages.append(tags)
    return Directory(byte_order=order, pages=tuple(pages))


def _read_page(opened: BufferedIOBase, place: int, sizes: _Sizes) -> tuple[Tags, int]:
    """Read the tags at a place, and where the next page is."""
    opened.seek(place)
    (num_tags,) = sizes.unpack(opened, sizes.count)
    if num_tags > _MAX_TAGS:
        raise ValueError("too many tags")
    width = struct.calcsize(sizes.order + sizes.offset)
    entries: list[tuple[int, int, int, bytes]] = []
    for _ in range(num_tags):
        tag, kind, count = sizes.unpack(opened, "HH" + sizes.offset)
        entries.append((tag, kind, count, opened.read(width)))
    (after,) = sizes.unpack(opened, sizes.offset)
    tags: Tags = {}
    for tag, kind, count, value in entries:
        if kind in _LETTERS and count <= MAX_VALUES:
            tags[tag] = _values(opened, kind, count, value, sizes)
    return tags, after


def _values(
    opened: BufferedIOBase, kind: int, count: int, value: bytes, sizes: _Sizes
) -> tuple[int, ...] | bytes:
    """Return the values of a tag, which stand in it or, where they are too long, elsewhere."""
    numbers = struct.Struct(f"{sizes.order}{count}{_LETTERS[kind]}")
    if numbers.size > len(value):
        (place,) = struct.unpack(sizes.order + sizes.offset, value)
        opened.seek(place)
        value = opened.read(numbers.size)
    if kind in _BYTES:
        return value[:count]
    return numbers.unpack(value[: numbers.size])
