import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lingseg.imaging.outline import measure_diameters, signed_area, trace_outlines

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 13)))


def filled(outlines, shape) -> np.ndarray:
    """Fill by the even-odd rule: count the vertical edges to the left of every pixel's middle."""
    crossings = np.zeros(shape, int)
    for outline in outlines:
        for (row, column), (next_row, next_column) in zip(
            outline, (*outline[1:], outline[0]), strict=True
        ):
            if column == next_column:
                low, high = sorted((row, next_row))
                crossings[low:high, column:] += 1
            else:
                assert row == next_row
    return crossings % 2 == 1


@given(MASKS)
@settings(deadline=None, max_examples=60)
def test_filled_outlines_are_the_mask(mask):
    outlines = trace_outlines(mask)
    np.testing.assert_array_equal(filled(outlines, mask.shape), mask)
    assert sum(map(signed_area, outlines)) == mask.sum()


@given(MASKS)
@settings(deadline=None, max_examples=40)
def test_outlines_turn_at_every_corner_and_pass_none_twice_in_a_row(mask):
    for outline in trace_outlines(mask):
        steps = np.diff([*outline, outline[0]], axis=0)
        assert (np.abs(steps).sum(axis=1) > 0).all()
        turns = [int(a @ b) for a, b in zip(steps, np.roll(steps, -1, axis=0), strict=True)]
        assert turns == [0] * len(turns)


def test_parts_that_touch_at_a_corner_are_two_and_a_hole_runs_the_other_way():
    corner = np.asarray([[1, 0, 0], [0, 1, 1]], bool)
    assert sorted(map(signed_area, trace_outlines(corner))) == [1, 2]
    ring = np.ones((3, 4), bool)
    ring[1, 1:3] = False
    assert sorted(map(signed_area, trace_outlines(ring))) == [-2, 12]


def test_diameters_of_a_rectangle_are_told_by_hand():
    mask = np.zeros((6, 9), bool)
    mask[2, 1:8] = True
    assert measure_diameters(mask, (0.5, 2.0)) == pytest.approx((14.0, 0.5))
    assert measure_diameters(mask.T, (2.0, 0.5)) == pytest.approx((14.0, 0.5))


def test_diameters_are_those_of_the_largest_part():
    mask = np.zeros((8, 20), bool)
    mask[1:3, 1:3] = True
    mask[5, 10:15] = True
    assert measure_diameters(mask, (1.0, 1.0)) == pytest.approx((5.0, 1.0))
    assert measure_diameters(np.zeros((3, 4), bool), (1.0, 1.0)) is None


def test_a_disc_has_its_diameter_every_way():
    rows, columns = np.mgrid[:41, :51]
    disc = (rows - 20) ** 2 + (columns - 25) ** 2 < 15.3**2
    long_axis, short_axis = measure_diameters(disc, (1.0, 1.0))
    assert long_axis == pytest.approx(31, abs=1)
    assert short_axis == pytest.approx(31, abs=1)
