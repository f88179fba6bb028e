import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
from fakes import write_png

from lingseg.evaluation.audit.answer import AnswersInMemory
from lingseg.evaluation.audit.leaks_row import LeaksRow


@pytest.fixture
def cases(cases):
    """The cases with sentences in which every word is known."""
    sides = {side: f"a nodule in the {side} lung" for side in ("left", "right")}
    return tuple(
        replace(case, text=next(text for side, text in sides.items() if side in case.text))
        for case in cases
    )


def row_of(blocks, cases, **changes):
    dataset = replace(blocks, **changes)
    check = LeaksRow(dataset=dataset, split="test", cases=tuple(cases))
    assert not list(check.questions(cases[0]))
    return check.judge(AnswersInMemory({}), np.random.default_rng(0))


def test_a_clean_set_passes(blocks, cases, figure):
    row = row_of(blocks, cases)
    assert row.verdict == "yes"
    assert figure(row, "subject_elsewhere") == figure(row, "picture_elsewhere") == 0
    assert figure(row, "sentence_in_training") == 0
    assert figure(row, "disagreement") == 0


def test_a_sentence_that_training_has_is_found(blocks, cases, figure):
    known = blocks.split("train")[0].text
    row = row_of(blocks, [replace(cases[0], text=known), *cases[1:]])
    assert figure(row, "sentence_in_training") == 1 / len(cases)


def test_a_subject_in_two_splits_is_found(blocks, cases, figure):
    known = blocks.split("train")[0].subject
    row = row_of(blocks, [replace(case, subject=known) for case in cases[:5]] + list(cases[5:]))
    assert figure(row, "subject_elsewhere") == 0.5
    assert row.verdict in ("no", "unclear")


def test_a_picture_of_training_is_found_again(blocks, cases, figure):
    for case, other in zip(cases[:5], blocks.split("train"), strict=False):
        shutil.copy(other.image, case.image)
    row = row_of(blocks, cases)
    assert figure(row, "picture_elsewhere") == 0.5
    assert row.verdict != "yes"


def test_a_sentence_against_its_mask_is_found(blocks, cases, figure):
    other = {"left": "right", "right": "left"}
    wrong = [
        replace(case, text=" ".join(other.get(word, word) for word in case.text.split()))
        for case in cases
    ]
    row = row_of(blocks, wrong)
    assert figure(row, "disagreement") == 1
    assert row.verdict == "no"


def test_a_single_split_shares_nothing_and_says_so(blocks, cases):
    row = row_of(blocks, cases, splits={"test": tuple(cases)})
    assert "There is no other split" in row.why_not
    assert {found.key for found in row.figures} == {"disagreement", "disagreement_side"}


def test_without_the_library_of_hashes_the_rest_is_measured(blocks, cases, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagehash", None)
    row = row_of(blocks, cases)
    assert "imagehash" in row.why_not
    assert "subject_elsewhere" in {found.key for found in row.figures}


def test_a_picture_that_cannot_be_read_is_left_out(blocks, cases):
    cases[0].image.write_bytes(b"no picture")
    row = row_of(blocks, cases)
    found = next(found for found in row.figures if found.key == "picture_elsewhere")
    assert found.num_cases == len(cases) - 1


@pytest.mark.parametrize("masks", ["none", "empty"])
def test_a_set_without_masks_or_with_empty_ones_is_judged_by_the_rest(blocks, cases, masks):
    if masks == "empty":
        for case in cases:
            write_png(case.mask, np.zeros((24, 32), dtype=np.uint8))
        asked = cases
    else:
        asked = [replace(case, mask=None) for case in cases]
    row = row_of(blocks, asked)
    assert row.verdict == "yes"
