"""Scores on the validation cases while a model trains, at the size that the model is shown.

They choose the epoch and the thresholds. What is reported of a model is measured by `evaluation`,
on the pictures' own grids.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from accelerate.utils import gather_object

from lingseg.datasets.case import Case, Dataset
from lingseg.metrics.overlap import Overlap, dice_per_image, measure_overlap
from lingseg.models import Segmentation, Segmenter
from lingseg.training.batch import PixelCache, collate
from lingseg.training.objective import TextReader, asking, segment_batch

THRESHOLDS = tuple(round(0.3 + 0.05 * number, 2) for number in range(9))
"""Mask thresholds among which the best one on validation is chosen."""


@dataclass(frozen=True, kw_only=True)
class CaseScore:
    """What one case scored at each threshold, and whether the model thought its target present."""

    subject: str
    overlaps: tuple[Overlap, ...]
    presence: float | None
    is_there: bool


class Validation:
    """The validation cases of some data sets, this process's share of them."""

    def __init__(
        self,
        datasets: Sequence[Dataset],
        cache: PixelCache,
        *,
        batch_size: int,
        rank: int = 0,
        num_processes: int = 1,
    ) -> None:
        """Take every `num_processes`-th case of each set."""
        self._cases = {
            dataset.info.name: dataset.splits.get("val", ())[rank::num_processes]
            for dataset in datasets
        }
        self._cache = cache
        self._batch_size = batch_size
        self._is_shared = num_processes > 1

    def score(self, model: Segmenter) -> dict[str, list[CaseScore]]:
        """Return the scores of every case by data set, gathered from all processes."""
        with asking(model) as reader:
            scores = {
                name: [
                    score
                    for part in self._batches(cases)
                    for score in self._score(model, part, reader)
                ]
                for name, cases in self._cases.items()
            }
        everybody = gather_object([scores]) if self._is_shared else [scores]
        return {name: [score for part in everybody for score in part[name]] for name in self._cases}

    def _batches(self, cases: Sequence[Case]) -> Iterator[Sequence[Case]]:
        """Yield runs of cases."""
        with_reference = [case for case in cases if case.mask is not None]
        for first in range(0, len(with_reference), self._batch_size):
            yield with_reference[first : first + self._batch_size]

    def _score(
        self, model: Segmenter, cases: Sequence[Case], reader: TextReader
    ) -> list[CaseScore]:
        """Return the scores of one batch."""
        batch = collate([self._cache.triple(case) for case in cases])
        found = segment_batch(model, batch, reader)
        probabilities = found.mask_logits[:, 0].float().sigmoid().cpu().numpy()
        presence = presence_of(found, len(cases))
        references = batch.reference[:, 0].numpy()
        return [
            CaseScore(
                subject=cases[row].subject,
                overlaps=tuple(
                    measure_overlap(probabilities[row] >= threshold, references[row])
                    for threshold in THRESHOLDS
                ),
                presence=presence[row],
                is_there=bool(references[row].any()),
            )
            for row in range(len(cases))
        ]


def mean_dice(
    scores: Mapping[str, Sequence[CaseScore]], *, threshold: float = 0.5
) -> dict[str, float]:
    """Return the per-image Dice of each data set at one of the `THRESHOLDS`."""
    column = THRESHOLDS.index(threshold)
    return {
        name: dice_per_image([score.overlaps[column] for score in cases]) or 0.0
        for name, cases in scores.items()
        if cases
    }


def choose_threshold(scores: Mapping[str, Sequence[CaseScore]]) -> float:
    """Return the mask threshold with the best mean over data sets of the per-image Dice."""
    return max(
        THRESHOLDS,
        key=lambda threshold: np.mean(list(mean_dice(scores, threshold=threshold).values())),
    )


def presence_of(found: Segmentation, count: int) -> list[float | None]:
    """Return the probabilities of presence of a batch, or as many Nones."""
    if found.presence_logits is None:
        return [None] * count
    return list(found.presence_logits.float().sigmoid().cpu().numpy().astype(float))
