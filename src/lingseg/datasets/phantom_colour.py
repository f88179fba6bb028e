"""Colour phantoms: skin with moles, and the inside of a bowel with polyps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw
from scipy import ndimage

from lingseg.datasets.phantom_outline import Plane, softened
from lingseg.datasets.phantom_scene import Stage, Style, Thing, four_slots
from lingseg.datasets.phantom_texture import Canvas, draw_bias, draw_clouds, finished

_SKIN = ((0.86, 0.66, 0.58), (0.9, 0.75, 0.68), (0.8, 0.58, 0.46), (0.84, 0.7, 0.66))
_MOLES = {
    "brown": (0.48, 0.28, 0.17),
    "black": (0.13, 0.09, 0.09),
    "red": (0.72, 0.16, 0.18),
    "blue": (0.32, 0.36, 0.55),
}
_BOWEL = ((0.72, 0.36, 0.24), (0.78, 0.42, 0.3), (0.66, 0.3, 0.2))
_POLYPS = {
    "pink": (0.93, 0.58, 0.55),
    "white": (0.93, 0.88, 0.8),
    "red": (0.74, 0.12, 0.1),
    "brown": (0.42, 0.22, 0.11),
    "yellow": (0.92, 0.74, 0.3),
}


def _tinted(rng: np.random.Generator, colour: Sequence[float]) -> NDArray[np.float32]:
    """Return nearly the colour."""
    return np.asarray(np.asarray(colour) + rng.uniform(-0.04, 0.04, 3), dtype=np.float32)


def _laid(canvas: Canvas, share: Plane, colour: NDArray[np.floating[Any]]) -> Canvas:
    """Return the canvas with a colour laid over it where the share is."""
    return np.asarray(canvas + (colour - canvas) * share[..., None], dtype=np.float32)


def _draw_skin(rng: np.random.Generator, size: tuple[int, int]) -> Stage:
    """Return bare skin: unevenly lit, with pores, and often darker at the rim."""
    unit = min(size)
    shade = 1 + 0.05 * draw_clouds(rng, size, unit / 3) + 0.015 * draw_clouds(rng, size, 4.0)
    colour = _tinted(rng, _SKIN[rng.integers(len(_SKIN))])
    canvas = shade[..., None] * colour * draw_bias(rng, size)[..., None]
    redness = 0.012 * draw_clouds(rng, size, unit / 8)[..., None] * np.asarray([1, -1, -1])
    return Stage(
        canvas=np.asarray(canvas + redness, dtype=np.float32),
        slots=four_slots(size),
        reach=0.195 * unit,
    )


def _paint_skin(
    rng: np.random.Generator, stage: Stage, things: Sequence[Thing]
) -> NDArray[np.uint8]:
    """Return the photograph: moles, hairs over them, a dark rim."""
    canvas = stage.canvas
    size = canvas.shape[0], canvas.shape[1]
    for thing in things:
        colour = _tinted(rng, _MOLES[thing.traits["brightness"]])
        grain = 1 + 0.12 * draw_clouds(rng, size, 5.0) + 0.1 * draw_clouds(rng, size, 16.0)
        share = softened(thing.depth, rng.uniform(2, 6)) * rng.uniform(0.85, 1)
        canvas = _laid(canvas, share, grain[..., None] * colour)
    if rng.random() < 0.5:
        canvas = _with_hairs(rng, canvas)
    if rng.random() < 0.3:
        canvas = canvas * _lens(rng, size)[..., None]
    return finished(rng, np.asarray(canvas, dtype=np.float32))


def _with_hairs(rng: np.random.Generator, canvas: Canvas) -> Canvas:
    """Return the canvas under a few dark, bent hairs."""
    height, width = canvas.shape[:2]
    sheet = PillowImage.new("L", (width, height))
    pen = ImageDraw.Draw(sheet)
    along = np.linspace(0, 1, 12)
    for _ in range(rng.integers(2, 14)):
        points = rng.uniform(-0.1, 1.1, (3, 2)) * (width, height)
        curve = (
            np.outer((1 - along) ** 2, points[0])
            + np.outer(2 * along * (1 - along), points[1])
            + np.outer(along**2, points[2])
        )
        pen.line([(float(x), float(y)) for x, y in curve], fill=int(rng.integers(120, 230)))
    hairs = ndimage.gaussian_filter(np.asarray(sheet, dtype=np.float32) / 255, 0.5)
    return _laid(canvas, hairs.astype(np.float32), np.asarray((0.15, 0.1, 0.08), dtype=np.float32))


def _lens(rng: np.random.Generator, size: tuple[int, int]) -> Plane:
    """Return how much light a round lens lets through: less in the corners."""
    y, x = (np.linspace(-1, 1, length, dtype=np.float32) for length in size)
    radius = rng.uniform(1.2, 1.35)
    depth = np.asarray((radius - np.hypot(y[:, None], x)) * min(size) / 2, dtype=np.float32)
    return softened(depth, rng.uniform(3, 30))


def _draw_bowel(rng: np.random.Generator, size: tuple[int, int]) -> Stage:
    """Return a bowel's wall: folds around a dark lumen, lit from the middle."""
    y, x = (np.linspace(0, 1, length, dtype=np.float32) for length in size)
    lumen = rng.uniform(0.4, 0.6, 2)
    away = np.hypot(y[:, None] - lumen[0], x - lumen[1])
    warped = away + rng.uniform(0.05, 0.2) * draw_clouds(rng, size, min(size) / 2.5)
    folds = np.cos(2 * np.pi * warped * rng.uniform(3, 6)) ** 3
    dark = np.exp(-((away / rng.uniform(0.04, 0.09)) ** 2))
    light = (1.05 - 0.35 * away**2 + 0.1 * folds) * (1 - 0.8 * dark)
    light += 0.04 * draw_clouds(rng, size, min(size) / 10)
    colour = _tinted(rng, _BOWEL[rng.integers(len(_BOWEL))])
    vessels = np.abs(draw_clouds(rng, size, 14.0)) < 0.08
    canvas = light[..., None] * colour
    canvas -= 0.03 * ndimage.gaussian_filter(vessels.astype(np.float32), 0.7)[..., None]
    return Stage(
        canvas=np.asarray(canvas, dtype=np.float32),
        slots=four_slots(size, (0.28, 0.72), (0.27, 0.73)),
        reach=0.185 * min(size),
    )


