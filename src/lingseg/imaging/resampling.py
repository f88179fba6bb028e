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


def resize_mask(mask: MaskPixels, size: tuple[int, int]) -> MaskPixels:
    """Return `mask` at (height, width) `size`: a pixel is in where at least half of it was."""
    return resize_probabilities(mask.astype(np.float32), size) >= 0.5
