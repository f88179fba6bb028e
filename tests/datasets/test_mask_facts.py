from importlib import util

import numpy as np
import pytest

from lingseg.datasets.mask_facts import measure_mask
from lingseg.language.grammar import understand
from lingseg.language.phrasing import phrase

SIZE = (60, 90)


def mask_of(*boxes):
    """Return a mask of boxes: first and last row, first and last column."""
    mask = np.zeros(SIZE, dtype=bool)
    for top, bottom, left, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


LEFT, RIGHT = (4, 14, 6, 26), (40, 50, 70, 80)


def test_parts_are_counted_the_largest_first():
    facts = measure_mask(mask_of(RIGHT, LEFT))
    assert [part.share for part in facts.parts] == pytest.approx([2 / 3, 1 / 3])
    assert (facts.parts[0].row, facts.parts[0].column) == pytest.approx((9 / 60, 16 / 90))


def test_pixels_that_touch_at_a_corner_are_one_part():
    facts = measure_mask(mask_of((0, 10, 0, 10), (10, 20, 10, 20)))
    assert len(facts.parts) == 1


def test_specks_are_no_parts():
    mask = mask_of(LEFT)
    mask[50, 80] = True
    facts = measure_mask(mask)
    assert (len(facts.parts), facts.num_specks) == (1, 1)


def test_dust_all_over_is_parts_all_the_same():
    mask = np.zeros(SIZE, dtype=bool)
    mask[::3, ::3] = True
    assert len(measure_mask(mask).parts) == 600


def test_area_is_in_pixels_and_where_the_spacing_is_known_in_mm2():
    assert measure_mask(mask_of(LEFT)).area_pixels == 200
    assert measure_mask(mask_of(LEFT)).area_mm2 is None
    assert measure_mask(mask_of(LEFT), (0.5, 2.0)).area_mm2 == 200
    assert measure_mask(mask_of(LEFT), (0.5, 0.5)).area_mm2 == 50


def test_nothing_is_nowhere():
    facts = measure_mask(mask_of())
    assert facts.is_empty
    assert (facts.side, facts.zone, facts.row, facts.parts) == (None, None, None, ())
    assert facts.facts().findings[0].presence == "absent"


@pytest.mark.parametrize(
    ("boxes", "side"),
    [
        ([LEFT], "left"),
        ([RIGHT], "right"),
        ([LEFT, RIGHT], "both"),
        ([(10, 20, 40, 50)], None),
        ([(10, 20, 10, 80)], None),
        ([(10, 20, 47, 53)], "right"),
    ],
)
def test_a_side_is_that_of_the_picture(boxes, side):
    assert measure_mask(mask_of(*boxes)).side == side


@pytest.mark.parametrize(
    ("rows", "zone"), [((0, 20), "upper"), ((25, 35), "middle"), ((41, 60), "lower")]
)
def test_zones_are_thirds(rows, zone):
    assert measure_mask(mask_of((*rows, 10, 20))).zone == zone


@pytest.mark.parametrize(
    ("width", "size"), [(7, "small"), (8, "medium"), (26, "medium"), (27, "large")]
)
def test_a_size_is_the_share_of_the_picture(width, size):
    assert measure_mask(mask_of((0, 60, 0, width))).size == size


def test_a_mask_can_be_put_into_words():
    facts = measure_mask(mask_of(LEFT, RIGHT)).facts()
    assert understand(phrase(facts), side="image").facts.findings[0].count == 2


def test_without_scipy_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(
        "lingseg.imaging.parts.find_spec",
        lambda name: None if name == "scipy" else util.find_spec(name),
    )
    with pytest.raises(ModuleNotFoundError, match=r"lingseg\[evaluate\]") as caught:
        measure_mask(mask_of(LEFT))
    assert caught.value.name == "scipy"