def _paint_bowel(
    rng: np.random.Generator, stage: Stage, things: Sequence[Thing]
) -> NDArray[np.uint8]:
    """Return the photograph: polyps as lit bumps, wet highlights, often a cut-off frame."""
    canvas = stage.canvas
    size = canvas.shape[0], canvas.shape[1]
    for thing in things:
        colour = _tinted(rng, _POLYPS[thing.traits["brightness"]])
        depth = np.clip(thing.depth, 0, None)
        height = np.sqrt(depth / (depth.max() + 1e-6))
        slope = np.gradient(ndimage.gaussian_filter(height, 2))
        towards = rng.uniform(-1, 1, 2)
        light = 0.78 + 0.25 * height + 4 * (towards[0] * slope[0] + towards[1] * slope[1])
        light = np.clip(light + 0.03 * draw_clouds(rng, size, 5.0), 0.45, 1.2)
        shadow = ndimage.gaussian_filter(thing.mask.astype(np.float32), 4) * 0.3
        canvas = canvas * (1 - shadow[..., None])
        canvas = _laid(canvas, softened(thing.depth, rng.uniform(2, 4)), light[..., None] * colour)
    wet = np.clip(draw_clouds(rng, size, rng.uniform(4, 9)) - rng.uniform(2.2, 3), 0, 0.3) / 0.3
    canvas = _laid(canvas, np.asarray(wet, np.float32), np.ones(3, dtype=np.float32))
    if rng.random() < 0.5:
        canvas = canvas * _octagon(size)[..., None]
    return finished(rng, np.asarray(canvas, dtype=np.float32))


def _octagon(size: tuple[int, int]) -> Plane:
    """Return the frame that an endoscope leaves: black corners."""
    y, x = (np.abs(np.linspace(-1, 1, length, dtype=np.float32)) for length in size)
    depth = np.asarray((1.72 - (y[:, None] + x)) * min(size) / 2, dtype=np.float32)
    return softened(depth, 2.0)


SKIN = Style(
    name="skin",
    pictures=("dermoscopic image", "image", "photograph", "dermoscopic image"),
    nouns=(("lesion", "lesions"), ("mole", "moles"), ("spot", "spots"), ("nevus", "nevi")),
    tones={tone: (tone,) * 4 for tone in _MOLES},
    shapes=("round", "oval", "irregular", "square", "triangular", "star"),
    roughness=0.06,
    draw_stage=_draw_skin,
    paint=_paint_skin,
)

COLON = Style(
    name="colon",
    pictures=("image", "endoscopic image", "colonoscopy image", "image"),
    nouns=(("polyp", "polyps"), ("lesion", "lesions"), ("polyp", "polyps"), ("growth", "growths")),
    tones={tone: (tone,) * 4 for tone in _POLYPS},
    shapes=("round", "oval", "irregular", "triangular", "star"),
    roughness=0.05,
    draw_stage=_draw_bowel,
    paint=_paint_bowel,
)
