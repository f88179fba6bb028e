"""The outlines of what phantoms show: seven shapes of equal area for an equal radius."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lingseg.imaging.image import MaskPixels

Plane: TypeAlias = NDArray[np.float32]
"""(height, width), any number per pixel."""

Radii: TypeAlias = NDArray[np.float64]
"""How far the outline is from the centre, for directions in even steps around it."""

_DIRECTIONS = np.linspace(-np.pi, np.pi, 361)
_FAR_OUTSIDE = -1e3
_BESIDE = -10.0
"""Deeper outside than any soft edge reaches."""
_EVERY_NEIGHBOUR = np.ones((3, 3), dtype=bool)


def draw_depth(
    rng: np.random.Generator,
    shape: str,
    *,
    centre: tuple[float, float],
    radius: float,
    reach: float,
    size: tuple[int, int],
) -> Plane:
    """Return how deep each pixel lies inside a new outline, in pixels; negative outside.

    Args:
        rng: Where the outline's own form and orientation come from.
        shape: A name in `SHAPES`.
        centre: Row and column.
        radius: That of the circle of the same area, in pixels.
        reach: How far the outline may go from its centre; it is made smaller where it must.
        size: Height and width of the picture.
    """
    radii = SHAPES[shape](rng, _DIRECTIONS + rng.uniform(-np.pi, np.pi))
    radii *= radius / np.sqrt(np.mean(radii[:-1] ** 2))
    radii *= min(1.0, reach / radii.max())
    depth = np.full(size, _FAR_OUTSIDE, dtype=np.float32)
    margin = radii.max() * 1.5 + 8
    rows = slice(max(0, int(centre[0] - margin)), int(centre[0] + margin) + 1)
    columns = slice(max(0, int(centre[1] - margin)), int(centre[1] + margin) + 1)
    y, x = np.ogrid[: size[0], : size[1]]
    dy, dx = y[rows] - centre[0], x[:, columns] - centre[1]
    depth[rows, columns] = np.interp(np.arctan2(dy, dx), _DIRECTIONS, radii) - np.hypot(dy, dx)
    return depth


def inside(depth: Plane) -> MaskPixels:
    """Return where the depth is positive, without crumbs: one connected piece."""
    mask = depth > 0
    pieces, number = ndimage.label(mask, structure=_EVERY_NEIGHBOUR)
    if number < 2:
        return mask
    return pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])


def only_inside(depth: Plane, mask: MaskPixels) -> Plane:
    """Return the depth, positive in the mask and clearly negative in what is a crumb beside it."""
    outside = np.where(depth > 0, _BESIDE, depth)
    return np.where(mask, np.maximum(depth, 1e-3), outside).astype(np.float32)


def softened(depth: Plane, edge: float) -> Plane:
    """Return the depth as a share of coverage: 0 outside, 1 inside, over `edge` pixels between."""
    share = np.clip(0.5 + depth / edge, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def _waves(rng: np.random.Generator, angles: Radii, amplitude: float) -> Radii:
    """Return a smooth closed line around one, with waves of two to six periods."""
    radii = np.ones_like(angles)
    for periods in range(2, 7):
        phase, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 1) * amplitude / periods
        radii += strength * np.cos(periods * angles + phase)
    return radii


def _round(rng: np.random.Generator, angles: Radii) -> Radii:
    """Return nearly a circle."""
    return _waves(rng, angles, 0.05)


def _oval(rng: np.random.Generator, angles: Radii) -> Radii:
    """Return an ellipse, about twice as long as it is wide."""
    aspect = rng.uniform(1.7, 2.1)
    ellipse = 1 / np.hypot(np.cos(angles) / aspect, np.sin(angles))
    return ellipse * _waves(rng, angles, 0.03)


def _square(rng: np.random.Generator, angles: Radii) -> Radii:
    """Return a square with rounded corners."""
    return (np.abs(np.cos(angles)) ** 8 + np.abs(np.sin(angles)) ** 8) ** (-1 / 8) * (
        _waves(rng, angles, 0.02)
    )


def _triangular(rng: np.random.Generator, angles: Radii) -> Radii:
    """Return a triangle with blunt corners."""
    from_side = np.mod(angles, 2 * np.pi / 3) - np.pi / 3
    return np.minimum(0.5 / np.cos(from_side), 0.88) * _waves(rng, angles, 0.02)


def _star(rng: np.random.Generator, angles: Radii) -> Radii:
    """Return a star of five or six points."""
    return 1 + 0.33 * np.cos(rng.integers(5, 7) * angles)


def _irregular(rng: np.random.Generator, angles: Radii) -> Radii:
    """Return an outline with bays."""
    return np.maximum(_waves(rng, angles, 0.75), 0.35)


def _rounded(rng: np.random.Generator, angles: Radii) -> Radii:
    """Return an outline as most are in life, of no shape worth a word."""
    return _waves(rng, angles, 0.25)


SHAPES: dict[str, Callable[[np.random.Generator, Radii], Radii]] = {
    "round": _round,
    "oval": _oval,
    "square": _square,
    "triangular": _triangular,
    "star": _star,
    "irregular": _irregular,
    "any": _rounded,
}
