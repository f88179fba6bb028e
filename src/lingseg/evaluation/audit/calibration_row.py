"""Row 7: does it know when it is wrong, and is it less sure when the sentence contradicts?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.answer import Answer, Answers, find_if_answered
from lingseg.evaluation.audit.contradiction import Contradictions
from lingseg.evaluation.audit.estimates import (
    Observation,
    OfSubject,
    estimate_mean,
    figure_of_mean,
    num_subjects,
)
from lingseg.evaluation.audit.question import Question, own_question
from lingseg.evaluation.audit.row import Example, Figure, Line, Plot, Row, Verdict, not_measured
from lingseg.evaluation.audit.verdicts import judge_above, judge_together
from lingseg.evaluation.audit.wording import percent, points
from lingseg.evaluation.summary import Estimate
from lingseg.metrics.calibration import Reliability, pool_reliability
from lingseg.metrics.overlap import Overlap
from lingseg.metrics.selective import aurc, risk_coverage
from lingseg.metrics.uncertainty import Numbers, bootstrap_ratio, bootstrap_statistic

LEAST_ORDER = 0.01
"""By how much the area under the risk-coverage curve must lie below the mean risk: a confidence
that says nothing of errors leaves no gap at all."""

LEAST_FALL = 0.05
"""By how much confidence must fall under a contradicting sentence: less, nobody would notice in a
number that is shown as whole percents."""

MAX_CONTRADICTIONS = 2
"""Asked of each case: side and zone, where it states both."""
NUM_EXAMPLES = 2

_NOT_CONTRADICTED = (
    "No case has a sentence that can be contradicted so that it is true of nothing in the picture."
)
_KNOWS = {
    "yes": "its confidence tells which are the better ones",
    "no": "its confidence does not tell which are the better ones",
    "unclear": "there are too few subjects to tell whether its confidence says which are better",
}
_DOUBTS = {
    "yes": "When the sentence contradicts the picture it grows less sure",
    "no": "When the sentence contradicts the picture it stays as sure as before",
    "unclear": "Too few subjects to tell whether it grows less sure when the sentence contradicts "
    "the picture",
}


@dataclass(frozen=True, kw_only=True)
class _Scored:
    """An answer to a case's own sentence that has a reference."""

    subject: str
    confidence: float
    overlap: Overlap
    reliability: Reliability


@dataclass(frozen=True, kw_only=True)
class _Fall:
    """A case's confidence under its own sentence and under one that contradicts it."""

    question: Question
    own: Answer
    other: Answer

    @property
    def subject(self) -> str:
        """Whose picture it is."""
        return self.question.case.subject

    @property
    def seen(self) -> Observation:
        """By how much confidence fell."""
        return Observation(self.subject, self.own.confidence - self.other.confidence)


@dataclass(frozen=True, kw_only=True)
class CalibrationRow:
    """What the probabilities are worth."""

    cases: tuple[Case, ...]
    number: int = 7
    title: str = "Calibration"

    def questions(self, case: Case) -> Iterator[Question]:
        """Yield the case's own question, and those that contradict it."""
        yield own_question(case)
        yield from self._contradict(case)

    def judge(self, answers: Answers, rng: np.random.Generator) -> Row:
        """Return whether confidence goes with being right."""
        scored = list(_scored(self.cases, answers))
        if scored and pool_reliability([one.reliability for one in scored]).is_hard:
            why = "All answers are masks, which do not say how sure the predictor was."
            return not_measured(self.number, self.title, why)
        falls = list(self._falls(answers))
        if not scored and not falls:
            why = "No case has a reference mask or a sentence that can be contradicted."
            return not_measured(self.number, self.title, why)
        order = _estimate_order(scored, rng)
        fall = estimate_mean([one.seen for one in falls], rng=rng)
        knows = _judge_if_seen(scored, order, LEAST_ORDER)
        doubts = _judge_if_seen(falls, fall, LEAST_FALL)
        return Row(
            number=self.number,
            title=self.title,
            verdict=judge_together([knows, doubts]),
            sentence=_sentence(scored, knows, fall, doubts),
            figures=tuple(_figures(scored, order, falls, fall, rng)),
            plots=tuple(_plots(scored)),
            examples=tuple(_examples(falls)),
            why_not="" if falls else _NOT_CONTRADICTED,
        )

    @cached_property
    def _contradictions(self) -> Contradictions:
        """What contradicts each case."""
        return Contradictions(self.cases)

    def _contradict(self, case: Case) -> list[Question]:
        """Return questions that contradict a case and are not true of another thing in it.

        Phantoms show several things, of which only some have a case: what contradicts one may be
        true of another unseen.
        """
        if "pair" in case.columns:
            return []
        found = self._contradictions.find(case)
        return [one.changed for one in found if one.other is None][:MAX_CONTRADICTIONS]

    def _falls(self, answers: Answers) -> Iterator[_Fall]:
        """Yield each case's contradictions that were answered."""
        for case in self.cases:
            own = find_if_answered(answers, own_question(case))
            for question in self._contradict(case):
                other = find_if_answered(answers, question)
                if own and other:
                    yield _Fall(question=question, own=own, other=other)


def _scored(cases: Sequence[Case], answers: Answers) -> Iterator[_Scored]:
    """Yield the cases that have an answer and a reference."""
    for case in cases:
        own = find_if_answered(answers, own_question(case))
        if own and own.overlap and own.reliability:
            yield _Scored(
                subject=case.subject,
                confidence=own.confidence,
                overlap=own.overlap,
                reliability=own.reliability,
            )


