"""From what a detector stored to what a model is shown."""

import numpy as np

from lingseg.imaging.image import Image, Rgb


def as_rgb(image: Image) -> Rgb:
    """Return the picture in 8-bit red, green and blue, as models are shown it."""
    pixels = image.pixels.astype(np.uint8)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
