"""The proof that a bundle of 8-bit numbers draws as well as its run.

Rounded to 8 bits, a model gives other probabilities, and where it hesitates another verdict. So the
two are held against each other on all validation cases, at the run's own thresholds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from lingseg.datasets.case import Case
from lingseg.datasets.progress import Progress, no_progress
from lingseg.export.agreement import Answer, Pair
from lingseg.metrics.overlap import measure_overlap
from lingseg.training.batch import PixelCache, collate
from lingseg.training.recipe import Data

MAX_DICE_DIFFERENCE = 3e-3
"""Largest difference in validation Dice, of any data set, that an export in int8 may have."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How good the graphs are beside their run."""

    dice_differences: Mapping[str, float]
    """The graphs' Dice per image less the run's, by data set, 0 to 1."""
    num_other_verdicts: int
    """In how many cases one side draws and the other says that the target is not there."""
    num_cases: int


def compare_as_good(
    pair: Pair,
    cases: Mapping[str, Sequence[Case]],
    data: Data,
    *,
    mask_from: float,
    draw_from: float | None,
    progress: Progress = no_progress,
) -> Comparison:
    """Return how good the graphs are beside their run, at the size that the model is shown.

    Args:
        pair: The two.
        cases: By data set; each is asked with its own sentence.
        data: How pictures are shown to the model.
        mask_from: From which probability on a pixel is in.
        draw_from: From which probability of presence on anything is; None: whatever it is.
        progress: Told after every case.
    """
    cache = PixelCache(data)
    total, done, other_verdicts = sum(map(len, cases.values())), 0, 0
    differences = {}
    for name, group in cases.items():
        gains = []
        for case in group:
            triple = cache.triple(case)
            dice, verdicts = [], set()
            for answer in pair.ask(collate([triple]).image, case.text):
                is_drawn = _draws(answer, draw_from)
                mask = (answer.mask.numpy() >= mask_from) & is_drawn
                dice.append(measure_overlap(mask, triple.reference).dice)
                verdicts.add(is_drawn)
            gains.append(dice[1] - dice[0])
            other_verdicts += len(verdicts) > 1
            done += 1
            progress(done, total)
        differences[name] = fmean(gains)
    return Comparison(
        dice_differences=differences, num_other_verdicts=other_verdicts, num_cases=total
    )


def _draws(answer: Answer, draw_from: float | None) -> bool:
    """Tell whether anything is drawn."""
    return draw_from is None or answer.presence is None or answer.presence >= draw_from
