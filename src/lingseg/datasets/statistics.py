"""How much of everything a data set has, split by split."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.progress import Progress, no_progress
from lingseg.imaging.image import UnreadableImage
from lingseg.imaging.reading import read_image, read_mask

_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How some numbers are spread."""

    smallest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    largest: float


@dataclass(frozen=True, kw_only=True)
class SplitStatistics:
    """How much of everything one split has. A file that several cases share counts once."""

    cases: int
    pictures: int
    subjects: int
    distinct_texts: int
    words_per_text: Spread | None
    """None where there is no case."""
    masks: int
    empty_masks: int
    mask_area_share: Spread | None
    """The share of the picture that is in, of masks that are not empty. None if there are none."""
    picture_sizes: Mapping[str, int]
    """How many pictures have each height x width, the most frequent first."""
    unreadable_files: int
    """Counted nowhere else; `check_dataset` names them."""


def describe_dataset(
    dataset: Dataset, *, progress: Progress = no_progress
) -> dict[str, SplitStatistics]:
    """Count cases, pictures, subjects, texts and mask sizes of every split."""
    files = {split: _distinct_files(cases) for split, cases in dataset.splits.items()}
    total = sum(len(pictures) + len(masks) for pictures, masks in files.values())
    counter = _FileCounter(progress, total)
    return {
        split: _describe_split(cases, *files[split], counter)
        for split, cases in dataset.splits.items()
    }


class _FileCounter:
    """Reads files one after the other and tells how far it is."""

    def __init__(self, progress: Progress, total: int) -> None:
        """Start at nothing of `total` files."""
        self._progress, self._total, self._done = progress, total, 0

    def step(self) -> None:
        """Note that one more file has been read."""
        self._done += 1
        self._progress(self._done, self._total)

    def picture_size(self, path: Path) -> tuple[int, int] | None:
        """Return the height and width of a picture, or None if it cannot be read."""
        self.step()
        try:
            return read_image(path).size
        except (UnreadableImage, OSError):
            return None

    def area_share(self, path: Path) -> float | None:
        """Return the share of a mask's pixels that are in, or None if it cannot be read."""
        self.step()
        try:
            return float(read_mask(path).pixels.mean())
        except (UnreadableImage, OSError):
            return None


def _distinct_files(cases: Iterable[Case]) -> tuple[list[Path], list[Path]]:
    """Return the distinct pictures and the distinct masks, in the order of the table."""
    pictures = dict.fromkeys(case.image for case in cases)
    masks = dict.fromkeys(case.mask for case in cases if case.mask is not None)
    return list(pictures), list(masks)


def _describe_split(
    cases: Sequence[Case], pictures: list[Path], masks: list[Path], counter: _FileCounter
) -> SplitStatistics:
    """Count everything of one split."""
    sizes = [size for path in pictures if (size := counter.picture_size(path)) is not None]
    shares = [share for path in masks if (share := counter.area_share(path)) is not None]
    size_counts = Counter(f"{height} x {width}" for height, width in sizes)
    return SplitStatistics(
        cases=len(cases),
        pictures=len(pictures),
        subjects=len({case.subject for case in cases}),
        distinct_texts=len({case.text for case in cases}),
        words_per_text=_spread([len(case.text.split()) for case in cases]),
        masks=len(masks),
        empty_masks=shares.count(0.0),
        mask_area_share=_spread([share for share in shares if share > 0]),
        picture_sizes=dict(size_counts.most_common()),
        unreadable_files=len(pictures) - len(sizes) + len(masks) - len(shares),
    )


def _spread(numbers: Sequence[int] | Sequence[float]) -> Spread | None:
    """Return how numbers are spread, or None if there are none."""
    if not numbers:
        return None
    smallest, lower, median, upper, largest = np.quantile(numbers, _QUANTILES).tolist()
    return Spread(
        smallest=smallest,
        lower_quartile=lower,
        median=median,
        upper_quartile=upper,
        largest=largest,
    )
