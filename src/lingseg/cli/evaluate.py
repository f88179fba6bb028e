"""`lingseg evaluate`: what a model, a training run or a folder of masks scores on a data set."""

import json as json_format
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import numpy as np
from cyclopts import Parameter
from rich.console import Console

from lingseg.cli.flag import Flag
from lingseg.cli.predictor import find_predictor, floors_of, hash_of
from lingseg.cli.progress import progress_bar
from lingseg.datasets import Case, find_dataset
from lingseg.evaluation import (
    Evaluation,
    Floors,
    Predictor,
    ShuffledText,
    WithoutText,
    as_json,
    label_table,
    score_table,
    write_report,
)
from lingseg.evaluation import evaluate as evaluate_predictor
from lingseg.evaluation.ablation import NUM_DRAWS
from lingseg.evaluation.evaluate import check_cases, spread, with_labels
from lingseg.metrics import EmptyPolicy, explain_pair

Text: TypeAlias = Literal["right", "none", "shuffled"]


def evaluate(
    model: str | None = None,
    dataset: str | None = None,
    /,
    *,
    split: str = "test",
    labels: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    out: Path | None = None,
    text: Text = "right",
    floors: bool = True,
    threshold: float | None = None,
    tolerance: float = 2.0,
    empty: EmptyPolicy = "count",
    limit: int | None = None,
    seed: int = 0,
    resume: Flag = False,
    data_root: Path | None = None,
    json: Flag = False,
    quiet: Flag = False,
    explain: Annotated[tuple[float, float] | None, Parameter(negative="")] = None,
) -> int:
    """Score a model, a run or saved predictions; both Dice conventions, with intervals.

    Parameters
    ----------
    model
        A bundle's name or path, a training run's folder, a folder of masks made elsewhere, one of
        the floors (mean-mask, text-lookup), or a function of yours: package.module:function or
        path/to/file.py:function, see `lingseg audit --help`.
    dataset
        A data set's name (see `lingseg datasets list`) or its folder.
    split
        Which of its splits.
    labels
        Score only the cases with these labels.
    out
        A folder for scores.json and per_case.csv.
    text
        What the model is told: the right sentence, none, or other subjects' (five for each case).
    floors
        Score the mean training mask and the mean mask of the same sentence beside it.
    threshold
        From which probability on a pixel is in; the model's own if left out.
    tolerance
        Of the normalised surface Dice: mm where the files tell the spacing, else pixels.
    empty
        Whether images with nothing in either mask count as 1 in means, or are left out.
    limit
        Score only so many cases, taken evenly from the split.
    seed
        Of the intervals' resamples and of the shuffled sentences.
    resume
        Take up the scores that an interrupted run left in --out, of the very same model.
    data_root
        The folder that holds the data sets; else the environment variable LINGSEG_DATA.
    json
        Print the scores as JSON.
    quiet
        Print nothing but errors, and the JSON if asked for.
    explain
        Do nothing but tell which convention a published pair of Dice and IoU was taken in.
    """
    if explain is not None:
        print(explain_pair(*explain).sentence)
        return 0
    if model is None or dataset is None:
        raise ValueError(
            "What to score is missing: expected a model and a data set, as in `lingseg evaluate "
            "default busi`. See `lingseg evaluate --help`."
        )
    if resume and out is None:
        raise ValueError("--resume has no folder to take up. Name the one with --out DIR.")
    found = find_dataset(dataset, data_root=data_root)
    cases = with_labels(found.split(split), labels)
    cases = cases if limit is None else spread(cases, limit)
    check_cases(cases)
    terminal = Console(stderr=json, quiet=quiet)
    find_floors = cache(partial(floors_of, found, terminal))
    scored = find_predictor(model, cases, find_floors)
    score = partial(_score, seed=seed, tolerance=tolerance, empty=empty, out=out, resume=resume)
    heard, told = _with_text(scored, text, cases, seed, terminal)
    evaluations = [score(heard, terminal, threshold=threshold, cases=told)]
    known = find_floors() if floors else None
    evaluations += [
        score(floor, terminal, threshold=None, cases=cases) for floor in _beside(scored, known)
    ]
    about: dict[str, str | int] = {"dataset": found.info.name, "split": split, "text": text}
    about |= {"labels": ", ".join(labels), "seed": seed}
    about["model_sha256"] = hash_of(model, scored)
    if known is not None:
        about["thresholds_of_floors_from"] = known.thresholds_from
    if out is not None:
        write_report(out, evaluations, about)
    _show(evaluations, f"{found.info.name}, {split}", terminal)
    if json:
        print(json_format.dumps(as_json(evaluations, about)))
    return 0


def _score(
    predictor: Predictor,
    terminal: Console,
    *,
    cases: Sequence[Case],
    seed: int,
    threshold: float | None,
    tolerance: float,
    empty: EmptyPolicy,
    out: Path | None,
    resume: bool,
) -> Evaluation:
    """Score one predictor behind a progress bar."""
    with progress_bar(terminal, predictor.name) as progress:
        return evaluate_predictor(
            predictor,
            cases,
            rng=np.random.default_rng(seed),
            threshold=threshold,
            tolerance=tolerance,
            empty=empty,
            out=out,
            resume=resume,
            progress=progress,
        )


def _beside(scored: Predictor, floors: Floors | None) -> list[Predictor]:
    """Return the floors that are scored beside a predictor."""
    return [floor for floor in floors.both if floor is not scored] if floors else []


def _with_text(
    predictor: Predictor, text: Text, cases: Sequence[Case], seed: int, terminal: Console
) -> tuple[Predictor, Sequence[Case]]:
    """Return the predictor as it hears the text that was asked for, and the cases to score."""
    if text == "right":
        return predictor, cases
    if text == "none":
        return WithoutText(predictor), cases
    misled = ShuffledText.of(predictor, cases, seed=seed)
    terminal.print(
        f"Each case hears {NUM_DRAWS} sentences of other subjects that read differently, and is "
        f"scored with each."
    )
    left_out = len(cases) - len(misled.cases) // NUM_DRAWS
    if left_out:
        terminal.print(f"{left_out} of {len(cases)} cases have none and are left out.")
    return misled, misled.cases


def _show(evaluations: Sequence[Evaluation], title: str, terminal: Console) -> None:
    """Print the tables."""
    terminal.print(score_table(evaluations, title=title))
    if evaluations[0].by_label:
        terminal.print(label_table(evaluations[0]))
