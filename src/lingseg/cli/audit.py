"""`lingseg audit`: whether a model reads its sentence, in nine rows."""

import json as json_format
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from lingseg.cli.flag import Flag
from lingseg.cli.predictor import FLOORS, find_predictor, floors_of, hash_of
from lingseg.cli.progress import progress_bar
from lingseg.datasets import find_dataset
from lingseg.evaluation.audit import (
    ROWS,
    Audit,
    CallablePredictor,
    audit_as_json,
    audit_table,
    write_audit,
)
from lingseg.evaluation.audit import audit as audit_predictor
from lingseg.evaluation.audit.answers_file import ANSWERS_FILE
from lingseg.evaluation.audit.page import write_page
from lingseg.evaluation.evaluate import spread_pictures, with_labels

PAGE_FILE = "audit.html"


def audit(
    model: str,
    dataset: str,
    /,
    *,
    split: str = "test",
    labels: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    out: Path | None = None,
    rows: str = "",
    limit: int | None = None,
    threshold: float | None = None,
    twin: str | None = None,
    seed: int = 0,
    fresh: Flag = False,
    data_root: Path | None = None,
    json: Flag = False,
    quiet: Flag = False,
) -> int:
    """Tell whether a model reads its sentence: nine rows, each with numbers and a verdict.

    Parameters
    ----------
    model
        A bundle's name or path, a training run's folder, a floor (mean-mask, text-lookup), a folder
        of masks made elsewhere (rows 1 and 8 only), or a function of yours:
        package.module:function or path/to/file.py:function. It is called f(image, text) with
        the picture as 8-bit RGB, (height, width, 3), and returns (height, width) of 0 to 1.
    dataset
        A data set's name (see `lingseg datasets list`) or its folder.
    split
        Which of its splits.
    labels
        Audit only the cases with these labels.
    out
        A folder for audit.json, audit.html and the answers, which an interrupted audit takes up.
    rows
        Numbers of the rows to measure, as in 1,2,3; all if left out.
    limit
        Audit only so many cases, taken evenly from the split, those of one picture together.
    threshold
        From which probability on a pixel is in; the model's own if left out.
    twin
        The same network trained without sentences, a run or a bundle, for row 1.
    seed
        Of shuffled sentences, noise and the intervals' resamples.
    fresh
        Forget the answers that are in --out and begin anew.
    data_root
        The folder that holds the data sets; else the environment variable LINGSEG_DATA.
    json
        Print the audit as JSON.
    quiet
        Print nothing but errors, and the JSON if asked for.
    """
    if fresh and out is None:
        raise ValueError("--fresh has no folder to begin anew in. Name it with --out DIR.")
    chosen = _numbers(rows)
    found = find_dataset(dataset, data_root=data_root)
    cases = with_labels(found.split(split), labels)
    cases = cases if limit is None else spread_pictures(cases, limit)
    terminal = Console(stderr=json, quiet=quiet)
    is_floor = model in FLOORS
    floors = floors_of(found, terminal) if 1 in chosen or is_floor else None
    predictor = find_predictor(model, cases, lambda: floors)
    other = None if twin is None else find_predictor(twin, cases, lambda: floors)
    with progress_bar(terminal, predictor.name) as progress:
        done = audit_predictor(
            predictor,
            found,
            split=split,
            cases=cases,
            rows=chosen,
            threshold=threshold,
            seed=seed,
            predictor_hash=hash_of(model, predictor),
            twin=other,
            twin_hash="" if twin is None or other is None else hash_of(twin, other),
            floors=floors,
            out=out,
            fresh=fresh,
            progress=progress,
        )
    if out is not None:
        write_audit(out, done)
        write_page(done, done.examples, out / PAGE_FILE)
    _show(done, out, terminal, is_function=isinstance(predictor, CallablePredictor))
    if json:
        print(json_format.dumps(audit_as_json(done)))
    if done.why_unanswered:
        raise ValueError(
            f"{done.about.predictor} answered no case's own sentence. {done.why_unanswered}"
        )
    return 0


def _numbers(rows: str) -> tuple[int, ...]:
    """Return the numbers in "1,2,3"; all rows of an empty text."""
    if not rows:
        return ROWS
    try:
        return tuple(int(number) for number in rows.split(","))
    except ValueError as error:
        raise ValueError(
            f"--rows is {rows!r}, expected numbers with commas between them, as in 1,2,3."
        ) from error


def _show(done: Audit, out: Path | None, terminal: Console, *, is_function: bool) -> None:
    """Print the table, and what a reader must know of it."""
    terminal.print(audit_table(done))
    if out is None:
        return
    for note in _notes(done, out / ANSWERS_FILE, is_function=is_function):
        terminal.print(Text(note), soft_wrap=True)
    terminal.print(Text(f"See {out / PAGE_FILE}"), soft_wrap=True)


def _notes(done: Audit, answers: Path, *, is_function: bool) -> Iterator[str]:
    """Yield what a reader must know of answers that an earlier run gave."""
    if not done.num_reused:
        return
    yield f"{done.num_reused} of {done.num_asked} answers were taken from {answers}."
    if not done.about.predictor_hash:
        yield (
            f"{done.about.predictor} is known by its name alone: if it has changed since, run with "
            f"--fresh."
        )
    elif is_function:
        yield (
            f"{done.about.predictor} is known by its file: if what that imports or reads has "
            f"changed since, run with --fresh."
        )
