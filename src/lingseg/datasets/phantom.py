"""Phantoms: pictures made to order in which the text is provably needed.

Every picture shows several things that differ in side, zone, size, brightness or shape, and comes
with sentences that pick one, several or none of them, most in pairs that differ in one thing only
and have different masks on the same picture. Whoever looks at the picture alone cannot do better
than chance on a pair. Left and right are the picture's. Seeds fix everything.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from lingseg.datasets.case import DatasetInfo
from lingseg.datasets.declaration import DECLARATION
from lingseg.datasets.folder import SPLITS, as_declaration, as_table
from lingseg.datasets.phantom_colour import COLON, SKIN
from lingseg.datasets.phantom_film import FILM
from lingseg.datasets.phantom_outline import draw_depth, softened
from lingseg.datasets.phantom_question import (
    Description,
    Scene,
    alone_where_parted,
    draw_descriptions,
)
from lingseg.datasets.phantom_scene import Stage, Style, Trait, draw_lone_thing, draw_things
from lingseg.datasets.phantom_slice import SLICE
from lingseg.datasets.phantom_ultrasound import ULTRASOUND
from lingseg.datasets.progress import Progress, no_progress

INFO = DatasetInfo(
    name="phantom",
    title="Phantoms: pictures made to order in which the text is needed",
    modality="synthetic",
    side="image",
    licence="CC0-1.0",
    citation="Made by lingseg",
    ship_weights=True,
    ship_images=True,
    symmetry="horizontal",
)
"""Chests, slices and ultrasound have an up and a down, so only left and right may be exchanged."""

COLUMNS = ("image", "mask", "text", "label", "subject", "picture_id", "pair", "attribute")
STYLES: tuple[Style, ...] = (FILM, SLICE, ULTRASOUND, SKIN, COLON)
MIN_LENGTH = 64
"""Of height and width; below it the outlines cannot be told apart."""
MIN_CASES = 10
"""Below it there would not be a picture for each split."""

_NUMBER_ODDS = (0.05, 0.22, 0.29, 0.27, 0.17)
"""How often a picture shows nothing, one thing, … four things."""
_CONTRASTS: tuple[Trait, ...] = ("side", "zone", "size", "brightness", "shape")


@dataclass(frozen=True, kw_only=True, eq=False)
class Phantom:
    """A picture and exact descriptions of what is in it."""

    style: str
    pixels: NDArray[np.uint8]
    """Grey (height, width) or colour (height, width, 3)."""
    descriptions: tuple[Description, ...]


def draw_phantom(rng: np.random.Generator, size: tuple[int, int]) -> Phantom:
    """Return a new phantom with two to four descriptions.

    Args:
        rng: The source of all chance.
        size: Height and width in pixels.

    Raises:
        ValueError: A side is shorter than `MIN_LENGTH`.
    """
    _check_size(size)
    style = STYLES[rng.integers(len(STYLES))]
    stage = style.draw_stage(rng, size)
    number = int(rng.choice(len(_NUMBER_ODDS), p=_NUMBER_ODDS))
    scene = _draw_scene(rng, style, stage, number)
    pixels = style.paint(rng, stage, scene.things)
    asked = int(rng.choice([2, 3, 4], p=[0.3, 0.3, 0.4] if number > 1 else [0.5, 0.5, 0]))
    descriptions = draw_descriptions(rng, scene, asked)
    return Phantom(style=style.name, pixels=pixels, descriptions=tuple(descriptions))


def draw_phantoms(
    out: Path,
    *,
    num_cases: int,
    seed: int,
    size: tuple[int, int] = (224, 224),
    progress: Progress = no_progress,
) -> None:
    """Write a data set of phantoms in the folder format, a tenth of them to val and to test each.

    The same arguments give the same bytes. The folder appears when it is complete, or not at all.

    Args:
        out: The folder to make; it may be there if it is empty.
        num_cases: How many rows the three tables have together.
        seed: Not negative; another one gives other pictures.
        size: Height and width in pixels.
        progress: Told how many of the cases are done.

    Raises:
        FileExistsError: There is something in `out`.
        OSError: The folder cannot be written, or the disk is full.
        ValueError: Too few cases, too small a size, or a negative seed.
    """
    _check_size(size)
    _check_order(num_cases, seed)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(
            f"{out} exists and is not an empty folder. Name a new folder, or empty this one first."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
    try:
        _write_folder(unfinished, num_cases, seed, size, progress)
        unfinished.chmod(0o755)
        if out.exists():
            out.rmdir()
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


class ReferringPairs(NamedTuple):
    """Cases of the listening test, in twos that share a picture."""

    images: NDArray[np.float32]
    """(case, 3, height, width), 0 to 1."""
    texts: tuple[str, ...]
    masks: NDArray[np.bool_]
    """(case, 1, height, width)."""


def referring_pairs(
    rng: np.random.Generator, num_cases: int, size: tuple[int, int]
) -> ReferringPairs:
    """Return pictures of two blobs with the texts "the left one" and "the right one".

    Case 2 k and case 2 k + 1 show the same picture with one text each, in an order that is drawn,
    so that without the text nobody can tell which blob is meant.
    """
    pictures = [_draw_two_blobs(rng, size) for _ in range((num_cases + 1) // 2)]
    orders = rng.integers(2, size=len(pictures))
    cases = [(case // 2, int(orders[case // 2] + case) % 2) for case in range(num_cases)]
    return ReferringPairs(
        images=np.stack([np.repeat(pictures[nth][0][None], 3, axis=0) for nth, _ in cases]),
        texts=tuple(("the left one", "the right one")[side] for _, side in cases),
        masks=np.stack([pictures[nth][1][side][None] for nth, side in cases]),
    )


def _draw_two_blobs(
    rng: np.random.Generator, size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return a grey picture with a blob in each half, dark or bright, and their masks."""
    height, width = size
    canvas = 0.5 + 0.05 * rng.standard_normal(size, dtype=np.float32)
    masks = []
    for column in (0.25, 0.75):
        centre = (rng.uniform(0.3, 0.7) * height, (column + rng.uniform(-0.03, 0.03)) * width)
        reach = 0.2 * min(size)
        radius = rng.uniform(0.5, 0.9) * reach
        depth = draw_depth(rng, "any", centre=centre, radius=radius, reach=reach, size=size)
        canvas += softened(depth, 1.5) * rng.choice([-0.35, 0.35])
        masks.append(depth > 0)
    return canvas.clip(0, 1).astype(np.float32), np.stack(masks)


