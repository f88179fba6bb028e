"""What is suggested fits where it stands, and can be understood."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingseg.language.grammar import understand
from lingseg.language.suggestion import MAX_SUGGESTIONS, suggest

SENTENCES = Path(__file__).parent / "labelled_sentences.csv"


def offered(text, cursor=None, **more):
    return [one.text for one in suggest(text, len(text) if cursor is None else cursor, **more)]


def completed(text, one):
    return text[: one.start] + one.text + text[one.end :]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("nod", "nodule"),
        ("two nod", "nodules"),
        ("one nod", "nodule"),
        ("several nod", "nodules"),
        ("two nodules and a nod", "nodule"),
        ("left ven", "left ventricle"),
        ("ground glass op", "ground glass opacity"),
        ("a nodule in the l", "left"),
        ("the upper l", "left"),
        ("a nodule in the left l", "lung"),
        ("Nod", "Nodule"),
        ("hypoe", "hypoechoic"),
        ("chest x", "chest X-ray"),
    ],
)
def test_a_word_that_was_begun_is_completed(text, first):
    assert offered(text)[0] == first


@pytest.mark.parametrize(
    ("text", "some", "never"),
    [
        ("", {"one", "small", "tumor", "left"}, {"mm"}),
        ("two ", {"small", "tumors"}, {"tumor", "one"}),
        ("two small ", {"round", "tumors"}, {"small"}),
        ("a nodule ", {"in the left", "in the upper", "in the lung"}, {"tumor"}),
        ("a nodule in the ", {"left", "upper", "lung"}, {"in the left", "tumor"}),
        ("no ", {"tumor", "lesion"}, {"two", "no"}),
        ("ground ", {"glass opacity"}, set()),
        ("3 ", {"mm", "cm"}, set()),
        ("the left ", {"lung", "ventricle"}, {"left", "right"}),
        ("a nodule in the left lung ", {"in the chest X-ray"}, {"left"}),
        ("two nodules, ", {"one", "small"}, set()),
    ],
)
def test_what_may_come_next_is_offered(text, some, never):
    found = set(offered(text))
    assert some <= found
    assert not never & found


def test_the_word_at_the_cursor_is_replaced_whole():
    text = "two tum in the lung"
    (first, *_) = suggest(text, 6)
    assert completed(text, first) == "two tumors in the lung"
    (first, *_) = suggest("the left venomous", 12)
    assert completed("the left venomous", first) == "the left ventricle"


def test_after_a_comma_a_space_is_put_in():
    assert offered("two nodules,")[0] == " one"


def test_a_misspelt_word_is_offered_as_what_was_meant():
    assert offered("a tumr") == ["tumor"]
    assert offered("xyzzy") == []


def test_no_more_are_offered_than_are_wanted():
    assert len(offered("")) == MAX_SUGGESTIONS
    assert len(offered("", limit=3)) == 3
    with pytest.raises(ValueError, match="expected at least one"):
        suggest("", 0, limit=0)


@pytest.mark.parametrize("cursor", [-1, 4])
def test_the_cursor_lies_in_the_text(cursor):
    with pytest.raises(ValueError, match="the text has 3 letters"):
        suggest("two", cursor)


def num_unknown(text):
    read = understand(text, side="none", language="en")
    return len(read.unknown) + len(read.notices)


def test_what_is_offered_loses_nothing_wherever_a_real_sentence_stops():
    with SENTENCES.open(encoding="utf-8", newline="") as table:
        texts = sorted({row["text"] for row in csv.DictReader(table)})[::17]
    assert len(texts) > 10
    for text in texts:
        for cursor in range(0, len(text), 7):
            before = text[:cursor]
            for one in suggest(before, cursor):
                assert num_unknown(completed(before, one)) <= num_unknown(before), (before, one)


def test_the_same_is_offered_every_time():
    assert suggest("two sm", 6) == suggest("two sm", 6)


@given(st.text(max_size=30), st.integers(0, 30))
def test_any_text_may_be_typed(text, cursor):
    found = suggest(text, min(cursor, len(text)))
    assert len(found) <= MAX_SUGGESTIONS
    assert all(0 <= one.start <= one.end <= len(text) and one.text for one in found)
