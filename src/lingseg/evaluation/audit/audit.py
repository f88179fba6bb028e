"""What an audit found: of what it is, its rows, and what they say together."""

from dataclasses import dataclass

from lingseg.evaluation.audit.answer import Answers
from lingseg.evaluation.audit.row import Row, Verdict
from lingseg.evaluation.audit.verdicts import worst
from lingseg.language.side import Side


@dataclass(frozen=True, kw_only=True)
class About:
    """Of what an audit is."""

    predictor: str
    predictor_hash: str
    """SHA-256 of a bundle, of a run's weights or of a function's source; empty for what is known by
    its name alone."""
    dataset: str
    split: str
    side: Side
    """Whose left and right the data set declares its sentences to mean."""
    num_cases: int
    """Audited; with a limit fewer than the split has."""
    num_subjects: int
    threshold: float
    """From which probability on a pixel was in."""
    seed: int
    num_questions: int
    num_refused: int
    """Questions that the predictor did not answer; the rows that wanted them say why."""
    lingseg: str
    """Version of the package."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What the checks found."""

    about: About
    rows: tuple[Row, ...]
    """By number."""
    examples: Answers
    """The answers to the questions of the rows' examples, and to no other."""
    num_asked: int = 0
    """Questions, each counted once, whichever rows want it."""
    num_reused: int = 0
    """Of these, how many an earlier run had answered."""
    why_unanswered: str = ""
    """Why the first of the cases' own sentences was refused, where all of them were."""

    @property
    def traits(self) -> tuple[tuple[str, Verdict], ...]:
        """What is read and what is not, each named once: of rows that disagree the worst counts."""
        given = [trait for row in self.rows for trait in row.traits]
        names = dict.fromkeys(name for name, _ in given)
        return tuple((name, worst(v for other, v in given if other == name)) for name in names)

    @property
    def headline(self) -> str:
        """The audit in a line: "reads: side yes, count no, absence no"."""
        told = ", ".join(f"{name} {verdict}" for name, verdict in self.traits)
        return f"reads: {told or 'not measured'}"
