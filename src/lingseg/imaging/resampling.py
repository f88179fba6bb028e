"""The one way in which pixels change size, in training and in prediction alike."""

import numpy as np
from PIL import Image as PillowImage

from lingseg.imaging.image import MaskPixels, Probabilities, Rgb


def resize_rgb(pixels: Rgb, size: tuple[int, int]) -> Rgb:
    """Return `pixels` at (height, width) `size`: bilinear, averaging over the area when smaller."""
    if pixels.shape[:2] == size:
        return pixels
    picture = PillowImage.fromarray(pixels, mode="RGB")
    resized = picture.resize((size[1], size[0]), PillowImage.Resampling.BILINEAR)
    return np.asarray(resized)


def resize_probabilities(probabilities: Probabilities, size: tuple[int, int]) -> Probabilities:
    """Return `probabilities` at (height, width) `size`: bilinear."""
    if probabilities.shape == size:
        return probabilities
    picture = PillowImage.fromarray(probabilities, mode="F")
    resized = picture.resize((size[1], size[0]), PillowImage.Resampling.BILINEAR)
    return np.asarray(resized)


def resize_window(
    probabilities: Probabilities,
    size: tuple[int, int],
    top: int,
    left: int,
    window: tuple[int, int],
) -> Probabilities:
    """Return the (height, width) `window` that starts at (top, left) of what `size` would give."""
    rows, columns = probabilities.shape[0] / size[0], probabilities.shape[1] / size[1]
    box = (
        left * columns,
        top * rows,
        min((left + window[1]) * columns, probabilities.shape[1]),
        min((top + window[0]) * rows, probabilities.shape[0]),
    )
    picture = PillowImage.fromarray(probabilities, mode="F")
    return np.asarray(
        picture.resize((window[1], window[0]), PillowImage.Resampling.BILINEAR, box=box)
    )


def resize_mask(mask: MaskPixels, size: tuple[int, int]) -> MaskPixels:
    """Return `mask` at (height, width) `size`: a pixel is in where at least half of it was."""
    return resize_probabilities(mask.astype(np.float32), size) >= 0.5
