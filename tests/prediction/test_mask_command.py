"""A command in words and a mask become another mask, and a sentence that says what was done."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lingseg.language import mirror_text
from lingseg.prediction.mask_command import edit_mask

LARGE, SMALL, TINY = np.s_[10:18, 4:14], np.s_[2:6, 22:27], np.s_[17:19, 26:28]
masks = arrays(bool, (9, 12))

MIRRORED_IN_BOTH = (
    *("remove the part on the left", "keep the right one", "remove the parts on the right"),
    *("keep the left half", "move 3 pixels to the right", "grow 2 pixels to the left"),
    *("keep the upper left part", "keep the largest part on the left", "fill holes", "smooth"),
    *("grow 1.5 mm", "shrink 1 mm", "keep the two largest", "keep the middle part"),
    *("remove parts smaller than 3 mm2", "remove all but the leftmost one"),
)


def three_parts():
    """A large part at the lower left, a small one at the upper right, a tiny one below it."""
    mask = np.zeros((20, 30), bool)
    mask[LARGE] = mask[SMALL] = mask[TINY] = True
    return mask


def only(*where):
    mask = np.zeros((20, 30), bool)
    for one in where:
        mask[one] = True
    return mask


def done(mask, command, **more):
    return edit_mask(mask, command, **{"spacing": None, **more})


@pytest.mark.parametrize(
    ("command", "left"),
    [
        ("keep the largest", [LARGE]),
        ("keep the two largest", [LARGE, SMALL]),
        ("remove the smallest", [LARGE, SMALL]),
        ("remove the part on the left", [SMALL, TINY]),
        ("keep the parts on the right", [SMALL, TINY]),
        ("keep the upper one", [SMALL]),
        ("keep the two upper ones", [LARGE, SMALL]),
        ("keep the lower right part", [TINY]),
        ("keep the largest part on the right", [SMALL]),
        ("remove all but the lower right one", [TINY]),
        ("remove parts smaller than 20 pixels", [LARGE, SMALL]),
        ("keep parts larger than 20 pixels", [LARGE]),
        ("keep the left half", [LARGE]),
        ("remove parts smaller than 5 pixels, then keep the upper one", [SMALL]),
        ("remove everything", []),
        ("keep the five largest", [LARGE, SMALL, TINY]),
    ],
)
def test_the_parts_that_are_meant_stay(command, left):
    np.testing.assert_array_equal(done(three_parts(), command).mask, only(*left))


def test_areas_are_measured_with_the_spacing():
    mask = three_parts()  # 80, 20 and 4 pixels of 1 mm2
    kept = done(mask, "remove parts smaller than 20 mm2", spacing=(0.5, 2.0)).mask
    np.testing.assert_array_equal(kept, only(LARGE, SMALL))
    kept = done(mask, "remove parts smaller than 20 mm2", spacing=(0.5, 1.9)).mask
    np.testing.assert_array_equal(kept, only(LARGE))


def test_the_patients_left_is_where_the_picture_says():
    def kept(patient_left):
        found = done(three_parts(), "keep the left one", side="patient", patient_left=patient_left)
        return found.mask

    np.testing.assert_array_equal(kept("left"), only(LARGE))
    for hanging in ("right", None):
        np.testing.assert_array_equal(kept(hanging), only(TINY))
    with pytest.raises(ValueError, match="seen from the side"):
        kept("neither")


def test_what_was_done_is_said_in_words():
    mask = only(LARGE)
    grown = done(mask, "grwo 2 mm", spacing=(1.0, 2.0))
    assert grown.done == f"Grown by 2 mm: 80 pixels became {grown.mask.sum()}."
    assert grown.notices == ('"grwo" read as "grow"',)
    assert grown.is_changed
    assert grown.understood == (
        {"action": "grow", "side": "image", "amount": {"number": 2.0, "unit": "mm"}},
    )
    kept = done(three_parts(), "remove parts smaller than 5 pixels on the right, smooth")
    assert kept.done.startswith("Removed the right parts smaller than 5 pixels: 104 pixels became")
    assert kept.understood[0]["choice"] == {
        "places": ["right"],
        "limit": {"is_below": True, "amount": {"number": 5.0, "unit": "pixels"}},
    }


def test_less_than_a_pixel_changes_nothing_and_says_why():
    edited = done(only(LARGE), "grow 0.4 mm", spacing=(0.5, 0.5))
    assert not edited.is_changed
    assert edited.done == "Grown by 0.4 mm: nothing changed. A pixel is 0.5 mm."


def test_an_empty_mask_stays_empty():
    for command in ("grow 2 pixels", "keep the largest", "remove the left one", "smooth"):
        edited = done(only(), command)
        assert not edited.mask.any()
        assert edited.done == "The mask is empty: there is nothing to change."


def test_the_mask_that_was_given_stays_as_it_is():
    for mask, command in ((only(LARGE), "keep the largest"), (only(), "keep the largest")):
        before = mask.copy()
        edited = done(mask, command).mask
        edited[:] = ~edited
        np.testing.assert_array_equal(mask, before)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("grow 2 mm", "does not tell how large its pixels are"),
        ("remove parts smaller than 2 mm2", "does not tell how large its pixels are"),
        ("remove parts smaller than 2 ml", "does not fit a picture"),
        ("embellish", "is not understood"),
    ],
)
def test_what_cannot_be_done_is_refused(command, why):
    with pytest.raises(ValueError, match=why):
        done(three_parts(), command)


def test_parts_that_cannot_be_told_apart_are_left_alone():
    mask = only(np.s_[2:4, 3:6], np.s_[10:12, 3:6])
    for command in ("keep the largest", "keep the left one"):
        with pytest.raises(ValueError, match="2 parts fit and cannot be told apart"):
            done(mask, command)
    assert done(mask, "keep the two largest").mask.sum() == 12


def test_the_only_part_is_not_removed_for_lying_on_one_side():
    with pytest.raises(ValueError, match="has one part only"):
        done(only(LARGE), "remove the left part")
    assert not done(only(LARGE), "keep the right part").is_changed


def test_a_volume_is_edited_in_three_dimensions():
    mask = np.zeros((5, 9, 12), bool)
    mask[2, 4, 6] = True
    grown = done(mask, "grow 2 mm", spacing=(4.0, 1.0, 2.0)).mask
    np.testing.assert_array_equal(
        np.argwhere(grown),
        [[2, 2, 6], [2, 3, 6], [2, 4, 5], [2, 4, 6], [2, 4, 7], [2, 5, 6], [2, 6, 6]],
    )
    assert done(mask, "grow 1 pixel").mask.sum() == 7
    mask[0, 0, :4] = True
    assert done(mask, "remove parts smaller than 30 mm3", spacing=(4.0, 1.0, 2.0)).mask.sum() == 4
    assert done(mask, "keep the largest").mask.sum() == 4
    with pytest.raises(ValueError, match="does not fit a volume"):
        done(mask, "remove parts smaller than 2 mm2", spacing=(4.0, 1.0, 2.0))


def test_spacing_and_mask_must_fit():
    with pytest.raises(ValueError, match="expected one for each of the mask's 2 axes"):
        done(three_parts(), "grow 2 mm", spacing=(1.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="expected bool values"):
        done(np.zeros((2, 2, 2, 2), bool), "smooth")


def edited_or_refused(mask, command):
    """The mask after a command; None where it was refused."""
    try:
        return done(mask, command, spacing=(1.0, 1.5)).mask
    except ValueError:
        return None


@given(masks, st.sampled_from(MIRRORED_IN_BOTH))
def test_a_mirrored_mask_and_the_mirrored_command_give_the_mirrored_result(mask, command):
    here = edited_or_refused(mask, command)
    there = edited_or_refused(mask[:, ::-1], mirror_text(command, "horizontal", "image"))
    assert (here is None) == (there is None)
    if here is not None:
        np.testing.assert_array_equal(here[:, ::-1], there)


@given(masks, st.sampled_from(["image", "patient"]), st.sampled_from(MIRRORED_IN_BOTH))
def test_the_patients_side_is_the_other_one_on_a_picture_that_hangs_as_films_do(
    mask, side, command
):
    other = "patient" if side == "image" else "image"
    turned = mirror_text(command, "horizontal", "image")
    try:
        here = done(mask, command, side=side, spacing=(1.0, 1.0)).mask
    except ValueError as error:
        with pytest.raises(ValueError, match=str(error)[:12]):
            done(mask, turned, side=other, spacing=(1.0, 1.0))
    else:
        there = done(mask, turned, side=other, spacing=(1.0, 1.0)).mask
        np.testing.assert_array_equal(here, there)


@given(masks)
def test_to_keep_the_largest_twice_is_to_keep_it_once(mask):
    once = edited_or_refused(mask, "keep the largest")
    if once is not None:
        np.testing.assert_array_equal(edited_or_refused(once, "keep the largest"), once)
        assert once.any() == mask.any()
