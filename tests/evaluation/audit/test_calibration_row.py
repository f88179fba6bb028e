from dataclasses import replace

import numpy as np
import pytest
from block_readers import BRIGHT, reader
from fakes import write_png

from lingseg.evaluation.audit.calibration_row import CalibrationRow
from lingseg.evaluation.audit.callable_predictor import CallablePredictor
from lingseg.evaluation.audit.question import own_question
from lingseg.imaging.reading import read_image, read_mask


@pytest.fixture
def one_block(cases):
    """Cases whose picture has no block but the one that is said."""
    for case in cases:
        pixels = read_image(case.image).pixels.copy()
        pixels[(pixels >= BRIGHT) & ~read_mask(case.mask).pixels] = 0
        write_png(case.image, pixels)
    return cases


def doubtful(image, text):
    """Be sure where the block is where it was said to be, else draw it with little confidence."""
    said = reader(image, text) > 0
    bright = image.min(axis=2) >= BRIGHT
    return said * np.float32(0.95) if said.any() else bright * np.float32(0.55)


def trusting(image, text):
    """Draw what is bright, as sure as ever."""
    return (image.min(axis=2) >= BRIGHT) * np.float32(0.95) + np.float32(len(text) * 0)


def test_confidence_falls_where_the_sentence_contradicts(judge, figure, one_block):
    row = judge(CallablePredictor(doubtful), CalibrationRow(cases=one_block), one_block)
    assert figure(row, "confidence") == pytest.approx(0.95)
    # It falls by 0.4 for the other side, and by nothing for another brightness.
    assert figure(row, "fall_of_confidence") == pytest.approx(0.2, abs=1e-6)
    assert "it grows less sure" in row.sentence


def test_a_model_that_trusts_the_picture_is_as_sure_as_before(judge, figure, one_block):
    row = judge(CallablePredictor(trusting), CalibrationRow(cases=one_block), one_block)
    assert row.verdict == "no"
    assert figure(row, "fall_of_confidence") == 0
    assert "95 % sure" in row.examples[0].headline


def test_a_sentence_that_is_true_of_another_case_contradicts_nothing(cases):
    texts = {case.text for case in cases}
    pictured = [
        replace(case, image=cases[0].image, case_id=f"{case.case_id}_{number}", text=text)
        for number, text in enumerate(sorted(texts))
        for case in cases[:1]
    ]
    check = CalibrationRow(cases=tuple(pictured))
    asked = {question.text for question in check.questions(pictured[0])}
    assert asked & texts == {pictured[0].text}
    alone = CalibrationRow(cases=cases[:1])
    assert next(alone.questions(cases[0])) == own_question(cases[0])
    assert {question.text for question in alone.questions(cases[0])} >= texts


def test_ece_and_brier_are_those_of_all_pixels(judge, figure, cases):
    row = judge(CallablePredictor(trusting), CalibrationRow(cases=cases), cases)
    assert 0 < figure(row, "brier") < 0.2
    assert 0 < figure(row, "ece") < 0.2


def test_masks_say_nothing_of_confidence(judge, cases):
    row = judge(CallablePredictor(reader), CalibrationRow(cases=cases), cases)
    assert row.verdict == "not measured"
    assert "how sure" in row.why_not


def test_the_curve_ends_at_the_mean_risk(judge, figure, cases):
    row = judge(CallablePredictor(trusting), CalibrationRow(cases=cases), cases)
    by_confidence, any_order = row.plots[0].lines
    assert by_confidence.ys[-1] == pytest.approx(any_order.ys[0])
    assert by_confidence.xs[-1] == 1
    assert figure(row, "aurc_gain") == pytest.approx(0)
