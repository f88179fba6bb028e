"""Film-like phantoms: a chest with two lungs and opacities in their thirds."""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lingseg.datasets.phantom_outline import Plane, inside, only_inside, softened
from lingseg.datasets.phantom_scene import Slot, Stage, Style, Thing, Trait
from lingseg.datasets.phantom_texture import Canvas, draw_bias, draw_clouds, finished
from lingseg.imaging.image import MaskPixels

_OPACITY = {"faint": (0.28, 0.38), "dense": (0.62, 0.8)}
"""How much of the way to white an opacity goes."""

_THIRDS = ("upper", "middle", "lower")
_TOP, _BOTTOM = 0.13, 0.83
"""Where lungs begin and end, as shares of the picture's height."""


def _draw_stage(rng: np.random.Generator, size: tuple[int, int]) -> Stage:
    """Return a chest: soft tissue, two dark lungs with ribs and vessels, a heart, a diaphragm."""
    height, width = size
    middle = 0.5 + rng.uniform(-0.015, 0.015)
    offset, half_width = rng.uniform(0.2, 0.23), rng.uniform(0.155, 0.19)
    heart = _heart(rng, size, middle)
    lungs, slots = {}, dict[Slot, tuple[float, float]]()
    for side, sign in (("left", -1), ("right", 1)):
        centre = middle + sign * offset
        lungs[side] = np.minimum(_lung_depth(rng, size, centre, half_width, sign), -heart)
        for nth, zone in enumerate(_THIRDS):
            down = _TOP + (_BOTTOM - _TOP) * (nth + 0.5 + 0.12 * (1 - nth)) / 3
            slots[zone, side] = (down * height, (centre + sign * 0.012 * nth) * width)
    reach = min(0.4 * (_BOTTOM - _TOP) / 3 * height, 0.85 * half_width * width)
    return Stage(
        canvas=_draw_chest(rng, size, np.maximum(*lungs.values()), heart),
        slots=slots,
        reach=reach,
        room=np.maximum(*lungs.values()) > 0,
        organs={side: _filled(depth > 0) for side, depth in lungs.items()},
    )


def _filled(mask: MaskPixels) -> MaskPixels:
    """Return the largest piece of a lung field."""
    pieces, _ = ndimage.label(mask)
    return pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])


def _lung_depth(
    rng: np.random.Generator, size: tuple[int, int], centre: float, half_width: float, sign: int
) -> Plane:
    """Return how deep each pixel lies in one lung: an egg, cut off below by the diaphragm."""
    y = np.linspace(0, 1, size[0], dtype=np.float32)[:, None]
    x = np.linspace(0, 1, size[1], dtype=np.float32)
    down = (y - _TOP) / (_BOTTOM - _TOP)
    profile = np.clip(1 - (1 - np.clip(down, 0, 1)) ** 3, 0, 1) ** 0.6 * half_width
    along = sign * (x - centre) - 0.03 * (down - 0.5)
    dome = _BOTTOM - rng.uniform(0.02, 0.06) * np.cos(
        np.clip(4 * along / half_width / 3, -1.5, 1.5)
    )
    depth = np.minimum(profile - np.abs(along), np.minimum(dome + 0.03 - y, y - _TOP))
    return np.asarray(depth * min(size), dtype=np.float32)


def _heart(rng: np.random.Generator, size: tuple[int, int], middle: float) -> Plane:
    """Return how deep each pixel lies in the shadow of heart and vessels."""
    y = np.linspace(0, 1, size[0], dtype=np.float32)[:, None]
    x = np.linspace(0, 1, size[1], dtype=np.float32)
    centre = middle + rng.uniform(0.02, 0.05)
    heart = 1 - np.hypot((x - centre) / rng.uniform(0.1, 0.14), (y - 0.66) / 0.17)
    stem = (rng.uniform(0.03, 0.05) - np.abs(x - middle)) * 8 + 0 * y
    return np.asarray(np.maximum(heart * 0.1, stem * 0.1) * min(size), dtype=np.float32)


def _draw_chest(
    rng: np.random.Generator, size: tuple[int, int], lungs: Plane, heart: Plane
) -> Canvas:
    """Return the chest without anything wrong in it."""
    y = np.linspace(0, 1, size[0], dtype=np.float32)[:, None]
    x = np.linspace(0, 1, size[1], dtype=np.float32)
    body = 1 - (np.abs(x - 0.5) / 0.5) ** 6 * (1 - 0.3 * y)
    neck = np.clip((0.1 - y) * 12, 0, 1) * np.clip((np.abs(x - 0.5) - 0.18) * 8, 0, 1)
    tissue = rng.uniform(0.5, 0.72) + 0.15 * y + 0.03 * draw_clouds(rng, size, min(size) / 5)
    canvas = tissue * np.clip(body, 0, 1) * (1 - 0.9 * neck)
    air = softened(lungs, rng.uniform(4, 9)) * rng.uniform(0.45, 0.72)
    canvas = canvas * (1 - air)
    canvas += 0.12 * softened(heart, 8.0) + 0.06 * np.exp(-(((x - 0.5) / 0.03) ** 2))
    canvas += rng.uniform(0.03, 0.08) * _ribs(rng, size)
    markings = np.clip(draw_clouds(rng, size, 5.0) - 0.5, 0, 2) * air
    return np.asarray(canvas + rng.uniform(0.04, 0.09) * markings, dtype=np.float32)


