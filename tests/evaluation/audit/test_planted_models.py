"""The audit convicts each planted model by the row made for its fault, and acquits the oracle."""

import pytest
from planted_models import Contrary, Obliging, Oracle, blind, deaf, row_of
from told_answers import values

from lingseg.datasets.folder import read_folder
from lingseg.datasets.phantom import draw_phantoms
from lingseg.evaluation.audit.absence_row import AbsenceRow
from lingseg.evaluation.audit.contradictions_row import ContradictionsRow
from lingseg.evaluation.audit.mirror_row import MirrorRow
from lingseg.evaluation.audit.paraphrases_row import ParaphrasesRow

WORDS = ("side", "zone", "count", "size", "brightness", "shape")
OTHERS = ("absence", "negation", "other words")
pytestmark = pytest.mark.slow  # some seconds: hundreds of sentences are read and said again


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory):
    root = tmp_path_factory.mktemp("phantoms") / "set"
    draw_phantoms(root, num_cases=120, seed=16, size=(64, 80))  # each word in 5 pictures or more
    return read_folder(root)


@pytest.fixture(scope="module")
def cases(phantoms):
    return tuple(case for split in phantoms.splits.values() for case in split)


@pytest.fixture(scope="module")
def checks(phantoms, cases):
    return {
        "contradictions": ContradictionsRow(cases=cases),
        "mirror": MirrorRow(cases=cases, info=phantoms.info),
        "paraphrases": ParaphrasesRow(cases=cases),
        "absence": AbsenceRow(cases=cases, info=phantoms.info),
    }


@pytest.fixture(scope="module")
def oracle_rows(checks, cases):
    oracle = Oracle(cases)
    return {name: row_of(oracle, check, cases) for name, check in checks.items()}


def test_the_oracle_is_acquitted_by_every_row(oracle_rows):
    assert {name: row.verdict for name, row in oracle_rows.items()} == {
        "contradictions": "yes",
        "mirror": "yes",
        "paraphrases": "yes",
        "absence": "yes",
    }


def test_the_oracle_reads_everything(oracle_rows):
    traits = {trait for row in oracle_rows.values() for trait in row.traits}
    assert traits == {(name, "yes") for name in (*WORDS, *OTHERS)}


def test_who_ignores_the_text_is_convicted_by_contradictions(checks, cases):
    row = row_of(deaf, checks["contradictions"], cases)
    assert row.verdict == "no"
    assert set(row.traits) == {(name, "no") for name in WORDS}
    assert values(row)["follows_side"] == 0
    assert "It does not read the side." in row.sentence


def test_who_ignores_the_text_is_convicted_by_side_words_left_as_they_were(checks, cases):
    row = row_of(deaf, checks["mirror"], cases)
    assert values(row)["mirror_dice"] == 1
    assert values(row)["mirror_dice_not_swapped"] == 1
    assert row.verdict == "no"
    assert ("side", "no") in row.traits


def test_who_ignores_the_text_is_convicted_by_absence(checks, cases):
    row = row_of(deaf, checks["absence"], cases)
    assert dict(row.traits) == {"absence": "no", "negation": "no"}


def test_who_ignores_the_image_is_convicted_by_the_mirror(checks, cases):
    row = row_of(blind, checks["mirror"], cases)
    assert row.verdict == "no"
    assert values(row)["mirror_dice_no_side"] < 0.8


def test_who_ignores_the_image_is_convicted_by_absence(checks, cases):
    row = row_of(blind, checks["absence"], cases)
    assert row.verdict == "no"
    assert values(row)["auroc_absence"] == 0.5


def test_who_takes_left_for_right_is_convicted_by_contradictions_of_side(checks, cases):
    row = row_of(Contrary(cases), checks["contradictions"], cases)
    traits = dict(row.traits)
    assert traits["side"] == "no"
    assert traits["size"] == "yes"
    assert values(row)["reversed_side"] > 0.5
    assert values(row)["follows_side"] == 0


def test_who_takes_left_for_right_passes_the_mirror(checks, cases):
    assert row_of(Contrary(cases), checks["mirror"], cases).verdict == "yes"


def test_who_always_answers_is_convicted_by_absence_alone(checks, cases):
    model = Obliging(cases)
    row = row_of(model, checks["absence"], cases)
    assert dict(row.traits) == {"absence": "no", "negation": "no"}
    assert values(row)["null_accuracy_absence"] == 0
    assert row_of(model, checks["contradictions"], cases).verdict == "yes"
