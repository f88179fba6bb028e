"""Changes of a case that keep its sentence true."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingseg.training.augmentation import (
    AbsentText,
    Bend,
    Blur,
    Colour,
    Flip,
    Noise,
    OtherText,
    Triple,
    Turn,
    Warp,
    draw_changes,
    draw_wording,
)
from lingseg.training.recipe import Augmentation

EVERYTHING = Augmentation(
    flip_rate=1.0,
    turn_rate=1.0,
    warp_rate=1.0,
    bend_rate=1.0,
    colour_rate=1.0,
    noise_rate=1.0,
    blur_rate=1.0,
)


def triple(text="one mass at the upper left", side="image", height=30, width=40):
    rng = np.random.default_rng(0)
    reference = np.zeros((height, width), dtype=bool)
    reference[2:8, 3:9] = True
    image = rng.integers(0, 100, (height, width, 3), dtype=np.uint8)
    image[reference] = 255
    return Triple(image=image, reference=reference, text=text, side=side)


def is_same(one, other):
    return (
        np.array_equal(one.image, other.image)
        and np.array_equal(one.reference, other.reference)
        and one.text == other.text
    )


@pytest.mark.parametrize(
    ("direction", "text"),
    [("horizontal", "one mass at the upper right"), ("vertical", "one mass at the lower left")],
)
def test_a_flip_rewrites_the_sentence(direction, text):
    assert Flip(direction).apply(triple()).text == text


@pytest.mark.parametrize("direction", ["horizontal", "vertical"])
def test_a_flip_moves_picture_and_reference_together(direction):
    flipped = Flip(direction).apply(triple())
    assert (flipped.image[flipped.reference] == 255).all()
    assert not np.array_equal(flipped.reference, triple().reference)


@given(st.sampled_from(["horizontal", "vertical"]), st.sampled_from(["image", "patient"]))
def test_two_flips_are_none(direction, side):
    start = triple(side=side)
    assert is_same(Flip(direction).apply(Flip(direction).apply(start)), start)


def test_four_quarter_turns_are_none():
    start = turned = triple(height=32, width=32)
    for _ in range(4):
        turned = Turn(1).apply(turned)
    assert is_same(turned, start)


def test_a_quarter_turn_rewrites_the_sentence():
    turned = Turn(1).apply(triple(height=32, width=32))
    assert turned.text == "one mass at the lower left"
    rows, columns = np.nonzero(turned.reference)
    assert rows.mean() > 16
    assert columns.mean() < 16


def test_a_patient_side_sentence_is_not_turned():
    start = triple(side="patient", height=32, width=32)
    assert Turn(1).apply(start) is start


def test_a_warp_that_would_deny_the_sentence_is_refused():
    far = Warp(angle=0.0, scale=1.0, shift=(0.0, 0.5))
    assert far.apply(triple()).text == triple().text
    assert far.apply(start := triple()) is start
    assert far.apply(silent := triple(text="a mass")) is not silent


def test_a_shift_moves_down_and_right():
    moved = Warp(angle=0.0, scale=1.0, shift=(0.1, 0.2)).apply(triple(text="a mass"))
    rows, columns = np.nonzero(moved.reference)
    assert (rows.min(), rows.max()) == (5, 10)
    assert (columns.min(), columns.max()) == (11, 16)


def test_knots_that_stay_bend_nothing():
    start = triple(text="a mass")
    assert is_same(Bend(np.zeros((5, 5, 2))).apply(start), start)


def test_knots_that_all_move_alike_shift_the_picture():
    start = triple(text="a mass", height=40, width=40)
    bent = Bend(np.full((3, 3, 2), (-0.1, 0.2))).apply(start)
    shifted = Warp(angle=0.0, scale=1.0, shift=(-0.2, 0.1)).apply(start)
    np.testing.assert_array_equal(bent.reference, shifted.reference)
    np.testing.assert_array_equal(bent.image, shifted.image)


def test_a_bend_goes_through_the_cells_without_a_tear():
    height = width = 64
    ramp = np.broadcast_to(np.arange(width, dtype=np.uint8)[None, :, None] * 4, (height, width, 3))
    start = replace(triple(text="a mass", height=height, width=width), image=np.array(ramp))
    shifts = np.random.default_rng(0).uniform(-0.05, 0.05, size=(5, 5, 2))
    shifts[[0, -1]] = shifts[:, [0, -1]] = 0
    image = Bend(shifts).apply(start).image[..., 0].astype(int)
    assert not np.array_equal(image, ramp[..., 0])
    assert np.abs(np.diff(image, axis=0)).max() < 4  # a tear would be of 13 or so
    assert np.diff(image, axis=1).min() >= 0


def test_a_bend_that_would_deny_the_sentence_is_refused():
    shifts = np.random.default_rng(0).uniform(-0.03, 0.03, size=(5, 5, 2))
    round_one = triple(text="a round mass")
    assert Bend(shifts).apply(round_one) is round_one
    far = Bend(np.full((5, 5, 2), (0.5, 0.0)))
    assert far.apply(start := triple()) is start


def test_a_rotation_is_counter_clockwise():
    start = triple(text="a mass", height=40, width=40)
    rows, columns = np.nonzero(Warp(angle=90.0, scale=1.0, shift=(0.0, 0.0)).apply(start).reference)
    assert rows.mean() > 25
    assert columns.mean() < 15


@pytest.mark.parametrize(
    "change",
    [
        Colour(brightness=0.1, contrast=1.2, gamma=0.9, saturation=0.8),
        Noise(strength=0.1, seed=1),
        Blur(1.0),
    ],
)
def test_changes_of_the_picture_leave_reference_and_text(change):
    start = triple()
    changed = change.apply(start)
    assert changed.image.dtype == np.uint8
    assert changed.image.shape == start.image.shape
    assert not np.array_equal(changed.image, start.image)
    assert changed.reference is start.reference
    assert changed.text == start.text


def test_an_absent_text_empties_the_reference():
    changed = AbsentText("a polyp").apply(triple())
    assert changed.text == "a polyp"
    assert not changed.reference.any()


def test_a_null_text_keeps_the_reference():
    changed = OtherText("").apply(triple())
    assert changed.text == ""
    assert changed.reference.any()


@pytest.mark.parametrize(
    ("symmetry", "kinds"),
    [
        ("none", {Warp, Bend, Colour, Noise, Blur}),
        ("horizontal", {Flip, Warp, Bend, Colour, Noise, Blur}),
        ("any", {Flip, Turn, Warp, Bend, Colour, Noise, Blur}),
    ],
)
def test_only_what_the_anatomy_allows_is_drawn(symmetry, kinds):
    changes = draw_changes(np.random.default_rng(0), EVERYTHING, symmetry)
    assert {type(change) for change in changes} == kinds


def test_a_horizontal_symmetry_is_never_flipped_upside_down():
    changes = draw_changes(np.random.default_rng(0), EVERYTHING, "horizontal")
    assert Flip("vertical") not in changes


STAYS = replace(EVERYTHING, text_stays=True)


@pytest.mark.parametrize("symmetry", ["none", "horizontal", "any"])
def test_where_the_sentence_stays_the_picture_is_moved_whatever_it_makes_false(symmetry):
    case = triple(height=40)
    for seed in range(8):
        changes = draw_changes(np.random.default_rng(seed), STAYS, symmetry)
        assert {Flip, Turn, Warp} < {type(change) for change in changes}
        changed = case
        for change in changes:
            changed = change.apply(changed)
        assert changed.text == case.text
        assert not np.array_equal(changed.reference, case.reference)


@pytest.mark.parametrize(
    "change",
    [
        lambda text_stays: Flip("horizontal", text_stays=text_stays),
        lambda text_stays: Turn(1, text_stays=text_stays),
        lambda text_stays: Warp(angle=0.0, scale=1.0, shift=(0.5, 0.5), text_stays=text_stays),
    ],
)
def test_a_change_that_would_be_refused_is_made_where_the_sentence_stays(change):
    case = triple("the left one of two at the upper left, not the right one", "patient", height=40)
    assert is_same(change(text_stays=False).apply(case), case) or (
        change(text_stays=False).apply(case).text != case.text
    )
    changed = change(text_stays=True).apply(case)
    assert changed.text == case.text
    assert not np.array_equal(changed.reference, case.reference)


def test_wordings_are_drawn_as_often_as_asked():
    settings = Augmentation(
        null_text_rate=0.2,
        short_text_rate=0.3,
        paraphrase_rate=0.15,
        absent_text_rate=0.1,
        denied_text_rate=0.05,
        normal_text_rate=0.6,
    )
    rng = np.random.default_rng(0)
    drawn = Counter(draw_wording(rng, settings, is_normal=False) for _ in range(4000))
    wanted = {
        "none": 0.2,
        "short": 0.3,
        "paraphrase": 0.15,
        "absent": 0.1,
        "denied": 0.05,
        "own": 0.2,
    }
    assert drawn.keys() == wanted.keys()
    for wording, rate in wanted.items():
        assert abs(drawn[wording] / 4000 - rate) < 0.03
    drawn = Counter(draw_wording(rng, settings, is_normal=True) for _ in range(4000))
    assert abs(drawn["absent"] / 4000 - 0.6) < 0.03
