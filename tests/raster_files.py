"""Picture files made by hand, sound and malicious."""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image as PillowImage


def encoded(pixels: np.ndarray | PillowImage.Image, format_name: str = "PNG", **options) -> bytes:
    """Return the bytes of a picture file."""
    picture = pixels if isinstance(pixels, PillowImage.Image) else PillowImage.fromarray(pixels)
    buffer = BytesIO()
    picture.save(buffer, format=format_name, **options)
    return buffer.getvalue()


def png_that_claims(height: int, width: int, data_bytes: int = 100) -> bytes:
    """Return a grey PNG whose header claims a size that its data does not have."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(data_bytes))
    chunks = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def random_pixels(dtype: type = np.uint8, channels: int = 0, seed: int = 0) -> np.ndarray:
    """Return pixels of no symmetry, 11 rows by 17 columns."""
    rng = np.random.default_rng(seed)
    shape = (11, 17, channels) if channels else (11, 17)
    if np.issubdtype(dtype, np.floating):
        return rng.normal(scale=1000, size=shape).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, size=shape, dtype=dtype, endpoint=True)
