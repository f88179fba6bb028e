"""`lingseg export`: a training run made into a bundle."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from lingseg.datasets.case import Case
from lingseg.datasets.catalogue import find_dataset
from lingseg.datasets.folder import read_folder
from lingseg.export.agreement import MAX_DIFFERENCE
from lingseg.export.bundling import add_scores, export_run
from lingseg.export.card import flatten_scores
from lingseg.training.checkpoint import is_run, read_recipe
from lingseg.training.gathering import PHANTOMS


def export(
    source: Path,
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    pictures: int = 8,
    scores: Annotated[list[Path] | None, Parameter(negative="")] = None,
    licence: str = "Apache-2.0",
    data_root: Path | None = None,
    quiet: bool = False,
) -> int:
    """Turn a training run into a bundle, and prove that the two agree.

    Parameters
    ----------
    source
        The folder of a finished training run; or a bundle, to write what it scored on its card.
    out
        The bundle to write; its name ends in .lingseg.
    pictures
        Of each data set's validation split, on how many pictures run and bundle are compared.
    scores
        Files scores.json that `lingseg evaluate BUNDLE --out` wrote. For a bundle only.
    licence
        Under which the weights may be used.
    data_root
        The folder that holds the data sets; else the environment variable LINGSEG_DATA.
    quiet
        Print nothing but errors.
    """
    console = Console(stderr=True, quiet=quiet)
    if not is_run(source) and source.exists() and scores:
        rows = [row for path in scores for row in flatten_scores(_read(path))]
        bundle = add_scores(source, out, rows)
        console.print(f"{out}: {len(rows)} rows of scores on its card, {bundle.hash[:12]}.")
        return 0
    if scores:
        raise ValueError("--scores are those of a bundle; export the run, score what comes out.")
    cases = _cases(source, pictures, data_root)
    with console.status("Exporting, and comparing with the run"):
        bundle = export_run(source, out, cases, licence=licence)
    agreement = bundle.manifest.provenance["agreement"]
    console.print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, {bundle.hash[:12]}.")
    console.print(
        f"Compared with the run, in probability (allowed {MAX_DIFFERENCE:g}): {agreement}"
    )
    return 0


def _cases(run: Path, pictures: int, data_root: Path | None) -> list[Case]:
    """Return some validation cases of every data set of the run."""
    recipe = read_recipe(run)
    root = data_root or (Path(recipe.data.root) if recipe.data.root else None)
    datasets = [find_dataset(name, data_root=root) for name in recipe.data.sets]
    if recipe.data.num_phantoms:
        datasets.append(read_folder(run / PHANTOMS))
    return [
        case
        for dataset in datasets
        for case in (dataset.splits.get("val") or dataset.split("train"))[:pictures]
        if case.mask is not None
    ]


def _read(path: Path) -> dict[str, object]:
    """Read a report of scores."""
    report = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(report, dict) or "predictors" not in report:
        raise ValueError(f"{path} is no scores.json of `lingseg evaluate --out`.")
    return report
