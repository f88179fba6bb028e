"""Pictures that look the same though they are different files, by perceptual hash."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.finding import Finding
from lingseg.imaging.image import Image
from lingseg.imaging.intensity import as_rgb

PictureHash = NDArray[np.uint64]
"""256 bits in four numbers."""

NEAR = 40
"""Bits of 256 in which two pictures may differ and count as one.

Measured on the sets of the catalogue: up to 40, all 73 pairs found were the same picture,
brightened or cut otherwise; from 44 on, others come in. Mirrored copies are not found.
"""

_HASH_SIZE = 16
_PAIRS_AT_ONCE = 4_000_000  # 128 MiB of differences


def hash_picture(image: Image) -> PictureHash:
    """Return what is left of a picture when only its coarse structure counts."""
    picture = PillowImage.fromarray(as_rgb(image))
    import imagehash  # it brings scipy along, which reading a data set can do without

    bits = imagehash.phash(picture, hash_size=_HASH_SIZE).hash
    return np.packbits(bits).view(np.uint64)


def find_near_duplicates(dataset: Dataset, hashes: Mapping[Path, PictureHash]) -> Iterator[Finding]:
    """Find pictures of a later split that look like one of an earlier split.

    A picture of the later split gives one finding, with the picture that is nearest to it.
    """
    for earlier, later in combinations(dataset.splits, 2):
        known, asked = (_first_cases(dataset.splits[split], hashes) for split in (earlier, later))
        if not known or not asked:
            continue
        nearest = _nearest([hashes[case.image] for case in known], [hashes[c.image] for c in asked])
        for case, (index, distance) in zip(asked, nearest, strict=True):
            if distance <= NEAR:
                yield _finding(known[index], case, distance, splits=(earlier, later))


def _finding(first: Case, second: Case, distance: int, *, splits: tuple[str, str]) -> Finding:
    """Return the finding for two pictures that look the same."""
    is_same = first.image == second.image
    how = "the same file" if is_same else f"{distance} of 256 bits differ"
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


def _nearest(known: list[PictureHash], asked: list[PictureHash]) -> Iterator[tuple[int, int]]:
    """Yield, for each hash asked for, the index of the nearest known one and their distance."""
    known_bits = np.stack(known)
    rows = max(1, _PAIRS_AT_ONCE // len(known))
    for start in range(0, len(asked), rows):
        block = np.stack(asked[start : start + rows])
        distances = np.zeros((len(block), len(known)), dtype=np.uint16)
        for word in range(known_bits.shape[1]):
            distances += np.bitwise_count(block[:, word, None] ^ known_bits[None, :, word])
        indices = distances.argmin(axis=1)
        yield from (
            (int(index), int(row[index])) for index, row in zip(indices, distances, strict=True)
        )
