"""What an int8 bundle is held to."""

import pytest
import torch
from fakes import write_folder_dataset

from lingseg.datasets.folder import read_folder
from lingseg.export.agreement import Answer, Pair
from lingseg.export.as_good import Questions, compare_as_good
from lingseg.training.batch import PixelCache
from lingseg.training.presence import PresenceThresholds
from lingseg.training.recipe import Data

DATA = Data(sets=("blocks",), height=32, width=40)
HALF = PresenceThresholds(draw_from=0.5, sure_from=0.5)
ALWAYS = PresenceThresholds(draw_from=None, sure_from=None)


@pytest.fixture
def cases(tmp_path):
    return read_folder(write_folder_dataset(tmp_path / "blocks")).split("train")


class FakePair(Pair):
    """Without model and graphs: the run draws the reference, the bundle what it is told to."""

    def __init__(self, cases, *, presence, is_drawn=True, of_run=0.9):
        self._references = iter(
            [torch.from_numpy(PixelCache(DATA).triple(case).reference).float() for case in cases]
        )
        self._presence, self._is_drawn, self._of_run = presence, is_drawn, of_run

    def ask(self, *_):
        mask = next(self._references)
        return (
            Answer(mask=mask, presence=self._of_run),
            Answer(mask=mask * self._is_drawn, presence=self._presence),
        )

    def ask_graphs(self, *_):
        return Answer(mask=torch.zeros(32, 40), presence=0.1)


def compare(pair, cases, *, absent=(), thresholds=HALF):
    questions = Questions(present={"blocks": cases}, absent=absent)
    return compare_as_good(pair, questions, DATA, mask_from=0.5, thresholds=thresholds)


def test_who_draws_the_same_is_not_off_at_all(cases):
    found = compare(FakePair(cases, presence=0.6), cases)
    assert found.dice_differences == {"blocks": 0.0}
    assert (found.num_other_verdicts, found.num_cases) == (0, len(cases))


def test_who_draws_less_is_off_by_what_that_costs(cases):
    found = compare(FakePair(cases, presence=0.6, is_drawn=False), cases)
    assert found.dice_differences == {"blocks": -1.0}


def test_who_is_less_sure_of_everything_is_held_against_a_lower_presence(cases):
    found = compare(FakePair(cases, presence=0.4), cases)
    assert found.thresholds.draw_from == 0.4
    assert found.dice_differences == {"blocks": 0.0}


def test_what_the_run_leaves_blank_and_the_bundle_draws_is_counted(cases):
    found = compare(FakePair(cases, presence=0.6, of_run=0.4), cases)
    assert found.dice_differences == {"blocks": 1.0}
    assert found.num_other_verdicts == len(cases)


def test_from_when_on_it_is_sure_is_learned_from_what_is_absent(cases):
    absent = [(f"subject {number}", cases[0]) for number in range(40)]
    found = compare(FakePair(cases, presence=0.6), cases, absent=absent)
    assert found.thresholds.sure_from is not None
    assert found.thresholds.sure_from < 0.6
    assert compare(FakePair(cases, presence=0.6), cases).thresholds.sure_from is None


def test_a_model_that_is_not_asked_for_presence_draws_always(cases):
    found = compare(FakePair(cases, presence=None, of_run=None), cases, thresholds=ALWAYS)
    assert found.thresholds == ALWAYS
    assert found.dice_differences == {"blocks": 0.0}


def test_every_question_is_told(cases):
    told = []
    questions = Questions(present={"blocks": cases}, absent=[("subject", cases[0])])
    compare_as_good(
        FakePair(cases, presence=0.6),
        questions,
        DATA,
        mask_from=0.5,
        thresholds=HALF,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(number, len(cases) + 1) for number in range(1, len(cases) + 2)]
