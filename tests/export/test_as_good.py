"""What an int8 bundle is held to."""

import pytest
import torch
from fakes import write_folder_dataset

from lingseg.datasets.folder import read_folder
from lingseg.export.agreement import Answer, Pair
from lingseg.export.as_good import compare_as_good
from lingseg.training.batch import PixelCache
from lingseg.training.recipe import Data

DATA = Data(sets=("blocks",), height=32, width=40)


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


def compare(pair, cases, *, draw_from=0.5, **more):
    return compare_as_good(
        pair, {"blocks": cases}, DATA, mask_from=0.5, draw_from=draw_from, **more
    )


def test_who_draws_the_same_is_not_off_at_all(cases):
    found = compare(FakePair(cases, presence=0.6), cases)
    assert found.dice_differences == {"blocks": 0.0}
    assert (found.num_other_verdicts, found.num_cases) == (0, len(cases))


def test_who_draws_less_is_off_by_what_that_costs(cases):
    found = compare(FakePair(cases, presence=0.6, is_drawn=False), cases)
    assert found.dice_differences == {"blocks": -1.0}
    assert found.num_other_verdicts == 0


def test_what_the_run_leaves_blank_and_the_bundle_draws_is_counted(cases):
    found = compare(FakePair(cases, presence=0.6, of_run=0.4), cases)
    assert found.dice_differences == {"blocks": 1.0}
    assert found.num_other_verdicts == len(cases)


def test_what_the_bundle_leaves_blank_and_the_run_draws_is_counted(cases):
    found = compare(FakePair(cases, presence=0.4), cases)
    assert found.dice_differences == {"blocks": -1.0}
    assert found.num_other_verdicts == len(cases)


@pytest.mark.parametrize(("presence", "draw_from"), [(None, 0.5), (0.1, None)])
def test_who_is_not_asked_for_presence_draws_always(cases, presence, draw_from):
    pair = FakePair(cases, presence=presence, of_run=presence)
    assert compare(pair, cases, draw_from=draw_from).dice_differences == {"blocks": 0.0}


def test_every_case_is_told(cases):
    told = []
    compare(
        FakePair(cases, presence=0.6),
        cases,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(number, len(cases)) for number in range(1, len(cases) + 1)]
