"""The table of docs/results.md. Run `python benchmarks/compare_methods.py RUN... --out DIR`.

Every run is scored on the validation and test splits of the sets it was trained on: with its own
sentences, with another subject's and with none; the floors stand beside. What a run costs is
counted and timed here, so leave the machine alone. What is scored already is not scored again: an
interrupted comparison goes on. The page is written to DIR/results.md.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import torch
from cyclopts import App, Parameter

from lingseg.artefact import write_text
from lingseg.cli.main import run as run_lingseg
from lingseg.evaluation.compare import compare
from lingseg.evaluation.scored_cases import read_scored_cases
from lingseg.metrics.uncertainty import holm
from lingseg.models import Segmenter
from lingseg.models.cost import Cost, measure_cost
from lingseg.prediction.speed import processor_name
from lingseg.training.checkpoint import load_run, read_summary
from lingseg.training.freed_memory import keep_freed_memory
from lingseg.training.recipe import Recipe

SPLITS = ("val", "test")
TEXTS = ("right", "shuffled", "none")
SENTENCE = "the left kidney in the axial abdominal MRI slice"
PASSES = 7

app = App()


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is told of one run."""

    run: str
    name: str
    recipe: Recipe
    steps: int
    cost: Cost
    step_seconds: float
    latency_seconds: float

    @property
    def label(self) -> str:
        """What the row is called; only LingNet has weights to start from here."""
        starts_at_random = self.name == "LingNet" and not vars(self.recipe.model)["pretrained"]
        return f"{self.name}, from random weights" if starts_at_random else self.name


@app.default
def compare_methods(
    *runs: Path,
    out: Path,
    beside: Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="")] = (),
    threads: int = 2,
) -> int:
    """Score the runs, measure what they cost and write the page.

    Parameters
    ----------
    runs
        Finished training runs, all on the same sets. The first is compared with each other one.
    out
        The folder for the scores and the page.
    beside
        Finished runs on another set, which are not scored here: what they found on their own
        validation split is listed.
    threads
        Threads of the CPU for what is timed.
    """
    keep_freed_memory()
    torch.set_num_threads(threads)
    sets = _shared_sets(runs)
    for run in runs:
        for name in sets:
            for split in SPLITS:
                for text in TEXTS:
                    _score(str(run), name, split, text, out / run.name / f"{name}_{split}_{text}")
    for floor in ("mean-mask", "text-lookup"):
        for name in sets:
            for split in SPLITS:
                _score(floor, name, split, "right", out / floor / f"{name}_{split}_right")
    rows = [_measure(run) for run in runs]
    write_text(out / "results.md", _page(rows, sets, out, threads) + _beside(beside))
    return 0


def _shared_sets(runs: tuple[Path, ...]) -> tuple[str, ...]:
    """Return the sets of the runs.

    Raises:
        ValueError: There is no run, or they were trained on different sets.
    """
    found = {load_run(run)[1].data.sets for run in runs}
    if len(found) != 1:
        raise ValueError(f"Expected runs on the same sets, found {sorted(found)}; name such runs.")
    return found.pop()


def _score(model: str, name: str, split: str, text: str, out: Path) -> None:
    """Score one row on one split, unless that was done."""
    if (out / "scores.json").is_file():
        return
    resume = ["--resume"] if out.is_dir() else []
    options = ["--split", split, "--text", text, "--out", str(out), "--no-floors", *resume]
    if run_lingseg(["evaluate", model, name, *options]):
        raise RuntimeError(f"{model} could not be scored on {name}.")


def _measure(run: Path) -> Row:
    """Count and time one run's model."""
    model, recipe = load_run(run)
    size = (recipe.data.height, recipe.data.width)
    steps = sum(1 for _ in (run / "losses.csv").open(encoding="utf-8")) - 1
    return Row(
        run=run.name,
        name=type(model).__name__,
        recipe=recipe,
        steps=steps,
        cost=measure_cost(model, size),
        step_seconds=_median_seconds(_training_step(model, recipe)),
        latency_seconds=_median_seconds(_prediction(model, size)),
    )


def _training_step(model: Segmenter, recipe: Recipe) -> Callable[[], None]:
    """Return a step as `lingseg train` takes it on this CPU, data and optimizer left out."""
    size, number = (recipe.data.height, recipe.data.width), recipe.schedule.batch_size
    image = torch.rand(number, 3, *size).to(memory_format=torch.channels_last)
    token_ids, word_mask = model.text_encoder.tokenize([SENTENCE] * number)
    reference = torch.zeros(number, 1, *size, dtype=torch.bool)
    reference[..., : size[0] // 3, : size[1] // 3] = True
    is_bf16 = recipe.precision != "fp32" and bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    with torch.no_grad():
        known = model.text_encoder(token_ids, word_mask)

    def step() -> None:
        model.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=is_bf16):
            frozen = model.text_encoder.is_frozen
            words = known if frozen else model.text_encoder(token_ids, word_mask)
            found = model(image, words, word_mask)
            loss = torch.stack(list(model.losses(found, reference).values())).sum()
        torch.autograd.backward(loss)
        model.zero_grad(set_to_none=True)

    return step


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


