"""The door through which every file of pixels comes in."""

from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from lingseg.imaging.image import Image, Mask


def read_image(path: Path) -> Image:
    """Read a picture.

    Raises:
        UnreadableImage: It is not one, or breaks a limit.
    """
    with PillowImage.open(path) as picture:
        return Image(pixels=np.asarray(picture.convert("RGB")))


def read_mask(path: Path) -> Mask:
    """Read a mask: every value above the middle of the file's range is in.

    Raises:
        UnreadableImage: It is not a picture, or has colours.
    """
    with PillowImage.open(path) as picture:
        return Mask(pixels=np.asarray(picture.convert("L")) > 127)
