"""No word is swallowed: each is part of a fact, says nothing, or comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingseg.language.facts import Finding
from lingseg.language.grammar import Understanding, understand
from lingseg.language.lexicon import LANGUAGES, Language, Lexeme, lexicon

JUNK = ("xyzzy", "qwrtzp", "Blorpf", "7777", "3.25", "t9", "\u03b1\u03b2\u03b3\u03b4", "%")
SAYS_NOTHING = frozenset(["filler", "label", "break", "and", "or", "among", "pronoun"])
"""Kinds of words without which the same is said; "one" stands for what was named."""


def forms(language: Language) -> list[str]:
    """Return every phrase of a language, an example of each junk among them."""
    phrases = lexicon(language).phrases
    return [*sorted("".join(key) if language == "zh" else " ".join(key) for key in phrases), *JUNK]


def sentences(language: Language) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(forms(language)), min_size=1, max_size=7).map(" ".join)


def is_returned(lexeme: Lexeme, understood: Understanding) -> bool:
    return any(one.start <= lexeme.start < one.start + len(one.word) for one in understood.unknown)


def is_said_twice(lexeme: Lexeme, lexemes: list[Lexeme]) -> bool:
    """Return whether another word says the same; denials do, however they are put."""
    if lexeme.kind == "negation":
        return [one.kind for one in lexemes].count("negation") > 1
    if lexeme.kind in ("finding", "area"):  # "infection" and "infected area"
        named = [one.value for one in lexemes if one.kind in ("finding", "area")]
        return named.count(lexeme.value) > 1
    return [(one.kind, one.value) for one in lexemes].count((lexeme.kind, lexeme.value)) > 1


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_without_a_word_less_is_said_or_less_comes_back(
    language: Language, data: st.DataObject
) -> None:
    text = data.draw(sentences(language))
    understood = understand(text, side="image", language=language)
    lexemes, _ = lexicon(language).split(text)
    for lexeme in lexemes:
        says_nothing = lexeme.kind in SAYS_NOTHING or (lexeme.kind, lexeme.value) in (
            ("area", "area"),  # "two areas" after "infection"
            ("count", "1"),  # "the left one"
        )
        says_nothing = says_nothing or (language, lexeme.value) == ("de", "large")  # "3 cm groß"
        says_nothing = says_nothing or text[lexeme.start : lexeme.end] in "?\uff1f"  # a question
        if says_nothing or is_returned(lexeme, understood) or is_said_twice(lexeme, lexemes):
            continue
        blank = " " * (lexeme.end - lexeme.start)
        rest = text[: lexeme.start] + blank + text[lexeme.end :]
        less = understand(rest, side="image", language=language)
        assert (less.facts, less.unknown) != (understood.facts, understood.unknown), (
            f"{rest!r} says what {text!r} says"
        )


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_what_comes_back_is_what_was_written_there_and_junk_always_does(
    language: Language, data: st.DataObject
) -> None:
    text = data.draw(sentences(language))
    understood = understand(text, side="image", language=language)
    for one in understood.unknown:
        assert text[one.start : one.start + len(one.word)] == one.word
    returned = " ".join(one.word for one in understood.unknown)
    for word in text.split():
        if word in ("xyzzy", "qwrtzp", "Blorpf", "%"):
            assert word in returned


def said(text: str, language: Language = "en") -> list[dict[str, object]]:
    """Return what is said of each finding, with places as words."""
    understood = understand(text, side="image", language=language)
    silent = vars(Finding())
    return [
        {name: value for name, value in vars(one).items() if value != silent[name]}
        | ({"places": "; ".join(map(str, one.places))} if one.places else {})
        for one in understood.facts.findings
    ]


def unknown(text: str) -> list[str]:
    return [one.word for one in understand(text, side="image", language="en").unknown]


ABSENT = {"presence": "absent"}


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("no mass, cyst, nodule or polyp", ["mass", "cyst", "nodule", "polyp"]),
        ("no mass, cyst, or polyp", ["mass", "cyst", "polyp"]),
        ("there is no focal mass, cyst nor polyp", ["mass", "cyst", "polyp"]),
        ("without a mass or cyst", ["mass", "cyst"]),
        ("no mass, no cyst", ["mass", "cyst"]),
        ("mass: not seen", ["mass"]),
    ],
)
def test_a_denial_holds_for_the_whole_list(text: str, findings: list[str]) -> None:
    assert [(one["finding"], one["presence"]) for one in said(text)] == [
        (finding, "absent") for finding in findings
    ]


def test_a_denial_ends_with_its_list() -> None:
    presences = [one.get("presence") for one in said("nodule, no mass or cyst, polyp. Tumor")]
    assert presences == [None, "absent", "absent", None, None]
    assert [one.get("presence") for one in said("no mass, cyst")] == ["absent", None]


def test_a_second_denial_begins_its_own_list() -> None:
    presences = [one.get("presence") for one in said("no cyst, nodule, no mass or polyp")]
    assert presences == ["absent", None, "absent", "absent"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("nodule in all of the left lung", ["all left"]),
        ("nodule in all left lung and lower right lung", ["all left; lower right"]),
        ("nodule in the upper lung on the left", ["upper left"]),
        ("nodule in the left lung, base", ["left; basal"]),
        ("infection left right lung", ["left; right"]),
        ("infection upper left lower right lung", ["upper left; lower right"]),
        ("nodule on the left. And right", ["left", "right"]),
        ("all nodules", [None]),
    ],
)
def test_places_belong_together_as_they_stand(text: str, places: list[str | None]) -> None:
    assert [one.get("places") for one in said(text)] == places
    assert not unknown(text)


def test_an_organ_is_a_shape_between_a_colour_and_a_finding() -> None:
    (shaped,) = said("one small red heart polyp")
    assert (shaped["shape"], shaped.get("anatomy")) == ("heart", None)
    (garbled,) = said("one large yellow a large bone polyp, located in right of the image")
    assert (garbled["shape"], garbled.get("anatomy")) == ("bone", None)
    assert said("red spot, bone lesion")[-1].get("anatomy") == "bone"
    (lesion,) = said("bone lesion")
    assert (lesion.get("shape"), lesion["anatomy"]) == (None, "bone")


def test_right_in_an_idiom_is_no_side() -> None:
    assert unknown("nodule right next to the heart") == ["right next to", "heart"]
    assert said("nodule right next to the heart") == [{"finding": "nodule"}]


def test_what_a_thing_is_without_is_not_the_thing() -> None:
    assert said("mass without calcification or cyst") == [
        {"finding": "mass"},
        {"finding": "calcification"} | ABSENT,
        {"finding": "cyst"} | ABSENT,
    ]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (
            "the right kidney but not the left",
            [
                {"anatomy": "kidney", "places": "right"},
                {"anatomy": "kidney", "places": "left"} | ABSENT,
            ],
        ),
        (
            "tumor in the left breast, not in the right",
            [
                {"finding": "tumor", "anatomy": "breast", "places": "left"},
                {"finding": "tumor", "anatomy": "breast", "places": "right"} | ABSENT,
            ],
        ),
        (
            "tumor in the left breast, not in the right lung",
            [
                {"finding": "tumor", "anatomy": "breast", "places": "left"},
                {"finding": "tumor", "anatomy": "lung", "places": "right"} | ABSENT,
            ],
        ),
        ("not left but right", [{"places": "left"} | ABSENT, {"places": "right"}]),
    ],
)
def test_not_here_but_there(text: str, findings: list[dict[str, object]]) -> None:
    assert said(text) == findings


@pytest.mark.parametrize(
    ("text", "returned"),
    [
        ("nodule, not calcified", ["not", "calcified"]),
        ("without xyzzy", ["without", "xyzzy"]),
        ("the other kidney", ["the other"]),
        ("consolidation, infected area", ["infected area"]),
        ("hepatic lesion segment 7", ["7"]),
        ("mass at 10 o'clock in the left breast", ["10", "o'clock"]),
        ("two round square nodules", ["square"]),
        ("diameter of the nodule", ["diameter"]),
    ],
)
def test_what_cannot_be_told_as_a_fact_comes_back(text: str, returned: list[str]) -> None:
    assert unknown(text) == returned
    assert not any(one.get("presence") or one.get("count") == 10 for one in said(text))


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (
            "three tumors: one at the top, two at the bottom",
            [
                {"finding": "tumor", "count": 3},
                {"finding": "tumor", "count": 1, "places": "upper", "refers_back": True},
                {"finding": "tumor", "count": 2, "places": "lower", "refers_back": True},
            ],
        ),
        (
            "one tumor at the top and one at the bottom",
            [
                {"finding": "tumor", "count": 1, "places": "upper"},
                {"finding": "tumor", "count": 1, "places": "lower"},
            ],
        ),
        (
            "two cysts, one left and the other right",
            [
                {"finding": "cyst", "count": 2},
                {"finding": "cyst", "count": 1, "places": "left", "refers_back": True},
                {"finding": "cyst", "places": "right", "refers_back": True},
            ],
        ),
        (
            "the darker of the two moles",
            [
                {"finding": "nevus", "count": 2},
                {"finding": "nevus", "order": "darkest", "refers_back": True},
            ],
        ),
        (
            "the upper one of the two nodules in the left lung",
            [
                {"finding": "nodule", "count": 2, "anatomy": "lung", "places": "left"},
                {"finding": "nodule", "places": "upper", "refers_back": True},
            ],
        ),
        (
            "two lesions, the larger in the left lobe",
            [
                {"finding": "lesion", "count": 2},
                {
                    "finding": "lesion",
                    "order": "largest",
                    "part": "lobe",
                    "places": "left",
                    "refers_back": True,
                },
            ],
        ),
        ("the three largest cysts", [{"finding": "cyst", "count": 3, "order": "largest"}]),
    ],
)
def test_one_of_several_refers_back_to_them(text: str, findings: list[dict[str, object]]) -> None:
    assert said(text) == findings
    assert not unknown(text)


@pytest.mark.parametrize("text", ["cysts in the liver and kidney", "cysts, liver kidney"])
def test_a_second_organ_holds_another_finding_of_the_kind(text: str) -> None:
    assert said(text) == [
        {"finding": "cyst", "anatomy": "liver"},
        {"finding": "cyst", "anatomy": "kidney"},
    ]


def test_a_denial_holds_for_the_second_organ_too() -> None:
    assert said("no cyst in the liver and kidney") == [
        {"finding": "cyst", "anatomy": "liver"} | ABSENT,
        {"finding": "cyst", "anatomy": "kidney"} | ABSENT,
    ]


@pytest.mark.parametrize(
    ("text", "measure", "millimetres"),
    [
        ("mole, 6 mm in diameter", "diameter", (6.0,)),
        ("mole of diameter 6 mm", "diameter", (6.0,)),
        ("lesion 3 cm long", "length", (30.0,)),
        ("a long 3 cm lesion", None, (30.0,)),
    ],
)
def test_what_was_measured_may_stand_before_or_after(
    text: str, measure: str | None, millimetres: tuple[float, ...]
) -> None:
    (one,) = said(text)
    assert (one.get("measure"), one["millimetres"]) == (measure, millimetres)
