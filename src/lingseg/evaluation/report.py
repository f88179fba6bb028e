"""What an evaluation leaves: a table for the terminal, `scores.json`, and the scores of cases."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from lingseg import __version__
from lingseg.artefact import write_text, written_atomically
from lingseg.evaluation.evaluate import Evaluation
from lingseg.evaluation.journal import journal_path
from lingseg.evaluation.scored_cases import SCORES_FILE, cases_file
from lingseg.evaluation.summary import SCORES, Estimate, Summary

CSV_COLUMNS = (
    "case_id",
    "subject",
    "label",
    "dice",
    "iou",
    "hd95",
    "nsd",
    "unit",
    "intersection",
    "prediction",
    "reference",
    "peak",
    "brier",
)
LABELS_SHOWN = 20

_TITLES = {
    "dice_per_image": "Dice per image",
    "dice_pooled": "Dice pooled",
    "iou_per_image": "IoU per image",
    "iou_pooled": "IoU pooled",
    "nsd": "NSD at {tolerance:g} {unit}",
    "hd95": "HD95 in {unit}",
    "null_accuracy": "null accuracy",
    "presence_auroc": "presence AUROC",
    "ece": "ECE",
    "brier": "Brier",
}
"""In points of 100, but for distances and the Brier score."""
_AS_THEY_ARE = ("hd95", "brier", "presence_auroc")


def score_table(evaluations: Sequence[Evaluation], *, title: str) -> Table:
    """Return the table of one set: a score a row, a predictor a column."""
    first = evaluations[0]
    table = _new_table(title, caption=_caption(first))
    table.add_column("score")
    for evaluation in evaluations:
        table.add_column(evaluation.predictor, justify="right")
    for name in SCORES:
        estimates = [evaluation.overall.estimates[name] for evaluation in evaluations]
        if any(estimate.value is not None for estimate in estimates):
            table.add_row(_title(name, first), *(_shown(name, found) for found in estimates))
    table.add_section()
    for row, count in _COUNTS.items():
        table.add_row(row, *(str(count(evaluation.overall)) for evaluation in evaluations))
    return table


def label_table(evaluation: Evaluation) -> Table:
    """Return the table of the labels of one evaluation."""
    table = _new_table(f"{evaluation.predictor}, by label")
    shown = [
        name
        for name in ("dice_per_image", "dice_pooled", "null_accuracy")
        if any(found.estimates[name].value is not None for found in evaluation.by_label.values())
    ]
    table.add_column("label")
    for name in ("images", *(_TITLES[name] for name in shown)):
        table.add_column(name, justify="right")
    for label, found in list(evaluation.by_label.items())[:LABELS_SHOWN]:
        scores = (_shown(name, found.estimates[name]) for name in shown)
        table.add_row(label or "(none)", str(found.num_images), *scores)
    return table


def as_json(evaluations: Sequence[Evaluation], about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `scores.json` holds; all scores are of 1, and named with their convention."""
    return {
        "lingseg": __version__,
        **about,
        "intervals": "95 %, percentiles of a bootstrap over subjects",
        "hd95": "larger of the two directed 95th percentiles; none for a case with an empty mask",
        "predictors": [
            {
                "name": evaluation.predictor,
                "threshold": evaluation.threshold,
                "nsd_tolerance": evaluation.tolerance,
                "empty": evaluation.empty,
                "overall": _summary_as_json(evaluation.overall),
                "by_label": {
                    label: _summary_as_json(summary)
                    for label, summary in evaluation.by_label.items()
                },
            }
            for evaluation in evaluations
        ],
    }


def write_report(out: Path, evaluations: Sequence[Evaluation], about: Mapping[str, Any]) -> None:
    """Write `scores.json`, `per_case.csv` (first predictor), `per_case_NAME.csv` (all others).

    The journals of these evaluations are taken away after that.

    Raises:
        OSError: The folder cannot be written to.
    """
    for place, evaluation in enumerate(evaluations):
        write_case_scores(out / cases_file(place, evaluation.predictor), evaluation)
    write_text(out / SCORES_FILE, json.dumps(as_json(evaluations, about), indent=1) + "\n")
    for evaluation in evaluations:
        journal_path(out, evaluation.predictor).unlink(missing_ok=True)


def write_case_scores(path: Path, evaluation: Evaluation) -> None:
    """Write the scores of every case, from which anyone can score the set again."""
    with (
        written_atomically(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        table = csv.DictWriter(file, CSV_COLUMNS, lineterminator="\n", extrasaction="raise")
        table.writeheader()
        for score in evaluation.cases:
            overlap = score.overlap
            table.writerow(
                {
                    "case_id": score.case_id,
                    "subject": score.subject,
                    "label": score.label,
                    "dice": f"{overlap.dice:.6f}",
                    "iou": f"{overlap.iou:.6f}",
                    "hd95": "" if score.hd95 is None else f"{score.hd95:.4f}",
                    "nsd": f"{score.nsd:.6f}",
                    "unit": score.unit,
                    **vars(overlap),
                    "peak": f"{score.peak:.6f}",
                    "brier": "" if (brier := score.reliability.brier) is None else f"{brier:.6f}",
                }
            )


_COUNTS: dict[str, Callable[[Summary], int]] = {
    "images": lambda summary: summary.num_images,
    "subjects": lambda summary: summary.num_subjects,
    "both masks empty": lambda summary: summary.num_both_empty,
    "drawn on nothing": lambda summary: summary.num_drawn_on_nothing,
    "missed whole": lambda summary: summary.num_missed_whole,
}


def _new_table(title: str, *, caption: str | None = None) -> Table:
    """Return an empty table, narrow enough for three predictors in 80 columns."""
    return Table(
        title=title,
        title_justify="left",
        caption=caption,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )


def _caption(evaluation: Evaluation) -> str:
    """Return what a reader must know of the numbers."""
    empty = "count as 1" if evaluation.empty == "count" else "are left out"
    return (
        f"In points of 100, with 95 % intervals from a bootstrap over subjects. Images with both "
        f"masks empty {empty} in means over images; HD95 leaves out images with an empty mask."
    )


def _title(name: str, evaluation: Evaluation) -> str:
    """Return the name of a score with its unit."""
    unit = evaluation.overall.unit or "mm or px"
    return _TITLES[name].format(tolerance=evaluation.tolerance, unit=unit)


def _shown(name: str, estimate: Estimate) -> str:
    """Return a score as the terminal shows it."""
    if estimate.value is None:
        return "-"
    scale = 1 if name in _AS_THEY_ARE else 100
    digits = {"brier": 3, "presence_auroc": 3, "hd95": 1}.get(name, 2)
    shown = f"{scale * estimate.value:.{digits}f}"
    if estimate.interval is None:
        return shown
    return f"{shown} [{scale * estimate.interval.low:.1f}, {scale * estimate.interval.high:.1f}]"


def _summary_as_json(summary: Summary) -> dict[str, Any]:
    """Return the counts and scores of a summary."""
    counts = {
        "num_images": summary.num_images,
        "num_subjects": summary.num_subjects,
        "num_both_empty": summary.num_both_empty,
        "num_drawn_on_nothing": summary.num_drawn_on_nothing,
        "num_missed_whole": summary.num_missed_whole,
        "distance_unit": summary.unit,
    }
    return counts | {name: found.as_json() for name, found in summary.estimates.items()}
