import numpy as np
import pytest

from lingseg.imaging import parts
from lingseg.imaging.parts import FINDING_PARTS, CleanUp, need_scipy, without_small_parts

VOXEL_MM3 = 500.0


def three_parts():
    """A cube of 8, a bar of 3 through three slices, and a lone voxel."""
    masks = np.zeros((5, 7, 9), bool)
    masks[1:3, 1:3, 1:3] = True
    masks[1:4, 5, 7] = True
    masks[4, 0, 0] = True
    return masks


def test_the_largest_part_stays():
    cleaned, num_removed = without_small_parts(three_parts(), CleanUp(keep_largest=True), None)
    assert (cleaned.sum(), num_removed) == (8, 2)
    assert cleaned[1:3, 1:3, 1:3].all()


def test_parts_of_enough_millilitres_stay():
    cleaned, num_removed = without_small_parts(three_parts(), CleanUp(min_ml=1.5), VOXEL_MM3)
    assert (cleaned.sum(), num_removed) == (11, 1)
    assert not cleaned[4].any()
    cleaned, _ = without_small_parts(three_parts(), CleanUp(min_ml=1.51), VOXEL_MM3)
    assert cleaned.sum() == 8


def test_both_conditions_hold_where_both_are_given():
    cleaned, num_removed = without_small_parts(
        three_parts(), CleanUp(keep_largest=True, min_ml=5.0), VOXEL_MM3
    )
    assert (cleaned.sum(), num_removed) == (0, 3)


def test_voxels_that_touch_at_a_corner_are_one_part():
    masks = np.zeros((2, 3, 4), bool)
    masks[0, 0, 0] = masks[1, 1, 1] = True
    cleaned, num_removed = without_small_parts(masks, CleanUp(keep_largest=True), None)
    assert (cleaned.sum(), num_removed) == (2, 0)


def test_nothing_is_done_to_nothing():
    empty = np.zeros((2, 3, 4), bool)
    assert without_small_parts(empty, CleanUp(keep_largest=True), None)[1] == 0
    masks = three_parts()
    assert without_small_parts(masks, CleanUp(), None)[0] is masks


def test_millilitres_need_a_spacing():
    with pytest.raises(ValueError, match="does not tell how large its voxels are"):
        without_small_parts(three_parts(), CleanUp(min_ml=1.0), None)


@pytest.mark.parametrize("millilitres", [0.0, -1.0, float("nan"), float("inf")])
def test_only_a_positive_number_of_millilitres_is_taken(millilitres):
    with pytest.raises(ValueError, match="expected a positive number"):
        CleanUp(min_ml=millilitres)


def test_a_missing_scipy_is_told_before_anything_is_done(monkeypatch):
    monkeypatch.setattr(parts, "find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match=r"lingseg\[evaluate\]"):
        need_scipy(FINDING_PARTS)
    with pytest.raises(ModuleNotFoundError):
        CleanUp(keep_largest=True).check(None)
    CleanUp().check(None)
