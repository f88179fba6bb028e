import numpy as np
import pytest
from raster_files import random_pixels

from lingseg.imaging.contact_sheet import ContactSheetRow, draw_contact_sheet
from lingseg.imaging.overlay import COLOUR


def row(text: str = "the lesion", *, has_reference: bool = True, **changes) -> ContactSheetRow:
    pixels = random_pixels(channels=3).repeat(10, 0).repeat(10, 1)
    mask = np.zeros(pixels.shape[:2], bool)
    mask[20:60, 30:90] = True
    fields = {"pixels": pixels, "mask": mask, "reference": mask if has_reference else None}
    return ContactSheetRow(**(fields | {"text": text, "remark": "found"} | changes))


def test_every_row_adds_a_strip():
    one, three = draw_contact_sheet([row()]), draw_contact_sheet([row()] * 3)
    assert three.shape[1] == one.shape[1]
    assert three.shape[0] > 2.5 * one.shape[0]


def test_there_is_a_column_for_references_only_where_one_is_known():
    with_reference = draw_contact_sheet([row(), row(has_reference=False)])
    without = draw_contact_sheet([row(has_reference=False)])
    assert with_reference.shape[1] > without.shape[1]


def test_the_mask_can_be_seen():
    sheet = draw_contact_sheet([row()])
    assert (sheet == COLOUR).all(axis=2).any()


def test_a_long_sentence_is_broken_and_cut():
    short, long = draw_contact_sheet([row("a")]), draw_contact_sheet([row("word " * 500)])
    assert short.shape[0] < long.shape[0] < short.shape[0] + 100


def test_tall_and_wide_and_tiny_pictures_fit():
    for shape in ((2, 300), (300, 2), (2, 3)):
        pixels = np.zeros((*shape, 3), np.uint8)
        sheet = draw_contact_sheet(
            [row(pixels=pixels, mask=np.zeros(shape, bool), has_reference=False)]
        )
        assert sheet.shape[0] < 500


def test_a_sheet_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no row"):
        draw_contact_sheet([])
