import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lingseg.language import (
    FLIPS,
    can_mirror,
    can_turn,
    mirror_text,
    states_side,
    to_side,
    turn_text,
)

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"

IN_ITS_OWN_TIME = settings(deadline=None)  # a busy machine is no fault of the code

HEIGHTS = st.sampled_from(["upper", "lower"])
EDGES = st.sampled_from(["top", "bottom"])
SIDES = st.sampled_from(["left", "right"])
NAMES = st.sampled_from(
    ["left ventricle", "right ventricles", "left atrium", "left anterior descending artery"]
)
THIRDS = st.sampled_from(
    [
        "upper",
        "middle",
        "lower",
        "upper middle",
        "middle lower",
        "upper lower",
        "upper middle lower",
    ]
)


def one_of_place(adjective, noun):
    return st.one_of(adjective, noun, st.builds("{} {}".format, adjective, noun))


PARTS = one_of_place(HEIGHTS, SIDES)
SPOTS = st.one_of(one_of_place(EDGES, SIDES), st.just("center"))
IN_THE_PICTURE = st.one_of(
    st.builds(
        "one small oval nevus, located in the {} part of the dermoscopic image".format, PARTS
    ),
    st.builds("One large circle-shaped malignant tumor at the {} in the image.".format, SPOTS),
    st.builds("two small pink polyp, located in {}, {} of the image".format, SPOTS, SPOTS),
    st.builds("The nuclei density in the {} is high.".format, PARTS),
    st.builds("the {} dark lesion beside the {} one".format, PARTS, PARTS),
    st.builds("an oval cyst in the {}-{} corner".format, HEIGHTS, SIDES),
    st.builds("the mass {} the cyst".format, st.sampled_from(["above", "to the right of"])),
    st.builds("the {}most spot, {} long".format, SIDES, st.sampled_from(["vertically"])),
)
OF_THE_BODY = st.one_of(
    st.builds(
        "two infected areas, {} {} lung and {} {} lung.".format, THIRDS, SIDES, THIRDS, SIDES
    ),
    st.builds("one infected area, {} {} lung.".format, THIRDS, SIDES),
    st.builds("the cavity of the {} beside the {} kidney".format, NAMES, SIDES),
    st.builds("an {} {} opacity above the {} lung".format, st.just("upper"), SIDES, SIDES),
)
CASES = st.sampled_from([str, str.upper, str.capitalize])
SENTENCES = st.builds(lambda text, case: case(text), st.one_of(IN_THE_PICTURE, OF_THE_BODY), CASES)
TURNABLE = st.builds(lambda text, case: case(text), IN_THE_PICTURE, CASES)


@IN_ITS_OWN_TIME
@given(SENTENCES, st.sampled_from(FLIPS), st.sampled_from(["image", "patient", "none"]))
def test_two_flips_give_the_sentence_back(text, flip, side):
    assert mirror_text(mirror_text(text, flip, side), flip, side) == text


@IN_ITS_OWN_TIME
@given(TURNABLE, st.integers(-5, 5))
def test_four_quarter_turns_give_the_sentence_back(text, quarter_turns):
    turned = text
    for _ in range(4):
        turned = turn_text(turned, quarter_turns, "image")
    assert turned == text


@IN_ITS_OWN_TIME
@given(TURNABLE, st.integers(0, 3), st.integers(0, 3))
def test_turns_add_up(text, first, second):
    one_by_one = turn_text(turn_text(text, first, "image"), second, "image")
    assert one_by_one == turn_text(text, first + second, "image")


@IN_ITS_OWN_TIME
@given(TURNABLE.filter(lambda text: "to the right of" not in text.lower()))
def test_both_flips_are_half_a_turn(text):
    flipped = mirror_text(mirror_text(text, "vertical", "image"), "horizontal", "image")
    assert flipped == turn_text(text, 2, "image")


@IN_ITS_OWN_TIME
@given(NAMES, CASES, st.sampled_from(["the cavity of the {}", "{}, short axis", "dilated {}"]))
def test_names_stay_whatever_is_done_to_the_picture(name, case, sentence):
    text = case(sentence.format(name))
    assert not states_side(text)
    assert to_side(text, "image", "patient") == text
    assert {mirror_text(text, flip, "image") for flip in FLIPS} == {text}
    assert turn_text(text, 1, "image") == text


