"""From what a detector stored to what a model is shown."""

from collections.abc import Callable

import numpy as np

from lingseg.imaging.image import Image, Pixels, Rgb, Window

WINDOW_PERCENTILES = (0.5, 99.5)
"""Percentiles of the picture that become black and white where it has more than 8 bits."""

MAX_WINDOW_SLICES = 16
"""Evenly spaced slices that the window of a volume is measured on."""
_VALUES_PER_SLICE = 50_000
_ROWS_AT_ONCE = 256  # float64 is eight times the size of what comes out


def as_rgb(image: Image) -> Rgb:
    """Return the picture in 8-bit red, green and blue, as models are shown it.

    The image's own window is used where it has one. Otherwise 8-bit values stay as they are, and
    deeper ones are stretched linearly so that the 0.5th percentile of the whole picture becomes 0
    and the 99.5th 255; what lies outside is clipped. Padding does not count.
    """
    stored = image.pixels
    pixels: Rgb
    if stored.ndim == 3 or (stored.dtype == np.uint8 and image.window is None):
        pixels = _as_bytes(stored)
    else:
        shown = without_padding(stored, image.padding)
        pixels = _stretched(stored, image.window or _own_window(shown))
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def without_padding(pixels: Pixels, padding: Window | None) -> Pixels:
    """Return the values of a picture, in a row where it has padding, which is left out."""
    if padding is None:
        return pixels
    kept: Pixels = pixels[(pixels < padding[0]) | (pixels > padding[1])]
    return kept


def measure_window(slices: Callable[[int], Pixels], num_slices: int) -> Window | None:
    """Return the window that shows all slices alike: percentiles over a share of their values.

    None where there is nothing to stretch: all values are the same, or there are none.
    """
    numbers = np.unique(np.linspace(0, num_slices - 1, MAX_WINDOW_SLICES).round().astype(int))
    values = []
    for number in numbers:
        flat = slices(int(number)).ravel()
        values.append(flat[:: max(1, flat.size // _VALUES_PER_SLICE)].astype(np.float32))
    return _own_window(np.concatenate(values))


def _as_bytes(pixels: Pixels) -> Rgb:
    """Return colours, or grey of 8 bits, in 8 bits."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    return _stretched(pixels, _own_window(pixels))


def _own_window(pixels: Pixels) -> Window | None:
    """Return the percentiles that become black and white; None where nothing differs."""
    if not pixels.size:
        return None
    low, high = (
        float(value) for value in np.percentile(pixels, WINDOW_PERCENTILES, method="nearest")
    )
    if low == high:  # nearly all pixels are background: show what differs from it
        low, high = float(pixels.min()), float(pixels.max())
    return None if low == high else (low, high)


def _stretched(pixels: Pixels, window: Window | None) -> Rgb:
    """Stretch the window to 0 to 255; its ends may stand the wrong way round, which inverts."""
    shown = np.zeros(pixels.shape, dtype=np.uint8)
    if window is None:
        return shown
    low, high = window
    for top in range(0, len(pixels), _ROWS_AT_ONCE):
        rows = pixels[top : top + _ROWS_AT_ONCE].astype(np.float64)
        shown[top : top + _ROWS_AT_ONCE] = np.rint(np.clip((rows - low) / (high - low), 0, 1) * 255)
    return shown
