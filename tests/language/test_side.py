import pytest

from lingseg.language import states_side, states_zone, swap_sides, to_side, to_side_on_picture


@pytest.mark.parametrize(
    "text",
    [
        "two areas, all left lung and lower right lung",
        "Upper middle left lung and right lung.",
        "the leftmost one, beside the left ventricle",
        "RUL opacity, LEFT KIDNEY",
        "no lesion",
    ],
)
@pytest.mark.parametrize("side", ["image", "patient"])
def test_there_and_back_between_image_and_patient_changes_nothing(text, side):
    other = "patient" if side == "image" else "image"
    assert to_side(to_side(text, side, other), other, side) == text


def test_swapping_sides_swaps_them_in_names_too():
    assert swap_sides("Left ventricle, RIGHT lung") == "Right ventricle, LEFT lung"


def test_sides_and_zones_are_seen_where_they_are_stated():
    assert states_side("opacity on the Right")
    assert states_side("RUL opacity")
    assert not states_side("left ventricle, bilateral")
    assert states_zone("in the centre")
    assert states_zone("lower left lung")
    assert not states_zone("lower lobe of the left lung")
    assert not states_zone("left lung")


def test_nothing_is_exchanged_where_words_are_names():
    assert to_side("left kidney", "image", "none") == "left kidney"
    assert to_side("left kidney", "image", "image") == "left kidney"
    assert to_side("left kidney", "patient", "image") == "right kidney"


@pytest.mark.parametrize(
    ("source", "wanted", "patient_left", "heard"),
    [
        ("patient", "image", None, "right lung"),
        ("patient", "image", "right", "right lung"),
        ("patient", "image", "left", "left lung"),
        ("patient", "patient", "right", "left lung"),
        ("patient", "patient", "left", "right lung"),
        ("patient", "image", "neither", "left lung"),
        ("patient", "none", "left", "left lung"),
        ("image", "image", "left", "left lung"),
        ("image", "patient", "left", "right lung"),
        ("none", "image", "left", "left lung"),
    ],
)
def test_the_patients_side_becomes_the_models_by_the_picture(source, wanted, patient_left, heard):
    assert to_side_on_picture("left lung", source, wanted, patient_left) == heard
