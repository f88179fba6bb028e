"""Facts become sentences that say them, and nothing else."""

import random

import pytest
from language.drawn_facts import draw_facts

from lingseg.language.facts import Facts, Finding, Place
from lingseg.language.grammar import understand
from lingseg.language.phrasing import MANNERS, phrase


def assert_round_trip(number: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    for nth in range(number):
        facts = draw_facts(rng)
        text = phrase(facts, seed=nth)
        understood = understand(text, side=facts.side, language="en")
        assert understood.facts == facts, text
        assert not understood.unknown, text
        assert not understood.notices, text


def test_500_facts_come_back_from_their_words() -> None:
    assert_round_trip(500, seed=1)


@pytest.mark.slow
def test_10000_facts_come_back_from_their_words() -> None:
    assert_round_trip(10_000, seed=2)


def test_there_are_five_ways_to_say_it() -> None:
    place = Place(side="left", zones=("upper",))
    finding = Finding(finding="tumor", sizes=("small",), count=2, places=(place,))
    facts = Facts(findings=(finding,), side="image")
    assert len({phrase(facts, seed=seed) for seed in range(MANNERS)}) == MANNERS >= 5
    assert phrase(facts, seed=7) == phrase(facts, seed=7)


@pytest.mark.parametrize("seed", range(MANNERS))
@pytest.mark.parametrize(
    "text",
    [
        "the left ventricle",
        "left kidney in the axial T2-weighted abdominal MRI",
        "two lesions; the larger one in the left lobe",
        "no pleural effusion",
        "both lungs",
        "the myocardium of the left ventricle in the cardiac MRI",
        "nuclei, evenly distributed",
    ],
)
def test_what_was_read_can_be_said(text: str, seed: int) -> None:
    facts = understand(text, side="image", language="en").facts
    said = phrase(facts, seed=seed)
    assert understand(said, side="image", language="en").facts == facts, said


@pytest.mark.parametrize("seed", range(MANNERS))
@pytest.mark.parametrize(
    ("finding", "count", "noun"),
    [("nodule", 1, "nodule"), ("nodule", 3, "nodules"), ("nucleus", 12, "nuclei")],
)
def test_several_things_are_in_the_plural(finding: str, count: int, noun: str, seed: int) -> None:
    facts = Facts(findings=(Finding(finding=finding, count=count),), side="image")
    assert phrase(facts, seed=seed).split()[-1] == noun
