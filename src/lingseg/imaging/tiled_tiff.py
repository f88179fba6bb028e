"""Tiled TIFF, as histology slides are stored: only the tiles that a window needs are decoded.

Every tile is handed to the decoder of plain TIFF as a small file of its own, so that the same
methods of compression are read under the same limits, one tile at a time.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from lingseg.imaging.image import Image, Rgb, UnreadableImage
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.large_picture import LargePicture
from lingseg.imaging.limits import MAX_LARGE_PIXELS, MAX_PIXELS, MIN_SIDE, check_file_bytes
from lingseg.imaging.raster import decode_picture
from lingseg.imaging.tiff_directory import ByteOrder, Directory, Tags, read_directory

MAX_TILED_FILE_BYTES = 16 * 2**30
"""It is never read whole; a slide has smaller copies behind the page that is read."""
_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_TILE_SIDE = 4_096
_MAX_TILES = 2**20
_REMEMBERED_BYTES = 96 * 2**20
"""Of decoded tiles: windows overlap, and a window of a slide's whole width takes a row of tiles."""

_WIDTH, _HEIGHT, _BITS, _METHOD, _COLOURS = 256, 257, 258, 259, 262
_CHANNELS, _PLANES, _PREDICTOR, _TABLES, _SUBSAMPLING = 277, 284, 317, 347, 530
_TILE_WIDTH, _TILE_HEIGHT, _OFFSETS, _LENGTHS = 322, 323, 324, 325
_STRIP_OFFSET, _STRIP_ROWS, _STRIP_BYTES = 273, 278, 279
_COPIED = (_BITS, _METHOD, _COLOURS, _CHANNELS, _PREDICTOR, _TABLES, _SUBSAMPLING)
_SHORT, _LONG, _UNDEFINED = 3, 4, 7
_MAX_SHORT, _MAX_LONG = 2**16 - 1, 2**32 - 1
_HEADER_BYTES, _ENTRY_BYTES, _PLAIN_TIFF = 8, 12, 42


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Where the tiles of the first page lie."""

    byte_order: ByteOrder
    tags: Tags
    size: tuple[int, int]
    tile_size: tuple[int, int]
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]

    @property
    def across(self) -> int:
        """How many tiles a row of them has."""
        return math.ceil(self.size[1] / self.tile_size[1])


def is_large_tiff(path: Path) -> bool:
    """Tell whether a file is a TIFF in tiles that has more pixels than are read at once.

    What is no such file, or damaged, is left to the readers of other files.
    """
    if not path.is_file():
        return False
    with path.open("rb") as opened:
        if opened.read(4) not in _MAGICS:
            return False
        try:
            tags = read_directory(opened, str(path)).pages[0]
        except (UnreadableImage, IndexError):
            return False
    is_tiled = _OFFSETS in tags and _TILE_WIDTH in tags
    return is_tiled and _number(tags, _WIDTH) * _number(tags, _HEIGHT) > MAX_PIXELS


def read_tiled_tiff(path: Path) -> LargePicture:
    """Return the first page of a TIFF in tiles, to be read by windows; later pages are copies.

    Raises:
        UnreadableImage: It is no such file, is damaged, or breaks a limit.
    """
    name = str(path)
    check_file_bytes(name, path.stat().st_size, MAX_TILED_FILE_BYTES)
    with path.open("rb") as opened:
        layout = _layout_of(read_directory(opened, name), path.stat().st_size, name)

    @lru_cache(maxsize=max(1, _REMEMBERED_BYTES // (3 * layout.tile_size[0] * layout.tile_size[1])))
    def tile(number: int) -> Rgb:
        with path.open("rb") as opened:
            opened.seek(layout.offsets[number])
            packed = opened.read(layout.lengths[number])
        return _decoded(packed, layout, f"Tile {number} of {name}")

    def read(top: int, bottom: int, left: int, right: int) -> Rgb:
        return _assembled((top, bottom), (left, right), layout, tile)

    return LargePicture(size=layout.size, read=read)


def _layout_of(directory: Directory, file_bytes: int, name: str) -> _Layout:
    """Check what the first page says of itself."""
    if not directory.pages:
        raise UnreadableImage(f"{name} is TIFF but holds no picture. Save it again.")
    tags = directory.pages[0]
    layout = _Layout(
        byte_order=directory.byte_order,
        tags=tags,
        size=(_number(tags, _HEIGHT), _number(tags, _WIDTH)),
        tile_size=(_number(tags, _TILE_HEIGHT), _number(tags, _TILE_WIDTH)),
        offsets=_numbers(tags, _OFFSETS),
        lengths=_numbers(tags, _LENGTHS),
    )
    height, width = layout.size
    if height * width > MAX_LARGE_PIXELS or min(height, width) < MIN_SIDE:
        raise UnreadableImage(
            f"{name} has {height:,} x {width:,} pixels; at most {MAX_LARGE_PIXELS:,} in all are "
            f"read by tiles.{_smaller_page(directory)} Save a lower magnification or a part of it."
        )
    _check_tiles(layout, file_bytes, name)
    return layout


def _smaller_page(directory: Directory) -> str:
    """Return a sentence on the largest page that could be read, where there is one."""
    sizes = [(_number(tags, _HEIGHT), _number(tags, _WIDTH)) for tags in directory.pages[1:]]
    fitting = [size for size in sizes if 0 < size[0] * size[1] <= MAX_LARGE_PIXELS]
    if not fitting:
        return ""
    height, width = max(fitting)
    return f" It has a copy of {height:,} x {width:,} that fits."


def _check_tiles(layout: _Layout, file_bytes: int, name: str) -> None:
    """Refuse tiles that are not where, or not what, they should be."""
    tags, (tile_height, tile_width) = layout.tags, layout.tile_size
    channels = _number(tags, _CHANNELS, 1)
    bits = set(_numbers(tags, _BITS) or (1,))
    if channels not in {1, 3} or bits != {8} or _number(tags, _PLANES, 1) != 1:
        raise UnreadableImage(
            f"{name} has {channels} channels of {max(bits)} bits; expected a slide of 1 or 3 "
            f"channels of 8 bits, pixel by pixel. Save it so."
        )
    copied = [number for tag in _COPIED for number in _numbers(tags, tag)]
    if not all(0 <= number <= _MAX_LONG for number in copied):
        raise UnreadableImage(
            f"{name} says of its tiles what no TIFF can say; it is damaged. Save or copy it again."
        )
    if not (1 <= tile_height <= MAX_TILE_SIDE and 1 <= tile_width <= MAX_TILE_SIDE):
        raise UnreadableImage(
            f"{name} has tiles of {tile_height:,} x {tile_width:,} pixels; at most "
            f"{MAX_TILE_SIDE:,} on a side are read. Save it in smaller ones."
        )
    num_tiles = layout.across * math.ceil(layout.size[0] / tile_height)
    fits = all(
        length > 0 and offset >= 0 and offset + length <= file_bytes
        for offset, length in zip(layout.offsets, layout.lengths, strict=False)
    )
    has_all = len(layout.offsets) == len(layout.lengths) == num_tiles <= _MAX_TILES
    if not (fits and has_all and max(layout.lengths) <= MAX_TILE_SIDE**2 * 4):
        raise UnreadableImage(
            f"{name} lacks tiles, or is cut short; expected {num_tiles:,} tiles of {tile_height} x "
            f"{tile_width}. Save or copy it again."
        )


def _assembled(
    rows: tuple[int, int],
    columns: tuple[int, int],
    layout: _Layout,
    tile: Callable[[int], Rgb],
) -> Rgb:
    """Put a window together from its tiles."""
    (top, bottom), (left, right) = rows, columns
    height, width = layout.tile_size
    window = np.empty((bottom - top, right - left, 3), dtype=np.uint8)
    for row in range(top // height, (bottom - 1) // height + 1):
        for column in range(left // width, (right - 1) // width + 1):
            pixels = tile(row * layout.across + column)
            first_row, first_column = row * height, column * width
            part = pixels[
                max(0, top - first_row) : bottom - first_row,
                max(0, left - first_column) : right - first_column,
            ]
            at_row, at_column = max(0, first_row - top), max(0, first_column - left)
            window[at_row : at_row + part.shape[0], at_column : at_column + part.shape[1]] = part
    return window


def _decoded(packed: bytes, layout: _Layout, name: str) -> Rgb:
    """Decode a tile."""
    pixels = decode_picture(_as_file(packed, layout), name)
    if pixels.shape[:2] != layout.tile_size:
        raise UnreadableImage(
            f"{name} has {pixels.shape[0]} x {pixels.shape[1]} pixels; expected "
            f"{layout.tile_size[0]} x {layout.tile_size[1]}. The file is damaged; save it again."
        )
    return as_rgb(Image(pixels=pixels))


def _as_file(packed: bytes, layout: _Layout) -> bytes:
    """Return a tile as a TIFF of one strip, in its own byte order: header, pixels, then tags."""
    order, (height, width) = layout.byte_order, layout.tile_size
    pixels = packed + b"\0" * (len(packed) % 2)
    tags: Tags = {tag: layout.tags[tag] for tag in _COPIED if tag in layout.tags}
    tags |= {_WIDTH: (width,), _HEIGHT: (height,), _STRIP_ROWS: (height,), _PLANES: (1,)}
    tags |= {_STRIP_OFFSET: (_HEADER_BYTES,), _STRIP_BYTES: (len(packed),)}
    place = _HEADER_BYTES + len(pixels)
    behind = place + 2 + _ENTRY_BYTES * len(tags) + 4
    entries, values = struct.pack(order + "H", len(tags)), b""
    for tag, value in sorted(tags.items()):
        kind, data = _stored(value, order)
        entries += struct.pack(order + "HHI", tag, kind, len(value))
        if len(data) <= 4:
            entries += data.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "I", behind + len(values))
            values += data + b"\0" * (len(data) % 2)
    mark = b"II" if order == "<" else b"MM"
    header = mark + struct.pack(order + "HI", _PLAIN_TIFF, place)
    return header + pixels + entries + struct.pack(order + "I", 0) + values


def _stored(value: tuple[int, ...] | bytes, order: ByteOrder) -> tuple[int, bytes]:
    """Return the type of a tag, and its values as the file has them."""
    if isinstance(value, bytes):
        return _UNDEFINED, value
    if max(value, default=0) > _MAX_SHORT:
        return _LONG, struct.pack(f"{order}{len(value)}I", *value)
    return _SHORT, struct.pack(f"{order}{len(value)}H", *value)


def _number(tags: Tags, tag: int, otherwise: int = 0) -> int:
    """Return the one value of a tag."""
    return next(iter(_numbers(tags, tag)), otherwise)


def _numbers(tags: Tags, tag: int) -> tuple[int, ...]:
    """Return the numbers of a tag; none where it is absent or holds bytes."""
    value = tags.get(tag, ())
    return () if isinstance(value, bytes) else value
