"""What is counted as agreement between a bundle and its run."""

import pytest
import torch
from fakes import write_folder_dataset

from lingseg.datasets.folder import read_folder
from lingseg.export.agreement import Answer, Pair, Thresholds, dice_difference
from lingseg.training.batch import PixelCache
from lingseg.training.recipe import Data

DATA = Data(sets=("blocks",), height=32, width=40)
THRESHOLDS = Thresholds(mask=0.5, presence=0.5)


@pytest.fixture
def cases(tmp_path):
    return read_folder(write_folder_dataset(tmp_path / "blocks")).split("train")


class FakePair(Pair):
    """Without model and graphs: the run draws the reference, the bundle what it is told to."""

    def __init__(self, cases, *, presence, is_drawn=True):
        self._references = iter(
            [torch.from_numpy(PixelCache(DATA).triple(case).reference).float() for case in cases]
        )
        self._presence, self._is_drawn = presence, is_drawn

    def ask(self, *_):
        mask = next(self._references)
        return (
            Answer(mask=mask, presence=torch.tensor(0.9)),
            Answer(mask=mask * self._is_drawn, presence=torch.tensor(self._presence)),
        )


def test_who_draws_the_same_is_not_off_at_all(cases):
    found = dice_difference(FakePair(cases, presence=0.6), cases, DATA, THRESHOLDS)
    assert found == (0.0, 0)


def test_who_draws_less_is_off_by_what_that_costs(cases):
    pair = FakePair(cases, presence=0.6, is_drawn=False)
    assert dice_difference(pair, cases, DATA, THRESHOLDS) == (-1.0, 0)


def test_who_denies_what_is_there_disagrees_in_every_case(cases):
    found = dice_difference(FakePair(cases, presence=0.4), cases, DATA, THRESHOLDS)
    assert found == (-1.0, len(cases))


def test_without_a_threshold_of_presence_nothing_is_denied(cases):
    thresholds = Thresholds(mask=0.5, presence=None)
    found = dice_difference(FakePair(cases, presence=0.4), cases, DATA, thresholds)
    assert found == (0.0, 0)
