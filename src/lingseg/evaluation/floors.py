"""What is reached without looking: the average training mask, and that of the same sentence.

A model that does not beat the first has learned nothing; one that does not beat the second may be
reading the sentence and not the picture.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.progress import Progress, no_progress
from lingseg.imaging.image import Image, MaskPixels, Probabilities
from lingseg.imaging.reading import read_mask
from lingseg.imaging.resampling import resize_mask, resize_probabilities
from lingseg.metrics.uncertainty import Numbers

GRID = (256, 256)
"""Masks of all sizes are averaged after being brought to this one."""
SENTENCES_IN_MEMORY = 256
"""64 MiB of means; further sentences are averaged again when they come up again."""
_NUM_STEPS = 50
"""Thresholds tried: 0.02, 0.04, … 1."""


@dataclass(frozen=True, eq=False)
class MeanMask:
    """The average training mask, whatever the image and the sentence."""

    mean: Probabilities
    threshold: float
    name: str = "mean mask"

    def probabilities(self, case: Case, image: Image) -> Probabilities:  # noqa: ARG002
        """Return the average training mask at the image's size."""
        return resize_probabilities(self.mean, image.size)


@dataclass(frozen=True, eq=False)
class TextLookup:
    """The average training mask of the very sentence, whatever the image."""

    mean_of_text: Callable[[str], Probabilities]
    threshold: float
    name: str = "text lookup"

    def probabilities(self, case: Case, image: Image) -> Probabilities:
        """Return the average mask of the training cases with the case's sentence.

        For a sentence that training never saw it is the average of all.
        """
        return resize_probabilities(self.mean_of_text(case.text), image.size)


@dataclass(frozen=True, kw_only=True)
class Floors:
    """Both floors of a data set."""

    mean_mask: MeanMask
    text_lookup: TextLookup
    thresholds_from: Literal["val", "train"]
    """On which split the thresholds were the best by Dice per image."""

    @property
    def both(self) -> tuple[MeanMask, TextLookup]:
        """The floors, the lower one first."""
        return self.mean_mask, self.text_lookup


def build_floors(dataset: Dataset, *, progress: Progress = no_progress) -> Floors:
    """Average the training masks, and choose thresholds on validation, or else on training.

    Raises:
        ValueError: The data set has no training masks.
    """
    train = _with_mask(dataset, "train")
    if not train:
        raise ValueError(
            f"{dataset.info.name} has no training masks, of which the floors are the average. "
            f"Leave the floors out with --no-floors."
        )
    val = _with_mask(dataset, "val")
    judges = val or train
    steps = _Steps(progress, total=len(train) + len(judges))
    mean = _mean_mask(train, after_each=steps.advance)
    mean_of_text = _lookup(train, mean)
    dice = np.zeros((2, _NUM_STEPS))
    for case, reference in _on_grid(judges):
        dice += [_dice_by_threshold(map_, reference) for map_ in (mean, mean_of_text(case.text))]
        steps.advance()
    return Floors(
        mean_mask=MeanMask(mean, _best_threshold(dice[0])),
        text_lookup=TextLookup(mean_of_text, _best_threshold(dice[1])),
        thresholds_from="val" if val else "train",
    )


def has_training_masks(dataset: Dataset) -> bool:
    """Return whether there is something to average."""
    return bool(_with_mask(dataset, "train"))


class _Steps:
    """Counts the steps of work that has several parts."""

    def __init__(self, progress: Progress, *, total: int) -> None:
        """Start at none of `total`."""
        self.progress = progress
        self.total = total
        self.done = 0

    def advance(self) -> None:
        """Count one more, and tell."""
        self.done += 1
        self.progress(self.done, self.total)


def _with_mask(dataset: Dataset, split: str) -> list[Case]:
    """Return the cases of a split that have a reference; none if there is no such split."""
    return [case for case in dataset.splits.get(split, ()) if case.mask is not None]


def _on_grid(cases: Sequence[Case]) -> Iterator[tuple[Case, MaskPixels]]:
    """Yield every case with its reference on the common grid."""
    for case in cases:
        if case.mask is not None:
            yield case, resize_mask(read_mask(case.mask).pixels, GRID)


def _mean_mask(
    cases: Sequence[Case], after_each: Callable[[], None] = lambda: None
) -> Probabilities:
    """Return the average mask of cases that have one."""
    total = np.zeros(GRID, dtype=np.float32)
    for _, reference in _on_grid(cases):
        total += reference
        after_each()
    return total / np.float32(len(cases))


def _lookup(train: Sequence[Case], mean: Probabilities) -> Callable[[str], Probabilities]:
    """Return the function that gives the average mask of a sentence's training cases."""
    groups: dict[str, list[Case]] = {}
    for case in train:
        groups.setdefault(case.text, []).append(case)

    @lru_cache(maxsize=SENTENCES_IN_MEMORY)
    def mean_of_text(text: str) -> Probabilities:
        return _mean_mask(groups[text]) if text in groups else mean

    return mean_of_text


def _dice_by_threshold(probabilities: Probabilities, reference: MaskPixels) -> Numbers:
    """Return the Dice at every threshold tried."""
    # A pixel in bin k is in the mask for the first k thresholds: one count instead of fifty.
    bins = (probabilities * np.float32(_NUM_STEPS) + np.float32(1e-4)).astype(np.intp).ravel()
    areas, hits = (
        np.bincount(chosen, minlength=_NUM_STEPS + 1)[::-1].cumsum()[::-1][1:]
        for chosen in (bins, bins[reference.ravel()])
    )
    both = areas + np.count_nonzero(reference)
    return np.where(both > 0, 2 * hits / np.maximum(both, 1), 1.0)


def _best_threshold(dice: Numbers) -> float:
    """Return the threshold of the highest Dice; of several, that in the middle of them.

    Just above 0 and just below 1 it would hang on the soft rim that resizing gives a mask.
    """
    (best,) = np.nonzero(dice >= dice.max() - 1e-9)
    return (int(best[len(best) // 2]) + 1) / _NUM_STEPS
