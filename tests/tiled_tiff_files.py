"""Tiny TIFF files in tiles, as slide scanners write them; Pillow packs each tile."""

import struct
from io import BytesIO

import numpy as np
from PIL import Image as PillowImage
from PIL.TiffImagePlugin import TiffImageFile

TILE = (64, 48)
_OF_A_TILE = (258, 259, 262, 277, 317, 347, 530)
"""Bits, method, colours, channels, predictor, tables and subsampling, as Pillow chose them."""


def tiled_tiff(pixels, *, tile=TILE, compression="tiff_lzw", order="<", big=False, **tags):
    """The bytes of a file; `tags` are changes of it, such as `_324=(0, 0)`."""
    height, width = pixels.shape[:2]
    data, offsets, lengths, packed_as = b"\0" * 8, [], [], {}
    for top in range(0, height, tile[0]):
        for left in range(0, width, tile[1]):
            part = pixels[top : top + tile[0], left : left + tile[1]]
            padding = [(0, tile[0] - part.shape[0]), (0, tile[1] - part.shape[1])]
            whole = np.pad(part, padding + [(0, 0)] * (part.ndim - 2))
            packed, packed_as = _packed(whole, compression)
            offsets.append(len(data) + 8 * big)
            lengths.append(len(packed))
            data += packed + b"\0" * (len(packed) % 2)
    found = {256: (width,), 257: (height,), 322: (tile[1],), 323: (tile[0],), 284: (1,)}
    found |= packed_as | {324: tuple(offsets), 325: tuple(lengths)}
    found |= {int(name[1:]): value for name, value in tags.items()}
    return _file(data[8:], found, order, big=big)


def _packed(pixels, compression):
    """A tile's bytes, and the tags that say how it is packed."""
    buffer = BytesIO()
    rows = {278: pixels.shape[0]}
    PillowImage.fromarray(pixels).save(buffer, "TIFF", compression=compression, tiffinfo=rows)
    tags = TiffImageFile(BytesIO(buffer.getvalue())).tag_v2
    start, length = (_first(tags[tag]) for tag in (273, 279))
    kept = {tag: _values(tags[tag]) for tag in _OF_A_TILE if tag in tags}
    return buffer.getvalue()[start : start + length], kept


def _first(value):
    return value[0] if isinstance(value, tuple) else value


def _values(value):
    return value if isinstance(value, tuple | bytes) else (value,)


def _file(data, tags, order, *, big):
    """Header, tiles, tags."""
    count, offset, inline = ("Q", "Q", 8) if big else ("H", "I", 4)
    header_bytes = 16 if big else 8
    place = header_bytes + len(data)
    behind = place + struct.calcsize(order + count) + (20 if big else 12) * len(tags) + inline
    entries, values = struct.pack(order + count, len(tags)), b""
    for tag, value in sorted(tags.items()):
        kind, stored = _stored(value, order)
        entries += struct.pack(order + "HH" + offset, tag, kind, len(value))
        if len(stored) <= inline:
            entries += stored.ljust(inline, b"\0")
        else:
            entries += struct.pack(order + offset, behind + len(values))
            values += stored + b"\0" * (len(stored) % 2)
    mark = b"II" if order == "<" else b"MM"
    middle = struct.pack(order + "HHH", 43, 8, 0) if big else struct.pack(order + "H", 42)
    header = mark + middle + struct.pack(order + offset, place)
    return header + data + entries + struct.pack(order + offset, 0) + values


def _stored(value, order):
    if isinstance(value, bytes):
        return 7, value
    if min(value) < 0:
        return 8, struct.pack(f"{order}{len(value)}h", *value)
    is_long = max(value) > 65_535
    return (4, struct.pack(f"{order}{len(value)}I", *value)) if is_long else (
        3, struct.pack(f"{order}{len(value)}H", *value)
    )  # fmt: skip
