"""Each word is struck in turn. The fake bundle obeys "left", "right", "dark" and "nothing" only."""

import numpy as np
import pytest

from lingseg.imaging import Image
from lingseg.imaging.large_picture import windows_of
from lingseg.prediction import strike
from lingseg.prediction.strike import pieces_of, strike_words, without
from lingseg.prediction.tiles import EncodedTiles, encode_tiles

HEIGHT, WIDTH = 60, 100
LEFT, RIGHT = np.s_[20:40, 10:30], np.s_[20:40, 70:90]


def two_lights() -> np.ndarray:
    pixels = np.full((HEIGHT, WIDTH), 20, np.uint8)
    pixels[LEFT] = pixels[RIGHT] = 240
    return pixels


def struck(model, text, **more):
    return list(strike_words(model.encode(two_lights()), text, **more))


def test_the_word_that_chooses_is_the_one_that_counts(model):
    the, left, one = struck(model, "the left one")
    assert [each.word for each in (the, left, one)] == ["the", "left", "one"]
    assert (the.lost_pixels, the.gained_pixels, the.effect) == (0, 0, 0)
    assert one.effect == 0
    assert left.rest == "the one"
    assert left.lost_pixels == 0
    assert left.gained_pixels >= 300  # the light on the right, which "left" held back
    assert left.effect > 0.05


def test_the_map_lies_on_the_picture_and_its_sign_says_what_the_word_did(model):
    (_, left, _) = struck(model, "the left one")
    assert left.difference.shape == (HEIGHT, WIDTH)
    assert left.difference[25:35, 75:85].max() < -0.5  # held back
    assert abs(left.difference[25:35, 15:25]).max() < 0.05
    shown = left.as_bytes()
    assert shown.dtype == np.uint8
    assert shown[25:35, 75:85].max() < 70
    assert abs(shown[30, 20].astype(int) - 128) <= 6
    dark = struck(model, "dark")[0]
    assert dark.difference[5, 50] > 0.5  # carried: without "dark", what is bright is drawn
    assert dark.as_bytes()[5, 50] > 190


def test_what_is_lost_and_gained_is_counted_in_the_masks_that_are_shown(model):
    encoded = model.encode(two_lights())
    (nothing, left) = strike_words(encoded, "nothing left")
    whole, rest = encoded.segment("nothing left").mask, encoded.segment("left").mask
    assert not whole.any()
    assert (nothing.lost_pixels, nothing.gained_pixels) == (0, int(rest.sum()))
    assert (left.lost_pixels, left.gained_pixels) == (0, 0)  # still nothing there
    assert nothing.effect >= 0


def test_the_threshold_is_that_of_the_whole_sentence(model):
    counts = {
        threshold: struck(model, "left", threshold=threshold)[0].gained_pixels
        for threshold in (0.02, 0.5)
    }
    assert counts[0.02] > counts[0.5] > 0


def test_of_one_word_the_null_sentence_is_left(model):
    (only,) = struck(model, "left.")
    assert only.is_last
    assert only.rest == ""
    encoded = model.encode(two_lights())
    null = encoded.segment("", allow_null=True)
    assert only.gained_pixels == int((null.mask & ~encoded.segment("left.").mask).sum())


def test_a_set_phrase_is_struck_whole_and_word_by_word(model):
    text = "the left ventricle is bright"
    found = struck(model, text)
    assert [(one.word, one.is_unit, one.rest) for one in found] == [
        ("the", False, "left ventricle is bright"),
        ("left ventricle", True, "the is bright"),
        ("left", False, "the ventricle is bright"),
        ("ventricle", False, "the left is bright"),
        ("is", False, "the left ventricle bright"),
        ("bright", False, "the left ventricle is"),
    ]
    assert all(text[one.start : one.end] == one.word for one in found)
    assert not any(one.is_last for one in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a 1.5 x 2 cm mass", ["a", "1.5 x 2", "1.5", "x", "2", "cm", "mass"]),
        ("COVID-19, upper-left", ["COVID-19", "upper-left"]),
        ("ground glass opacity", ["ground glass opacity", "ground", "glass", "opacity"]),
        ("o'clock  two\tlines\n", ["o'clock", "two", "lines"]),
        ("keep of the two", ["keep", "of", "the", "two"]),
        ("左肺", ["左", "肺"]),
        ("... ,", []),
    ],
)
def test_words_are_what_a_person_calls_words(text, words):
    assert [text[one.start : one.end] for one in pieces_of(text, side="image")] == words


def test_marks_that_nothing_holds_any_more_go_as_well():
    text = "small, round, left."
    assert [without(text, one) for one in pieces_of(text, side="image")] == [
        "round, left.",
        "small, left.",
        "small, round.",
    ]


def test_sides_are_those_of_the_person_who_asks(model):
    encoded = model.encode(Image(pixels=two_lights(), patient_left="right"))
    (left, bright) = strike_words(encoded, "left bright", side="patient")
    assert bright.effect == 0  # without it, "left" is still the patient's
    assert left.difference[25:35, 15:25].max() < -0.5  # the patient's left is right in the picture


def test_progress_is_told_word_by_word(model):
    told = []
    struck(model, "the left one", progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_what_is_wrong_is_told_before_the_first_word(model):
    encoded = model.encode(two_lights())
    for text, why in (("", "is empty"), ("left " * 65, "at most 64 can be struck")):
        with pytest.raises(ValueError, match=why):
            strike_words(encoded, text)
    with pytest.raises(ValueError, match="expected a number between 0 and 1"):
        strike_words(encoded, "left", threshold=2.0)


def test_words_are_asked_only_as_they_are_wanted(model, monkeypatch):
    asked = []
    encoded = model.encode(two_lights())
    genuine = type(encoded).segment
    monkeypatch.setattr(
        type(encoded),
        "segment",
        lambda self, text, **more: asked.append(text) or genuine(self, text, **more),
    )
    words = strike.strike_words(encoded, "the left one")
    assert asked == ["the left one"]
    next(words)
    assert asked == ["the left one", "left one"]


def test_a_picture_in_tiles_can_be_asked_as_well(model):
    picture = windows_of(Image(pixels=two_lights()))
    tiles = EncodedTiles(encode_tiles(model, picture).whole, picture, 40)
    (_, left, _) = strike_words(tiles, "the left one")
    assert left.difference.shape == (HEIGHT, WIDTH)
    assert left.gained_pixels > 0
