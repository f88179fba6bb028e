"""What a finished run says of itself: thresholds, validation scores, data and versions."""

import hashlib
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lingseg import __version__
from lingseg.artefact import write_text
from lingseg.datasets.case import Dataset
from lingseg.training import checkpoint
from lingseg.training.batch import PixelCache
from lingseg.training.checkpoint import Position
from lingseg.training.gathering import shared_side
from lingseg.training.mirror import MirrorTest, mirror_warnings
from lingseg.training.presence import (
    MAX_MISSES,
    AbsentQuestions,
    choose_presence_thresholds,
    present_targets,
)
from lingseg.training.validation import Validation, choose_threshold, mean_dice


def summarise(run: Path, datasets: Sequence[Dataset], position: Position) -> None:
    """Choose the thresholds of the best weights on validation; write `run.json` and `card.md`."""
    model, recipe = checkpoint.load_run(run)
    cache = PixelCache(recipe.data)
    batch_size = recipe.schedule.batch_size
    scores = Validation(datasets, cache, batch_size=batch_size).score(model)
    threshold = choose_threshold(scores) if any(scores.values()) else 0.5
    present = present_targets(scores)
    questions = AbsentQuestions(datasets, cache, batch_size=batch_size, seed=recipe.seed)
    absent = questions.ask(model) if present else []
    presence = choose_presence_thresholds(present, absent)
    summary = {
        "method": type(model).__name__,
        "threshold": threshold,
        "presence_threshold": presence.draw_from,
        "presence_sure_from": presence.sure_from,
        "presence_subjects": {
            "present": len({one.subject for one in present}),
            "absent": len({one.subject for one in absent}),
        },
        "validation_dice_per_image": mean_dice(scores, threshold=threshold),
        "mirror_dice_per_image": MirrorTest(datasets, cache).score(model, threshold=threshold),
        "best_epoch": position.best_epoch,
        "steps": position.step,
        "seconds": {
            "compute": round(position.compute_seconds, 1),
            "data": round(position.data_seconds, 1),
            "validation": round(position.validation_seconds, 1),
        },
        "side": shared_side(datasets),
        "data": [
            {
                "name": dataset.info.name,
                "licence": dataset.info.licence,
                "citation": dataset.info.citation,
                "ship_weights": dataset.info.ship_weights,
                "train_cases": len(dataset.splits.get("train", ())),
                "fingerprint": fingerprint(dataset),
            }
            for dataset in datasets
        ],
        "seed": recipe.seed,
        "versions": {name: version(name) for name in ("torch", "accelerate", "numpy")}
        | {"lingseg": __version__, "python": platform.python_version()},
        "commit": _commit(),
        "machine": platform.machine(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    checkpoint.write_summary(run, summary)
    write_text(run / "card.md", _card(run.name, summary))


def fingerprint(dataset: Dataset) -> str:
    """Return the SHA-256 of all that the tables of a data set say."""
    digest = hashlib.sha256()
    for split, cases in dataset.splits.items():
        for case in cases:
            digest.update(f"{split}\0{case.case_id}\0{case.text}\0{case.subject}\n".encode())
    return digest.hexdigest()


def _commit() -> str:
    """Return the commit of the checkout that lingseg was imported from, if it is one."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def _card(name: str, summary: Mapping[str, Any]) -> str:
    """Return the summary for people."""
    scores = summary["validation_dice_per_image"]
    rows = "\n".join(f"| {set_name} | {score:.4f} |" for set_name, score in scores.items())
    return (
        f"# {name}\n\n"
        f"{summary['method']}, best at epoch {summary['best_epoch']} of {summary['steps']} steps; "
        f"seed {summary['seed']}, commit {summary['commit']}, {summary['finished']}.\n\n"
        f"| data set | validation Dice, per image, at the model's size, threshold "
        f"{summary['threshold']} |\n| --- | --- |\n{rows}\n\n"
        f"{_presence_lines(summary)}\n\n"
        f"{_mirror_lines(summary['mirror_dice_per_image'])}"
        f"Research use only; not a medical device.\n"
    )


def _presence_lines(summary: Mapping[str, Any]) -> str:
    """Return from which presence on a target is drawn, and from which on that is sure."""
    drawn, sure = summary["presence_threshold"], summary["presence_sure_from"]
    asked = summary["presence_subjects"]
    whom = (
        f"chosen by split conformal prediction on {asked['present']} subjects that show what was "
        f"asked for and {asked['absent']} that do not, at {MAX_MISSES:.0%} each"
    )
    if drawn is None and sure is None:
        return "Nothing is refused for want of presence."
    below = "Nothing is refused" if drawn is None else f"Not found below a presence of {drawn:.3g}"
    if sure is None:
        return f"{below}; too few subjects to say from which on it is sure."
    unsure = "never unsure" if sure == drawn else f"unsure below {sure:.3g}"
    return f"{below}, {unsure}; {whom}."


def _mirror_lines(scores: Mapping[str, float | None]) -> str:
    """Return what the mirror test found, and a warning where it failed; nothing if not done."""
    if not scores:
        return ""
    said = ", ".join(
        f"{name} {'all masks empty' if dice is None else f'{dice:.3f}'}"
        for name, dice in scores.items()
    )
    lines = [f"Mirror test, Dice per image of sentences that state a side: {said}."]
    return "\n".join([*lines, *mirror_warnings(scores)]) + "\n\n"
