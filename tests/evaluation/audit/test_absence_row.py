"""Row 6 tells what is not there from what is denied."""

import pytest
from fake_predictors import box
from told_answers import answer, case_of, judge_told, values

from lingseg.datasets.case import DatasetInfo
from lingseg.datasets.foreign import FOREIGN
from lingseg.evaluation.audit.absence_row import AbsenceRow
from lingseg.language.grammar import understand

INFO = DatasetInfo(name="boxes", side="image", modality="ultrasound")
TRUTH, NOTHING = box(2, 2, 4, 5), box(0, 0, 0, 0)  # 20 of 240 pixels
TUMOR = "one tumor"


def cases_of(root, number=5):
    """Return pictures with a tumor, and as many in which one is said to be but is not."""
    there = (case_of(f"p{nth}", TUMOR, root) for nth in range(number))
    missing = (case_of(f"q{nth}", TUMOR, root) for nth in range(number))
    return (*there, *missing)


def judge(cases, draw, info=INFO):
    def tell(asked):
        name = asked.case.case_id
        return answer(draw(name, asked.text), TRUTH if name[0] == "p" else NOTHING)

    return judge_told(AbsenceRow(cases=cases, info=info), tell)


def test_three_kinds_are_asked(tmp_path):
    (case,) = cases_of(tmp_path, 1)[:1]
    texts = [question.text for question in AbsenceRow(cases=(case,), info=INFO).questions(case)]
    assert texts[0] == TUMOR
    assert texts[1] in ("no tumor", "no tumour")
    assert texts[2] in ("the nevus", "the nuclei")


def test_who_draws_only_what_is_there_is_right(tmp_path):
    is_there = {("p", TUMOR)}
    row = judge(cases_of(tmp_path), lambda n, t: TRUTH if (n[0], t) in is_there else NOTHING)
    assert row.traits == (("absence", "yes"), ("negation", "yes"))
    found = values(row)
    assert found["null_accuracy_absence"] == found["null_accuracy_negation"] == 1
    assert found["auroc_absence"] == found["auroc_negation"] == 1
    assert found["false_area_absence"] == found["present_left_blank"] == 0


def test_who_always_answers_is_wrong_in_both(tmp_path):
    row = judge(cases_of(tmp_path), lambda *_: TRUTH)
    assert row.traits == (("absence", "no"), ("negation", "no"))
    assert values(row)["false_area_absence"] == pytest.approx(20 / 240)
    assert values(row)["auroc_absence"] == 0.5
    assert len(row.examples) == 4


def test_who_never_answers_is_wrong_too(tmp_path):
    row = judge(cases_of(tmp_path), lambda *_: NOTHING)
    assert row.traits == (("absence", "no"), ("negation", "no"))
    assert row.sentence.count("no merit, as it is hardly surer of what is there") == 2
    assert values(row)["null_accuracy_absence"] == 1
    assert values(row)["present_left_blank"] == 1
    assert row.traits == (("absence", "no"), ("negation", "no"))


@pytest.mark.parametrize(("number", "verdict"), [(4, "unclear"), (5, "yes")])
def test_too_few_pictures_that_show_it_leave_it_unclear(number, verdict, tmp_path):
    cases = cases_of(tmp_path, 5)[5 - number :]
    row = judge(cases, lambda n, t: TRUTH if (n[0], t) == ("p", TUMOR) else NOTHING)
    assert dict(row.traits) == {"absence": verdict, "negation": verdict}
    assert ("too few subjects to tell whether it knows" in row.sentence) == (number == 4)
    assert ('too few subjects to tell whether it reads "no"' in row.sentence) == (number == 4)


def test_who_overlooks_the_word_no_is_wrong_in_negation_alone(tmp_path):
    def draw(name, text):
        return TRUTH if name[0] == "p" and "tumo" in text else NOTHING

    row = judge(cases_of(tmp_path, number=12), draw)
    assert dict(row.traits)["absence"] == "yes"
    assert values(row)["null_accuracy_negation"] == 0.5
    assert dict(row.traits)["negation"] == "no"


def test_a_denial_of_its_own_is_no_question_of_absence(tmp_path):
    info = DatasetInfo(name="boxes", side="image")
    row = judge((case_of("q", "no tumor", tmp_path),), lambda *_: NOTHING, info)
    assert "null_accuracy_absence" not in values(row)
    assert values(row)["null_accuracy_negation"] == 1


def test_without_anything_that_is_there_silence_proves_nothing(tmp_path):
    missing = cases_of(tmp_path, 8)[8:]
    row = judge(missing, lambda *_: NOTHING)
    assert row.traits == (("absence", "unclear"), ("negation", "unclear"))
    assert "nobody can tell whether it ever draws anything" in row.sentence
    assert "too few" not in row.sentence
    assert dict(judge(missing, lambda *_: TRUTH).traits) == {"absence": "no", "negation": "no"}


def test_a_case_without_a_sentence_asks_for_nothing(tmp_path):
    silent = tuple(case_of(f"q{nth}", "", tmp_path) for nth in range(8))
    info = DatasetInfo(name="boxes", side="image")
    assert judge(silent, lambda *_: NOTHING, info).verdict == "not measured"
    found = values(judge((*silent, *cases_of(tmp_path, 5)), lambda *_: NOTHING, info))
    assert found == values(judge(cases_of(tmp_path, 5), lambda *_: NOTHING, info))


def test_what_is_foreign_is_said_in_words_that_are_known():
    texts = {f"the {thing}" for things in FOREIGN.values() for thing in things}
    assert all(understand(text, side="none").is_whole for text in texts)


def test_without_anything_absent_it_is_not_measured(tmp_path):
    info = DatasetInfo(name="boxes", side="image")
    row = judge((case_of("p", "xyzzy", tmp_path),), lambda *_: TRUTH, info)
    assert row.verdict == "not measured"
