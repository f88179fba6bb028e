from dataclasses import replace

import numpy as np
import pytest
from block_readers import choosy, deaf, fickle, reader, silent
from fakes import SIZE, write_png

from lingseg.evaluation.ablation import NUM_DRAWS, ShuffledText
from lingseg.evaluation.audit.ablations_row import AblationsRow
from lingseg.evaluation.audit.callable_predictor import CallablePredictor
from lingseg.evaluation.evaluate import evaluate


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
    assert figure(row, "drop_shuffled_where_it_differs") == figure(row, "drop_no_sentence") == 0
    assert "The mask stays" in row.examples[0].headline


def test_each_case_hears_several_sentences_none_of_which_reads_as_its_own(cases):
    several = tuple(replace(case, text=f"{case.text} {at}") for at, case in enumerate(cases))
    row = AblationsRow(cases=several, seed=0)
    for case in several:
        asked = {question.text for question in row.questions(case)}
        assert len(asked & {other.text for other in several if other is not case}) >= NUM_DRAWS


def test_the_number_is_that_of_evaluate(judge, figure, cases):
    cases = tuple(replace(case, text=f"{case.text} {at}") for at, case in enumerate(cases))
    reading = CallablePredictor(fickle)
    row = judge(reading, AblationsRow(cases=cases, seed=3), cases)
    misled = ShuffledText.of(reading, cases, seed=3)
    overall = evaluate(misled, misled.cases, rng=np.random.default_rng(0)).overall
    told = {name: found.value for name, found in overall.estimates.items()}
    assert 0 < figure(row, "dice_per_image_shuffled") < 1
    assert figure(row, "dice_per_image_shuffled") == pytest.approx(told["dice_per_image"])
    assert figure(row, "dice_pooled_shuffled") == pytest.approx(told["dice_pooled"])


def test_of_empty_masks_only_nothing_can_be_told(judge, cases):
    for case in cases:
        write_png(case.mask, np.zeros(SIZE, dtype=np.uint8))
    row = judge(CallablePredictor(silent), AblationsRow(cases=cases, seed=0), cases)
    assert dict(row.traits) == {"sentence": "unclear"}
    assert row.sentence.startswith("Every reference mask is empty")


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
    mute = tuple(replace(case, text="") for case in cases)
    row = judge(CallablePredictor(reader), AblationsRow(cases=mute, seed=0), mute)
    assert row.verdict == "not measured"
