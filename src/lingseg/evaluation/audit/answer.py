"""What a predictor answered, boiled down to what the rows of the audit need."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from lingseg.evaluation.audit.question import Question
from lingseg.imaging.image import MaskPixels
from lingseg.metrics.calibration import Reliability
from lingseg.metrics.overlap import Overlap, measure_overlap

CHANGED_BELOW = 0.9
"""Likeness from which on two masks count as the same: ten points of Dice are more than the spread
of one sentence in other words that a user would put up with."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """A mask on the grid of the picture as it was shown, and how sure the predictor was."""

    mask: MaskPixels
    """At the audit's threshold."""
    peak: float
    """The highest probability anywhere."""
    confidence: float
    """Mean probability inside of the mask; one minus the peak where it is empty."""
    overlap: Overlap | None
    """With the case's own reference, on its grid; None without one, or if the view moves places."""
    reliability: Reliability | None
    """The same for what was stated of every pixel."""

    def likeness(self, other: "Answer") -> float:
        """Return the Dice of the two masks; 1 where both are empty."""
        return measure_overlap(self.mask, other.mask).dice


class QuestionRefused(LookupError):
    """The predictor did not answer; the message says why, in its own words."""


@runtime_checkable
class Answers(Protocol):
    """The answers to all questions that were asked."""

    def find(self, question: Question) -> Answer:
        """Return the answer to a question.

        Raises:
            KeyError: It was never asked: a row forgot to name it in its `questions`.
            QuestionRefused: The predictor could not answer it.
        """


def find_if_answered(answers: Answers, question: Question) -> Answer | None:
    """Return the answer to a question, or None where the predictor refused it.

    Raises:
        KeyError: It was never asked.
    """
    try:
        return answers.find(question)
    except QuestionRefused:
        return None


class AnswersInMemory:
    """Answers in a dictionary, for small audits and tests of single rows."""

    def __init__(self, answers: Mapping[tuple[str, ...], Answer | QuestionRefused]) -> None:
        """Take answers by `Question.key`: case id, text and name of the view."""
        self._answers = answers

    def find(self, question: Question) -> Answer:
        """Return the answer to a question.

        Raises:
            KeyError: It was never asked.
            QuestionRefused: The predictor could not answer it.
        """
        answer = self._answers[question.key]
        if isinstance(answer, QuestionRefused):
            raise answer
        return answer
