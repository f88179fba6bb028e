"""`lingseg export`: a training run made into a bundle."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter
from rich.console import Console

from lingseg.cli.progress import progress_bar
from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.catalogue import find_dataset
from lingseg.datasets.folder import read_folder
from lingseg.export.agreement import MAX_DIFFERENCE
from lingseg.export.as_good import MAX_DICE_DIFFERENCE
from lingseg.export.bundling import Evidence, add_findings, export_run
from lingseg.export.card import flatten_scores, shorten_audit
from lingseg.prediction.bundle import Bundle
from lingseg.prediction.manifest import Precision
from lingseg.training.checkpoint import is_run, read_recipe
from lingseg.training.gathering import PHANTOMS, with_one_side

_PICTURES = 8
"""Of each data set: one shows that a graph computes something else. A mean needs them all."""
_CALIBRATION_PICTURES = 10
"""Of each data set: more did not make the ranges better."""


def export(
    source: Path,
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    precision: Precision = "fp32",
    pictures: int | None = None,
    scores: Annotated[list[Path] | None, Parameter(negative="")] = None,
    audits: Annotated[list[Path] | None, Parameter(negative="")] = None,
    licence: str = "Apache-2.0",
    data_root: Path | None = None,
    quiet: bool = False,
) -> int:
    """Turn a training run into a bundle, and prove that the two agree.

    Parameters
    ----------
    source
        The folder of a finished training run; or a bundle, to write what was found of it on its
        card.
    out
        The bundle to write; its name ends in .lingseg.
    precision
        The numbers that the bundle multiplies. int8 is smaller and faster; it needs the run's
        training pictures, and is refused where validation Dice moves by more than 0.3 points.
    pictures
        Of each data set's validation split, on how many pictures run and bundle are compared; by
        default 8, for int8 all.
    scores
        Files scores.json that `lingseg evaluate BUNDLE --out` wrote. For a bundle only.
    audits
        Files audit.json that `lingseg audit BUNDLE --out` wrote. For a bundle only.
    licence
        Under which the weights may be used.
    data_root
        The folder that holds the data sets; else the environment variable LINGSEG_DATA.
    quiet
        Print nothing but errors.
    """
    console = Console(stderr=True, quiet=quiet)
    if not is_run(source) and source.exists() and (scores or audits):
        rows = [row for path in scores or () for row in flatten_scores(_read_scores(path))]
        found = [shorten_audit(_read_audit(path)) for path in audits or ()]
        bundle = add_findings(source, out, scores=rows or None, audits=found or None)
        told = f"on its card, rows of scores: {len(rows)}, audits: {len(found)}"
        console.print(f"{out}: {told}, {bundle.hash[:12]}.")
        return 0
    if scores or audits:
        raise ValueError(
            "--scores and --audits are those of a bundle; export the run, then score and audit "
            "what comes out."
        )
    datasets = _datasets(source, data_root)
    with progress_bar(console, "Exporting, and comparing with the run") as tell:
        bundle = export_run(
            source,
            out,
            _evidence(datasets, precision, pictures),
            licence=licence,
            precision=precision,
            progress=tell,
        )
    console.print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, {precision}, {bundle.hash[:12]}.")
    console.print(_told(bundle))
    return 0


def _datasets(run: Path, data_root: Path | None) -> list[Dataset]:
    """Return the data sets of the run, as it was told them."""
    recipe = read_recipe(run)
    root = data_root or (Path(recipe.data.root) if recipe.data.root else None)
    datasets = [find_dataset(name, data_root=root) for name in recipe.data.sets]
    if recipe.data.num_phantoms:
        datasets.append(read_folder(run / PHANTOMS))
    return with_one_side(datasets)


def _evidence(datasets: Sequence[Dataset], precision: Precision, pictures: int | None) -> Evidence:
    """Return what the bundle is made and proved with."""
    number = _PICTURES if pictures is None and precision == "fp32" else pictures
    validation = {one.info.name: _some(one, "val", number) for one in datasets}
    if precision == "fp32":
        return Evidence(validation=validation)
    calibration = [case for one in datasets for case in _some(one, "train", _CALIBRATION_PICTURES)]
    return Evidence(validation=validation, calibration=calibration)


def _some(dataset: Dataset, split: str, number: int | None) -> Sequence[Case]:
    """Return some cases of a split that have a reference, the same ones each time; or all."""
    cases = dataset.splits.get(split) or dataset.split("train")
    cases = tuple(case for case in cases if case.mask is not None)
    chosen = np.random.default_rng(0).permutation(len(cases))[:number]
    return [cases[position] for position in sorted(chosen)]


def _told(bundle: Bundle) -> str:
    """Return how far the bundle is from its run."""
    agreement = bundle.manifest.provenance["agreement"]
    if bundle.manifest.precision == "fp32":
        return f"Compared with the run, in probability (allowed {MAX_DIFFERENCE:g}): {agreement}"
    return f"Compared with the run, in Dice (allowed {MAX_DICE_DIFFERENCE:g}): {agreement}"


def _read_scores(path: Path) -> dict[str, Any]:
    """Read a report of scores."""
    return _read(path, "predictors", "scores.json of `lingseg evaluate --out`")


def _read_audit(path: Path) -> dict[str, Any]:
    """Read a report of an audit."""
    return _read(path, "traits", "audit.json of `lingseg audit --out`")


def _read(path: Path, key: str, name: str) -> dict[str, Any]:
    """Read a report that has something under `key`; `name` tells which one it is."""
    report = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(report, dict) or key not in report:
        raise ValueError(f"{path} is no {name}.")
    return report
