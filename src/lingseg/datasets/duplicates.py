"""Pictures that look the same though they are different files, by perceptual hash."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.finding import Finding
from lingseg.imaging.image import Image, Rgb
from lingseg.imaging.intensity import as_rgb

PictureHash = NDArray[np.uint64]
"""256 bits in four numbers: in the first row of the picture, in the second of its mirror image."""

NEAR = 40
"""Bits of 256 in which two pictures may differ and count as one.

Measured on the sets of the catalogue: up to 40, all 73 pairs found were the same picture,
brightened or cut otherwise; from 44 on, others come in. Copies mirrored left to right are found,
too; turned ones are not. With 3 % of width and height cut off, all of 36 were found, with 5 % ten,
with 10 % none.
"""

_HASH_SIZE = 16
_PAIRS_AT_ONCE = 4_000_000  # 128 MiB of differences


def hash_picture(image: Image) -> PictureHash:
    """Return what is left of a picture when only its coarse structure counts."""
    pixels = as_rgb(image)
    return np.stack([_hash(pixels), _hash(pixels[:, ::-1])])


def _hash(pixels: Rgb) -> NDArray[np.uint64]:
    """Return the perceptual hash of one view."""
    import imagehash  # it brings scipy along, which reading a data set can do without

    picture = PillowImage.fromarray(np.ascontiguousarray(pixels))
    return np.packbits(imagehash.phash(picture, hash_size=_HASH_SIZE).hash).view(np.uint64)


def find_near_duplicates(dataset: Dataset, hashes: Mapping[Path, PictureHash]) -> Iterator[Finding]:
    """Find pictures of a later split that look like one of an earlier split.

    A picture of the later split gives one finding, with the picture that is nearest to it.
    """
    for earlier, later in combinations(dataset.splits, 2):
        known, asked = (_first_cases(dataset.splits[split], hashes) for split in (earlier, later))
        if not known or not asked:
            continue
        nearest = _nearest([hashes[case.image] for case in known], [hashes[c.image] for c in asked])
        for case, (index, distance, is_mirrored) in zip(asked, nearest, strict=True):
            if distance <= NEAR:
                how = f"{distance} of 256 bits differ{' when mirrored' if is_mirrored else ''}"
                yield _finding(known[index], case, how, splits=(earlier, later))


def _finding(first: Case, second: Case, how: str, *, splits: tuple[str, str]) -> Finding:
    """Return the finding for two pictures that look the same."""
    is_same = first.image == second.image
    how = "the same file" if is_same else how
    return Finding(
        kind="near-duplicate picture",
        severity="error" if is_same else "warning",
        case_ids=(first.case_id, second.case_id),
        message=f"{first.image.name} of {splits[0]} and {second.image.name} of {splits[1]} "
        f"look alike ({how}).",
    )


def _first_cases(cases: tuple[Case, ...], hashes: Mapping[Path, PictureHash]) -> list[Case]:
    """Return one case for each distinct picture that could be read."""
    first: dict[Path, Case] = {}
    for case in cases:
        if case.image in hashes:
            first.setdefault(case.image, case)
    return list(first.values())


def _nearest(known: list[PictureHash], asked: list[PictureHash]) -> Iterator[tuple[int, int, bool]]:
    """Yield, for each hash asked for, the nearest known one, their distance, and if mirrored."""
    known_bits = np.stack([one[0] for one in known])
    rows = max(1, _PAIRS_AT_ONCE // len(known))
    for start in range(0, len(asked), rows):
        block = np.stack(asked[start : start + rows])
        upright, mirrored = (_distances(block[:, view], known_bits) for view in (0, 1))
        distances = np.minimum(upright, mirrored)
        for row, index in enumerate(distances.argmin(axis=1)):
            is_mirrored = bool(mirrored[row, index] < upright[row, index])
            yield int(index), int(distances[row, index]), is_mirrored


def _distances(asked: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return in how many bits each hash asked for differs from each known one."""
    distances = np.zeros((len(asked), len(known)), dtype=np.uint16)
    for word in range(known.shape[1]):
        distances += np.bitwise_count(asked[:, word, None] ^ known[None, :, word])
    return distances