def _ribs(rng: np.random.Generator, size: tuple[int, int]) -> Plane:
    """Return bright arches across both lungs."""
    y = np.linspace(0, 1, size[0], dtype=np.float32)[:, None]
    x = np.abs(np.linspace(-1, 1, size[1], dtype=np.float32))
    phase = (y + rng.uniform(0.15, 0.3) * (x - 0.45) ** 2) * rng.uniform(8, 11)
    arches = np.clip(np.cos(2 * np.pi * (phase + rng.uniform())) - 0.2, 0, 1)
    inside_chest = np.clip(1 - ((x - 0.45) / 0.42) ** 4, 0, 1) * ((y > 0.1) & (y < 0.85))
    return np.asarray(arches * inside_chest, dtype=np.float32)


def _paint(rng: np.random.Generator, stage: Stage, things: Sequence[Thing]) -> NDArray[np.uint8]:
    """Return the film: opacities whiten the lung, with soft edges and a patchy inside."""
    canvas = stage.canvas
    size = canvas.shape[0], canvas.shape[1]
    for thing in things:
        strength = rng.uniform(*_OPACITY[thing.traits["brightness"]])
        patchy = np.clip(1 + 0.15 * draw_clouds(rng, size, 6.0), 0.6, 1.3)
        share = softened(thing.depth, rng.uniform(4, 8)) * strength * patchy
        canvas = canvas + (0.92 - canvas) * np.clip(share, 0, 1)
    return finished(rng, np.asarray(canvas * draw_bias(rng, size), dtype=np.float32))


def _draw_diffuse(rng: np.random.Generator, stage: Stage) -> tuple[Thing, ...]:
    """Return one opacity or one on each side, each over one to three thirds of a lung."""
    sides = ("left", "right") if rng.random() < 0.5 else (("left", "right")[rng.integers(2)],)
    tone = tuple(_OPACITY)[rng.integers(2)]
    return tuple(_draw_diffuse_in(rng, stage, side, tone) for side in sides)


def _draw_diffuse_in(rng: np.random.Generator, stage: Stage, side: str, tone: str) -> Thing:
    """Return an opacity with ragged edges over neighbouring thirds of one lung."""
    lung = stage.organs[side]
    size = lung.shape[0], lung.shape[1]
    first, last = sorted(rng.integers(3, size=2))
    rows = np.nonzero(lung.any(axis=1))[0]
    third = (rows[-1] - rows[0]) / 3
    y = np.arange(size[0])[:, None]
    from_above = y - rows[0] - third * first
    from_below = rows[0] + third * (last + 1) - y
    depth = np.minimum(ndimage.distance_transform_edt(lung), np.minimum(from_above, from_below))
    thickness = depth.max()  # the edges go in by less than that: something is always left
    margin = thickness * (0.15 + 0.07 * draw_clouds(rng, size, third / 2).clip(-2, 2))
    depth = np.where(lung, depth - margin, -third).astype(np.float32)  # no haze beyond the lung
    mask = ndimage.binary_fill_holes(inside(depth) & lung)
    depth = only_inside(depth, mask & lung)
    zone = "all" if (first, last) == (0, 2) else " ".join(_THIRDS[first : last + 1])
    traits: dict[Trait, str] = {"side": side, "zone": zone, "size": "large"}
    traits |= {"brightness": tone, "shape": "any"}
    return Thing(depth=depth, mask=inside(depth), traits=MappingProxyType(traits))


FILM = Style(
    name="film",
    pictures=("chest X-ray", "chest radiograph", "film", "chest film"),
    nouns=(
        ("opacity", "opacities"),
        ("consolidation", "consolidations"),
        ("infected area", "infected areas"),
        ("lesion", "lesions"),
    ),
    tones={
        "faint": ("faint", "pale", "faint", "light"),
        "dense": ("dense", "bright", "dense", "white"),
    },
    shapes=("any",),
    draw_stage=_draw_stage,
    paint=_paint,
    draw_lone=_draw_diffuse,
    in_the_body=True,
)
