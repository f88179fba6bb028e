"""Means and pooled scores over answers, with intervals from subjects drawn anew."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.answer import Answer, Answers, find_if_answered
from lingseg.evaluation.audit.question import Question, own_question
from lingseg.evaluation.summary import Estimate
from lingseg.metrics.overlap import Overlap, dice_pooled
from lingseg.metrics.uncertainty import bootstrap_mean, bootstrap_ratio


@dataclass(frozen=True)
class Observation:
    """A number that was seen in one case."""

    subject: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A case's answer to its own sentence, and to a question that was asked instead."""

    case: Case
    question: Question
    own: Answer
    other: Answer
    own_overlap: Overlap
    other_overlap: Overlap

    @property
    def drop(self) -> Observation:
        """How much Dice the other question costs."""
        return Observation(self.case.subject, self.own_overlap.dice - self.other_overlap.dice)


def pair_answers(
    answers: Answers, cases: Iterable[Case], ask: Callable[[Case], Question | None]
) -> list[Pair]:
    """Return the pairs of the cases that have a reference and answers to both questions."""
    pairs = []
    for case in cases:
        question = ask(case)
        if question is None:
            continue
        own = find_if_answered(answers, own_question(case))
        other = find_if_answered(answers, question)
        if own and other and own.overlap and other.overlap:
            pairs.append(
                Pair(
                    case=case,
                    question=question,
                    own=own,
                    other=other,
                    own_overlap=own.overlap,
                    other_overlap=other.overlap,
                )
            )
    return pairs


def estimate_mean(observations: Sequence[Observation], *, rng: np.random.Generator) -> Estimate:
    """Return the mean and its interval; no value without an observation."""
    if not observations:
        return Estimate(None)
    values = np.array([seen.value for seen in observations], dtype=np.float64)
    subjects = [seen.subject for seen in observations]
    return Estimate(float(values.mean()), bootstrap_mean(values, subjects, rng=rng))


def estimate_pooled_dice(
    overlaps: Sequence[Overlap], subjects: Sequence[str], *, rng: np.random.Generator
) -> Estimate:
    """Return Dice of all pixels in one count, and its interval; no value without a picture."""
    over = [2.0 * overlap.intersection for overlap in overlaps]
    under = [float(overlap.prediction + overlap.reference) for overlap in overlaps]
    interval = bootstrap_ratio(over, under, subjects, rng=rng) if any(under) else None
    return Estimate(dice_pooled(overlaps), interval)


def num_subjects(observations: Sequence[Observation]) -> int:
    """Return how many subjects the observations are of."""
    return len({seen.subject for seen in observations})
