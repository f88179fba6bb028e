from contextlib import closing

import numpy as np
import pytest
from fakes import write_folder_dataset
from told_answers import ASKED, values

from lingseg.datasets.folder import read_folder
from lingseg.evaluation.audit.answers_file import AnswersFile
from lingseg.evaluation.audit.asking import Panel, ask_all


@pytest.fixture
def blocks(tmp_path):
    return read_folder(
        write_folder_dataset(tmp_path / "blocks", num_cases={"train": 6, "test": 10})
    )


@pytest.fixture
def cases(blocks):
    return blocks.split("test")


@pytest.fixture
def judge():
    """A function that asks a predictor what one check wants, and returns its row."""

    def row_of(predictor, check, cases, beside=None):
        panel = Panel(predictor=predictor, threshold=predictor.threshold, beside=beside or {})
        with closing(AnswersFile(None, ASKED)) as answers:
            ask_all(panel, [check], cases, answers)
            return check.judge(answers, np.random.default_rng(0))

    return row_of


@pytest.fixture
def figure():
    """A function that returns the value of one figure of a row."""

    return lambda row, key: values(row)[key]
