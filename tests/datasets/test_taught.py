import numpy as np
import pytest

from lingseg.datasets.catalogue import CATALOGUE
from lingseg.datasets.phantom import draw_phantom
from lingseg.datasets.taught import TAUGHT, untaught
from lingseg.language.grammar import understand
from lingseg.language.side import Side

SHIPPED = ("busi", "isic2017", "kvasir_polyp", "hc18", "hippocampus", "phantom")


def asks_untaught(text: str, *sets: str) -> tuple[str, ...]:
    """Ask a model that learnt from some sets."""
    return untaught(sets, understand(text, side="image").facts)


def things_in(text: str, side: Side) -> set[str]:
    """Return what a sentence speaks of."""
    findings = understand(text, side=side).facts.findings
    named = {one.finding or one.anatomy for one in findings}
    return {one for one in named if one}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the left kidney", ("kidney",)),
        ("liver and a tumor", ("liver",)),
        ("one malignant tumor at the top", ()),
        ("the larger one", ()),
        ("one area on the left", ()),
        ("no effusion", ()),
        ("asdf qwer", ()),
    ],
)
def test_what_no_sentence_of_the_sets_spoke_of_is_told(text, expected):
    assert asks_untaught(text, *SHIPPED) == expected


def test_of_a_set_that_is_not_known_nothing_is_claimed():
    assert asks_untaught("the left kidney", "busi", "mine") == ()
    assert asks_untaught("the left kidney") == ()
    assert asks_untaught("the left kidney", "busi", "chaos_mr") == ()


def test_every_set_that_lingseg_knows_has_its_things():
    assert set(TAUGHT) == {*CATALOGUE, "phantom"}


def test_a_phantom_speaks_of_nothing_else():
    rng = np.random.default_rng(5)
    said = [one.text for _ in range(12) for one in draw_phantom(rng, (64, 64)).descriptions]
    assert set().union(*(things_in(text, "image") for text in said)) <= TAUGHT["phantom"] | {"area"}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_the_training_sentences_of_a_set_speak_of_just_these(name, shared_data):
    cases = CATALOGUE[name](shared_data / name).split("train")
    said = {(case.text, case.side) for case in cases}
    assert set().union(*(things_in(*one) for one in said)) == TAUGHT[name]
