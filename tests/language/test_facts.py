"""Facts flip, contradict and change sides."""

from dataclasses import replace

import pytest

from lingseg.language.facts import ATTRIBUTES, Attribute, Facts, Finding, Place
from lingseg.language.grammar import understand
from lingseg.language.side import to_side
from lingseg.language.turn import mirror_text


def facts_of(text: str, side: str = "image") -> Facts:
    return understand(text, side=side, language="en").facts


@pytest.mark.parametrize("direction", ["horizontal", "vertical"])
@pytest.mark.parametrize(
    "text",
    [
        "two round nodules in the upper left part",
        "the leftmost lesion; one cyst at the bottom right",
        "the left ventricle",
        "consolidation in the left upper lobe",
        "polyp at the top, center",
        "infection, upper middle left lung and lower right lung",
    ],
)
def test_flipping_facts_is_what_flipping_words_is(text: str, direction: str) -> None:
    if "lobe" in text and direction == "horizontal":
        assert facts_of(text).mirrored() == facts_of("consolidation in the right upper lobe")
        return
    assert facts_of(mirror_text(text, direction, "image")) in (
        facts_of(text).flipped(direction),
        _with_places_reversed(facts_of(text).flipped(direction)),
    )


def _with_places_reversed(facts: Facts) -> Facts:
    """Return the facts with the places in the other order: `mirror_text` names left lungs first."""
    findings = tuple(replace(one, places=one.places[::-1]) for one in facts.findings)
    return replace(facts, findings=findings)


def test_a_flip_of_a_flip_is_what_was_there() -> None:
    facts = facts_of("the leftmost of two dark masses in the upper left lung, lower right lung")
    for direction in ("horizontal", "vertical"):
        assert facts.flipped(direction) != facts
        assert facts.flipped(direction).flipped(direction) == facts


def test_names_are_not_flipped_and_side_none_changes_nothing() -> None:
    assert facts_of("the left ventricle").mirrored() == facts_of("the left ventricle")
    assert facts_of("left kidney", "none").mirrored() == facts_of("left kidney", "none")


def test_a_change_of_side_does_to_facts_what_it_does_to_words() -> None:
    text = "nodule in the upper left lung"
    words = to_side(text, "image", "patient")
    assert facts_of(text).to_side("patient") == facts_of(words, "patient")


def test_names_are_told_from_every_side_alike() -> None:
    facts = facts_of("left kidney", "none")
    assert facts.to_side("image") == facts_of("left kidney", "image")
    assert facts_of("left kidney", "patient").to_side("none") == facts


def test_what_is_excepted_is_not_denied() -> None:
    excepted = facts_of("everything except the liver").contradicted("presence")
    assert [one.presence for one in excepted.findings] == ["absent", "excepted"]


@pytest.mark.parametrize(
    ("said", "otherwise"),
    [
        ("anechoic", "hyperechoic"),
        ("hypoechoic", "hyperechoic"),
        ("hypointense", "hyperintense"),
        ("hyperintense", "hypointense"),
        ("faint", "dense"),
        ("darkest", "brightest"),
    ],
)
def test_every_brightness_has_an_opposite(said: str, otherwise: str) -> None:
    facts = facts_of(f"{said} nodule")
    assert facts.contradicted("brightness") == facts_of(f"{otherwise} nodule")


@pytest.mark.parametrize(
    ("attribute", "text", "otherwise"),
    [
        ("side", "nodule in the left lung", "nodule in the right lung"),
        ("zone", "nodule in the upper lung", "nodule in the lower lung"),
        ("zone", "nodule in the upper lower lung", "nodule in the middle lung"),
        ("count", "two nodules", "one nodule"),
        ("count", "one nodule", "two nodules"),
        ("size", "the larger nodule", "the smaller nodule"),
        ("size", "medium-sized nodule", "large nodule"),
        ("brightness", "dark nodule", "bright nodule"),
        ("shape", "round nodule", "irregular nodule"),
        ("presence", "no nodule", "nodule"),
    ],
)
def test_a_contradiction_changes_its_attribute_only(
    attribute: Attribute, text: str, otherwise: str
) -> None:
    assert facts_of(text).contradicted(attribute) == facts_of(otherwise)


def test_what_is_not_stated_cannot_be_contradicted() -> None:
    facts = facts_of("polyp")
    for attribute in set(ATTRIBUTES) - {"presence"}:
        assert not facts.states(attribute)
        with pytest.raises(ValueError, match=f"say nothing of {attribute}"):
            facts.contradicted(attribute)


def test_a_place_is_written_zones_first() -> None:
    finding = Finding(places=(Place(side="left", zones=("upper", "middle")),))
    assert str(finding.places[0]) == "upper middle left"
