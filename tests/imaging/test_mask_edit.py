"""Masks are edited exactly: by distances in millimetres, part by part, and alike in a mirror."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lingseg.imaging import mask_edit, parts
from lingseg.imaging.mask_edit import (
    fill_holes,
    find_parts,
    grow,
    grow_towards,
    half_of,
    move,
    num_steps,
    shrink,
    smooth,
)

MIRRORED = {"left": "right", "right": "left", "upper": "lower", "lower": "upper"}
pictures = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 11)))
volumes = arrays(bool, st.tuples(*[st.integers(1, 6)] * 3))
lengths = st.floats(0.4, 4)
directions = st.sampled_from(sorted(MIRRORED))


def dot(*where, shape=(21, 31)):
    mask = np.zeros(shape, bool)
    mask[where] = True
    return mask


def near_by_hand(mask, length, steps):
    """Every pixel against every other one: slow and plain."""
    set_ones = np.argwhere(mask) * steps
    near = np.zeros_like(mask)
    for index in itertools.product(*map(range, mask.shape)):
        gaps = np.linalg.norm(set_ones - np.array(index) * steps, axis=1)
        near[index] = bool(len(gaps)) and gaps.min() <= length + 1e-9
    return near


def test_a_dot_grows_to_a_disk():
    grown = grow(dot(10, 15), 4.0, (1.0, 1.0))
    rows, columns = np.ogrid[:21, :31]
    np.testing.assert_array_equal(grown, (rows - 10) ** 2 + (columns - 15) ** 2 <= 16)


def test_millimetres_reach_fewer_pixels_where_these_are_longer():
    grown = grow(dot(10, 15), 3.0, (0.5, 1.5))
    rows, columns = np.nonzero(grown)
    assert (rows.min(), rows.max()) == (4, 16)
    assert (columns.min(), columns.max()) == (13, 17)


def test_three_tenths_of_a_millimetre_are_three_steps_of_a_tenth():
    assert grow(dot(10, 15), 0.3, (0.1, 0.1))[10, 12:19].all()
    assert num_steps(0.3, (0.1, 0.1), "left") == 3


def test_a_box_shrinks_by_millimetres_along_each_axis():
    mask = np.zeros((21, 31), bool)
    mask[3:18, 5:25] = True
    shrunk = shrink(mask, 2.0, (1.0, 2.0))
    expected = np.zeros_like(mask)
    expected[5:16, 6:24] = True
    np.testing.assert_array_equal(shrunk, expected)


def test_a_mask_does_not_shrink_from_the_edge_of_the_picture():
    mask = np.zeros((8, 12), bool)
    mask[:, :6] = True
    np.testing.assert_array_equal(
        np.flatnonzero(shrink(mask, 2.0, (1.0, 1.0)).all(axis=0)), range(4)
    )
    whole = np.ones((8, 12), bool)
    assert shrink(whole, 3.0, (1.0, 1.0)).all()


@given(pictures, lengths, st.tuples(st.floats(0.3, 3), st.floats(0.3, 3)))
def test_growing_in_a_picture_is_what_counting_by_hand_gives(mask, length, steps):
    np.testing.assert_array_equal(grow(mask, length, steps), near_by_hand(mask, length, steps))


@given(volumes, lengths, st.tuples(*[st.floats(0.3, 3)] * 3))
def test_growing_in_a_volume_is_what_counting_by_hand_gives(mask, length, steps):
    np.testing.assert_array_equal(grow(mask, length, steps), near_by_hand(mask, length, steps))


@given(pictures, lengths)
def test_to_shrink_is_to_grow_what_is_outside(mask, length):
    np.testing.assert_array_equal(
        shrink(mask, length, (1.0, 1.7)), ~near_by_hand(~mask, length, (1.0, 1.7))
    )


@given(volumes, lengths)
def test_few_slices_at_a_time_are_as_good_as_all(mask, length):
    steps = (2.0, 0.7, 0.7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mask_edit, "_SLICES_AT_ONCE", 1)
        one_by_one = grow(mask, length, steps), shrink(mask, length, steps)
    np.testing.assert_array_equal(one_by_one[0], grow(mask, length, steps))
    np.testing.assert_array_equal(one_by_one[1], shrink(mask, length, steps))


@given(pictures, lengths, directions)
def test_what_grows_is_never_less_and_what_shrinks_never_more(mask, length, towards):
    assert (grow(mask, length, (1.0, 2.0)) >= mask).all()
    assert (grow_towards(mask, length, (1.0, 2.0), towards) >= mask).all()
    assert (shrink(mask, length, (1.0, 2.0)) <= mask).all()
    assert (fill_holes(mask) >= mask).all()


@given(pictures, lengths, directions, st.sampled_from([0, 1]))
def test_a_mirrored_mask_gives_the_mirrored_result(mask, length, towards, axis):
    exchanged = {"left", "right"} if axis == 1 else {"upper", "lower"}
    other = MIRRORED[towards] if towards in exchanged else towards
    mirrored = np.flip(mask, axis)
    for edit in (grow, shrink, smooth):
        np.testing.assert_array_equal(
            np.flip(edit(mask, length, (1.0, 2.0)), axis), edit(mirrored, length, (1.0, 2.0))
        )
    for edit in (grow_towards, move):
        np.testing.assert_array_equal(
            np.flip(edit(mask, length, (1.0, 2.0), towards), axis),
            edit(mirrored, length, (1.0, 2.0), other),
        )
    np.testing.assert_array_equal(np.flip(half_of(mask, towards), axis), half_of(mirrored, other))
    first, second = find_parts(mask), find_parts(mirrored)
    np.testing.assert_array_equal(
        np.flip(first.mask_of(first.in_half([towards])), axis),
        second.mask_of(second.in_half([other])),
    )


def test_a_mask_grows_towards_one_direction_only():
    grown = grow_towards(dot(10, 15), 3.0, (1.0, 1.0), "upper")
    np.testing.assert_array_equal(np.argwhere(grown), [[row, 15] for row in range(7, 11)])
    in_a_volume = grow_towards(dot(1, 2, 3, shape=(3, 5, 9)), 2.0, (4.0, 1.0, 1.0), "right")
    np.testing.assert_array_equal(np.argwhere(in_a_volume), [[1, 2, 3], [1, 2, 4], [1, 2, 5]])


@pytest.mark.parametrize(
    ("towards", "row", "column"),
    [("left", 10, 12), ("right", 10, 18), ("upper", 7, 15), ("lower", 13, 15)],
)
def test_a_mask_moves_by_whole_pixels(towards, row, column):
    np.testing.assert_array_equal(move(dot(10, 15), 3.9, (1.0, 1.0), towards), dot(row, column))


def test_what_moves_out_of_the_picture_is_lost():
    assert not move(dot(10, 15), 16.0, (1.0, 1.0), "left").any()
    assert not move(dot(10, 15), 1e5, (1.0, 1.0), "left").any()


def test_smoothing_rounds_corners_and_takes_off_threads_but_keeps_straight_edges():
    mask = np.zeros((30, 40), bool)
    mask[8:22, 8:32] = True
    mask[15, 32:39] = True
    smoothed = smooth(mask, 2.0, (1.0, 1.0))
    assert not smoothed[15, 35]
    assert not smoothed[8, 8]
    assert smoothed[8, 20]
    assert not smoothed[7, 20]
    half = np.zeros((30, 40), bool)
    half[:, :20] = True
    np.testing.assert_array_equal(smooth(half, 3.0, (1.0, 1.0)), half)


def test_smoothing_is_alike_in_millimetres():
    mask = np.zeros((60, 30), bool)
    mask[20:40, 10:20] = True  # a square of 20 mm
    np.testing.assert_array_equal(
        smooth(np.repeat(mask, 2, axis=1), 4.0, (1.0, 1.0))[:, ::2].sum() > 0, True
    )
    rows, columns = (smooth(mask, 4.0, (1.0, 2.0)).any(axis=axis).sum() for axis in (1, 0))
    assert rows == 2 * columns


def test_holes_are_what_is_enclosed():
    ring = np.zeros((9, 12), bool)
    ring[2:7, 3:9] = True
    ring[3:6, 4:8] = False
    assert fill_holes(ring).sum() == 30
    ring[4, 3] = False
    assert fill_holes(ring).sum() == ring.sum()


def test_in_a_volume_a_tunnel_is_no_hole():
    tube = np.zeros((4, 7, 8), bool)
    tube[:, 2:6, 2:7] = True
    tube[:, 3:5, 3:6] = False
    assert fill_holes(tube).sum() == tube.sum()
    tube[[0, -1], 2:6, 2:7] = True
    assert fill_holes(tube).sum() == 80


def two_parts():
    """A small part at the upper left and a large one at the lower right."""
    mask = np.zeros((20, 30), bool)
    mask[2:5, 3:6] = True
    mask[12:18, 20:28] = True
    return mask


def test_parts_have_sizes_and_centres():
    found = find_parts(two_parts())
    np.testing.assert_array_equal(found.sizes, [9, 48])
    np.testing.assert_allclose(found.centres[0], [2 * 3 / 19 - 1, 2 * 4 / 29 - 1])
    assert found.mask_of([1]).sum() == 48
    assert found.in_half(["left"]) == [0]
    assert found.in_half(["left", "lower"]) == []
    assert [number for _, number in found.by_size([0, 1], largest_first=True)] == [1, 0]
    assert [number for _, number in found.by_place([0, 1], ["lower"])] == [1, 0]


def test_parts_that_touch_at_a_corner_are_one():
    mask = np.zeros((4, 5), bool)
    mask[0, 0] = mask[1, 1] = True
    assert len(find_parts(mask)) == 1


def test_a_part_in_the_very_middle_is_in_no_half():
    found = find_parts(dot(10, 15))
    assert found.in_half(["left"]) == found.in_half(["upper"]) == []
    assert found.in_half(["middle"]) == [0]
    assert not half_of(dot(10, 15), "left").any()


def test_the_middle_one_is_the_nearest_to_the_middle():
    found = find_parts(two_parts())
    assert found.by_place([0, 1], ["middle"])[0][1] == 1
    assert math.isclose(
        found.by_place([0], ["middle"])[0][0], math.hypot(*found.centres[0]), abs_tol=1e-8
    )


@pytest.mark.parametrize("length", [0.0, -1.0, float("nan"), float("inf")])
def test_only_a_positive_length_is_taken(length):
    with pytest.raises(ValueError, match=r"The length is .*; expected a positive number"):
        grow(two_parts(), length, (1.0, 1.0))


@pytest.mark.parametrize("steps", [(1.0,), (1.0, 0.0), (1.0, 1.0, 1.0), (float("nan"), 1.0)])
def test_steps_must_fit_the_mask(steps):
    with pytest.raises(ValueError, match="The steps from pixel to pixel are"):
        shrink(two_parts(), 1.0, steps)


def test_a_picture_has_no_middle_half():
    with pytest.raises(ValueError, match="no 'middle' half"):
        half_of(two_parts(), "middle")


def test_without_scipy_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(parts, "find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'lingseg\[evaluate\]'"):
        grow(two_parts(), 1.0, (1.0, 1.0))
