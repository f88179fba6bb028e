"""Row 5 looks at the worst wording of each case."""

import pytest
from fake_predictors import box
from told_answers import answer, case_of, judge_told
from told_answers import values as values_by_key

from lingseg.evaluation.audit.paraphrases_row import ParaphrasesRow

TRUTH, HALF = box(2, 2, 4, 4), box(2, 2, 2, 4)  # Dice of the two: 2 * 8 / (8 + 16) = 2 / 3
TEXT = "one small tumor in the upper left part"


def judge(cases, draw, reference=TRUTH):
    return judge_told(
        ParaphrasesRow(cases=cases), lambda asked: answer(draw(asked.text), reference)
    )


def values(row):
    return {key.removeprefix("paraphrases_"): found for key, found in values_by_key(row).items()}


def some(root):
    return tuple(case_of(f"p{nth}", TEXT, root) for nth in range(5))


def test_a_group_has_five_wordings(tmp_path):
    cases = some(tmp_path)
    asked = {question.text for question in ParaphrasesRow(cases=cases).questions(cases[0])}
    assert len(asked) == 5
    assert TEXT in asked


def test_the_same_mask_for_all_wordings_is_steady(tmp_path):
    row = judge(some(tmp_path), lambda _: TRUTH)
    assert values(row) == {"changed": 0, "likeness": 1, "spread": 0, "worst": 1, "own": 1}
    assert row.verdict == "yes"
    assert row.traits == (("other words", "yes"),)


def test_four_subjects_do_not_prove_it_steady(tmp_path):
    row = judge(some(tmp_path)[:4], lambda _: TRUTH)
    assert (row.verdict, row.traits) == ("unclear", (("other words", "unclear"),))
    assert row.sentence.endswith("Too few subjects to tell whether it stays the same.")


def test_one_wording_with_another_mask_changes_its_group(tmp_path):
    row = judge(some(tmp_path), lambda text: HALF if text.startswith("segment") else TRUTH)
    assert values(row) == {
        "changed": 1,
        "likeness": pytest.approx(2 / 3),
        "spread": pytest.approx(1 / 3),
        "worst": pytest.approx(2 / 3),
        "own": 1,
    }
    assert row.verdict == "no"
    assert row.examples[0].questions[1].text.startswith("segment")
    assert row.plots[0].lines[0].ys == pytest.approx([1 / 3] * 5)


def test_without_references_masks_are_compared_to_masks(tmp_path):
    row = judge(some(tmp_path), lambda _: TRUTH, reference=None)
    assert values(row) == {"changed": 0, "likeness": 1}


def test_sentences_that_are_not_understood_are_counted(tmp_path):
    cases = (*some(tmp_path), case_of("q", "a lesion xyzzy", tmp_path))
    row = judge(cases, lambda _: TRUTH)
    assert "1 of 6 sentences have no paraphrase" in row.why_not
    alone = judge(cases[-1:], lambda _: TRUTH)
    assert alone.verdict == "not measured"


def test_a_mask_that_is_always_empty_proves_nothing(tmp_path):
    nothing = box(0, 0, 0, 0)
    row = judge(some(tmp_path), lambda _: nothing, reference=nothing)
    assert (row.verdict, row.traits) == ("unclear", (("other words", "unclear"),))
    assert "It drew nothing for any of them" in row.sentence


def test_cases_without_a_sentence_are_called_that(tmp_path):
    cases = (*some(tmp_path), case_of("q", "", tmp_path))
    assert judge(cases, lambda _: TRUTH).why_not == "1 of 6 cases have no sentence."
