"""`lingseg demo`: the shipped model on the shipped pictures."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from lingseg.prediction.demo import DemoRow, run_demo, save_demo
from lingseg.prediction.predictor import load
from lingseg.prediction.result import RESEARCH_USE


def demo(*, out: Annotated[Path, Parameter(name=["--out", "-o"])] = Path("lingseg-demo")) -> int:
    """Run the shipped model on the shipped pictures. Nothing is downloaded.

    Writes a mask and an overlay for each picture, and a contact sheet of all.
    Research use only; not a medical device.

    Args:
        out: The folder for masks, overlays and the contact sheet.
    """
    model = load()
    rows = list(run_demo(model))
    sheet = save_demo(rows, out)
    Console().print(_table(rows))
    print(f"Look at {sheet}. {RESEARCH_USE}")
    return 0


def _table(rows: list[DemoRow]) -> Table:
    """Return what came out as a table for people."""
    table = Table("picture", "sentence", "found", "Dice", "seconds")
    for row in rows:
        table.add_row(
            row.picture.name,
            row.result.text,
            {"found": "yes", "unsure": "unsure", "not found": "no"}[row.result.verdict],
            "" if row.dice is None else f"{row.dice:.3f}",
            f"{row.seconds:.3f}",
        )
    return table
