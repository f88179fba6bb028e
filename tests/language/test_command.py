"""A command says the picture's left or the patient's, and is told with the picture's own."""

import pytest

from lingseg.language.command import Amount, Choice, Command


def keep(*places, side="patient"):
    return Command(action="keep", side=side, choice=Choice(places=frozenset(places), number=1))


@pytest.mark.parametrize("side", ["image", "none"])
def test_the_pictures_own_sides_stay(side):
    for patient_left in ("left", "right", "neither", None):
        told = keep("left", side=side).on_picture(patient_left)
        assert told.choice.places == {"left"}


@pytest.mark.parametrize(
    ("patient_left", "place"), [("right", "right"), (None, "right"), ("left", "left")]
)
def test_the_patients_left_is_where_it_lies_in_the_picture(patient_left, place):
    told = keep("left", "upper").on_picture(patient_left)
    assert told.choice.places == {place, "upper"}
    assert told.side == "image"


def test_the_way_to_the_patients_right_is_turned_as_well():
    command = Command(
        action="move", side="patient", amount=Amount(number=2.0, unit="mm"), towards="right"
    )
    assert command.on_picture("right").towards == "left"
    assert command.on_picture("left").towards == "right"


def test_a_picture_from_the_side_has_no_patients_left():
    with pytest.raises(ValueError, match="seen from the side"):
        keep("left").on_picture("neither")
    assert keep("upper").on_picture("neither").choice.places == {"upper"}


def test_amounts_are_read_aloud():
    amounts = (Amount(number=1.0, unit="pixels"), Amount(number=2.5, unit="mm"))
    assert [str(one) for one in amounts] == ["1 pixel", "2.5 mm"]
