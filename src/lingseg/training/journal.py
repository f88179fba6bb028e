"""What a run writes down while it goes on; only one of its processes does."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from torch import nn
from torch.optim import Optimizer

from lingseg.artefact import write_text
from lingseg.models import Segmenter
from lingseg.training import checkpoint
from lingseg.training.checkpoint import Position

LOSSES = "losses.csv"
METRICS = "metrics.csv"

Row: TypeAlias = Mapping[str, float | int | str]


class Journal:
    """The files of a run folder; a closed journal writes nothing."""

    def __init__(
        self, run: Path, position: Position, steps_per_epoch: int, *, is_open: bool
    ) -> None:
        """Open the journal, and forget what an earlier try wrote after its last saved state."""
        self._run, self._is_open = run, is_open
        if is_open:
            _cut(run / LOSSES, key="step", before=position.step)
            _cut(run / METRICS, key="epoch", before=position.step // steps_per_epoch)

    def write_losses(self, step: int, losses: Mapping[str, float]) -> None:
        """Add the loss terms of a step."""
        self._append(LOSSES, {"step": step, **losses})

    def write_scores(
        self, epoch: int, scores: Mapping[str, float], mirror: Mapping[str, float | None]
    ) -> None:
        """Add the validation scores of an epoch by data set: per-image Dice, and the mirror test.

        The latter is left empty where all masks were.
        """
        told = {f"{name} mirror": "" if dice is None else dice for name, dice in mirror.items()}
        self._append(METRICS, {"epoch": epoch, **scores, **told})

    def write_weights(self, model: Segmenter, *, half: bool) -> None:
        """Keep the weights as the best so far."""
        if self._is_open:
            checkpoint.save_weights(self._run, model, half=half)

    def write_state(
        self, position: Position, parts: Mapping[str, nn.Module], optimizer: Optimizer
    ) -> None:
        """Keep all that is needed to go on."""
        if self._is_open:
            checkpoint.save_state(self._run, position, parts, optimizer)

    def _append(self, name: str, row: Row) -> None:
        """Add a row to a table, and its header if it is the first.

        A table that an older version began keeps its columns.
        """
        if not self._is_open:
            return
        path = self._run / name
        is_first = not path.is_file()
        text = _to_csv([row], columns=list(row) if is_first else _columns(path), header=is_first)
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(text)


def _cut(path: Path, *, key: str, before: int) -> None:
    """Keep the rows of a table whose `key` is below `before`; one cut short by a crash goes too."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if None not in row.values()]
    kept = [row for row in rows if int(row[key]) < before]
    if kept:
        write_text(path, _to_csv(kept, columns=list(kept[0]), header=True))
    else:
        path.unlink()


def _columns(path: Path) -> list[str]:
    """Return the columns of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def _to_csv(rows: Sequence[Row], *, columns: Sequence[str], header: bool) -> str:
    """Return rows as the lines of a CSV file; what has no column is left out."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
