"""What an audit leaves: a table for the terminal, and `audit.json`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from lingseg.artefact import write_text
from lingseg.evaluation.audit.audit import Audit
from lingseg.evaluation.audit.question import Question
from lingseg.evaluation.audit.row import Example, Figure, Row, Verdict
from lingseg.evaluation.audit.wording import say_interval, say_value

AUDIT_FILE = "audit.json"
SCHEMA = 1
"""Of audit.json; grows when a name in it changes its meaning."""
FIGURES_SHOWN = 4
"""For each row in the terminal; audit.json and the page have all."""

_COLOURS: dict[Verdict, str] = {
    "yes": "green",
    "partly": "yellow",
    "no": "red",
    "unclear": "yellow",
    "not asked": "dim",
    "not measured": "dim",
}


def audit_table(found: Audit) -> Table:
    """Return the table of the rows: what was asked, the verdict, and what was found."""
    about = found.about
    table = Table(
        title=f"{about.predictor} on {about.dataset}, {about.split}: {found.headline}",
        title_justify="left",
        caption=f"{about.num_cases} cases of {about.num_subjects} subjects. In brackets: 95 % "
        f"intervals from a bootstrap over subjects.",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_lines=False,
    )
    table.add_column("row", max_width=16)
    table.add_column("verdict", no_wrap=True)
    table.add_column("what was found")
    for row in found.rows:
        colour = _COLOURS[row.verdict]
        table.add_row(
            f"{row.number} {row.title}",
            f"[{colour}]{row.verdict}[/{colour}]",
            _escaped(_describe(row)),
        )
    return table


def _describe(row: Row) -> str:
    """Return a row's sentence, its first figures and what it lacks."""
    lines = [row.sentence]
    lines += [_say(figure) for figure in row.figures[:FIGURES_SHOWN]]
    if len(row.figures) > FIGURES_SHOWN:
        lines.append(f"and {len(row.figures) - FIGURES_SHOWN} more in {AUDIT_FILE}")
    if row.why_not and row.why_not != row.sentence:
        lines.append(f"Not all was measured: {row.why_not}")
    return "\n".join(lines) + "\n"


def _say(figure: Figure) -> str:
    """Return a figure in a line."""
    interval = f" [{say_interval(figure)}]" if figure.estimate.interval else ""
    return f"  {figure.name}: {say_value(figure)}{interval}"


def _escaped(text: str) -> str:
    """Return text in which brackets are brackets, not colours."""
    return text.replace("[", r"\[")


def audit_as_json(found: Audit) -> dict[str, Any]:
    """Return what `audit.json` holds; shares and Dice are of 1."""
    return {
        "schema": SCHEMA,
        **vars(found.about),
        "headline": found.headline,
        "traits": dict(found.traits),
        "intervals": "95 %, percentiles of a bootstrap over subjects",
        "rows": [_row_as_json(row) for row in found.rows],
    }


def write_audit(folder: Path, found: Audit) -> None:
    """Write `audit.json`.

    Raises:
        OSError: The folder cannot be written to.
    """
    text = json.dumps(audit_as_json(found), indent=1, allow_nan=False, ensure_ascii=False)
    write_text(folder / AUDIT_FILE, text + "\n")


def _row_as_json(row: Row) -> dict[str, Any]:
    """Return a row as JSON holds it."""
    return {
        "number": row.number,
        "title": row.title,
        "verdict": row.verdict,
        "sentence": row.sentence,
        "why_not": row.why_not,
        "traits": dict(row.traits),
        "figures": [_figure_as_json(figure) for figure in row.figures],
        "plots": [asdict(plot) for plot in row.plots],
        "examples": [_example_as_json(example) for example in row.examples],
    }


def _figure_as_json(figure: Figure) -> dict[str, Any]:
    """Return a figure as JSON holds it."""
    return {
        "key": figure.key,
        "name": figure.name,
        **figure.estimate.as_json(),
        "num_cases": figure.num_cases,
        "unit": figure.unit,
    }


def _example_as_json(example: Example) -> dict[str, Any]:
    """Return an example as JSON holds it: questions, no pixels."""
    return {
        "headline": example.headline,
        "questions": [_question_as_json(question) for question in example.questions],
    }


def _question_as_json(question: Question) -> dict[str, Any]:
    """Return a question as JSON holds it."""
    return {
        "case_id": question.case.case_id,
        "text": question.text,
        "side": question.case.side,
        "view": question.view.name,
    }
