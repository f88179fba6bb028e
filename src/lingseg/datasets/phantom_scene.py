"""What a phantom shows: a stage with slots, and the things put into them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lingseg.datasets.phantom_outline import Plane, draw_depth, inside, only_inside
from lingseg.datasets.phantom_texture import Canvas, draw_clouds
from lingseg.imaging.image import MaskPixels

Trait: TypeAlias = Literal["side", "zone", "size", "brightness", "shape"]
"""What things of one picture may differ in."""

Slot: TypeAlias = tuple[str, str]
"""A zone (upper, middle, lower) and a side (left, center, right) of the picture."""

MIN_SMALL, MAX_SMALL, MIN_LARGE, MAX_LARGE = 0.23, 0.33, 0.52, 0.63
"""Radii of small and large things, as shares of a slot's reach: a large one has at least 2.4 times
the area of a small one."""

_ENOUGH, _MAX_ATTEMPTS = 0.7, 50
"""The share of a thing that there must be room for, and when the search for it ends."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Thing:
    """One lesion, polyp or opacity: where it is, and what may be said of it."""

    depth: Plane
    mask: MaskPixels
    traits: Mapping[Trait, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """A picture before anything is put into it."""

    canvas: Canvas
    slots: Mapping[Slot, tuple[float, float]]
    """The row and column that a thing in the slot has its centre near."""
    reach: float
    """How far a thing may go from its centre, in pixels, so that no two of them touch."""
    room: MaskPixels | None = None
    """Where things may be; None: anywhere."""
    organs: Mapping[str, MaskPixels] = field(default_factory=lambda: MappingProxyType({}))
    """Parts of the stage with names of their own."""
    jitter: float = 0.15
    """How far a centre may be from its slot's, as a share of the reach."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """A kind of picture: how it is painted, and the words for what it shows.

    Where words are given in tuples, those at the same place of two tuples belong together
    ("hypoechoic" and "hyperechoic"), so that two sentences can differ in one thing only.
    """

    name: str
    pictures: tuple[str, ...]
    nouns: tuple[tuple[str, str], ...]
    """Singular and plural."""
    tones: Mapping[str, tuple[str, ...]]
    shapes: tuple[str, ...]
    """Names in `phantom_outline.SHAPES`; with "any" alone, shapes are not spoken of."""
    draw_stage: Callable[[np.random.Generator, tuple[int, int]], Stage]
    paint: Callable[[np.random.Generator, Stage, Sequence[Thing]], NDArray[np.uint8]]
    roughness: float = 0.05
    """How far outlines go in and out in fine detail, as a share of their radius."""
    draw_lone: Callable[[np.random.Generator, Stage], tuple[Thing, ...]] | None = None
    """How pictures are filled that show one thing only; None: as `draw_lone_thing` does."""
    in_the_body: bool = False
    """Whether things lie in the left or right lung rather than on a side of the picture."""


def draw_things(
    rng: np.random.Generator, style: Style, stage: Stage, number: int, contrast: Trait | None
) -> tuple[Thing, ...]:
    """Return so many things in slots of their own.

    Args:
        rng: The source of chance.
        style: What they may look like.
        stage: What they are put into.
        number: How many.
        contrast: What at least one of them has otherwise than the rest; None: whatever comes.
    """
    slots = _draw_slots(rng, tuple(stage.slots), number, contrast)
    traits: dict[Trait, Sequence[str]] = {
        "size": _draw_values(rng, ("small", "large"), number, contrast == "size"),
        "brightness": _draw_two(rng, tuple(style.tones), number, contrast == "brightness"),
        "shape": _draw_two(rng, style.shapes, number, contrast == "shape"),
        "zone": [zone for zone, _ in slots],
        "side": [side for _, side in slots],
    }
    return tuple(
        _draw_thing(rng, style, stage, {trait: values[nth] for trait, values in traits.items()})
        for nth in range(number)
    )


def _draw_slots(
    rng: np.random.Generator, slots: Sequence[Slot], number: int, contrast: Trait | None
) -> list[Slot]:
    """Return different slots, on both sides or in two zones where these are in contrast."""
    column = {"zone": 0, "side": 1}.get(contrast or "")
    while True:
        chosen = [slots[nth] for nth in rng.permutation(len(slots))[:number]]
        if column is None or len({slot[column] for slot in chosen}) > 1:
            return chosen


def _draw_two(
    rng: np.random.Generator, values: Sequence[str], number: int, is_contrast: bool
) -> list[str]:
    """Return a value for each thing, out of two that were drawn first."""
    chosen = [values[nth] for nth in rng.permutation(len(values))[:2]]
    return _draw_values(rng, chosen, number, is_contrast)


def _draw_values(
    rng: np.random.Generator, values: Sequence[str], number: int, is_contrast: bool
) -> list[str]:
    """Return a value for each thing; each value at least once where they are in contrast."""
    drawn = [values[nth] for nth in rng.integers(len(values), size=number)]
    if is_contrast:
        places = rng.permutation(number)
        for value, place in zip(values, places, strict=False):
            drawn[place] = value
    return drawn


def _draw_thing(
    rng: np.random.Generator, style: Style, stage: Stage, traits: Mapping[Trait, str]
) -> Thing:
    """Return a thing with these traits in its slot, again and again until there is room for it."""
    bounds = (MIN_SMALL, MAX_SMALL) if traits["size"] == "small" else (MIN_LARGE, MAX_LARGE)
    slot = np.asarray(stage.slots[traits["zone"], traits["side"]])
    jitter = stage.jitter * stage.reach
    size = stage.canvas.shape[0], stage.canvas.shape[1]
    attempt = 0
    while True:
        radius = rng.uniform(*bounds) * stage.reach
        row, column = slot + rng.uniform(-jitter, jitter, 2)
        depth = draw_depth(
            rng,
            traits["shape"],
            centre=(row, column),
            radius=radius,
            reach=stage.reach,
            size=size,
        )
        whole = np.count_nonzero(depth > 0)
        depth = _settled(stage, depth + _drawn_roughness(rng, style, radius, size))
        mask = inside(depth)
        attempt += 1
        if np.count_nonzero(mask) > _ENOUGH * whole or attempt == _MAX_ATTEMPTS:
            return Thing(depth=depth, mask=mask, traits=MappingProxyType(dict(traits)))


def _drawn_roughness(
    rng: np.random.Generator, style: Style, radius: float, size: tuple[int, int]
) -> Plane:
    """Return by how much an outline of this radius goes in and out in fine detail."""
    clouds = draw_clouds(rng, size, max(3.0, radius / 2)).clip(-2, 2)
    return np.asarray(style.roughness * radius * clouds, dtype=np.float32)


def _settled(stage: Stage, depth: Plane) -> Plane:
    """Return the depth cut off where there is no room, and without crumbs and holes."""
    if stage.room is not None:
        depth = np.where(stage.room, depth, np.minimum(depth, -1))
    mask = ndimage.binary_fill_holes(inside(depth))
    return only_inside(depth, mask)


def four_slots(
    size: tuple[int, int],
    rows: tuple[float, float] = (0.25, 0.75),
    columns: tuple[float, float] = (0.25, 0.75),
) -> dict[Slot, tuple[float, float]]:
    """Return a slot in each quarter of the picture, at these shares of its height and width."""
    return {
        (zone, side): (row * size[0], column * size[1])
        for zone, row in zip(("upper", "lower"), rows, strict=True)
        for side, column in zip(("left", "right"), columns, strict=True)
    }


def draw_lone_thing(rng: np.random.Generator, style: Style, stage: Stage) -> Thing:
    """Return the only thing of a picture: of any size, anywhere, traits as its mask has them.

    Sizes and places are those of the open data sets' sentences: small is less than 8 % of the
    picture, large more than 30 %, and the picture is divided in thirds. What lies close to one of
    these bounds is drawn again.
    """
    size = stage.canvas.shape[0], stage.canvas.shape[1]
    while True:
        radius = rng.choice([rng.uniform(0.07, 0.15), rng.uniform(0.17, 0.29), 0.35]) * min(size)
        shape = style.shapes[rng.choice(len(style.shapes), p=_odds_of_shapes(style))]
        depth = draw_depth(
            rng,
            shape,
            centre=(rng.uniform(0.15, 0.85) * size[0], rng.uniform(0.15, 0.85) * size[1]),
            radius=radius,
            reach=0.5 * min(size),
            size=size,
        )
        depth = _settled(stage, depth + _drawn_roughness(rng, style, radius, size))
        mask = inside(depth)
        place = _place_of(mask)
        largeness = _between(mask.mean(), (0.075, 0.085, 0.28, 0.32), ("small", "medium", "large"))
        if place is not None and largeness is not None:
            tones = tuple(style.tones)
            tone = tones[rng.integers(len(tones))]
            traits: dict[Trait, str] = {"zone": place[0], "side": place[1], "size": largeness}
            traits |= {"brightness": tone, "shape": shape}
            return Thing(depth=depth, mask=mask, traits=MappingProxyType(traits))


def _odds_of_shapes(style: Style) -> NDArray[np.float64]:
    """Return how often a lone thing has each shape: the first three are the common ones."""
    odds = np.where(np.arange(len(style.shapes)) < 3, 4.0, 1.0)
    return odds / odds.sum()


def _place_of(mask: MaskPixels) -> Slot | None:
    """Return the third of the height and of the width that a mask's centre is in, if clearly."""
    shares = [
        place.mean() / length for place, length in zip(np.nonzero(mask), mask.shape, strict=True)
    ]
    bounds = (0.32, 0.37, 0.62, 0.67)
    zone = _between(shares[0], bounds, ("upper", "middle", "lower"))
    side = _between(shares[1], bounds, ("left", "center", "right"))
    return None if zone is None or side is None else (zone, side)


def _between(share: float, bounds: Sequence[float], names: Sequence[str]) -> str | None:
    """Return the name of the range that the share lies in; None in the gaps between ranges."""
    place = int(np.searchsorted(bounds, share))
    return None if place % 2 else names[place // 2]
