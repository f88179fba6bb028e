"""What each part of LingNet is worth. Run `python benchmarks/ablate.py TABLE --out DIR`.

Two tables: "drawing" asks for organs, masses and infected areas by their sets' own sentences,
"reading" for phantoms, most of whose masks only the sentence can tell. Every row is the first one
with one choice made otherwise, trained as often as there are seeds on the same sets, as long, and
scored on their validation splits; the test splits are never opened. What is trained already is not
trained again, and an interrupted training goes on. Several of these may share a folder, one a core.
The page is written to DIR/TABLE.md from the finished rows.
"""

import fcntl
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from types import MappingProxyType
from typing import Literal, TypeAlias

import torch
from cyclopts import App
from rich.console import Console

from lingseg.artefact import write_text
from lingseg.cli.progress import progress_bar
from lingseg.models import build_model
from lingseg.models.cost import measure_cost
from lingseg.recipes.lingnet import RECIPES
from lingseg.training import checkpoint
from lingseg.training.freed_memory import keep_freed_memory
from lingseg.training.gathering import gather_datasets
from lingseg.training.loop import Report, train
from lingseg.training.recipe import Recipe, with_choices

Choices: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows that are trained alike."""

    recipe: str
    start: Choices
    """What every row has that does not choose otherwise."""
    rows: Mapping[str, Choices]
    """Each choice, by what it says on the page; the others are compared with the first."""


DRAWING = Table(
    recipe="lingnet-on-ablation-sets",
    start={
        "model.image_encoder": "lite0",
        "model.frozen_blocks": 5,
        "model.num_image_blocks": 1,
        "model.num_blocks": 2,
        "model.scale_attention": True,
        "optimizer.ema_decay": 0.998,
        "schedule.num_epochs": 1,
        "schedule.steps_per_epoch": 600,
    },
    rows={
        "first choice: EfficientNet-Lite0": {},
        "encoder: EfficientNet-Lite2": {"model.image_encoder": "lite2", "model.frozen_blocks": 7},
        "encoder: from random weights": {"model.pretrained": False},
        "encoder: nothing frozen": {"model.frozen_blocks": 0},
        "encoder: frozen up to stride 4 only": {"model.frozen_blocks": 3},
        "fusion: words not heard at stride 8": {"model.listens_at_8": False},
        "fusion: no block before the words": {"model.num_image_blocks": 0},
        "fusion: all three blocks after the words": {
            "model.num_image_blocks": 0,
            "model.num_blocks": 3,
        },
        "fusion: without LSMS's attention over scales": {"model.scale_attention": False},
        "training: with TMCA's alignment": {"model.alignment_weight": 0.1},
        "training: with RecLMIS's rebuilding of words": {"model.rebuilding_weight": 0.1},
        "training: no coarse mask": {"model.coarse_weight": 0.0},
        "training: own sentences only": {
            "augmentation.short_text_rate": 0.0,
            "augmentation.paraphrase_rate": 0.0,
            "augmentation.absent_text_rate": 0.0,
            "augmentation.denied_text_rate": 0.0,
        },
        "training: pictures bent": {"augmentation.bend_rate": 0.5},
        "decoder: half as wide again": {"model.decoder_dims": (96, 48, 24)},
        "text encoder: small, trained here": {"model.text_encoder": "words"},
    },
)
_ALL_AFTER: Choices = {"model.num_image_blocks": 0, "model.num_blocks": 3}
READING = Table(
    recipe="lingnet-on-reading-sets",
    start={
        "model.num_image_blocks": 1,
        "model.num_blocks": 2,
        "optimizer.ema_decay": 0.995,
        "schedule.num_epochs": 4,
        "schedule.steps_per_epoch": 250,
    },
    rows={
        "first choice: one block before the words, two after": {},
        "fusion: all three blocks after the words": _ALL_AFTER,
        "fusion: four blocks, all after the words": {**_ALL_AFTER, "model.num_blocks": 4},
        "the three after, with TMCA's alignment": {**_ALL_AFTER, "model.alignment_weight": 0.1},
        "the three after, with RecLMIS's rebuilding of words": {
            **_ALL_AFTER,
            "model.rebuilding_weight": 0.1,
        },
        "encoder: nothing frozen": {"model.frozen_blocks": 0},
        "training: three companions": {"data.companions": 3},
        "training: presence weighs four times as much": {"model.presence_weight": 1.0},
        "training: half the learning rate": {"optimizer.learning_rate": 5e-4},
        "training: twice the learning rate": {"optimizer.learning_rate": 2e-3},
    },
)
TABLES: Mapping[str, Table] = MappingProxyType({"drawing": DRAWING, "reading": READING})

app = App()


@app.default
def ablate(
    name: Literal["drawing", "reading"],
    /,
    *rows: str,
    out: Path,
    seeds: int = 2,
    threads: int = 2,
) -> int:
    """Train what is not trained yet and write the page.

    Parameters
    ----------
    name
        Which table.
    rows
        Which of its rows, by their names on the page; all by default.
    out
        The folder for the runs and the page.
    seeds
        How often each row is trained.
    threads
        Threads of the CPU.
    """
    table = TABLES[name]
    unknown = [row for row in rows if row not in table.rows]
    if unknown:
        raise ValueError(f"No row {unknown[0]!r}; expected some of {', '.join(table.rows)}.")
    keep_freed_memory()
    torch.set_num_threads(threads)
    for seed in range(seeds):
        for row in rows or table.rows:
            _train(_recipe(table, row, seed), _folder(out, row, seed), f"{row}, seed {seed}")
            write_text(out / f"{name}.md", _page(name, out, seeds))
    return 0


def _recipe(table: Table, row: str, seed: int) -> Recipe:
    """Return what one run is trained by."""
    choices = {**table.start, **table.rows[row], "seed": seed}
    return with_choices(RECIPES[table.recipe], choices)


def _folder(out: Path, row: str, seed: int) -> Path:
    """Return the folder of one run."""
    name = "".join(letter if letter.isalnum() else "-" for letter in row.lower())
    return out / f"{'-'.join(filter(None, name.split('-')))}-{seed}"


def _train(recipe: Recipe, run: Path, name: str) -> None:
    """Train one run, unless that was done or another process is at it."""
    run.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{run}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if (run / checkpoint.SUMMARY).is_file():
            return
        console = Console(stderr=True)
        with progress_bar(console, name) as tell:

            def report(state: Report) -> None:
                tell(state.step, state.num_steps, note=f"loss {state.losses['loss']:.3f}")

            datasets = gather_datasets(recipe, run)
            train(recipe, datasets, run, resume=checkpoint.is_run(run), report=report)


def _page(name: str, out: Path, seeds: int) -> str:
    """Return the table of the rows that are finished."""
    table = TABLES[name]
    base = next(iter(table.rows))
    recipe = _recipe(table, base, 0)
    sets = (*recipe.data.sets, *(["phantom"] if recipe.data.num_phantoms else []))
    steps = recipe.schedule.num_epochs * recipe.schedule.steps_per_epoch
    lines = [
        f"Per-image Dice on validation in percent, the mean of {seeds} seeds after {steps} steps "
        f"of {recipe.schedule.batch_size}; in brackets by how much each seed differs from the "
        f"first row's same seed. By `python benchmarks/ablate.py {name}`.",
        "",
        "| " + " | ".join(["", *sets, "mean", "GMAC", "trained"]) + " |",
        "| --- |" + " --- |" * (len(sets) + 3),
    ]
    expected = _scores(out, base, seeds, sets)
    for row in table.rows:
        scores = _scores(out, row, seeds, sets)
        if scores is None or expected is None:
            continue
        model = build_model(_recipe(table, row, 0).model)
        cost = measure_cost(model, (recipe.data.height, recipe.data.width))
        cells = []
        for number in range(len(sets) + 1):
            values = [seed[number] for seed in scores]
            cell = f"{100 * mean(values):.1f}"
            if row != base:
                gains = (
                    f"{100 * (value - own[number]):+.1f}"
                    for value, own in zip(values, expected, strict=True)
                )
                cell += f" ({', '.join(gains)})"
            cells.append(cell)
        cells += [f"{cost.gmacs:.2f}", f"{cost.trainable / 1e6:.2f} M"]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _scores(out: Path, row: str, seeds: int, sets: tuple[str, ...]) -> list[list[float]] | None:
    """Return the Dice of every seed on each set and their mean; None until all are finished."""
    found = []
    for seed in range(seeds):
        summary = _folder(out, row, seed) / checkpoint.SUMMARY
        if not summary.is_file():
            return None
        scores = json.loads(summary.read_text(encoding="utf-8"))["validation_dice_per_image"]
        values = [scores[name] for name in sets]
        found.append([*values, mean(values)])
    return found


if __name__ == "__main__":
    sys.exit(app())
