"""Many results on one page: picture, overlay and reference side by side, sentence below."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from lingseg.imaging.image import MaskPixels, Rgb
from lingseg.imaging.overlay import draw_overlay
from lingseg.imaging.resampling import resize_mask, resize_rgb

REFERENCE_COLOUR = (255, 190, 0)
_CELL = (260, 340)  # height, width
_GAP = 12
_FONT_SIZE = 15
_LINE = 20
_MAX_LINES = 3
_PAPER, _INK, _FAINT = (250, 250, 250), (20, 20, 20), (110, 110, 110)
_HEADINGS = ("picture", "mask", "reference")
_FOOTER = "Research use only; not a medical device."


@dataclass(frozen=True, kw_only=True, eq=False)
class ContactSheetRow:
    """One result: what was shown, what was said, what was drawn."""

    pixels: Rgb
    mask: MaskPixels
    reference: MaskPixels | None
    text: str
    remark: str
    """What came out, in a few words."""


def draw_contact_sheet(rows: Sequence[ContactSheetRow]) -> Rgb:
    """Return one page with a strip for every row.

    Raises:
        ValueError: There is no row.
    """
    if not rows:
        raise ValueError("A contact sheet of no rows was asked for; give at least one result.")
    num_columns = 3 if any(row.reference is not None for row in rows) else 2
    width = _GAP + num_columns * (_CELL[1] + _GAP)
    strips = [_draw_strip(row, width) for row in rows]
    height = sum(strip.height for strip in strips) + 2 * (_LINE + _GAP)
    page = PillowImage.new("RGB", (width, height), _PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(_FONT_SIZE)
    for column, heading in enumerate(_HEADINGS[:num_columns]):
        draw.text((_left(column), _GAP // 2), heading, fill=_FAINT, font=font)
    top = _LINE + _GAP
    for strip in strips:
        page.paste(strip, (0, top))
        top += strip.height
    draw.text((_GAP, top), _FOOTER, fill=_FAINT, font=font)
    return np.asarray(page)


def _left(column: int) -> int:
    """Return where a column starts."""
    return _GAP + column * (_CELL[1] + _GAP)


def _draw_strip(row: ContactSheetRow, width: int) -> PillowImage.Image:
    """Draw the pictures of one row and the words below."""
    font = ImageFont.load_default(_FONT_SIZE)
    lines = _wrapped(row.text, width - 2 * _GAP, font)
    cells = [PillowImage.fromarray(pixels) for pixels in _draw_cells(row)]
    tallest = cells[0].height
    height = tallest + (len(lines) + 1) * _LINE + 2 * _GAP
    strip = PillowImage.new("RGB", (width, height), _PAPER)
    for column, cell in enumerate(cells):
        strip.paste(cell, (_left(column) + (_CELL[1] - cell.width) // 2, 0))
    draw = ImageDraw.Draw(strip)
    for number, line in enumerate(lines):
        draw.text((_GAP, tallest + 4 + number * _LINE), line, fill=_INK, font=font)
    last = tallest + 4 + len(lines) * _LINE
    draw.text((_GAP, last), row.remark, fill=_FAINT, font=font)
    return strip


def _draw_cells(row: ContactSheetRow) -> list[Rgb]:
    """Return picture, overlay and reference at the largest size of their shape that a cell holds.

    Masks are drawn at that size, so that their outlines stay sharp.
    """
    height, width = row.pixels.shape[:2]
    scale = min(_CELL[0] / height, _CELL[1] / width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    picture = resize_rgb(row.pixels, size)
    cells = [picture, draw_overlay(picture, resize_mask(row.mask, size))]
    if row.reference is not None:
        reference = resize_mask(row.reference, size)
        cells.append(draw_overlay(picture, reference, colour=REFERENCE_COLOUR))
    return cells


def _wrapped(
    text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> list[str]:
    """Break `text` into lines that fit; the last one ends in dots where words are left."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        elif len(lines) == _MAX_LINES:
            lines[-1] += " ..."
            break
        else:
            lines.append(word)
    return lines
