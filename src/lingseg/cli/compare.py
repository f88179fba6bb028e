"""`lingseg compare`: whether one model is better than another on the same cases."""

import json as json_format
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from lingseg.cli.flag import Flag
from lingseg.evaluation.compare import Comparison, Metric
from lingseg.evaluation.compare import compare as compare_models
from lingseg.evaluation.comparison_report import (
    comparison_as_json,
    comparison_table,
    describe_difference,
    notes,
    write_comparison,
)
from lingseg.evaluation.scored_cases import read_scored_cases
from lingseg.metrics.overlap import EmptyPolicy
from lingseg.metrics.uncertainty import NUM_PERMUTATIONS


def compare(
    *folders: Path,
    metrics: Annotated[tuple[Metric, ...], Parameter(negative="")] = (),
    common: Flag = False,
    empty: EmptyPolicy = "count",
    permutations: int = NUM_PERMUTATIONS,
    seed: int = 0,
    out: Path | None = None,
    json: Flag = False,
    quiet: Flag = False,
) -> int:
    """Tell whether models differ: paired test over subjects, Holm, what could have been seen.

    Parameters
    ----------
    folders
        Two or more folders that `lingseg evaluate --out` wrote, or tables of a floor in them.
    metrics
        Which scores to compare; Dice and IoU per image, and NSD where all have the same, if left
        out. Fewer comparisons need less correction.
    common
        Compare the cases that all have, and leave out the others.
    empty
        Whether images whose reference is empty count, or are left out for all models alike.
    permutations
        How many exchanges of the two models to draw, where there are too many to write out.
    seed
        Of the exchanges and of the intervals' resamples.
    out
        A folder for compare.json and compare.md.
    json
        Print the comparison as JSON.
    quiet
        Print nothing but errors, and the JSON if asked for.
    """
    if permutations < NUM_PERMUTATIONS:
        raise ValueError(
            f"--permutations is {permutations}, expected {NUM_PERMUTATIONS:,} or more: fewer leave "
            f"p to chance. Leave it out."
        )
    comparison = compare_models(
        [read_scored_cases(folder) for folder in folders],
        rng=np.random.default_rng(seed),
        metrics=metrics,
        common=common,
        empty=empty,
        num_permutations=permutations,
    )
    if out is not None:
        write_comparison(out, comparison)
    _show(comparison, Console(stderr=json, quiet=quiet))
    if json:
        print(json_format.dumps(comparison_as_json(comparison)))
    return 0


def _show(comparison: Comparison, terminal: Console) -> None:
    """Print the table, and what it says."""
    terminal.print(comparison_table(comparison))
    for found in comparison.differences:
        terminal.print(Text(describe_difference(found, comparison)), soft_wrap=True)
    for note in notes(comparison):
        terminal.print(Text(note), soft_wrap=True)
