"""Pixels as the bytes of a PNG."""

from base64 import b64encode
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging import Image, Probabilities, as_rgb
from lingseg.imaging.writing import encode_png

Scale: TypeAlias = tuple[float, float]
"""The value that is shown as 0, and what a step of one stands for."""


def steps_as_text(steps: NDArray[np.uint8]) -> str:
    """Return 8-bit grey as PNG in base64."""
    return b64encode(encode_png(steps, is_fast=True)).decode("ascii")


def probabilities_as_text(probabilities: Probabilities) -> str:
    """Return probabilities in 255 steps as PNG in base64."""
    return steps_as_text(np.rint(probabilities * np.float32(255)).astype(np.uint8))


def shown_depth(image: Image) -> int:
    """Return the bits in which a picture is shown: 16 for deep grey, else 8."""
    return 8 if image.pixels.ndim == 3 or image.pixels.dtype == np.uint8 else 16


def picture_as_png(image: Image) -> tuple[bytes, Scale]:
    """Return a picture for a viewer, and what its values stand for.

    Deep grey comes in 16 bits, from its lowest value as 0 on; other pictures in 8 bits, grey or
    colour, as the model is shown them.
    """
    if shown_depth(image) == 16:
        scale = deep_scale(image)
        return encode_png(_deep_grey(image, scale), is_fast=True), scale
    if image.pixels.ndim == 2 and image.window is None:
        shown = image.pixels.astype(np.uint8, copy=False)
    else:
        rgb = as_rgb(image)
        shown = rgb if image.pixels.ndim == 3 else rgb[..., 0]
    return encode_png(shown, is_fast=True), (0.0, 1.0)


def _deep_grey(image: Image, scale: Scale) -> NDArray[np.uint16]:
    """Return grey in 16 bits; see `deep_scale`."""
    low, step = scale
    if step == 1:
        return np.clip(image.pixels.astype(np.int64) - int(low), 0, 65_535).astype(np.uint16)
    steps = (image.pixels.astype(np.float64) - low) / step
    return np.rint(np.clip(steps, 0, 65_535)).astype(np.uint16)


def deep_scale(image: Image) -> Scale:
    """Return the value that is shown as 0 in 16 bits, and what a step of one stands for.

    Whole numbers of no more than 16 bits keep their steps; others are stretched.
    """
    if image.pixels.dtype == np.uint16:
        return 0.0, 1.0
    low, high = float(image.pixels.min()), float(image.pixels.max())
    is_whole = high - low <= 65_535 and bool((image.pixels == np.rint(image.pixels)).all())
    if is_whole or high == low:
        return float(np.floor(low)), 1.0
    return low, (high - low) / 65_535
