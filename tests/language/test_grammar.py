"""Sentences become facts, and what is not understood comes back."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from lingseg.language.grammar import understand
from lingseg.language.lexicon import LANGUAGES, lexicon
from lingseg.language.position import CENTRE_WORDS, HEIGHT_OPPOSITES, SIDE_OPPOSITES

LABELLED = Path(__file__).parent / "labelled_sentences.csv"


def read(text: str) -> list[dict[str, object]]:
    """Return what is said of each finding, with places as words."""
    understood = understand(text, side="image", language="en")
    assert understood.is_whole, understood.unknown
    return [
        {name: value for name, value in vars(one).items() if value not in (None, (), False)}
        | {"places": "; ".join(map(str, one.places))}
        for one in understood.facts.findings
    ]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("RLL opacity", [("opacity", "present", "lower right")]),
        ("no pleural effusion", [("pleural effusion", "absent", "")]),
        (
            "no effusion or pneumothorax, small nodule",
            [("effusion", "absent", ""), ("pneumothorax", "absent", ""), ("nodule", "present", "")],
        ),
        ("both lungs", [(None, "present", "both")]),
        (
            "everything except the left one",
            [("anything", "present", ""), ("anything", "excepted", "left")],
        ),
        ("on the left one nodule", [("nodule", "present", "left")]),
        ("left lung base nodule", [("nodule", "present", "basal left")]),
    ],
)
def test_what_a_person_types_is_understood(text: str, findings: list[tuple[str, ...]]) -> None:
    said = [(one.get("finding"), one["presence"], one["places"]) for one in read(text)]
    assert said == findings


def test_the_larger_one_is_one_of_those_before() -> None:
    both, larger = read("two lesions, the larger one in the left lobe")
    assert both == {"finding": "lesion", "count": 2, "presence": "present", "places": ""}
    assert larger["refers_back"]
    assert (larger["finding"], larger["order"], larger["places"]) == ("lesion", "largest", "left")


@pytest.mark.parametrize(
    ("text", "millimetres"),
    [
        ("1.5 cm nodule, LUL", (15.0,)),
        ("3 x 2 cm mass", (30.0, 20.0)),
        ("mass of 7mm", (7.0,)),
    ],
)
def test_lengths_are_in_millimetres(text: str, millimetres: tuple[float, ...]) -> None:
    assert read(text)[0]["millimetres"] == millimetres


def test_uncertainty_is_kept() -> None:
    (one,) = read("possible small effusion at the right base")
    assert (one["certainty"], one["sizes"], one["places"]) == (
        "possible",
        ("small",),
        "basal right",
    )


def test_what_is_not_understood_comes_back_with_its_position() -> None:
    understood = understand("the xyzzy left nodule, 3.5 cm cm high", side="image", language="en")
    words = [(one.word, one.start) for one in understood.unknown]
    assert words == [("xyzzy", 4), ("cm", 30), ("high", 33)]
    assert understood.facts.findings[0].millimetres == (35.0,)


def test_a_second_shape_is_not_swallowed() -> None:
    understood = understand("a round square nodule", side="image", language="en")
    assert [one.word for one in understood.unknown] == ["square"]


def test_a_misspelt_word_is_read_with_a_notice() -> None:
    understood = understand("the lfet lung", side="image")
    assert [str(notice) for notice in understood.notices] == ['"lfet" read as "left"']
    assert understood.facts.findings[0].places[0].side == "left"


def test_a_sentence_without_facts_has_none() -> None:
    understood = understand("", side="image")
    assert understood.facts.findings == ()
    assert understood.is_whole


@pytest.mark.parametrize("text", ["the left ventricle", "left coronary artery"])
def test_a_side_in_a_name_is_no_side(text: str) -> None:
    (one,) = read(text)
    assert str(one["anatomy"]).startswith("left")
    assert one["places"] == ""


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a small tumor at the top left", "en"),
        ("ein kleiner Tumor links oben", "de"),
        ("une petite tumeur en haut à gauche", "fr"),
        ("un tumor pequeño arriba a la izquierda", "es"),
        ("左上方一个小肿瘤", "zh"),
    ],
)
def test_each_language_says_the_same(text: str, language: str) -> None:
    understood = understand(text, side="image")
    (finding,) = understood.facts.findings
    assert understood.is_whole
    assert understood.language == language
    assert (finding.finding, finding.sizes, str(finding.places[0])) == (
        "tumor",
        ("small",),
        "upper left",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_means_what_english_means(language: str) -> None:
    english = set(lexicon("en").says)
    assert set(lexicon(language).says) <= english


@pytest.mark.parametrize(
    ("text", "language", "english"),
    [
        ("kleiner Knoten im rechten Oberlappen", "de", "small nodule in the right upper lobe"),
        ("kein Erguss, Infiltrat oder Pneumothorax", "de", "no effusion, infiltrate or ptx"),
        ("Knoten mit 12 mm Durchmesser", "de", "nodule 12 mm in diameter"),
        ("alles außer der Leber", "de", "everything except the liver"),
        ("zwei Läsionen, die größere links", "de", "two lesions, the larger one on the left"),
        ("tumeur du sein gauche", "fr", "tumor of the left breast"),
        ("pas de masse ni de nodule", "fr", "no mass or nodule"),
        ("les deux reins", "fr", "both kidneys"),
        ("le plus gros polype", "fr", "the largest polyp"),
        ("tumor de mama izquierda", "es", "left breast tumor"),
        ("no hay nódulo en el pulmón derecho", "es", "no nodule in the right lung"),
        ("el ventrículo izquierdo", "es", "the left ventricle"),
        ("左肺上叶磨玻璃影\uff0c直径12毫米", "zh", "left upper lobe of lung GGO, diameter 12 mm"),
        ("除肝脏外", "zh", "except the liver"),
        ("两个结节\uff0c较大的在右肺", "zh", "two nodules, the larger one in the right lung"),
    ],
)
def test_other_languages_state_the_same_facts(text: str, language: str, english: str) -> None:
    understood = understand(text, side="image")
    assert (understood.language, understood.is_whole) == (language, True)
    assert not understood.notices
    assert understood.facts == understand(english, side="image", language="en").facts


@pytest.mark.parametrize("word", ["back", "mask", "drain", "slight", "pole", "wound", "injection"])
def test_a_word_that_is_spelt_right_is_not_taken_for_another(word: str) -> None:
    understood = understand(f"{word} nodule", side="image", language="en")
    assert [one.word for one in understood.unknown] == [word]
    assert not understood.notices


@pytest.mark.parametrize(
    ("text", "places"), [("R kidney", "right"), ("L kidney", "left"), ("r kidney", None)]
)
def test_letters_are_sides_in_capitals_only(text: str, places: str | None) -> None:
    understood = understand(text, side="patient", language="en")
    (one,) = understood.facts.findings
    assert ([str(place) for place in one.places] or [None]) == [places]
    assert understood.is_whole == (places is not None)


def test_every_word_that_a_flip_rewrites_is_a_word_of_the_grammar() -> None:
    words = {*SIDE_OPPOSITES, *HEIGHT_OPPOSITES, *CENTRE_WORDS}
    assert {word.lower() for word in words} <= lexicon("en").single_words


def test_at_least_98_percent_of_the_labelled_fields_are_right() -> None:
    with LABELLED.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 200
    pairs = [
        (row[field], said)
        for row in rows
        for field, said in fields_of(row["text"]).items()
        if row[field] or said
    ]
    wrong = [pair for pair in pairs if pair[0] != pair[1]]
    assert len(wrong) <= 0.02 * len(pairs), wrong


def fields_of(text: str) -> dict[str, str]:
    """Return the fields of the labelled table, as the grammar fills them."""
    facts = understand(text, side="image", language="en").facts
    (one,) = facts.findings
    names = ("finding", "nature", "anatomy", "part", "presence", "count", "measure", "shape")
    names += ("colour", "density", "distribution", "laterality")
    fields = {name: str(getattr(one, name) or "") for name in names}
    picture = {name: getattr(facts, name) or "" for name in ("modality", "plane", "sequence")}
    return (
        fields
        | picture
        | {
            "size": "; ".join(one.sizes),
            "millimetres": " x ".join(f"{length:g}" for length in one.millimetres),
            "places": "; ".join(map(str, one.places)),
        }
    )


def test_the_parser_is_loaded_with_the_first_text_only() -> None:
    code = "import sys, lingseg.language.grammar; sys.exit('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
