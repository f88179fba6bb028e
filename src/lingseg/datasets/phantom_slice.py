"""Slice-like phantoms: an axial cut through a body with a spine and structures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lingseg.datasets.phantom_outline import Plane, softened
from lingseg.datasets.phantom_scene import Stage, Style, Thing, four_slots
from lingseg.datasets.phantom_texture import Canvas, draw_bias, draw_clouds, finished

_SIGNAL = {"dark": (0.06, 0.18), "bright": (0.72, 0.95)}
_TISSUE = (0.36, 0.5)


def _draw_stage(rng: np.random.Generator, size: tuple[int, int]) -> Stage:
    """Return a body: fat around muscle around tissue, organs of little contrast, a spine."""
    height, width = size
    depth = _body_depth(rng, size)
    unit = min(size)
    fat = rng.uniform(0.02, 0.05) * unit
    canvas = softened(depth, 2.0) * rng.uniform(0.55, 0.75)
    canvas = _laid(canvas, softened(depth - fat, 2.0), rng.uniform(0.18, 0.28))
    tissue = rng.uniform(*_TISSUE) + 0.03 * draw_clouds(rng, size, unit / 6)
    canvas = _laid(canvas, softened(depth - fat - 0.02 * unit, 3.0), tissue)
    for _ in range(rng.integers(2, 5)):  # organs that nobody asks for
        where = (rng.uniform(0.3, 0.7) * height, rng.uniform(0.2, 0.8) * width)
        organ = _ellipse(size, where, rng.uniform(0.08, 0.2, 2) * unit, rng.uniform(0, np.pi))
        share = softened(np.minimum(organ, depth - fat), 3.0)
        canvas = _laid(canvas, share, canvas * rng.uniform(0.85, 1.15))
    canvas = _with_spine(rng, canvas)
    return Stage(
        canvas=canvas,
        slots=four_slots(size, (0.31, 0.69), (0.28, 0.72)),
        reach=0.165 * unit,
        room=depth > fat + 0.02 * unit,
    )


def _body_depth(rng: np.random.Generator, size: tuple[int, int]) -> Plane:
    """Return how deep each pixel lies in the body, roughly in pixels."""
    y, x = (np.linspace(-1, 1, length, dtype=np.float32) for length in size)
    rows, columns = y[:, None] / rng.uniform(0.86, 0.97), x / rng.uniform(0.92, 0.99)
    level = (np.abs(rows) ** 2.8 + np.abs(columns) ** 2.8) ** (1 / 2.8)
    return np.asarray((1 - level) * min(size) / 2, dtype=np.float32)


def _ellipse(
    size: tuple[int, int], centre: tuple[float, float], radii: NDArray[np.float64], angle: float
) -> Plane:
    """Return how deep each pixel lies in an ellipse, roughly in pixels."""
    y, x = np.ogrid[: size[0], : size[1]]
    dy, dx = y - centre[0], x - centre[1]
    along, across = np.cos(angle) * dx + np.sin(angle) * dy, np.cos(angle) * dy - np.sin(angle) * dx
    level = np.hypot(along / radii[0], across / radii[1])
    return np.asarray((1 - level) * radii.min(), dtype=np.float32)


def _laid(canvas: Canvas, share: Plane, value: Canvas | float) -> Canvas:
    """Return the canvas with the value laid over it where the share is."""
    return np.asarray(canvas * (1 - share) + value * share, dtype=np.float32)


def _with_spine(rng: np.random.Generator, canvas: Canvas) -> Canvas:
    """Return the canvas with a vertebra, its canal and a vessel before it, in the middle."""
    size = canvas.shape[0], canvas.shape[1]
    height, width = size
    unit = min(size)
    bone, canal, vessel = rng.uniform(0.3, 0.6), rng.uniform(0.1, 0.6), rng.uniform(0.3, 0.6)
    for down, across, radius, value in (
        (0.74, 0.5, 0.07, bone),
        (0.84, 0.5, 0.03, canal),
        (0.62, 0.47, 0.03, vessel),
    ):
        radii = radius * unit * np.asarray([1.0, 0.85])
        part = _ellipse(size, (down * height, across * width), radii, 0.0)
        canvas = _laid(canvas, softened(part, 2.0), value)
    return canvas


def _paint(rng: np.random.Generator, stage: Stage, things: Sequence[Thing]) -> NDArray[np.uint8]:
    """Return the picture: things laid into the body, unevenly lit."""
    canvas = stage.canvas
    size = canvas.shape[0], canvas.shape[1]
    for thing in things:
        signal = rng.uniform(*_SIGNAL[thing.traits["brightness"]])
        inner = signal + 0.03 * draw_clouds(rng, size, 6.0)
        canvas = _laid(canvas, softened(thing.depth, rng.uniform(1.5, 3)), inner)
    return finished(rng, np.asarray(canvas * draw_bias(rng, size), dtype=np.float32))


SLICE = Style(
    name="slice",
    pictures=("axial slice", "slice", "image", "axial MRI slice"),
    nouns=(
        ("structure", "structures"),
        ("lesion", "lesions"),
        ("mass", "masses"),
        ("nodule", "nodules"),
    ),
    tones={
        "dark": ("dark", "hypointense", "dark", "black"),
        "bright": ("bright", "hyperintense", "light", "white"),
    },
    shapes=("round", "oval", "irregular", "square", "triangular", "star"),
    roughness=0.04,
    draw_stage=_draw_stage,
    paint=_paint,
)
