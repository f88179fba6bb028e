"""Commands on a mask are read word by word; what does not fit is refused in one line."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingseg.language.command import Amount, Choice, Command, Limit
from lingseg.language.command_grammar import MAX_CHARACTERS, read_commands
from lingseg.language.command_reader import EXAMPLES


def read(text, side="image"):
    (command,) = read_commands(text, side=side).commands
    return command


def change(action, number=None, unit="mm", towards=None):
    amount = None if number is None else Amount(number=float(number), unit=unit)
    return Command(action=action, side="image", amount=amount, towards=towards)


def parts(action, *places, **choice):
    return Command(action=action, side="image", choice=Choice(places=frozenset(places), **choice))


def below(number, unit, *, is_below=True):
    return Limit(is_below=is_below, amount=Amount(number=float(number), unit=unit))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("grow 2 mm", change("grow", 2)),
        ("Please expand it by 2,5 mm.", change("grow", 2.5)),
        ("grow by 1 cm", change("grow", 10)),
        ("dilate the mask by two pixels", change("grow", 2, "pixels")),
        ("shrink by 3 pixels", change("shrink", 3, "pixels")),
        ("erode 1 px", change("shrink", 1, "pixels")),
        ("grow 3 px upwards", change("grow", 3, "pixels", "upper")),
        ("move the mask 5 mm to the left", change("move", 5, "mm", "left")),
        ("shift down 2 pixels", change("move", 2, "pixels", "lower")),
        ("smooth", change("smooth")),
        ("smooth the borders by 2 pixels", change("smooth", 2, "pixels")),
        ("fill holes", change("fill")),
        ("fill in the gaps", change("fill")),
        ("remove the holes", change("fill")),
        ("remove the part on the left", parts("remove", "left", number=1)),
        ("delete the leftmost blob", parts("remove", "left", number=1)),
        ("keep the upper one", parts("keep", "upper", number=1)),
        ("keep the upper left part", parts("keep", "upper", "left", number=1)),
        ("remove the left nodule", parts("remove", "left", number=1)),
        ("remove the nodules on the left", parts("remove", "left")),
        ("remove all parts on the right", parts("remove", "right")),
        ("remove everything at the top", parts("remove", "upper")),
        ("keep the two parts at the bottom", parts("keep", "lower", number=2)),
        ("remove the part in the center", parts("remove", "middle", number=1)),
        ("keep the largest", parts("keep", order="largest", number=1)),
        ("keep only the 2 largest parts", parts("keep", order="largest", number=2)),
        ("keep the biggest island on the left", parts("keep", "left", order="largest", number=1)),
        ("remove the smallest piece", parts("remove", order="smallest", number=1)),
        ("remove all but the largest", parts("keep", order="largest", number=1)),
        ("remove everything except the left one", parts("keep", "left", number=1)),
        ("keep all except the smallest", parts("remove", order="smallest", number=1)),
        ("remove everything", parts("remove")),
        ("remove parts smaller than 20 mm2", parts("remove", limit=below(20, "mm2"))),
        ("remove parts below 20 mm²", parts("remove", limit=below(20, "mm2"))),
        ("delete islands under 0.5 cm2", parts("remove", limit=below(50, "mm2"))),
        ("remove parts of less than 30 voxels", parts("remove", limit=below(30, "pixels"))),
        ("keep parts over 2 ml", parts("keep", limit=below(2000, "mm3", is_below=False))),
        ("keep the upper half", parts("keep", "upper", number=1, is_half=True)),
    ],
)
def test_a_command_says_what_is_to_be_done(text, command):
    assert read(text) == command


def test_several_commands_keep_their_order():
    found = read_commands(
        "grow 2 mm, then fill holes and keep the largest; smooth.", side="image"
    ).commands
    assert [one.action for one in found] == ["grow", "fill", "keep", "smooth"]


def test_a_misspelt_word_is_read_with_a_notice():
    found = read_commands("grwo 2 mm, remove the lefft part", side="patient")
    assert [str(one) for one in found.notices] == [
        '"grwo" read as "grow"',
        '"lefft" read as "left"',
    ]
    assert [one.action for one in found.commands] == ["grow", "remove"]
    assert {one.side for one in found.commands} == {"patient"}


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_that_a_refusal_names_is_understood(text):
    assert read_commands(text, side="image").notices == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it says nothing to do"),
        ("please", "it says nothing to do"),
        ("frobnicate the mask", "'frobnicate' is not understood"),
        ("keep the largest beside the heart valve", "is not understood"),
        ("add the liver", "type a sentence that describes it, or paint it"),
        ("segment the left lung", "type a sentence that describes it, or paint it"),
        ("invert", "'invert' is not among the things"),
        ("grow", "it must say once how far"),
        ("grow 2", "it must say once how far"),
        ("grow 2 mm by 3 pixels", "it must say once how far"),
        ("grow 2 mm2", "2 mm2 is no length"),
        ("grow 0 mm", "0 is no amount"),
        ("grow 99999999 mm", "is no amount"),
        ("grow -2 mm", "without a sign or a range"),
        ("shrink 2-3 mm", "without a sign or a range"),
        ("shrink 1/2 mm", "without a sign or a range"),
        ("grow 3 x 2 mm", "'3 x 2' is not one number"),
        ("shrink 2 mm to the left", "'left' does not fit"),
        ("grow 2 mm to the upper left", "one direction"),
        ("move 2 mm", "it must say where to"),
        ("move 2 mm to the middle", "one direction"),
        ("keep", "it does not say which part"),
        ("remove the tumor", "it does not say which part"),
        ("keep two parts", "it does not say which part"),
        ("remove small parts", "'small' does not say how large"),
        ("keep the largest parts", "it does not say how many"),
        ("keep 0 largest", "a whole number from 1 on"),
        ("keep 1.5 largest parts", "a whole number from 1 on"),
        ("keep the brightest", "a mask does not tell brightest"),
        ("remove parts smaller than 5 mm", "5 mm is a length"),
        ("remove parts smaller than 5", "its end is missing"),
        ("keep the left and right ones", "does not fit there"),
        ("keep the left right one", "two opposite places"),
        ("keep both", "'both' is no place"),
        ("remove the apical part", "'apical' is no place"),
        ("keep the middle half", "no middle half"),
        ("keep the half", "a half is left, right, upper or lower"),
        ("keep the mask except the left one except the right one", "does not fit"),
        ("remove the left one except the largest", 'before "except"'),
        ("grow holes", "it does not say to fill holes"),
        ("the largest", "does not fit there"),
        ("then", "does not fit there"),
    ],
)
def test_what_is_no_command_is_refused_in_one_line_that_says_why(text, why):
    with pytest.raises(ValueError, match=r"grow 2 mm.*keep the upper half") as caught:
        read_commands(text, side="image")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_essay_is_not_read():
    with pytest.raises(ValueError, match=f"at most {MAX_CHARACTERS} are read"):
        read_commands("grow 2 mm " * 200, side="image")


WORDS = (
    *("keep", "remove", "grow", "fill", "the", "left", "upper", "two", "2", "mm", "largest"),
    *("part", "parts", "half", "holes", "all", "except", "then", "and", "smaller", "than", "mm2"),
)


def refusal_of(text):
    """The line that refuses a command; empty for one that is understood."""
    try:
        read_commands(text, side="image")
    except ValueError as error:
        return str(error)
    return ""


@given(st.text(alphabet=string.ascii_letters + " .,;-²0123456789\n\u5de6\x00", max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text):
    assert "\n" not in refusal_of(text)


@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_any_row_of_its_words_is_read_or_refused(words):
    refusal = refusal_of(" ".join(words))
    assert not refusal or "is no command" in refusal
