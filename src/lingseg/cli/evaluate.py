"""`lingseg evaluate`: what a model, a training run or a folder of masks scores on a data set."""

import json as json_format
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import numpy as np
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lingseg.datasets import Case, Dataset, find_dataset
from lingseg.datasets.progress import Progress as Report
from lingseg.evaluation import (
    Evaluation,
    Floors,
    Predictor,
    ShuffledText,
    WithoutText,
    as_json,
    build_floors,
    find_predictions,
    label_table,
    score_table,
    share_unchanged,
    shuffle_texts,
    write_report,
)
from lingseg.evaluation import evaluate as evaluate_predictor
from lingseg.evaluation.evaluate import check_cases, spread
from lingseg.imaging.image import Image, Probabilities
from lingseg.metrics import EmptyPolicy, explain_pair
from lingseg.prediction import EncodedImage, Model, load

Text: TypeAlias = Literal["right", "none", "shuffled"]

FLOORS = ("mean-mask", "text-lookup")
"""The floors, where they are asked for by name as if they were models."""
_LOWEST_THRESHOLD = 1e-9


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
    resume: bool = False,
    data_root: Path | None = None,
    json: bool = False,
    quiet: bool = False,
    explain: Annotated[tuple[float, float] | None, Parameter(negative="")] = None,
) -> int:
    """Score a model, a run or saved predictions; both Dice conventions, with intervals.

    Parameters
    ----------
    model
        A bundle's name or path, a training run's folder, a folder of masks made elsewhere, or one
        of the floors: mean-mask, text-lookup.
    dataset
        A data set's name (see `lingseg datasets list`) or its folder.
    split
        Which of its splits.
    labels
        Score only the cases with these labels.
    out
        A folder for scores.json and per_case.csv.
    text
        What the model is told: the right sentence, none, or another subject's.
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
    cases = _with_labels(found.split(split), labels)
    cases = cases if limit is None else spread(cases, limit)
    check_cases(cases)
    terminal = Console(stderr=json, quiet=quiet)
    find_floors = cache(partial(_build_floors, found, terminal))
    scored = _find_predictor(model, cases, find_floors)
    score = partial(
        _score, cases=cases, seed=seed, tolerance=tolerance, empty=empty, out=out, resume=resume
    )
    heard = _with_text(scored, text, cases, seed, terminal)
    evaluations = [score(heard, terminal, threshold=threshold)]
    known = find_floors() if floors else None
    evaluations += [score(floor, terminal, threshold=None) for floor in _beside(scored, known)]
    about: dict[str, str | int] = {"dataset": found.info.name, "split": split, "text": text}
    about |= {"labels": ", ".join(labels), "seed": seed}
    if known is not None:
        about["thresholds_of_floors_from"] = known.thresholds_from
    if out is not None:
        write_report(out, evaluations, about)
    _show(evaluations, f"{found.info.name}, {split}", terminal)
    if json:
        print(json_format.dumps(as_json(evaluations, about)))
    return 0


class ModelPredictor:
    """A bundle's model as a predictor."""

    def __init__(self, model: Model) -> None:
        """Take a model; nothing is predicted yet."""
        self.name = model.name
        self.threshold = model.threshold
        self._model = model
        self._encoded: tuple[Path, EncodedImage] | None = None

    def probabilities(self, case: Case, image: Image) -> Probabilities:
        """Return the model's probabilities, or zeros where it says that nothing is there."""
        # Only the model's verdict on presence can empty a mask at so low a threshold.
        result = self._encode(case.image, image).segment(
            case.text, threshold=_LOWEST_THRESHOLD, side=case.side, allow_null=True
        )
        return result.probabilities if result.is_found else np.zeros(image.size, dtype=np.float32)

    def _encode(self, path: Path, image: Image) -> EncodedImage:
        """Return the encoded picture; several sentences on one often follow each other."""
        if self._encoded is None or self._encoded[0] != path:
            self._encoded = path, self._model.encode(image)
        return self._encoded[1]


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
    with _progress(terminal, predictor.name) as progress:
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


def _with_labels(cases: tuple[Case, ...], labels: tuple[str, ...]) -> tuple[Case, ...]:
    """Return the cases that have one of the labels, or all if none is named."""
    known = sorted({case.label for case in cases})
    unknown = [label for label in labels if label not in known]
    if unknown:
        raise ValueError(
            f"No case has the label {unknown[0]!r}; this split has {', '.join(known)}. "
            f"Name some of these, or leave --labels out."
        )
    return tuple(case for case in cases if not labels or case.label in labels)


def _find_predictor(
    model: str, cases: Sequence[Case], find_floors: Callable[[], Floors | None]
) -> Predictor:
    """Return what the first argument names."""
    if model in FLOORS:
        floors = find_floors()
        if floors is None:
            raise ValueError(
                f"{model} is an average of training masks, and the data set has none. "
                f"Add a train.csv with masks."
            )
        return floors.both[FLOORS.index(model)]
    path = Path(model)
    if (path / "recipe.json").is_file():
        # Training runs need torch, which everything else here does without.
        from lingseg.training.run_predictor import RunPredictor

        return RunPredictor(path)
    if path.is_dir() and not (path / "bundle.json").is_file():
        return find_predictions(path, cases)
    return ModelPredictor(load(model))


def _build_floors(dataset: Dataset, terminal: Console) -> Floors | None:
    """Return the floors, or None for a data set without training masks."""
    if not any(case.mask for case in dataset.splits.get("train", ())):
        terminal.print(f"No floors: {dataset.info.name} has no training masks to average.")
        return None
    with _progress(terminal, "floors") as progress:
        return build_floors(dataset, progress=progress)


def _beside(scored: Predictor, floors: Floors | None) -> list[Predictor]:
    """Return the floors that are scored beside a predictor."""
    return [floor for floor in floors.both if floor is not scored] if floors else []


def _with_text(
    predictor: Predictor, text: Text, cases: Sequence[Case], seed: int, terminal: Console
) -> Predictor:
    """Return the predictor as it hears the text that was asked for."""
    if text == "right":
        return predictor
    if text == "none":
        return WithoutText(predictor)
    texts = shuffle_texts(cases, rng=np.random.default_rng(seed))
    unchanged = share_unchanged(cases, texts)
    terminal.print(f"Of the shuffled sentences {unchanged:.0%} read the same as the right one.")
    return ShuffledText(predictor, texts)


def _show(evaluations: Sequence[Evaluation], title: str, terminal: Console) -> None:
    """Print the tables."""
    terminal.print(score_table(evaluations, title=title))
    if evaluations[0].by_label:
        terminal.print(label_table(evaluations[0]))


@contextmanager
def _progress(terminal: Console, what: str) -> Iterator[Report]:
    """Show a bar while the block runs, and yield the function that moves it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    is_hidden = not terminal.is_terminal
    with Progress(*columns, console=terminal, transient=True, disable=is_hidden) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
