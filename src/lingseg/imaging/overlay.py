"""A mask laid over its picture, so that eyes can judge it."""

import numpy as np

from lingseg.imaging.image import MaskPixels, Rgb

COLOUR = (0, 230, 180)
"""Blue-green: found in no tissue, and visible on grey, skin and mucosa."""
OPACITY = 0.3
_OUTLINE_SHARE = 1 / 200
"""Thickness of the outline in shares of the picture's shorter side."""
_MAX_OUTLINE = 8


def draw_overlay(
    pixels: Rgb,
    mask: MaskPixels,
    *,
    colour: tuple[int, int, int] = COLOUR,
    opacity: float = OPACITY,
) -> Rgb:
    """Return `pixels` with `mask` as a translucent layer and its outline in full colour.

    Raises:
        ValueError: The two differ in size.
    """
    if pixels.shape[:2] != mask.shape:
        raise ValueError(
            f"The picture has {pixels.shape[:2]} pixels and the mask {mask.shape}; expected the "
            f"same. Give the mask that belongs to this picture."
        )
    drawn = pixels.copy()
    for channel, value in enumerate(colour):
        mixed = np.rint(np.arange(256) * (1 - opacity) + value * opacity).astype(np.uint8)
        drawn[mask, channel] = mixed[pixels[mask, channel]]
    drawn[mask & ~_shrunk(mask, _thickness(mask))] = colour
    return drawn


def _thickness(mask: MaskPixels) -> int:
    """Return how many pixels thick the outline is."""
    return min(_MAX_OUTLINE, max(1, round(min(mask.shape) * _OUTLINE_SHARE)))


def _shrunk(mask: MaskPixels, steps: int) -> MaskPixels:
    """Return `mask` without its outermost `steps` pixels; nothing lies beyond the picture."""
    inner = np.pad(mask, 1)
    for _ in range(steps):
        middle = inner[1:-1, 1:-1]
        rows = inner[:-2, 1:-1] & inner[2:, 1:-1]
        columns = inner[1:-1, :-2] & inner[1:-1, 2:]
        inner = np.pad(middle & rows & columns, 1)
    return inner[1:-1, 1:-1]
