"""A training run made into a bundle, and proved to agree with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lingseg import __version__
from lingseg.datasets.case import Case
from lingseg.datasets.progress import Progress, no_progress
from lingseg.export.agreement import MAX_DIFFERENCE, Disagreement, Pair, largest_difference
from lingseg.export.as_good import MAX_DICE_DIFFERENCE, compare_as_good
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


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The cases that an export needs."""

    validation: Mapping[str, Sequence[Case]]
    """By data set; on them run and bundle are compared."""
    calibration: Sequence[Case] = ()
    """Of training; from them the ranges of 8-bit numbers are taken."""


def export_run(
    run: Path,
    out: Path,
    evidence: Evidence,
    *,
    licence: str,
    precision: Precision = "fp32",
    progress: Progress = no_progress,
) -> Bundle:
    """Write a finished run as a bundle, if the two agree on real pictures.

    Args:
        run: The run's folder.
        out: A path that ends in `.lingseg`; the bundle is called after it.
        evidence: The cases that it is made and proved with.
        licence: Under which the weights may be used.
        precision: The numbers that the graphs multiply.
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
    if not any(evidence.validation.values()):
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
        calibration, length = evidence.calibration, manifest.max_words
        files = quantise(files, calibration, data=recipe.data, max_words=length, progress=progress)
    pair = Pair(model, files, recipe.data)
    prove = _prove_equal if precision == "fp32" else _prove_as_good
    agreement = prove(pair, evidence.validation, recipe.data, manifest, progress)
    told = {key: summary[key] for key in _PROVENANCE}
    manifest = replace(manifest, provenance={**told, "agreement": agreement})
    files["card.md"] = write_card(manifest).encode()
    return write_bundle(out, manifest, files)


def _prove_equal(
    pair: Pair,
    cases: Mapping[str, Sequence[Case]],
    data: Data,
    _: Manifest,
    progress: Progress,
) -> dict[str, Any]:
    """Return how far bundle and run differ; refuse more than rounding."""
    every = [case for group in cases.values() for case in group]
    difference = largest_difference(pair, every, data, progress)
    if not difference <= MAX_DIFFERENCE:
        raise Disagreement(
            f"ONNX Runtime and torch differ by {difference:.2g} in probability, more than "
            f"{MAX_DIFFERENCE:g}; nothing was written. Report this with the run's recipe.json."
        )
    return {"largest_difference": difference, "pictures": len(every)}


def _prove_as_good(
    pair: Pair,
    cases: Mapping[str, Sequence[Case]],
    data: Data,
    manifest: Manifest,
    progress: Progress,
) -> dict[str, Any]:
    """Return how far Dice moved; refuse too far."""
    comparison = compare_as_good(
        pair,
        cases,
        data,
        mask_from=manifest.threshold,
        draw_from=manifest.presence_threshold,
        progress=progress,
    )
    for name, difference in comparison.dice_differences.items():
        if not abs(difference) <= MAX_DICE_DIFFERENCE:
            raise Disagreement(
                f"In int8 the Dice on {name} differs by {100 * difference:+.2f} points from the "
                f"run's (allowed {100 * MAX_DICE_DIFFERENCE:g}); nothing was written. "
                f"Export with --precision fp32."
            )
    return {
        "dice_differences": dict(comparison.dice_differences),
        "other_verdicts": comparison.num_other_verdicts,
        "pictures": comparison.num_cases,
    }


def add_findings(
    bundle: Path,
    out: Path,
    *,
    scores: Sequence[Mapping[str, Any]] | None = None,
    audits: Sequence[Mapping[str, Any]] | None = None,
) -> Bundle:
    """Write a bundle again with what was found of it in its manifest and on its card.

    Args:
        bundle: The bundle that was scored and audited.
        out: Where to; it may be the same path.
        scores: What it scored, in place of what it told before; None: as before.
        audits: What audits of it found, in place of what it told before; None: as before.

    Raises:
        FileNotFoundError: There is no bundle.
        ValueError: It is damaged.
    """
    found = read_bundle(bundle)
    manifest = replace(
        found.manifest,
        name=out.stem,
        scores=found.manifest.scores if scores is None else list(scores),
        audits=found.manifest.audits if audits is None else list(audits),
    )
    files = {name: bytes(data) for name, data in found.files.items()}
    files["card.md"] = write_card(manifest).encode()
    return write_bundle(out, manifest, files)
