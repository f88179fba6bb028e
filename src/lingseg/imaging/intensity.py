"""From what a detector stored to what a model is shown."""

import numpy as np

from lingseg.imaging.image import Image, Pixels, Rgb

WINDOW = (0.5, 99.5)
"""Percentiles of the picture that become black and white where it has more than 8 bits."""

_ROWS_AT_ONCE = 256  # float64 is eight times the size of what comes out


def as_rgb(image: Image) -> Rgb:
    """Return the picture in 8-bit red, green and blue, as models are shown it.

    8-bit values stay as they are. Deeper ones are stretched linearly so that the 0.5th percentile
    of the whole picture becomes 0 and the 99.5th 255; what lies outside is clipped.
    """
    stored = image.pixels
    is_shallow = stored.dtype == np.uint8
    pixels: Rgb = stored.astype(np.uint8, copy=False) if is_shallow else _windowed(stored)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _windowed(pixels: Pixels) -> Rgb:
    """Stretch the window to 0 to 255."""
    low, high = (float(value) for value in np.percentile(pixels, WINDOW, method="nearest"))
    if low == high:  # nearly all pixels are background: show what differs from it
        low, high = float(pixels.min()), float(pixels.max())
    shown = np.zeros(pixels.shape, dtype=np.uint8)
    if low == high:
        return shown
    for top in range(0, len(pixels), _ROWS_AT_ONCE):
        rows = pixels[top : top + _ROWS_AT_ONCE].astype(np.float64)
        shown[top : top + _ROWS_AT_ONCE] = np.rint(np.clip((rows - low) / (high - low), 0, 1) * 255)
    return shown
