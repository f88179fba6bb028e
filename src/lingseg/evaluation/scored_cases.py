"""What an evaluation left in its folder, read back: the scores of every case, and of what."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from lingseg.evaluation.journal import file_name
from lingseg.evaluation.score import Unit
from lingseg.metrics.overlap import Overlap

SCORES_FILE = "scores.json"
CASES_FILE = "per_case.csv"
"""Of the first predictor; see `cases_file`."""


@dataclass(frozen=True, kw_only=True)
class ScoredCase:
    """One row of a table of case scores."""

    subject: str
    overlap: Overlap
    nsd: float
    unit: Unit


@dataclass(frozen=True, kw_only=True)
class ScoredCases:
    """What one predictor scored on the cases of one split."""

    name: str
    path: Path
    """The table."""
    dataset: str
    split: str
    tolerance: float
    """Of the NSD."""
    cases: Mapping[str, ScoredCase]
    """By case id, in the order of the table."""


def cases_file(place: int, predictor: str) -> str:
    """Return the name of a predictor's table, by its place among those that were scored."""
    return f"per_case_{file_name(predictor)}.csv" if place else CASES_FILE


def read_scored_cases(path: Path) -> ScoredCases:
    """Read a folder that `lingseg evaluate --out` wrote, or one of the tables in it.

    A folder stands for the model that was scored; a floor beside it has a table of its own, as
    `per_case_mean_mask.csv`.

    Raises:
        FileNotFoundError: The folder holds no scores.
        ValueError: A file is not what `lingseg evaluate` writes.
    """
    is_table = path.suffix == ".csv" or path.is_file()
    folder, table = (path.parent, path) if is_table else (path, path / CASES_FILE)
    for needed in (table, folder / SCORES_FILE):
        if not needed.is_file():
            raise FileNotFoundError(
                f"{needed} is missing; a folder of scores holds it. "
                f"Make one with `lingseg evaluate MODEL DATASET --out {folder}`."
            )
    scores = _read_scores(folder / SCORES_FILE)
    try:
        predictor = _find_predictor(scores["predictors"], table)
        return ScoredCases(
            name=str(predictor["name"]),
            path=table,
            dataset=str(scores["dataset"]),
            split=str(scores["split"]),
            tolerance=float(predictor["nsd_tolerance"]),
            cases=MappingProxyType(_read_cases(table)),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{folder / SCORES_FILE} lacks {error}, which `lingseg evaluate` writes. "
            f"Evaluate again into this folder."
        ) from error


def _read_scores(path: Path) -> dict[str, Any]:
    """Read the summary."""
    try:
        scores = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # both "not JSON" and "not UTF-8" are ValueErrors
        raise ValueError(
            f"{path} is not JSON: {error}. Evaluate again into this folder."
        ) from error
    if not isinstance(scores, dict):
        raise ValueError(  # noqa: TRY004 - the file is wrong, not the caller's type
            f"{path} holds no object in braces. Evaluate again into this folder."
        )
    return scores


def _find_predictor(predictors: list[dict[str, Any]], table: Path) -> dict[str, Any]:
    """Return what the summary says of the predictor whose table this is."""
    for place, predictor in enumerate(predictors):
        if table.name == cases_file(place, predictor["name"]):
            return predictor
    raise ValueError(
        f"{table} is of no predictor that {table.parent / SCORES_FILE} names: "
        f"{', '.join(str(predictor['name']) for predictor in predictors)}. Name the folder, or a "
        f"table that `lingseg evaluate` wrote there."
    )


def _read_cases(path: Path) -> dict[str, ScoredCase]:
    """Read the rows of a table."""
    cases: dict[str, ScoredCase] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            for row in reader:
                _add_case(cases, row)
        except (KeyError, TypeError, ValueError, csv.Error) as error:
            what = f"lacks the column {error}" if isinstance(error, KeyError) else error
            raise ValueError(
                f"{path} line {reader.line_num} is no case that `lingseg evaluate` scored: {what}. "
                f"Evaluate again into this folder."
            ) from error
    if not cases:
        raise ValueError(f"{path} has no case; a comparison needs some. Evaluate again.")
    return cases


def _add_case(cases: dict[str, ScoredCase], row: Mapping[str, str]) -> None:
    """Read one row, whose name must be new."""
    if row["case_id"] in cases:
        raise ValueError(f"{row['case_id']} is there twice")
    cases[row["case_id"]] = _read_case(row)


def _read_case(row: Mapping[str, str]) -> ScoredCase:
    """Return what one row says. Counts are kept, not rounded scores."""
    counts = {name: int(row[name]) for name in ("intersection", "prediction", "reference")}
    if not 0 <= counts["intersection"] <= min(counts["prediction"], counts["reference"]):
        raise ValueError(f"its counts of pixels are {counts}")
    nsd, unit = float(row["nsd"]), row["unit"]
    if not 0 <= nsd <= 1 or unit not in get_args(Unit):
        raise ValueError(f"its nsd is {row['nsd']} in {unit}")
    units: dict[str, Unit] = {name: name for name in get_args(Unit)}
    return ScoredCase(subject=row["subject"], overlap=Overlap(**counts), nsd=nsd, unit=units[unit])