def _page(rows: list[Row], sets: tuple[str, ...], out: Path, threads: int) -> str:
    """Return the page."""
    recipe = rows[0].recipe
    today = datetime.now(UTC).date()
    parts = [
        "# Methods on one table",
        f"Every method at its small size, trained with {recipe.schedule.batch_size} pictures a "
        f"step on {', '.join(sets)} at {recipe.data.height} x {recipe.data.width}, the epoch and "
        f"the threshold chosen on validation, one seed. Made on {today} by `lingseg train "
        f"METHOD-small-on-three-sets` and `python benchmarks/compare_methods.py`, on {threads} "
        f"threads of {processor_name()}. LingNet took as many steps as fit into the processor time "
        f"of RecLMIS, the best of the others.",
        'Dice in percent on each picture\'s own grid; empty in both counts as 1. "right", '
        '"shuffled" and "none": with the case\'s sentence, with another subject\'s, and with none; '
        "95 % intervals of a bootstrap over subjects stand with the right one. Pooled counts all "
        "pixels of a split together.",
        "Image encoders start from random weights here, but for the LingNet that is not said to; "
        "text encoders are frozen MiniLM. So little "
        "training favours what needs little: U-Nets over transformers. The U-Net hears nothing, "
        "and LAVT without a word draws one and the same mask whatever it is shown.",
        "## What it costs",
        _costs(rows),
    ]
    for name in sets:
        for split in SPLITS:
            parts += [f"## {name}, {split}", _scores(rows, name, split, out)]
    parts += [f"## {rows[0].label} beside each, test, paired", _differences(rows, sets, out)]
    return "\n\n".join(parts) + "\n"


def _differences(rows: list[Row], sets: tuple[str, ...], out: Path) -> str:
    """Return by how much the first row is ahead of each other one, and whether that is chance."""
    first, *others = rows
    found = [
        compare(
            [read_scored_cases(out / row.run / f"{name}_test_right") for row in (first, other)],
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


def _beside(runs: tuple[Path, ...]) -> str:
    """Return what runs on another set found on its validation split."""
    if not runs:
        return ""
    found = [
        (type(model).__name__, recipe, run) for run in runs for model, recipe in [load_run(run)]
    ]
    recipe = found[0][1]
    sets = recipe.data.sets
    lines = [
        f"\n## {', '.join(sets)}, validation, as training told it",
        "",
        f"{recipe.schedule.num_epochs} epochs of {recipe.schedule.steps_per_epoch} steps of "
        f"{recipe.schedule.batch_size} at {recipe.data.height} x {recipe.data.width}, one seed; "
        f"Dice per image in percent at that size, with the right sentence.",
        "",
        f"| method | {' | '.join(sets)} |",
        f"| --- |{' --- |' * len(sets)}",
    ]
    for name, _, run in found:
        scores = read_summary(run)["validation_dice_per_image"]
        lines.append(f"| {name} | {' | '.join(f'{100 * scores[one]:.1f}' for one in sets)} |")
    return "\n".join(lines) + "\n"


def _costs(rows: list[Row]) -> str:
    """Return the table of sizes and times."""
    lines = [
        "| method | parameters trained | of them a mask needs | GMAC a picture | GMAC with its "
        "text encoder | training step, s | steps | CPU minutes trained | picture and sentence, "
        "ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cost = row.cost
        needed = cost.at_inference - cost.of_text_encoder
        minutes = row.steps * row.step_seconds * torch.get_num_threads() / 60
        lines.append(
            f"| {row.label} | {cost.trainable / 1e6:.2f} M | {needed / 1e6:.2f} M | "
            f"{cost.gmacs:.2f} | {cost.gmacs_with_text_encoder:.2f} | {row.step_seconds:.2f} | "
            f"{row.steps} | {minutes:.0f} | {row.latency_seconds * 1e3:.0f} |"
        )
    return "\n".join(lines)


def _scores(rows: list[Row], name: str, split: str, out: Path) -> str:
    """Return the table of one split."""
    lines = [
        "| method | Dice per image, right | shuffled | none "
        "| Dice pooled, right | shuffled | none |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    folders: list[tuple[str, Path, tuple[str, ...]]]
    folders = [(row.label, out / row.run, TEXTS) for row in rows]
    folders += [(floor, out / floor, TEXTS[:1]) for floor in ("mean-mask", "text-lookup")]
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
