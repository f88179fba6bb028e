"""A training run made into a bundle, and proved to agree with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lingseg import __version__
from lingseg.datasets.case import Case
from lingseg.export.agreement import MAX_DIFFERENCE, Disagreement, largest_difference
from lingseg.export.card import write_card
from lingseg.export.graphs import export_graphs
from lingseg.prediction.bundle import SUFFIX, Bundle, read_bundle, write_bundle
from lingseg.prediction.manifest import Manifest
from lingseg.training.checkpoint import load_run, read_summary

INTENDED_USE = (
    "Research on language-guided segmentation only. Not a medical device; not for diagnosis or "
    "treatment."
)

_PROVENANCE = ("seed", "steps", "best_epoch", "commit", "versions", "finished", "data")


def export_run(run: Path, out: Path, cases: Sequence[Case], *, licence: str) -> Bundle:
    """Write a finished run as a bundle, if the two agree on real pictures.

    Args:
        run: The run's folder.
        out: A path that ends in `.lingseg`; the bundle is called after it.
        cases: Real pictures to compare the two on, each with its own sentence and with none.
        licence: Under which the weights may be used.

    Returns:
        The bundle; its provenance tells the largest difference that was found.

    Raises:
        MissingWeights: The run is not finished.
        Disagreement: They differ by more than `MAX_DIFFERENCE`; nothing is written.
        ValueError: `out` is no name for a bundle, or there is no case to compare on.
    """
    if out.suffix != SUFFIX:
        raise ValueError(f"{out} is no name for a bundle; choose one that ends in {SUFFIX}.")
    if not cases:
        raise ValueError("There is no picture to prove the bundle on; name a data set with some.")
    model, recipe = load_run(run)
    summary = read_summary(run)
    tokenizer = model.text_encoder.tokenizer
    manifest = Manifest(
        name=out.stem,
        method=summary["method"],
        lingseg_version=__version__,
        height=recipe.data.height,
        width=recipe.data.width,
        side=summary["side"],
        threshold=summary["threshold"],
        presence_threshold=summary["presence_threshold"],
        max_words=model.text_encoder.max_words,
        trained_on=[
            {key: one[key] for key in ("name", "licence", "citation")} for one in summary["data"]
        ],
        licence=licence,
        intended_use=INTENDED_USE,
    )
    files = export_graphs(model, (recipe.data.height, recipe.data.width))
    files["tokenizer.json"] = tokenizer.to_str().encode()
    difference = largest_difference(model, files, cases, recipe.data)
    if not difference <= MAX_DIFFERENCE:
        raise Disagreement(
            f"ONNX Runtime and torch differ by {difference:.2g} in probability, more than "
            f"{MAX_DIFFERENCE:g}; nothing was written. Report this with the run's recipe.json."
        )
    manifest = replace(
        manifest,
        provenance={
            **{key: summary[key] for key in _PROVENANCE},
            "agreement": {"largest_difference": difference, "pictures": len(cases)},
        },
    )
    files["card.md"] = write_card(manifest).encode()
    return write_bundle(out, manifest, files)


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
