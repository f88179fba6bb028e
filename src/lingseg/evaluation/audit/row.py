"""A row of the audit: what one check found, in numbers and in one plain sentence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.answer import Answers
from lingseg.evaluation.audit.question import Question
from lingseg.evaluation.summary import Estimate

Verdict: TypeAlias = Literal["yes", "no", "partly", "unclear", "not asked", "not measured"]
"""yes: as one would wish of a model that reads (of a data set: that does not leak). unclear: the
interval holds both, or there are too few subjects. not asked: another row shows that it would be no
merit. not measured: `Row.why_not` says why."""

Unit: TypeAlias = Literal["percent", "points", "plain"]
"""How a number is shown: 0.853 as "85.3 %", a difference of 0.12 as "12.0 points", or as it is."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of a row."""

    key: str
    """Its name in audit.json: "dice_without_text"."""
    name: str
    """Its name for a reader: "Dice per image, no sentence"."""
    estimate: Estimate
    """Value and interval, clustered by subject; shares and Dice from 0 to 1."""
    num_cases: int
    unit: Unit = "percent"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a plot."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    lows: tuple[float, ...] = ()
    """Lower ends of the intervals, one for each point; empty: none are known."""
    highs: tuple[float, ...] = ()

    @classmethod
    def through(cls, name: str, estimates: Mapping[float, Estimate]) -> "Line":
        """Return the line through estimates by x; intervals where every point has one."""
        known = {x: found for x, found in estimates.items() if found.value is not None}
        intervals = [found.interval for found in known.values() if found.interval]
        has_all = len(intervals) == len(known)
        return cls(
            name=name,
            xs=tuple(known),
            ys=tuple(found.value for found in known.values() if found.value is not None),
            lows=tuple(interval.low for interval in intervals) if has_all else (),
            highs=tuple(interval.high for interval in intervals) if has_all else (),
        )


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What is better seen than read."""

    key: str
    title: str
    x_label: str
    y_label: str
    kind: Literal["line", "points"] = "line"
    """points: one mark for each x, as the spread of every group of paraphrases."""
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A telling case: the same picture under two questions or more."""

    headline: str
    """Why it is shown: "The mask stays although the sentence names the other side"."""
    questions: tuple[Question, ...]
    """The first is the case's own; the page draws picture, sentence and mask of each."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one check found."""

    number: int
    """1 to 9, as in docs/how-to/audit.md."""
    title: str
    verdict: Verdict
    sentence: str
    """One plain sentence for a reader who knows no statistics."""
    figures: tuple[Figure, ...] = ()
    plots: tuple[Plot, ...] = ()
    examples: tuple[Example, ...] = ()
    why_not: str = ""
    """Why it was not measured, wholly or in part; empty: it was."""
    traits: tuple[tuple[str, Verdict], ...] = ()
    """For the headline of the audit: ("side", "yes"), ("count", "no"), ("absence", "no")."""


@runtime_checkable
class Check(Protocol):
    """One row before it is measured."""

    @property
    def number(self) -> int:
        """1 to 9."""

    @property
    def title(self) -> str:
        """What it checks."""

    def questions(self, case: Case) -> Iterable[Question]:
        """Yield what it wants to know of one case; other rows may ask the same at no cost.

        Deterministic: a resumed audit must ask the same again.
        """

    def judge(self, answers: Answers, rng: np.random.Generator) -> Row:
        """Return the row, when all is answered.

        Args:
            answers: To every question of every case.
            rng: Where the intervals' resamples come from.
        """


def not_measured(number: int, title: str, why_not: str) -> Row:
    """Return the row of a check that makes no sense here."""
    return Row(
        number=number, title=title, verdict="not measured", sentence=why_not, why_not=why_not
    )