def _draw_scene(rng: np.random.Generator, style: Style, stage: Stage, number: int) -> Scene:
    """Return a stage with so many things on it, and what may be said of them."""
    spoken: tuple[Trait, ...] = _CONTRASTS if style.shapes != ("any",) else _CONTRASTS[:-1]
    if number != 1:
        contrast = spoken[rng.integers(len(spoken))] if number else None
        things = draw_things(rng, style, stage, number, contrast)
        return Scene(style=style, stage=stage, things=things, spoken=spoken, has_whole_places=False)
    if style.draw_lone is not None:
        things = style.draw_lone(rng, stage)
        spoken = ("side", "brightness")
    else:
        things = (draw_lone_thing(rng, style, stage),)
    return Scene(
        style=style,
        stage=stage,
        things=things,
        spoken=spoken,
        has_whole_places=style.draw_lone is None,
    )


def _check_size(size: tuple[int, int]) -> None:
    """Refuse what is too small to draw in."""
    if min(size) < MIN_LENGTH:
        raise ValueError(
            f"size={size} is too small for a phantom; height and width must be at least "
            f"{MIN_LENGTH} pixels. Ask for a larger size."
        )


def _check_order(num_cases: int, seed: int) -> None:
    """Refuse a number or a seed that nothing can be made of."""
    if num_cases < MIN_CASES:
        raise ValueError(
            f"num_cases={num_cases} is too few to fill {', '.join(SPLITS)}; "
            f"ask for at least {MIN_CASES}."
        )
    if seed < 0:
        raise ValueError(f"seed={seed} is negative; choose 0 or more.")


def _write_folder(
    root: Path,
    num_cases: int,
    seed: int,
    size: tuple[int, int],
    progress: Progress,
) -> None:
    """Draw and write picture after picture, then the tables."""
    for folder in ("images", "masks"):
        (root / folder).mkdir()
    groups: list[list[dict[str, str]]] = []
    done = 0
    while done < num_cases:
        phantom = draw_phantom(np.random.default_rng([seed, len(groups)]), size)
        descriptions = alone_where_parted(phantom.descriptions[: num_cases - done])
        groups.append(_write_picture(root, f"p{len(groups):06d}", phantom, descriptions))
        done += len(descriptions)
        progress(done, num_cases)
    for split, numbers in _draw_splits(len(groups), seed).items():
        rows = [row for number in numbers for row in groups[number]]
        (root / f"{split}.csv").write_text(as_table(rows, COLUMNS), encoding="utf-8", newline="")
    (root / DECLARATION).write_text(as_declaration(INFO), encoding="utf-8", newline="\n")


def _write_picture(
    root: Path, picture_id: str, phantom: Phantom, descriptions: Sequence[Description]
) -> list[dict[str, str]]:
    """Write a picture and the masks of its descriptions; return their rows."""
    image = f"images/{picture_id}.png"
    PillowImage.fromarray(phantom.pixels).save(root / image, compress_level=3)
    rows = []
    for number, description in enumerate(descriptions):
        mask = f"masks/{picture_id}_{number}.png"
        PillowImage.fromarray(description.mask.astype(np.uint8) * 255).save(root / mask)
        pair = "" if description.pair is None else f"{picture_id}_{description.pair}"
        facts = (phantom.style, picture_id, picture_id, pair, description.attribute)
        rows.append(dict(zip(COLUMNS, (image, mask, description.text, *facts), strict=True)))
    return rows


def _draw_splits(num_pictures: int, seed: int) -> dict[str, list[int]]:
    """Return which pictures are in which split, in order: a tenth each in val and test."""
    order = np.random.default_rng(seed).permutation(num_pictures)
    tenth = max(1, round(num_pictures / 10))
    parts = (order[2 * tenth :], order[:tenth], order[tenth : 2 * tenth])
    return {split: sorted(part.tolist()) for split, part in zip(SPLITS, parts, strict=True)}
