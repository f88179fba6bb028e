"""The door through which pixels go out: PNG, whole or not at all."""

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from lingseg.artefact import written_atomically
from lingseg.imaging.image import Mask, MaskPixels, Rgb

_USUAL, _FASTEST = -1, 1
"""Levels of zlib's, -1 being its own choice."""


def write_mask(path: Path, mask: Mask) -> None:
    """Write a mask as 8-bit grey PNG: 255 where it is, 0 elsewhere.

    Raises:
        OSError: The file cannot be written.
    """
    write_rgb(path, _as_grey(mask.pixels))


def write_rgb(path: Path, pixels: Rgb) -> None:
    """Write a picture in 8 bits, grey or red, green and blue, as PNG.

    Raises:
        OSError: The file cannot be written.
    """
    with written_atomically(path) as temporary:
        _save(pixels, temporary, _USUAL)


def encode_mask(mask: MaskPixels) -> bytes:
    """Return the bytes that `write_mask` writes."""
    return encode_png(_as_grey(mask))


def encode_png(pixels: NDArray[np.uint8] | NDArray[np.uint16], *, is_fast: bool = False) -> bytes:
    """Return grey of 8 or 16 bits, or colour of 8, as PNG; quickly, or in fewer bytes."""
    stream = BytesIO()
    _save(pixels, stream, _FASTEST if is_fast else _USUAL)
    return stream.getvalue()


def _as_grey(mask: MaskPixels) -> Rgb:
    """Return a mask in 8-bit grey."""
    return mask.astype(np.uint8) * 255


def _save(pixels: NDArray[np.generic], target: Path | BytesIO, level: int) -> None:
    """Encode pixels as PNG."""
    PillowImage.fromarray(pixels).save(target, format="PNG", compress_level=level)
