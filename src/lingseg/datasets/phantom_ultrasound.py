"""Ultrasound-like phantoms: speckled layers with dark and bright lesions and their shadows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lingseg.datasets.phantom_outline import Plane, softened
from lingseg.datasets.phantom_scene import Stage, Style, Thing, four_slots
from lingseg.datasets.phantom_texture import draw_clouds, draw_speckle, finished

_ECHO = {"dark": (0.02, 0.3), "bright": (3.0, 6.0)}
"""How strongly a lesion sends back, as a factor of the tissue around it."""


def _draw_stage(rng: np.random.Generator, size: tuple[int, int]) -> Stage:
    """Return layers of tissue, brighter at the skin, with lines along them."""
    height, _ = size
    depth = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    wavy = depth + 0.03 * draw_clouds(rng, size, height / 3)
    layers = np.interp(wavy, np.sort(rng.uniform(0, 1, 7)), rng.uniform(0.4, 1.4, 7))
    streaks = ndimage.gaussian_filter(draw_clouds(rng, size, 4.0), (0.5, rng.uniform(4, 10)))
    streaks /= streaks.std()
    tissue = layers * np.exp(0.35 * streaks + 0.3 * draw_clouds(rng, size, height / 8))
    gain = np.exp(-rng.uniform(0, 1.2) * depth) * (1 + 4 * np.exp(-depth * rng.uniform(20, 50)))
    return Stage(
        canvas=np.asarray(tissue * gain, dtype=np.float32),
        slots=four_slots(size),
        reach=0.195 * min(size),
    )


def _paint(rng: np.random.Generator, stage: Stage, things: Sequence[Thing]) -> NDArray[np.uint8]:
    """Return the picture: what sends back how much, times speckle, on a logarithmic scale."""
    echo = stage.canvas.copy()
    size = echo.shape[0], echo.shape[1]
    for thing in things:
        share = softened(thing.depth, rng.uniform(1.5, 4))
        inner = np.exp(0.15 * draw_clouds(rng, size, 8.0)) * rng.uniform(
            *_ECHO[thing.traits["brightness"]]
        )
        tissue = float(stage.canvas[thing.mask].mean())
        echo = echo * (1 - share) + tissue * inner * share
        behind = rng.uniform(1.2, 1.7) if thing.traits["brightness"] == "dark" else 0.6
        echo *= 1 + (behind - 1) * _behind(thing, things)
    contrast = rng.uniform(0.5, 0.9)
    seen = np.sqrt(echo) * draw_speckle(rng, size) ** contrast
    canvas = np.tanh(seen * rng.uniform(0.25, 0.42))
    return finished(rng, np.asarray(canvas, dtype=np.float32))


def _behind(thing: Thing, things: Sequence[Thing]) -> Plane:
    """Return where the sound has gone through the thing, fading out; no other thing changes."""
    below = np.maximum.accumulate(thing.mask, axis=0) & ~thing.mask
    for other in things:
        below &= ~other.mask
    fading = np.exp(-3 * np.linspace(0, 1, len(below), dtype=np.float32))[:, None]
    return ndimage.gaussian_filter(below * fading, (1, 3)).astype(np.float32)


ULTRASOUND = Style(
    name="ultrasound",
    pictures=("ultrasound image", "ultrasound", "image", "breast ultrasound image"),
    nouns=(
        ("lesion", "lesions"),
        ("tumor", "tumors"),
        ("mass", "masses"),
        ("nodule", "nodules"),
    ),
    tones={
        "dark": ("dark", "hypoechoic", "dark", "black"),
        "bright": ("bright", "hyperechoic", "light", "white"),
    },
    shapes=("round", "oval", "irregular", "square", "triangular", "star"),
    roughness=0.06,
    draw_stage=_draw_stage,
    paint=_paint,
)
