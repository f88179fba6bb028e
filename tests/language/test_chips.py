"""A sentence is shown in chips: what was understood, what was not, and where that stands."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingseg.language.chips import NUM_PARAPHRASES, chips_of
from lingseg.language.grammar import understand

SENTENCES = Path(__file__).parent / "labelled_sentences.csv"


def shown(text, side="image"):
    return [(one.kind, one.label) for one in chips_of(text, side=side).chips]


@pytest.mark.parametrize(
    ("text", "chips"),
    [
        (
            "two small round nodules in the upper left lung",
            [
                *(("count", "two"), ("size", "small"), ("finding", "nodule")),
                *(("anatomy", "lung"), ("shape", "round"), ("zone", "upper")),
                ("side", "left of the picture"),
            ],
        ),
        ("no tumor", [("presence", "not there"), ("finding", "tumor")]),
        (
            "everything except the left kidney",
            [
                *(("finding", "anything"), ("presence", "left out"), ("anatomy", "kidney")),
                ("side", "left of the picture"),
            ],
        ),
        (
            "nodules in both lungs",
            [("finding", "nodule"), ("anatomy", "lung"), ("side", "both sides")],
        ),
        (
            "possible dark cyst of 12 x 8 mm on ultrasound",
            [
                *(("finding", "cyst"), ("certainty", "possible"), ("brightness", "dark")),
                *(("length", "12 x 8 mm"), ("modality", "ultrasound")),
            ],
        ),
        ("nuclei density high", [("finding", "nucleus"), ("density", "density high")]),
        (
            "several nodules, the largest one",
            [
                *(("quantifier", "several"), ("finding", "nodule")),
                *(
                    ("reference", "one of those before"),
                    ("finding", "nodule"),
                    ("order", "largest"),
                ),
            ],
        ),
    ],
)
def test_a_chip_for_each_thing_that_is_said(text, chips):
    assert shown(text) == chips


@pytest.mark.parametrize(
    ("side", "label"),
    [
        ("image", "left of the picture"),
        ("patient", "left of the patient"),
        ("none", "left by name"),
    ],
)
def test_a_side_says_whose_it_is(side, label):
    assert ("side", label) in shown("the left lung", side)


def test_chips_say_which_of_several_things_they_are_of():
    chips = chips_of("a nodule in the left lung and two cysts on CT", side="image").chips
    of = {one.value: one.finding for one in chips}
    assert (of["nodule"], of["left"], of["cyst"], of["2"], of["ct"]) == (0, 0, 1, 1, None)


def test_what_was_not_understood_is_found_where_it_stands():
    text = "the frobnicated tumor of the left xyzzy"
    found = chips_of(text, side="image").not_understood
    assert [(one.text, text[one.start : one.end]) for one in found] == [
        ("frobnicated", "frobnicated"),
        ("xyzzy", "xyzzy"),
    ]


def test_misspelt_words_are_told():
    assert chips_of("tumr in the lung", side="image").notices == ('"tumr" read as "tumor"',)


def test_paraphrases_say_the_same_and_the_opposite_does_not():
    text = "two small nodules in the left lung"
    read = chips_of(text, side="image")
    assert len(read.paraphrases) == NUM_PARAPHRASES
    assert text not in read.paraphrases
    facts = understand(text, side="image").facts
    assert all(understand(one, side="image").facts == facts for one in read.paraphrases)
    assert read.opposite == "two small nodules in the right lung"


@pytest.mark.parametrize(
    ("text", "opposite"),
    [
        ("nodule at the top", "nodule at the bottom"),
        ("a large nodule", "a small nodule"),
        ("the left ventricle", "no left ventricle"),
        ("no nodule", None),
        ("the frobnicated nodule", None),  # to deny it would lose a word
        ("tumeur du poumon gauche", None),  # only English is rewritten
        ("", None),
    ],
)
def test_the_opposite_differs_in_the_first_thing_that_has_one(text, opposite):
    assert chips_of(text, side="image").opposite == opposite


def test_a_sentence_in_another_language_has_chips_as_well():
    read = chips_of("Tumor in der linken Lunge", side="image")
    assert read.language == "de"
    assert ("side", "left of the picture") in shown("Tumor in der linken Lunge")


def test_an_empty_sentence_says_nothing():
    read = chips_of("", side="image")
    assert (read.chips, read.not_understood, read.paraphrases) == ((), (), ())


def test_the_record_is_json():
    record = chips_of("two tumrs of the left xyzzy", side="patient").as_record()
    assert json.loads(json.dumps(record))["chips"][0] == {
        "kind": "count",
        "value": "2",
        "label": "two",
        "finding": 0,
    }


def test_every_real_sentence_has_chips():
    with SENTENCES.open(encoding="utf-8", newline="") as table:
        texts = sorted({row["text"] for row in csv.DictReader(table)})[::8]
    assert len(texts) > 20
    assert all(chips_of(text, side="image").chips for text in texts)


@given(st.text(max_size=40))
def test_any_text_may_be_typed(text):
    for one in chips_of(text, side="image").not_understood:
        assert text[one.start : one.end] == one.text
