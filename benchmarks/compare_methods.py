"""The tables of docs/results.md. Run `python benchmarks/compare_methods.py RUN... --out DIR`.

Every run is scored on the validation and test splits of the sets it was trained on: with its own
sentences, with another subject's and with none; the floors stand beside. Runs on the same sets
share their tables, and the first of them is compared with each other one. Train each on one core
(`taskset -c 0 lingseg train ...`), since that is what the page says of their times. The time of a
picture and a sentence is taken here, so leave the machine alone. What is scored already is not
scored again: an interrupted comparison goes on. The page is written to DIR/results.md.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import numpy as np
import torch
from cyclopts import App

from lingseg.artefact import write_text
from lingseg.cli.main import run as run_lingseg
from lingseg.evaluation.compare import compare
from lingseg.evaluation.scored_cases import read_scored_cases
from lingseg.metrics.uncertainty import holm
from lingseg.models import Segmenter
from lingseg.models.cost import Cost, measure_cost
from lingseg.prediction.speed import processor_name
from lingseg.training.checkpoint import load_run, read_summary
from lingseg.training.recipe import Recipe

SPLITS = ("val", "test")
TEXTS: tuple[str, ...] = ("right", "shuffled", "none")
SENTENCE = "the left kidney in the axial abdominal MRI slice"
FLOORS = ("mean-mask", "text-lookup")
PASSES = 7

Sets: TypeAlias = tuple[str, ...]

app = App()


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is told of one run."""

    path: Path
    name: str
    recipe: Recipe
    steps: int
    seconds: float
    """That the steps took, validation left out."""
    cost: Cost
    latency_seconds: float

    @property
    def label(self) -> str:
        """What the row is called; only LingNet has weights to start from here."""
        starts_at_random = self.name == "LingNet" and not vars(self.recipe.model)["pretrained"]
        return f"{self.name}, from random weights" if starts_at_random else self.name


@app.default
def compare_methods(*runs: Path, out: Path, threads: int = 2) -> int:
    """Score the runs, measure what they cost and write the page.

    Parameters
    ----------
    runs
        Finished training runs. Of those on the same sets, the first is compared with each other.
    out
        The folder for the scores and the page.
    threads
        Threads of the CPU for what is timed.
    """
    if not runs:
        raise ValueError("There is nothing to compare; name finished runs.")
    torch.set_num_threads(threads)
    rows = [_measure(run) for run in runs]
    groups = [
        (sets, [row for row in rows if row.recipe.data.sets == sets])
        for sets in dict.fromkeys(row.recipe.data.sets for row in rows)
    ]
    for sets, group in groups:
        ways = [(str(row.path), TEXTS, out / row.path.name) for row in group]
        ways += [(floor, TEXTS[:1], out / floor) for floor in FLOORS]
        for model, texts, folder in ways:
            for name, split, text in product(sets, SPLITS, texts):
                _score(model, name, split, text, folder / f"{name}_{split}_{text}")
    write_text(out / "results.md", _page(groups, out, threads))
    return 0


def _score(model: str, name: str, split: str, text: str, out: Path) -> None:
    """Score one row on one split, unless that was done."""
    if (out / "scores.json").is_file():
        return
    resume = ["--resume"] if out.is_dir() else []
    options = ["--split", split, "--text", text, "--out", str(out), "--no-floors", *resume]
    if run_lingseg(["evaluate", model, name, *options]):
        raise RuntimeError(f"{model} could not be scored on {name}.")


def _measure(run: Path) -> Row:
    """Count one run's model and time it; how long it trained, the run tells."""
    model, recipe = load_run(run)
    size = (recipe.data.height, recipe.data.width)
    summary = read_summary(run)
    return Row(
        path=run,
        name=type(model).__name__,
        recipe=recipe,
        steps=summary["steps"],
        seconds=summary["seconds"]["compute"] + summary["seconds"]["data"],
        cost=measure_cost(model, size),
        latency_seconds=_median_seconds(_prediction(model, size)),
    )


def _prediction(model: Segmenter, size: tuple[int, int]) -> Callable[[], None]:
    """Return what a picture and a sentence take, tokenizer and resizing left out."""
    image = torch.rand(1, 3, *size)
    token_ids, word_mask = model.text_encoder.tokenize([SENTENCE])

    def predict() -> None:
        model.eval()
        with torch.inference_mode():
            model(image, model.text_encoder(token_ids, word_mask), word_mask)

    return predict


def _median_seconds(action: Callable[[], None]) -> float:
    """Return the median of some passes, after one that is not counted."""
    seconds = []
    for number in range(PASSES + 1):
        began = time.perf_counter()
        action()
        if number:
            seconds.append(time.perf_counter() - began)
    return median(seconds)


