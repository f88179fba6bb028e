"""The door through which pixels go out: PNG, whole or not at all."""

from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from lingseg.artefact import written_atomically
from lingseg.imaging.image import Mask, Rgb


def write_mask(path: Path, mask: Mask) -> None:
    """Write a mask as 8-bit grey PNG: 255 where it is, 0 elsewhere.

    Raises:
        OSError: The file cannot be written.
    """
    _write_png(path, mask.pixels.astype(np.uint8) * 255)


def write_rgb(path: Path, pixels: Rgb) -> None:
    """Write a picture in 8 bits, grey or red, green and blue, as PNG.

    Raises:
        OSError: The file cannot be written.
    """
    _write_png(path, pixels)


def _write_png(path: Path, pixels: Rgb) -> None:
    """Encode, then write."""
    with written_atomically(path) as temporary:
        PillowImage.fromarray(pixels).save(temporary, format="PNG")