def _judge_if_seen(seen: Sequence[OfSubject], estimate: Estimate, threshold: float) -> Verdict:
    """Return whether what was seen puts the estimate above a threshold; of nothing, nothing."""
    if not seen:
        return "not measured"
    return judge_above(estimate, threshold, num_subjects=num_subjects(seen))


def _risks(scored: Sequence[_Scored]) -> list[float]:
    """Return one minus Dice of every case."""
    return [1 - one.overlap.dice for one in scored]


def _estimate_order(scored: Sequence[_Scored], rng: np.random.Generator) -> Estimate:
    """Return by how much the area under the curve lies below the mean risk."""
    if not scored:
        return Estimate(None)
    risks, confidences = _risks(scored), [one.confidence for one in scored]
    errors = np.asarray(risks)

    def gap(weights: Numbers) -> Numbers:
        mean = (weights @ errors) / weights.sum(axis=1)
        return np.asarray(mean - aurc(risks, confidences, weights))

    interval = bootstrap_statistic(gap, [one.subject for one in scored], rng=rng)
    return Estimate(float(gap(np.ones((1, len(risks))))[0]), interval)


def _figures(
    scored: Sequence[_Scored],
    order: Estimate,
    falls: Sequence[_Fall],
    fall: Estimate,
    rng: np.random.Generator,
) -> Iterator[Figure]:
    """Yield the numbers of the row."""
    if scored:
        yield from _figures_of_pixels(scored, rng)
        area = _estimate_aurc(scored, rng)
        yield _plain("aurc", "Area under the risk-coverage curve", area, scored)
        yield _plain("aurc_gain", "Mean risk minus that area", order, scored)
    if falls:
        own = [Observation(one.subject, one.own.confidence) for one in falls]
        other = [Observation(one.subject, one.other.confidence) for one in falls]
        yield figure_of_mean("confidence", "Confidence, own sentence", own, rng=rng)
        yield figure_of_mean(
            "confidence_contradicted", "Confidence, contradicting sentence", other, rng=rng
        )
        yield Figure(
            key="fall_of_confidence",
            name="Fall of confidence under contradiction",
            estimate=fall,
            num_cases=len(falls),
            unit="points",
        )


def _figures_of_pixels(scored: Sequence[_Scored], rng: np.random.Generator) -> Iterator[Figure]:
    """Yield ECE and Brier score over pixels."""
    parts = [one.reliability for one in scored]
    subjects = [one.subject for one in scored]
    pooled = pool_reliability(parts)
    gaps = np.array([part.probability_sums - part.reference_sums for part in parts])
    pixels = np.array([part.num_pixels.sum() for part in parts], dtype=np.float64)

    def ece(weights: Numbers) -> Numbers:
        return np.asarray(np.abs(weights @ gaps).sum(axis=1) / (weights @ pixels))

    of_ece = Estimate(pooled.ece, bootstrap_statistic(ece, subjects, rng=rng))
    errors = [part.squared_error for part in parts]
    of_brier = Estimate(pooled.brier, bootstrap_ratio(errors, pixels, subjects, rng=rng))
    yield _plain("ece", "Expected calibration error of pixels", of_ece, scored)
    yield _plain("brier", "Brier score of pixels", of_brier, scored)


def _estimate_aurc(scored: Sequence[_Scored], rng: np.random.Generator) -> Estimate:
    """Return the area under the risk-coverage curve."""
    risks, confidences = _risks(scored), [one.confidence for one in scored]
    interval = bootstrap_statistic(
        lambda weights: aurc(risks, confidences, weights), [s.subject for s in scored], rng=rng
    )
    return Estimate(float(aurc(risks, confidences)[0]), interval)


def _plain(key: str, name: str, estimate: Estimate, scored: Sequence[_Scored]) -> Figure:
    """Return a figure that is shown as it is."""
    return Figure(key=key, name=name, estimate=estimate, num_cases=len(scored), unit="plain")


def _plots(scored: Sequence[_Scored]) -> Iterator[Plot]:
    """Yield the risk-coverage curve, beside that of an order that says nothing."""
    if len(scored) < 2:
        return
    risk = risk_coverage(_risks(scored), [one.confidence for one in scored])
    places = np.unique(np.linspace(0, len(risk) - 1, 50).round().astype(np.intp))
    shares = tuple(((places + 1) / len(risk)).tolist())
    yield Plot(
        key="risk_coverage",
        title="Error of the part it is surest of",
        x_label="share of cases kept, the surest first",
        y_label="mean of 1 - Dice",
        lines=(
            Line(name="by confidence", xs=shares, ys=tuple(risk[places].tolist())),
            Line(name="in any order", xs=shares, ys=(float(risk[-1]),) * len(places)),
        ),
    )


def _sentence(scored: Sequence[_Scored], knows: Verdict, fall: Estimate, doubts: Verdict) -> str:
    """Return what was found in words."""
    told = []
    if scored:
        risk = Estimate(float(np.mean(_risks(scored))))
        told.append(
            f"Its masks miss a perfect Dice by {points(risk)} on average, and {_KNOWS[knows]}."
        )
    if fall.value is not None:
        told.append(f"{_DOUBTS[doubts]}: its confidence falls by {points(fall)}.")
    return " ".join(told)


def _examples(falls: Sequence[_Fall]) -> Iterator[Example]:
    """Yield the contradictions that it was the surest of."""
    drawn = (one for one in falls if one.other.mask.any())
    surest = sorted(drawn, key=lambda one: -one.other.confidence)
    for one in surest[:NUM_EXAMPLES]:
        yield Example(
            headline=f"{percent(Estimate(one.other.confidence))} sure of a sentence that "
            f"contradicts the picture's own",
            questions=(own_question(one.question.case), one.question),
        )
