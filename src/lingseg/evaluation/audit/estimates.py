"""Means and pooled scores over answers, with intervals from subjects drawn anew."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.answer import Answer, Answers, find_if_answered
from lingseg.evaluation.audit.question import Question, own_question
from lingseg.evaluation.audit.row import Figure, Unit
from lingseg.evaluation.summary import Estimate
from lingseg.metrics.overlap import Overlap, dice_pooled
from lingseg.metrics.uncertainty import bootstrap_mean, bootstrap_ratio

MARKS_NOTHING = "Every reference mask is empty: who draws nothing scores a Dice of 100 %."
"""What a row must say where Dice shows nothing but silence."""


@runtime_checkable
class OfSubject(Protocol):
    """Anything that is of one subject."""

    @property
    def subject(self) -> str:
        """Whose it is."""


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
    def subject(self) -> str:
        """Whose picture it is."""
        return self.case.subject

    @property
    def own_dice(self) -> Observation:
        """What the own sentence scored."""
        return Observation(self.subject, self.own_overlap.dice)

    @property
    def other_dice(self) -> Observation:
        """What the other question scored."""
        return Observation(self.subject, self.other_overlap.dice)

    @property
    def drop(self) -> Observation:
        """How much Dice the other question costs."""
        return Observation(self.subject, self.own_overlap.dice - self.other_overlap.dice)


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


def marks_nothing(pairs: Iterable[Pair]) -> bool:
    """Return whether all references are empty, so that Dice tells nothing of what is found."""
    return not any(pair.own_overlap.reference for pair in pairs)


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


def estimate_drop(pairs: Sequence[Pair], *, rng: np.random.Generator) -> Estimate:
    """Return the mean of what the other questions cost."""
    return estimate_mean([pair.drop for pair in pairs], rng=rng)


def figure_of_mean(
    key: str,
    name: str,
    observations: Sequence[Observation],
    *,
    rng: np.random.Generator,
    unit: Unit = "percent",
) -> Figure:
    """Return the figure of a mean."""
    estimate = estimate_mean(observations, rng=rng)
    return Figure(key=key, name=name, estimate=estimate, num_cases=len(observations), unit=unit)


def figures_of_dice(
    key: str,
    name: str,
    overlaps: Sequence[Overlap],
    subjects: Sequence[str],
    *,
    rng: np.random.Generator,
) -> Iterator[Figure]:
    """Yield Dice in both conventions, for whom or what `name` says."""
    seen = [
        Observation(subject, overlap.dice)
        for subject, overlap in zip(subjects, overlaps, strict=True)
    ]
    yield figure_of_mean(f"dice_per_image{key}", f"Dice per image, {name}", seen, rng=rng)
    yield Figure(
        key=f"dice_pooled{key}",
        name=f"Dice pooled, {name}",
        estimate=estimate_pooled_dice(overlaps, subjects, rng=rng),
        num_cases=len(overlaps),
    )


def num_subjects(seen: Iterable[OfSubject]) -> int:
    """Return how many subjects there are."""
    return len({one.subject for one in seen})
