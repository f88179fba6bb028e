"""The audit as one HTML page that needs nothing but itself: no network, no script, no font."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lingseg.artefact import write_text
from lingseg.evaluation.audit.answer import Answer, Answers, find_if_answered
from lingseg.evaluation.audit.audit import Audit
from lingseg.evaluation.audit.marked_words import MarkedWords, mark_changes
from lingseg.evaluation.audit.page_picture import Picture, draw_answer
from lingseg.evaluation.audit.page_plot import DrawnPlot, draw_plot
from lingseg.evaluation.audit.question import AS_IT_IS, Question
from lingseg.evaluation.audit.row import Example, Row
from lingseg.evaluation.audit.verdicts import FEWEST_SUBJECTS
from lingseg.evaluation.audit.wording import say_interval, say_value

try:
    import jinja2
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "The audit's page needs jinja2, which is not installed. "
        "Run: pip install 'lingseg[evaluate]'",
        name="jinja2",
    ) from error

TEMPLATE = "page.html.jinja"
FIGURES_AT_ONCE = 8
"""Of a row that has more, the others open on a click; on paper all are there."""
_MINUS_OF_NUMBER = re.compile(r"(?<![\w)-])-(?=\d)")


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """One question of an example as the page shows it."""

    heading: str
    words: tuple[MarkedWords, ...]
    picture: Picture
    description: str
    """What a reader who does not see the picture is told."""
    remark: str


@dataclass(frozen=True, kw_only=True)
class _ShownExample:
    """A telling case as the page shows it."""

    example: Example
    panels: tuple[_Panel, ...]


@dataclass(frozen=True, kw_only=True)
class _ShownRow:
    """A row as the page shows it."""

    row: Row
    plots: tuple[DrawnPlot, ...]
    examples: tuple[_ShownExample, ...]


def write_page(
    audit: Audit, answers: Answers, path: Path, *, written_on: date | None = None
) -> None:
    """Write the page of an audit, atomically.

    Args:
        audit: What was found.
        answers: To the questions of the rows' examples at least.
        path: Where the page goes.
        written_on: The day that the page bears; today if not given.

    Raises:
        OSError: A picture of an example is gone, or the folder cannot be written to.
        ValueError: A picture of an example cannot be read.
        KeyError: A question of an example was never asked.
    """
    page = _environment().get_template(TEMPLATE)
    text = page.render(
        audit=audit,
        rows=[_show_row(row, answers) for row in audit.rows],
        written_on=(written_on or date.today()).isoformat(),
        figures_at_once=FIGURES_AT_ONCE,
        fewest_subjects=FEWEST_SUBJECTS,
        say_value=say_value,
        say_interval=say_interval,
    )
    # Names of files that are no UTF-8 come as lone surrogates, which no page can hold.
    write_text(path, text.encode("utf-8", errors="replace").decode("utf-8"))


def _environment() -> jinja2.Environment:
    """Return what reads the templates; whatever comes from data is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["typeset"] = _typeset
    return environment


def _typeset(text: str) -> str:
    """Keep numbers and their percent signs on one line, and give numbers a true minus."""
    return _MINUS_OF_NUMBER.sub("\N{MINUS SIGN}", text.replace(" %", "\N{NO-BREAK SPACE}%"))


def _show_row(row: Row, answers: Answers) -> _ShownRow:
    """Draw the plots and examples of a row."""
    return _ShownRow(
        row=row,
        plots=tuple(draw_plot(plot) for plot in row.plots),
        examples=tuple(
            _ShownExample(example=example, panels=_show_panels(example.questions, answers))
            for example in row.examples
        ),
    )


def _show_panels(questions: Sequence[Question], answers: Answers) -> tuple[_Panel, ...]:
    """Draw the questions of an example; what each changed is told against the first."""
    first = questions[0]
    return tuple(_show_panel(question, first, answers) for question in questions)


def _show_panel(question: Question, first: Question, answers: Answers) -> _Panel:
    """Draw one question and its answer."""
    answer = find_if_answered(answers, question)
    heading = _heading(question, first)
    remark = _remark(answer)
    return _Panel(
        heading=heading,
        words=mark_changes(first.text, question.text),
        picture=draw_answer(question, answer),
        description=f"Case {question.case.case_id}, {heading}: {remark}",
        remark=remark,
    )


def _heading(question: Question, first: Question) -> str:
    """Return in which way a question differs from the first."""
    changes = []
    if question.case.case_id != first.case.case_id:
        changes.append(f"case {question.case.case_id}")
    if question.view.name != AS_IT_IS.name:
        changes.append(f"picture changed: {question.view.name}")
    if question.text != first.text:
        changes.append("sentence changed" if question.text.strip() else "no sentence")
    if question.asked_of:
        changes.append(f"asked of {question.asked_of}")
    return ", ".join(changes) or ("as it is" if question is first else "asked again")


def _remark(answer: Answer | None) -> str:
    """Return in a few words what was answered."""
    if answer is None:
        return "it was not answered"
    if not answer.mask.any():
        return f"nothing is drawn; the highest probability is {100 * answer.peak:.0f} %"
    told = f"the mask covers {_share(answer.mask.mean())} of the picture"
    if answer.overlap is not None and answer.overlap.reference:
        told += f"; Dice with the reference {100 * answer.overlap.dice:.0f} %"
    return told


def _share(share: float) -> str:
    """Return a share of a picture, small ones with a digit after the point."""
    percent = 100 * float(share)
    if percent < 0.1:
        return "less than 0.1 %"
    return f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"