def _page(groups: Sequence[tuple[Sets, Sequence[Row]]], out: Path, threads: int) -> str:
    """Return the page."""
    recipe = groups[0][1][0].recipe
    today = datetime.now(UTC).date()
    parts = [
        "# Methods on one table",
        "LingNet, and every other method at its small size, trained with "
        f"{recipe.schedule.batch_size} pictures a step at {recipe.data.height} x "
        f"{recipe.data.width} on one core, the epoch and the threshold chosen on validation, one "
        f"seed. Made on {today} by `lingseg train` and `python benchmarks/compare_methods.py`; a "
        f"picture and a sentence are timed on {threads} threads of {processor_name()}.",
        'Dice in percent on each picture\'s own grid; empty in both counts as 1. "right", '
        '"shuffled" and "none": with the case\'s sentence, with another subject\'s, and with none; '
        "95 % intervals of a bootstrap over subjects stand with the right one. Pooled counts all "
        "pixels of a split together.",
        "Image encoders start from random weights here, but for the LingNet that is not said to; "
        "text encoders are frozen MiniLM. So little "
        "training favours what needs little: U-Nets over transformers. The U-Net hears nothing, "
        "and LAVT without a word draws one and the same mask whatever it is shown.",
    ]
    for sets, rows in groups:
        parts += [f"## Trained on {', '.join(sets)}", _costs(rows)]
        for name, split in product(sets, SPLITS):
            parts += [f"### {name}, {split}", _scores(rows, name, split, out)]
        title = f"### {rows[0].label} beside each, test, paired"
        parts += [title, _differences(rows, sets, out)]
    return "\n\n".join(parts) + "\n"


def _differences(rows: Sequence[Row], sets: Sets, out: Path) -> str:
    """Return by how much the first row is ahead of each other one, and whether that is chance."""
    first, *others = rows
    found = [
        compare(
            [
                read_scored_cases(out / row.path.name / f"{name}_test_right")
                for row in (first, other)
            ],
            rng=np.random.default_rng(0),
            metrics=("dice",),
        )
        for other in others
        for name in sets
    ]
    adjusted = iter(holm([one.differences[0].p_value for one in found]))
    cells = iter(
        f"{100 * one.differences[0].difference:+.1f} (p {next(adjusted):.3g})" for one in found
    )
    subjects = ", ".join(f"{one.num_subjects} ({one.dataset})" for one in found[: len(sets)])
    lines = [
        "Difference of Dice per image with the right sentence, in points, of the same cases; p of "
        "a permutation test that exchanges whole subjects, Holm's over this table. There are so "
        f"many subjects: {subjects}; with n of them p is never below 2 / 2^n.",
        "",
        f"| {first.label} less | {' | '.join(sets)} |",
        f"| --- |{' --- |' * len(sets)}",
    ]
    lines += [f"| {row.label} | {' | '.join(next(cells) for _ in sets)} |" for row in others]
    return "\n".join(lines)


def _costs(rows: Sequence[Row]) -> str:
    """Return the table of sizes and times."""
    lines = [
        "| method | parameters trained | of them a mask needs | GMAC a picture | GMAC with its "
        "text encoder | steps | minutes trained | picture and sentence, ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cost = row.cost
        needed = cost.at_inference - cost.of_text_encoder
        lines.append(
            f"| {row.label} | {cost.trainable / 1e6:.2f} M | {needed / 1e6:.2f} M | "
            f"{cost.gmacs:.2f} | {cost.gmacs_with_text_encoder:.2f} | {row.steps} | "
            f"{row.seconds / 60:.0f} | {row.latency_seconds * 1e3:.0f} |"
        )
    return "\n".join(lines)


def _scores(rows: Sequence[Row], name: str, split: str, out: Path) -> str:
    """Return the table of one split."""
    lines = [
        "| method | Dice per image, right | shuffled | none "
        "| Dice pooled, right | shuffled | none |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    folders: list[tuple[str, Path, tuple[str, ...]]]
    folders = [(row.label, out / row.path.name, TEXTS) for row in rows]
    folders += [(floor, out / floor, TEXTS[:1]) for floor in FLOORS]
    for label, folder, texts in folders:
        found = {text: _overall(folder / f"{name}_{split}_{text}") for text in texts}
        cells = []
        for kind in ("dice_per_image", "dice_pooled"):
            for text in TEXTS:
                cells.append(_cell(found[text][kind], text) if text in found else "-")
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _overall(folder: Path) -> dict[str, Any]:
    """Return the overall scores of one evaluation."""
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    overall: dict[str, Any] = scores["predictors"][0]["overall"]
    return overall


def _cell(score: dict[str, float], text: str) -> str:
    """Return a score in percent, with its interval beside the right sentence."""
    value = f"{100 * score['value']:.1f}"
    if text != "right":
        return value
    return f"{value} [{100 * score['low']:.1f}, {100 * score['high']:.1f}]"


if __name__ == "__main__":
    sys.exit(app())
