from dataclasses import replace

import numpy as np
import pytest
from block_readers import choosy, deaf, reader
from fakes import write_png

from lingseg.evaluation.audit import CallablePredictor, audit
from lingseg.evaluation.audit.question import own_question
from lingseg.evaluation.audit.row import Row


def verdicts(found):
    return {row.number: row.verdict for row in found.rows}


@pytest.mark.slow
def test_all_nine_rows_are_measured_in_their_order(blocks):
    found = audit(CallablePredictor(reader), blocks)
    assert [row.number for row in found.rows] == list(range(1, 10))
    assert verdicts(found)[1] == verdicts(found)[2] == "yes"
    assert found.about.num_cases == 10
    assert found.about.num_refused == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "loses"),
    [
        ("no texts", 2),
        ("no masks", 1),
        ("empty masks", None),
        ("one subject", None),
        ("no train", 8),
    ],
)
def test_a_poor_set_loses_rows_and_no_more(blocks, cases, spoil, loses):
    if spoil == "empty masks":
        for case in cases:
            write_png(case.mask, np.zeros((24, 32), dtype=np.uint8))
    changes = {
        "no texts": {"text": ""},
        "no masks": {"mask": None},
        "one subject": {"subject": "one"},
        "no train": {},
        "empty masks": {},
    }[spoil]
    spoilt = tuple(replace(case, **changes) for case in cases)
    splits = {"test": spoilt} if spoil == "no train" else {**blocks.splits, "test": spoilt}
    found = audit(CallablePredictor(deaf), replace(blocks, splits=splits))
    lost = {row.number: row.why_not for row in found.rows if row.verdict == "not measured"}
    assert len(found.rows) == 9
    assert all(lost.values())
    assert (8 in lost) == (loses == 8)
    assert loses is None or loses in lost


@pytest.mark.parametrize("number", [4, 5])
def test_four_subjects_make_every_verdict_unclear_and_five_do_not(number, blocks, cases):
    def unsure(image, text):
        return deaf(image, text) * np.float32(0.9)

    chosen = [
        replace(
            case, text=f"{what} nodule in the {'left' if 'left' in case.text else 'right'} lung"
        )
        for case, what in zip(
            cases, ("a", "the", "one", "a small", "a large")[:number], strict=False
        )
    ]
    dataset = replace(blocks, info=replace(blocks.info, symmetry="horizontal"))
    found = audit(CallablePredictor(unsure), dataset, cases=chosen)
    assert len(found.rows) == 9
    if number == 5:
        assert not {"unclear", "not measured"} & set(verdicts(found).values())
    else:
        assert set(verdicts(found).values()) == {"unclear"}
        assert {verdict for _, verdict in found.traits} == {"unclear"}
        assert all("oo few subjects" in row.sentence for row in found.rows)


def test_rows_come_out_the_same_whether_asked_alone_or_with_others(blocks):
    predictor = CallablePredictor(reader)
    alone = audit(predictor, blocks, rows=[2]).rows
    together = audit(predictor, blocks, rows=[1, 2]).rows
    assert alone[0] == together[1]


def test_a_resumed_audit_finds_the_same_without_asking(blocks, tmp_path):
    calls = []

    def remembering(image, text):
        calls.append(text)
        return reader(image, text)

    first = audit(CallablePredictor(remembering), blocks, rows=[1, 2], out=tmp_path)
    asked = len(calls)
    again = audit(CallablePredictor(remembering), blocks, rows=[1, 2], out=tmp_path)
    assert (asked > 0, len(calls)) == (True, asked)
    assert again.rows == first.rows


def test_a_row_whose_questions_were_all_refused_says_why(blocks):
    def parrot(image, text):
        if not text.startswith("the bright block on the "):
            raise ValueError("not my words")
        return reader(image, text)

    found = audit(CallablePredictor(parrot), blocks, rows=[1, 2])
    floors, ablations = found.rows
    assert floors.verdict == "yes"
    assert ablations.verdict == "yes"
    assert "not my words" in floors.why_not
    assert found.about.num_refused > 0


def test_the_audit_keeps_the_answers_of_its_examples_and_no_other(blocks, cases):
    found = audit(CallablePredictor(reader), blocks, rows=[2])
    examples = [example for row in found.rows for example in row.examples]
    assert examples
    for example in examples:
        for question in example.questions:
            assert found.examples.find(question).mask.shape == (24, 32)
    shown = {question.case.case_id for example in examples for question in example.questions}
    other = next(case for case in cases if case.case_id not in shown)
    with pytest.raises(KeyError):
        found.examples.find(own_question(other))


def test_the_headline_names_each_trait_once_by_its_worst_verdict(blocks):
    def row(number, *traits):
        return Row(number=number, title="", verdict="yes", sentence="", traits=traits)

    found = audit(CallablePredictor(reader), blocks, rows=[8])
    assert found.headline == "reads: not measured"
    rows = (row(3, ("side", "yes"), ("count", "no")), row(4, ("side", "unclear")))
    assert replace(found, rows=rows).headline == "reads: side unclear, count no"


def test_two_cases_of_one_name_are_refused(blocks, cases):
    with pytest.raises(ValueError, match="name several cases"):
        audit(CallablePredictor(choosy), blocks, cases=[cases[0], cases[0]])


def test_a_split_without_cases_is_refused(blocks):
    with pytest.raises(ValueError, match="no case to audit"):
        audit(CallablePredictor(choosy), blocks, cases=[])


def test_who_heeds_no_sentence_is_not_praised_for_bearing_other_words(blocks, cases):
    told = tuple(
        replace(case, text=case.text.replace("bright block", "bright square")) for case in cases
    )
    data = replace(blocks, splits={**blocks.splits, "test": told})
    alone = audit(CallablePredictor(deaf), data, rows=[5])
    assert dict(alone.traits) == {"other words": "yes"}
    found = audit(CallablePredictor(deaf), data, rows=[2, 5])
    assert dict(found.traits) == {"sentence": "no", "other words": "not asked"}
    assert verdicts(found)[5] == "not asked"
    assert "no merit" in found.rows[1].sentence


def test_answers_of_a_function_are_taken_up_while_its_file_stays(blocks, tmp_path):
    first = audit(CallablePredictor(deaf), blocks, rows=[2], out=tmp_path / "out")
    again = audit(CallablePredictor(deaf), blocks, rows=[2], out=tmp_path / "out")
    assert first.num_reused == 0
    assert again.num_reused == again.num_asked == first.num_asked > 0
    other = CallablePredictor(deaf, source=tmp_path / "nowhere.py")
    with pytest.raises(ValueError, match="the SHA-256 of the model"):
        audit(other, blocks, rows=[2], out=tmp_path / "out")
