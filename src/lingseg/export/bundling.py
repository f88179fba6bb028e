"""A training run made into a bundle, and proved to agree with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lingseg import __version__
from lingseg.datasets.case import Case
from lingseg.datasets.progress import Progress, no_progress
from lingseg.export.agreement import (
    MAX_DICE_DIFFERENCE,
    MAX_DIFFERENCE,
    Disagreement,
    Pair,
    Thresholds,
    dice_difference,
    largest_difference,
)
from lingseg.export.card import write_card
from lingseg.export.graphs import export_graphs
from lingseg.export.quantisation import quantise
from lingseg.prediction.bundle import SUFFIX, Bundle, read_bundle, write_bundle
from lingseg.prediction.manifest import Manifest, Precision
from lingseg.training.checkpoint import load_run, read_summary
from lingseg.training.recipe import Data

INTENDED_USE = (
    "Research on language-guided segmentation only. Not a medical device; not for diagnosis or "
    "treatment."
)

_PROVENANCE = ("seed", "steps", "best_epoch", "commit", "versions", "finished", "data")


def export_run(
    run: Path,
    out: Path,
    cases: Mapping[str, Sequence[Case]],
    *,
    licence: str,
    precision: Precision = "fp32",
    calibration: Sequence[Case] = (),
    progress: Progress = no_progress,
) -> Bundle:
    """Write a finished run as a bundle, if the two agree on real pictures.

    Args:
        run: The run's folder.
        out: A path that ends in `.lingseg`; the bundle is called after it.
        cases: By data set, real pictures to compare the two on.
        licence: Under which the weights may be used.
        precision: The numbers that the graphs multiply.
        calibration: Training cases from which the ranges of 8-bit numbers are taken.
        progress: Told after every case of calibration, then of comparison.

    Returns:
        The bundle; its provenance tells how far the two differ.

    Raises:
        MissingWeights: The run is not finished.
        Disagreement: They differ by more than is allowed; nothing is written.
        ValueError: `out` is no name for a bundle, or there is no case to compare on.
    """
    if out.suffix != SUFFIX:
        raise ValueError(f"{out} is no name for a bundle; choose one that ends in {SUFFIX}.")
    if not any(cases.values()):
        raise ValueError("There is no picture to prove the bundle on; name a data set with some.")
    model, recipe = load_run(run)
    summary = read_summary(run)
    manifest = Manifest(
        name=out.stem,
        method=summary["method"],
        lingseg_version=__version__,
        height=recipe.data.height,
        width=recipe.data.width,
        side=summary["side"],
        threshold=summary["threshold"],
        presence_threshold=summary["presence_threshold"],
        presence_sure_from=summary.get("presence_sure_from"),
        max_words=model.text_encoder.max_words,
        precision=precision,
        trained_on=[
            {key: one[key] for key in ("name", "licence", "citation")} for one in summary["data"]
        ],
        licence=licence,
        intended_use=INTENDED_USE,
    )
    files = export_graphs(model, (recipe.data.height, recipe.data.width))
    files["tokenizer.json"] = model.text_encoder.tokenizer.to_str().encode()
    if precision == "int8":
        files = quantise(
            files, calibration, data=recipe.data, max_words=manifest.max_words, progress=progress
        )
    prove = _prove_equal if precision == "fp32" else _prove_as_good
    agreement = prove(Pair(model, files, recipe.data), cases, recipe.data, manifest, progress)
    manifest = replace(
        manifest,
        provenance={**{key: summary[key] for key in _PROVENANCE}, "agreement": agreement},
    )
    files["card.md"] = write_card(manifest).encode()
    return write_bundle(out, manifest, files)


def _prove_equal(
    pair: Pair,
    cases: Mapping[str, Sequence[Case]],
    data: Data,
    _: Manifest,
    progress: Progress,
) -> dict[str, object]:
    """Return how far bundle and run differ; refuse more than rounding."""
    everyone = [case for group in cases.values() for case in group]
    difference = largest_difference(pair, everyone, data, progress)
    if not difference <= MAX_DIFFERENCE:
        raise Disagreement(
            f"ONNX Runtime and torch differ by {difference:.2g} in probability, more than "
            f"{MAX_DIFFERENCE:g}; nothing was written. Report this with the run's recipe.json."
        )
    return {"largest_difference": difference, "pictures": len(everyone)}


def _prove_as_good(
    pair: Pair,
    cases: Mapping[str, Sequence[Case]],
    data: Data,
    manifest: Manifest,
    progress: Progress,
) -> dict[str, object]:
    """Return by how much the bundle's Dice is above the run's; refuse what is worse or better."""
    thresholds = Thresholds(mask=manifest.threshold, presence=manifest.presence_threshold)
    total = sum(len(group) for group in cases.values())
    differences: dict[str, float] = {}
    done = 0
    for name, group in cases.items():

        def tell(number: int, _: int, done: int = done) -> None:
            progress(done + number, total)

        difference, disagreements = dice_difference(pair, group, data, thresholds, tell)
        if disagreements or not abs(difference) <= MAX_DICE_DIFFERENCE:
            raise Disagreement(
                f"In int8 the Dice on {name} differs by {100 * difference:+.2f} points from the "
                f"run's (allowed {100 * MAX_DICE_DIFFERENCE:g}), and {disagreements} of "
                f"{len(group)} verdicts of absence do (allowed 0); nothing was written. "
                f"Export with --precision fp32."
            )
        differences[name] = difference
        done += len(group)
    return {"dice_differences": differences, "pictures": total}


def add_scores(bundle: Path, out: Path, scores: Sequence[Mapping[str, Any]]) -> Bundle:
    """Write a bundle again with what it scored in its manifest and on its card.

    Args:
        bundle: The bundle that was scored.
        out: Where to; it may be the same path.
        scores: What it scored, in place of what it told before.

    Raises:
        FileNotFoundError: There is no bundle.
        ValueError: It is damaged.
    """
    found = read_bundle(bundle)
    manifest = replace(found.manifest, name=out.stem, scores=list(scores))
    files = {name: bytes(data) for name, data in found.files.items()}
    files["card.md"] = write_card(manifest).encode()
    return write_bundle(out, manifest, files)
