"""The proof that a bundle of 8-bit numbers draws as well as its run.

Rounded to 8 bits, a model gives other probabilities, and where it hesitates another verdict. So it
is held against its run on all validation cases, and its thresholds of presence are chosen on its
own answers, as the run's were on its own: what they claim is claimed of what the bundle computes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from lingseg.datasets.case import Case
from lingseg.datasets.progress import Progress, no_progress
from lingseg.export.agreement import Pair
from lingseg.metrics.overlap import measure_overlap
from lingseg.training.batch import PixelCache, collate
from lingseg.training.presence import (
    Presence,
    PresenceThresholds,
    choose_presence_thresholds,
    subject_of,
)
from lingseg.training.recipe import Data

MAX_DICE_DIFFERENCE = 3e-3
"""Largest difference in validation Dice, of any data set, that an export in int8 may have."""


@dataclass(frozen=True, kw_only=True)
class Questions:
    """What run and graphs are asked, and what the ranges of 8-bit numbers are taken from."""

    present: Mapping[str, Sequence[Case]]
    """By data set, validation cases; each is asked with its own sentence."""
    absent: Sequence[tuple[str, Case]] = ()
    """Subjects, and validation cases whose sentence names what they do not show."""
    calibration: Sequence[Case] = ()
    """Training cases."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How good the graphs are beside their run."""

    dice_differences: Mapping[str, float]
    """The graphs' Dice per image less the run's, by data set, 0 to 1."""
    thresholds: PresenceThresholds
    """Of the graphs."""
    num_other_verdicts: int
    """In how many cases one side draws and the other says that the target is not there."""
    num_cases: int


@dataclass(frozen=True, kw_only=True)
class _Score:
    """What one side scores in one case if it draws, and if it does not."""

    dataset: str
    subject: str
    is_there: bool
    dice_drawn: float
    dice_blank: float
    presence: float | None

    def draws(self, thresholds: PresenceThresholds) -> bool:
        """Tell whether anything is drawn."""
        lowest = thresholds.draw_from
        return lowest is None or self.presence is None or self.presence >= lowest

    def dice(self, thresholds: PresenceThresholds) -> float:
        """Return the Dice of what is drawn or left blank."""
        return self.dice_drawn if self.draws(thresholds) else self.dice_blank


def compare_as_good(
    pair: Pair,
    questions: Questions,
    data: Data,
    *,
    mask_from: float,
    thresholds: PresenceThresholds,
    progress: Progress = no_progress,
) -> Comparison:
    """Return how good the graphs are beside their run, at the size that the model is shown.

    Args:
        pair: The two.
        questions: What they are asked.
        data: How pictures are shown to the model.
        mask_from: From which probability on a pixel is in.
        thresholds: The run's, of presence.
        progress: Told after every question.
    """
    cache = PixelCache(data)
    own = [(name, case) for name, cases in questions.present.items() for case in cases]
    total = len(own) + len(questions.absent)
    expected, given = list[_Score](), list[_Score]()
    for number, (name, case) in enumerate(own, start=1):
        triple = cache.triple(case)
        image = collate([triple]).image
        for side, answer in zip((expected, given), pair.ask(image, case.text), strict=True):
            mask = answer.mask.numpy() >= mask_from
            side.append(
                _Score(
                    dataset=name,
                    subject=subject_of(name, case.subject),
                    is_there=bool(triple.reference.any()),
                    dice_drawn=measure_overlap(mask, triple.reference).dice,
                    dice_blank=measure_overlap(mask & False, triple.reference).dice,
                    presence=answer.presence,
                )
            )
        progress(number, total)
    absent = []
    for number, (subject, case) in enumerate(questions.absent, start=len(own) + 1):
        answer = pair.ask_graphs(collate([cache.triple(case)]).image, case.text)
        absent += _presence(subject, answer.presence)
        progress(number, total)
    present = [one for row in given if row.is_there for one in _presence(row.subject, row.presence)]
    chosen = choose_presence_thresholds(present, absent)
    before, after = _dice(expected, thresholds), _dice(given, chosen)
    return Comparison(
        dice_differences={name: after[name] - before[name] for name in before},
        thresholds=chosen,
        num_other_verdicts=sum(
            one.draws(thresholds) != other.draws(chosen)
            for one, other in zip(expected, given, strict=True)
        ),
        num_cases=len(own),
    )


def _presence(subject: str, probability: float | None) -> list[Presence]:
    """Return how probable it was held, if it was asked at all."""
    return [] if probability is None else [Presence(subject=subject, probability=probability)]


def _dice(scores: Sequence[_Score], thresholds: PresenceThresholds) -> dict[str, float]:
    """Return the Dice per image of each data set; its cases follow each other."""
    return {
        name: fmean(score.dice(thresholds) for score in group)
        for name, group in groupby(scores, key=lambda score: score.dataset)
    }