@IN_ITS_OWN_TIME
@given(SENTENCES, st.sampled_from(FLIPS))
def test_sentences_of_names_alone_are_left_alone(text, flip):
    assert mirror_text(text, flip, "none") == text
    assert turn_text(text, 1, "none") == text


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        ("One tumor at the top right in the image.", "One tumor at the top left in the image."),
        ("LEFT lung, Right side", "RIGHT lung, Left side"),
        (
            "two areas, all left lung and lower right lung",
            "two areas, lower left lung and all right lung",
        ),
        ("Left lung and upper right lung", "Upper left lung and right lung"),
        ("the left ventricle and the left kidney", "the left ventricle and the right kidney"),
        ("left and right ventricles", "left and right ventricles"),
        ("left main bronchus, LUL", "right main bronchus, RUL"),
        ("the leftmost, right-sided one", "the rightmost, left-sided one"),
        ("bilateral, midline, superior", "bilateral, midline, superior"),
        ("a bright left mass", "a bright right mass"),
        ("left-ventricular wall", "left-ventricular wall"),
        ("left lateral ventricle", "right lateral ventricle"),
    ],
)
def test_a_horizontal_flip_exchanges_sides(text, mirrored):
    assert mirror_text(text, "horizontal", "image") == mirrored
    assert mirror_text(text, "horizontal", "patient") == mirrored


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        ("located in the upper left part", "located in the lower left part"),
        ("polyp in top left, Bottom of the image", "polyp in bottom left, Top of the image"),
        ("middle lower left lung", "upper middle left lung"),
        ("Middle lower left lung", "Upper middle left lung"),
        ("upper lower left lung", "upper lower left lung"),
        ("upper middle part", "lower middle part"),
        ("an upper and a lower one", "a lower and an upper one"),
        ("A lower mass", "An upper mass"),
        ("AN UPPER MASS", "A LOWER MASS"),
        ("above the superior pole", "below the inferior pole"),
        ("left lower lobe", "left lower lobe"),
        ("superior vena cava", "superior vena cava"),
        ("lower density than the upper one", "lower density than the lower one"),
        ("left anterior descending artery", "left anterior descending artery"),
    ],
)
def test_a_vertical_flip_exchanges_heights(text, mirrored):
    assert mirror_text(text, "vertical", "image") == mirrored


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("located in the upper left part of", "located in the lower left part of"),
        ("located in top left of the image", "located in bottom left of the image"),
        ("at the top in the image", "at the left in the image"),
        ("at the left in the image", "at the bottom in the image"),
        ("in the left part of", "in the lower part of"),
        ("the right small dark lesion", "the upper small dark lesion"),
        ("an upper lesion", "a left lesion"),
        ("Left upper quadrant", "Left lower quadrant"),
        ("to the left of the cyst", "below the cyst"),
        ("to the left of the image", "to the bottom of the image"),
        ("the nuclei density in the left is", "the nuclei density in the lower is"),
        ("a horizontal line at the center, right in", "a vertical line at the center, top in"),
        (
            "pink middle of ear polyp, located in left of",
            "pink middle of ear polyp, located in bottom of",
        ),
    ],
)
def test_a_quarter_turn_leads_counter_clockwise(text, turned):
    assert turn_text(text, 1, "image") == turned
    assert turn_text(turned, -1, "image") == text


@pytest.mark.parametrize(
    ("text", "flip"),
    [
        ("spiculated, at 3 o'clock", "horizontal"),
        ("turned clockwise", "vertical"),
        ("L lung", "horizontal"),
        ("anterior part in the sagittal slice", "horizontal"),
        ("the anterior part", "vertical"),
        ("apical opacity", "vertical"),
    ],
)
def test_what_no_table_knows_is_not_flipped(text, flip):
    assert not can_mirror(text, flip, "image")
    with pytest.raises(ValueError, match="cannot be rewritten"):
        mirror_text(text, flip, "image")
    assert mirror_text(text, flip, "none") == text


@pytest.mark.parametrize(
    "text",
    [
        "opacity in the left lung",
        "upper left lung",
        "left-sided mass",
        "a mass taller than wide",
        "two in a row",
        "the superior pole",
        "see above",
    ],
)
def test_what_belongs_to_the_body_is_not_turned(text):
    assert not can_turn(text, 1, "image")
    with pytest.raises(ValueError, match="cannot be rewritten"):
        turn_text(text, 1, "image")
    assert turn_text(text, 4, "image") == text


def test_places_told_by_the_patient_are_not_turned():
    assert not can_turn("one lesion on the left", 1, "patient")
    assert not can_turn("one lesion at the top", 2, "patient")
    assert can_turn("one dark lesion", 1, "patient")


@pytest.fixture
def real_sentences():
    """Return the distinct sentences of the real data sets, each with its set's side."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data sets are not beside this checkout")
    sentences = set()
    for declared in SHARED_DATA.glob("*/dataset.json"):
        side = json.loads(declared.read_text())["side"]
        for table in declared.parent.glob("*.csv"):
            with table.open(encoding="utf-8", newline="") as lines:
                sentences |= {(row["text"], side) for row in csv.DictReader(lines)}
    return sentences


def test_every_real_sentence_survives_flips_and_turns(real_sentences):
    assert len(real_sentences) > 500
    for text, side in real_sentences:
        for flip in FLIPS:
            assert mirror_text(mirror_text(text, flip, side), flip, side) == text
        if can_turn(text, 1, side):
            assert turn_text(turn_text(text, 1, side), 3, side) == text
        else:
            assert "lung" in text or side == "patient"
