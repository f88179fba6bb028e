from dataclasses import replace

import pytest
from block_readers import choosy, deaf, reader

from lingseg.evaluation.audit.ablations_row import AblationsRow
from lingseg.evaluation.audit.callable_predictor import CallablePredictor


def test_another_sentence_costs_a_reader_its_masks(judge, figure, cases):
    row = judge(CallablePredictor(reader), AblationsRow(cases=cases, seed=0), cases)
    assert (row.verdict, dict(row.traits)) == ("yes", {"sentence": "yes"})
    assert figure(row, "drop_shuffled_where_it_differs") == 1
    assert figure(row, "drop_same_label") == 1
    assert figure(row, "drop_scrambled") == 0
    assert 0 < figure(row, "drop_no_sentence") < 1
    assert figure(row, "drop_first_4_words") == figure(row, "drop_no_sentence")
    assert figure(row, "drop_first_8_words") == 0
    assert "Another picture's sentence changes the mask" in row.examples[0].headline


def test_of_few_subjects_the_examples_say_what_their_masks_did(judge, cases):
    some = cases[:4]
    row = judge(CallablePredictor(reader), AblationsRow(cases=some, seed=0), some)
    assert row.verdict == "unclear"
    assert "too few subjects to tell whether it listens" in row.sentence
    assert "Another picture's sentence changes the mask" in row.examples[0].headline


def test_no_sentence_costs_a_deaf_model_anything(judge, figure, cases):
    row = judge(CallablePredictor(deaf), AblationsRow(cases=cases, seed=0), cases)
    assert (row.verdict, dict(row.traits)) == ("no", {"sentence": "no"})
    assert figure(row, "drop_shuffled") == figure(row, "drop_no_sentence") == 0
    assert "The mask stays" in row.examples[0].headline


def test_half_of_the_shuffled_sentences_may_read_the_same(judge, figure, cases):
    row = judge(CallablePredictor(reader), AblationsRow(cases=cases, seed=0), cases)
    unchanged = figure(row, "share_unchanged")
    assert figure(row, "drop_shuffled") == pytest.approx(1 - unchanged)


def test_the_same_questions_are_asked_again_with_the_same_seed(cases):
    asked = [
        [
            question.key
            for case in cases
            for question in AblationsRow(cases=cases, seed=s).questions(case)
        ]
        for s in (1, 1, 2)
    ]
    assert asked[0] == asked[1] != asked[2]


def test_the_dice_rises_with_the_words_that_are_said(judge, cases):
    row = judge(CallablePredictor(reader), AblationsRow(cases=cases, seed=0), cases)
    (line,) = row.plots[0].lines
    assert line.xs == (0, 1, 2, 4, 8)
    assert line.ys[0] == line.ys[3] < line.ys[4] == 1


def test_a_question_that_is_refused_leaves_the_others(judge, figure, cases):
    row = judge(CallablePredictor(choosy), AblationsRow(cases=cases, seed=0), cases)
    assert figure(row, "drop_same_label") == 1
    assert not [found for found in row.figures if found.key == "drop_no_sentence"]


def test_one_subject_has_nobody_elses_sentence(judge, cases):
    alone = tuple(replace(case, subject="one") for case in cases)
    row = judge(CallablePredictor(reader), AblationsRow(cases=alone, seed=0), alone)
    assert row.verdict == "unclear"
    assert "of one subject" in row.why_not


def test_a_set_without_sentences_is_not_measured(judge, cases):
    silent = tuple(replace(case, text="") for case in cases)
    row = judge(CallablePredictor(reader), AblationsRow(cases=silent, seed=0), silent)
    assert row.verdict == "not measured"
