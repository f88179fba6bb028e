import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from told_answers import ASKED

from lingseg.evaluation.audit.answer import Answer, QuestionRefused
from lingseg.evaluation.audit.answers_file import AnswersFile
from lingseg.evaluation.audit.question import Question, View, own_question
from lingseg.metrics.calibration import measure_reliability
from lingseg.metrics.overlap import measure_overlap


@pytest.fixture
def case(cases):
    return cases[0]


@pytest.fixture
def answer():
    rng = np.random.default_rng(0)
    mask, reference = rng.random((2, 9, 13)) > 0.4
    stated = rng.random((9, 13), dtype=np.float32)
    return Answer(
        mask=mask,
        peak=0.75,
        confidence=0.5,
        overlap=measure_overlap(mask, reference),
        reliability=measure_reliability(stated, reference),
    )


def opened(path, case, asked=ASKED, contents=b"picture", **choices):
    answers = AnswersFile(path, asked, **choices)
    answers.recognise(case.case_id, contents, b"mask")
    return closing(answers)


def test_an_answer_comes_back_as_it_was(tmp_path, case, answer):
    question = own_question(case)
    with opened(tmp_path / "a.sqlite", case) as answers:
        answers.add([(question, answer)])
    with opened(tmp_path / "a.sqlite", case) as answers:
        found = answers.find(question)
    assert np.array_equal(found.mask, answer.mask)
    assert (found.peak, found.confidence, found.overlap) == (0.75, 0.5, answer.overlap)
    assert found.reliability.ece == answer.reliability.ece
    assert found.reliability.num_between == answer.reliability.num_between


def test_an_answer_without_a_reference_comes_back(case, answer):
    bare = replace(answer, overlap=None, reliability=None)
    with opened(None, case) as answers:
        answers.add([(own_question(case), bare)])
        found = answers.find(own_question(case))
    assert (found.overlap, found.reliability) == (None, None)


def test_what_was_not_asked_is_not_found(case, answer):
    own = own_question(case)
    others = [
        Question(case=case, text="other"),
        replace(own, view=View("blur")),
        replace(own, asked_of="twin"),
        replace(own, case=replace(case, side="patient")),
    ]
    with opened(None, case) as answers:
        answers.add([(own, answer)])
        for question in others:
            assert answers.refusal(question) is None
            with pytest.raises(KeyError):
                answers.find(question)


def test_a_refusal_is_kept_with_its_reason(case):
    with opened(None, case) as answers:
        answers.add([(own_question(case), QuestionRefused("too long"))])
        assert answers.refusal(own_question(case)) == "too long"
        with pytest.raises(QuestionRefused, match="too long"):
            answers.find(own_question(case))


def test_another_picture_under_the_same_name_is_asked_again(tmp_path, case, answer):
    with opened(tmp_path / "a.sqlite", case) as answers:
        answers.add([(own_question(case), answer)])
    with opened(tmp_path / "a.sqlite", case, contents=b"another picture") as answers:
        assert answers.refusal(own_question(case)) is None


@pytest.mark.parametrize(
    "other", [{"predictor_hash": "other"}, {"threshold": 0.6}, {"seed": 1}, {"lingseg": "1"}]
)
def test_answers_of_something_else_are_refused_and_can_be_forgotten(tmp_path, case, answer, other):
    path = tmp_path / "a.sqlite"
    with opened(path, case) as answers:
        answers.add([(own_question(case), answer)])
    with pytest.raises(ValueError, match="begin anew with --fresh"):
        AnswersFile(path, replace(ASKED, **other))
    with opened(path, case, replace(ASKED, **other), fresh=True) as answers:
        assert answers.refusal(own_question(case)) is None


def test_a_digest_is_told_of_what_it_is_and_not_in_full(tmp_path, case):
    path = tmp_path / "a.sqlite"
    with opened(path, case, replace(ASKED, predictor_hash="0a" * 32)):
        pass
    told = r"the SHA-256 of the model \(.*\) was '0a0a0a0a0a0a…', and is '1b1b1b1b1b1b…'"
    with pytest.raises(ValueError, match=told):
        AnswersFile(path, replace(ASKED, predictor_hash="1b" * 32))
    with pytest.raises(ValueError, match="and is not known in this audit"):
        AnswersFile(path, replace(ASKED, predictor_hash=""))


def test_an_audit_of_other_rows_takes_up_the_answers(tmp_path, case, answer):
    path, floors, twin = tmp_path / "a.sqlite", "mean mask 0a", "twin unet, small 0b"
    with opened(path, case) as answers:
        answers.add([(own_question(case), answer)])
    for beside in (floors, "", twin, f"{floors}, {twin}", ""):
        with opened(path, case, replace(ASKED, beside=beside)) as answers:
            assert answers.refusal(own_question(case)) == ""
    for beside in ("mean mask 0c", "twin unet 0b", f"mean mask 0c, {twin}"):
        with pytest.raises(ValueError, match=f"{floors}, {twin}.*begin anew with --fresh"):
            AnswersFile(path, replace(ASKED, beside=beside))


def test_answers_are_added_all_or_none(tmp_path, case, answer):
    path = tmp_path / "a.sqlite"
    torn = replace(answer)
    object.__setattr__(torn, "peak", object())
    with opened(path, case) as answers, pytest.raises(ValueError, match="damaged"):
        answers.add([(own_question(case), answer), (Question(case=case, text="b"), torn)])
    with opened(path, case) as answers:
        assert answers.refusal(own_question(case)) is None


def test_what_was_being_written_when_it_was_killed_is_not_read(tmp_path, case):
    path = tmp_path / "a.sqlite"
    with opened(path, case) as answers:
        row = (b"k", None, 9, 13, b"torn", 0.5, 0.5, None, None, None, None)
        answers._file.execute("BEGIN IMMEDIATE")
        marks = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
        answers._file.execute(f"INSERT INTO answers VALUES ({marks})", row)  # noqa: S608
    kept = sqlite3.connect(path)
    assert kept.execute("SELECT count(*) FROM answers").fetchone() == (0,)
    kept.close()


def test_a_damaged_mask_is_told_in_one_line(tmp_path, case, answer):
    path = tmp_path / "a.sqlite"
    with opened(path, case) as answers:
        answers.add([(own_question(case), answer)])
        answers._file.execute("UPDATE answers SET height = 90")
        with pytest.raises(ValueError, match=r"damaged.*--fresh"):
            answers.find(own_question(case))


def test_a_file_that_holds_no_answers_is_told_in_one_line(tmp_path, case):
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at by its first bytes" * 20)
    with pytest.raises(ValueError, match="is no file of answers"):
        opened(path, case)


def test_an_audit_beside_another_in_one_folder_is_told_so(tmp_path, case, answer):
    path = tmp_path / "a.sqlite"
    with opened(path, case) as one, opened(path, case) as other:
        other._file.execute("PRAGMA busy_timeout = 1")
        one._file.execute("BEGIN IMMEDIATE")
        with pytest.raises(OSError, match="no other audit writes there"):
            other.add([(own_question(case), answer)])
