"""The shipped model on the shipped pictures."""

import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lingseg.imaging import Image, Mask, as_rgb, draw_overlay, read_image, read_mask, write_rgb
from lingseg.imaging.contact_sheet import ContactSheetRow, draw_contact_sheet
from lingseg.metrics.overlap import measure_overlap
from lingseg.prediction.job import slug
from lingseg.prediction.predictor import SHIPPED, Model
from lingseg.prediction.result import Result

PICTURES = SHIPPED / "demo"
TABLE = "demo.csv"
CONTACT_SHEET = "contact-sheet.png"


@dataclass(frozen=True, kw_only=True, eq=False)
class DemoRow:
    """One shipped picture, one sentence, and what came out."""

    picture: Path
    image: Image
    reference: Mask | None
    result: Result
    seconds: float
    """From the picture's file to the mask, the model being loaded."""

    @property
    def dice(self) -> float | None:
        """Overlap with the reference, where there is one."""
        if self.reference is None:
            return None
        return measure_overlap(self.result.mask, self.reference.pixels).dice

    @property
    def remark(self) -> str:
        """What came out, in a few words."""
        dice = "" if self.dice is None else f", Dice {self.dice:.3f}"
        verdict, confidence = self.result.verdict, self.result.confidence
        return f"{verdict}, confidence {confidence:.2f}{dice}, {self.seconds * 1000:.0f} ms"


def run_demo(model: Model, pictures: Path | None = None) -> Iterator[DemoRow]:
    """Segment every picture that `demo.csv` (image,text,mask) names.

    Args:
        model: What segments.
        pictures: The folder of the table and the pictures; None: those of the package.

    Raises:
        FileNotFoundError: The pictures are not there.
    """
    pictures = pictures or PICTURES
    table = pictures / TABLE
    if not table.is_file():
        raise FileNotFoundError(
            f"The demo's pictures are not at {pictures}. Install lingseg again, from a whole copy."
        )
    with table.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    for row in rows:
        yield _run_row(model, pictures, row)


def save_demo(rows: list[DemoRow], out: Path) -> Path:
    """Write masks, overlays and the contact sheet; return where the latter lies.

    Raises:
        OSError: A file cannot be written.
    """
    for number, row in enumerate(rows, start=1):
        name = f"{number:02d}-{row.picture.stem}--{slug(row.result.text)}"
        pixels = as_rgb(row.image)
        write_rgb(out / f"{name}.overlay.png", draw_overlay(pixels, row.result.mask))
        row.result.save(out / f"{name}.png")
    sheet = draw_contact_sheet(
        [
            ContactSheetRow(
                pixels=as_rgb(row.image),
                mask=row.result.mask,
                reference=None if row.reference is None else row.reference.pixels,
                text=row.result.text,
                remark=row.remark,
            )
            for row in rows
        ]
    )
    write_rgb(out / CONTACT_SHEET, sheet)
    return out / CONTACT_SHEET


def _run_row(model: Model, pictures: Path, row: dict[str, str]) -> DemoRow:
    """Segment one picture."""
    picture = pictures / row["image"]
    started = time.perf_counter()
    result = model.segment(picture, row["text"])
    seconds = time.perf_counter() - started
    return DemoRow(
        picture=picture,
        image=read_image(picture),
        reference=read_mask(pictures / row["mask"]) if row.get("mask") else None,
        result=result,
        seconds=seconds,
    )
