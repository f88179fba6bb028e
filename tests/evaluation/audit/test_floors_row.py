from dataclasses import replace

import numpy as np
import pytest
from block_readers import deaf, reader, silent
from fakes import SIZE, write_png

from lingseg.evaluation.audit.callable_predictor import CallablePredictor
from lingseg.evaluation.audit.floors_row import MEAN_MASK, TEXT_LOOKUP, TWIN, FloorsRow
from lingseg.evaluation.floors import build_floors


@pytest.fixture
def beside(blocks):
    floors = build_floors(blocks)
    return {MEAN_MASK: floors.mean_mask, TEXT_LOOKUP: floors.text_lookup}


def test_a_model_that_reads_and_looks_beats_every_floor(judge, figure, cases, beside):
    beside = beside | {TWIN: CallablePredictor(deaf)}
    check = FloorsRow(cases=cases, beside=tuple(beside))
    row = judge(CallablePredictor(reader), check, cases, beside)
    assert row.verdict == "yes"
    assert figure(row, "dice_per_image") == figure(row, "dice_pooled") == 1
    assert figure(row, "gain_over_no_sentence") == figure(row, "gain_over_image_only_twin")
    assert 0.2 < figure(row, "gain_over_no_sentence") < 0.5
    assert figure(row, "gain_over_text_lookup") == pytest.approx(
        1 - figure(row, "dice_per_image_text_lookup")
    )


def test_a_model_that_ignores_its_sentence_is_convicted(judge, figure, cases, beside):
    row = judge(
        CallablePredictor(deaf), FloorsRow(cases=cases, beside=tuple(beside)), cases, beside
    )
    assert row.verdict == "no"
    assert figure(row, "gain_over_no_sentence") == 0
    assert "is no better than the model itself when nothing is said" in row.sentence


def test_who_trails_a_floor_is_told_to_be_behind(judge, cases, beside):
    check = FloorsRow(cases=cases, beside=tuple(beside))
    row = judge(CallablePredictor(silent), check, cases, beside)
    assert "points behind)" in row.sentence
    assert "\N{MINUS SIGN}" not in row.sentence


def test_of_empty_masks_only_nothing_is_praised(judge, figure, cases):
    for case in cases:
        write_png(case.mask, np.zeros(SIZE, dtype=np.uint8))
    beside = {TWIN: CallablePredictor(deaf)}
    check = FloorsRow(cases=cases, beside=tuple(beside))
    row = judge(CallablePredictor(silent), check, cases, beside)
    assert figure(row, "gain_over_image_only_twin") == 1
    assert row.verdict == "unclear"
    assert row.sentence.startswith("Every reference mask is empty")


def test_a_model_that_only_looks_up_its_sentence_is_convicted(judge, figure, cases, beside):
    check = FloorsRow(cases=cases, beside=tuple(beside))
    row = judge(beside[TEXT_LOOKUP], check, cases, beside)
    assert row.verdict == "no"
    assert figure(row, "gain_over_text_lookup") == 0


def test_without_training_masks_the_null_sentence_is_left(judge, cases):
    check = FloorsRow(cases=cases, beside=(), why_without="No training masks.")
    row = judge(CallablePredictor(reader), check, cases)
    assert (row.verdict, row.why_not) == ("yes", "No training masks.")


def test_without_masks_nothing_is_scored(judge, cases):
    bare = tuple(replace(case, mask=None) for case in cases)
    row = judge(CallablePredictor(reader), FloorsRow(cases=bare, beside=()), bare)
    assert row.verdict == "not measured"
    assert "no case has a reference mask" in row.why_not.lower()
