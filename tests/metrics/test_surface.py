import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_erosion
from scipy.spatial.distance import cdist, directed_hausdorff

from lingseg.metrics.surface import hd95, measure_surfaces, nsd

masks = arrays(np.bool_, (6, 9))
steps = st.floats(0.2, 5)


def square(size, top, left, height, width):
    mask = np.zeros(size, dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


BLANK = np.zeros((12, 20), dtype=bool)
BOX = square((12, 20), 2, 3, 5, 6)
MOVED = square((12, 20), 2, 7, 5, 6)

CORNER_CASES = [
    # prediction, reference, hd95, nsd at 1 pixel
    pytest.param(BLANK, BLANK, None, 1.0, id="both empty"),
    pytest.param(BOX, BLANK, None, 0.0, id="drawn where nothing is"),
    pytest.param(BLANK, BOX, None, 0.0, id="missed whole"),
    pytest.param(BOX, BOX, 0.0, 1.0, id="the same"),
    pytest.param(square((9, 9), 0, 0, 1, 1), square((9, 9), 3, 4, 1, 1), 5.0, 0.0, id="two dots"),
    pytest.param(square((9, 9), 0, 0, 1, 1), square((9, 9), 0, 1, 1, 1), 1.0, 1.0, id="neighbours"),
    pytest.param(BOX, MOVED, 4.0, None, id="moved by four"),
]


@pytest.mark.parametrize(("prediction", "reference", "distance", "share"), CORNER_CASES)
def test_corner_cases_score_as_the_table_says(prediction, reference, distance, share):
    distances = measure_surfaces(prediction, reference)
    assert hd95(distances) == (None if distance is None else pytest.approx(distance))
    if share is not None:
        assert nsd(distances, tolerance=1.0) == pytest.approx(share)


def outline_points(mask, spacing):
    edge = mask & ~binary_erosion(mask, border_value=0)
    return np.argwhere(edge) * np.asarray(spacing)


@settings(deadline=None)
@given(masks.filter(np.any), masks.filter(np.any), steps, steps)
def test_scores_agree_with_all_pairs_of_outline_points(prediction, reference, rows, columns):
    distances = measure_surfaces(prediction, reference, spacing=(rows, columns))
    ours, theirs = (outline_points(mask, (rows, columns)) for mask in (prediction, reference))
    between = cdist(ours, theirs)
    there, back = between.min(axis=1), between.min(axis=0)
    assert hd95(distances) == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
    reach = 1.5 * (1 + 1e-9)
    close = np.sum(there <= reach) + np.sum(back <= reach)
    assert nsd(distances, tolerance=1.5) == pytest.approx(close / sum(between.shape))


@settings(deadline=None)
@given(masks.filter(np.any), masks.filter(np.any))
def test_the_furthest_distance_is_that_of_scipy(prediction, reference):
    distances = measure_surfaces(prediction, reference)
    ours, theirs = (outline_points(mask, (1, 1)) for mask in (prediction, reference))
    assert distances.to_reference.max() == pytest.approx(directed_hausdorff(ours, theirs)[0])
    assert distances.to_prediction.max() == pytest.approx(directed_hausdorff(theirs, ours)[0])


def test_hd95_is_the_larger_of_the_two_directions():
    spotted = BOX.copy()
    spotted[11, 19] = spotted[10, 0] = True  # two far dots among 20 outline pixels
    there = measure_surfaces(spotted, BOX)
    back = measure_surfaces(BOX, spotted)
    assert np.percentile(there.to_prediction, 95) == 0
    assert hd95(there) == hd95(back) > 3


def test_spacing_turns_pixels_into_millimetres():
    assert hd95(measure_surfaces(BOX, MOVED, spacing=(1.0, 0.5))) == pytest.approx(2)
    assert hd95(measure_surfaces(BOX, MOVED, spacing=(9.0, 3.0))) == pytest.approx(12)


def test_the_rim_of_the_picture_is_an_outline():
    whole = np.ones((4, 6), dtype=bool)
    assert measure_surfaces(whole, whole).to_reference.size == 4 * 6 - 2 * 4


def test_volumes_are_measured_along_all_their_axes():
    low, high = np.zeros((2, 5, 4, 3), dtype=bool)
    low[0, 1, 1], high[4, 1, 1] = True, True
    assert hd95(measure_surfaces(low, high, spacing=(2.5, 1.0, 1.0))) == pytest.approx(10)


def test_the_empty_room_around_two_masks_changes_nothing():
    small = measure_surfaces(BOX[2:8, 3:14], MOVED[2:8, 3:14])
    assert hd95(measure_surfaces(BOX, MOVED)) == hd95(small)


def test_tolerance_reaches_its_own_distance_in_any_spacing():
    dots = square((9, 9), 0, 0, 1, 1), square((9, 9), 0, 3, 1, 1)
    assert (
        nsd(measure_surfaces(*dots, spacing=(1.0, 0.1)), tolerance=0.3) == 1
    )  # 0.30000000000000004
    distances = measure_surfaces(BOX, MOVED)
    assert nsd(distances, tolerance=4.0) == 1
    assert nsd(distances, tolerance=3.99) < 1


@pytest.mark.parametrize("spacing", [(1.0,), (1.0, 0.0), (1.0, -2.0), (math.nan, 1.0)])
def test_a_spacing_that_does_not_fit_is_refused(spacing):
    with pytest.raises(ValueError, match="expected 2 positive numbers"):
        measure_surfaces(BOX, MOVED, spacing=spacing)


@pytest.mark.parametrize("tolerance", [-1.0, math.nan])
def test_a_tolerance_that_is_none_is_refused(tolerance):
    with pytest.raises(ValueError, match="expected 0 or more"):
        nsd(measure_surfaces(BOX, MOVED), tolerance=tolerance)
