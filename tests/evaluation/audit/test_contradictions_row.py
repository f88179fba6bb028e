"""Row 3 counts pairs in which both sentences are followed, and moves where no truth is known."""

import pytest
from fake_predictors import box
from told_answers import answer, case_of, judge_told, values

from lingseg.evaluation.audit.contradiction import contradicting_texts
from lingseg.evaluation.audit.contradictions_row import ContradictionsRow, judge_following
from lingseg.evaluation.audit.question import own_question
from lingseg.evaluation.summary import Estimate
from lingseg.metrics.uncertainty import Interval

LEFT, RIGHT = box(2, 1, 4, 4), box(2, 14, 4, 4)
TRUTH = {"the left lesion": LEFT, "the right lesion": RIGHT}
NOTHING = box(0, 0, 0, 0)


def pairs(root, number=5):
    """Return pictures with a lesion on either side and a sentence for each."""
    return tuple(
        case_of(f"p{nth}_{half}", f"the {half} lesion", root, picture=f"p{nth}")
        for nth in range(number)
        for half in ("left", "right")
    )


def judge(cases, draw):
    """Judge what `draw` draws for each text."""

    def tell(asked):
        reference = TRUTH.get(asked.case.text, LEFT) if asked.case.mask else None
        return answer(draw(asked.text), reference)

    return judge_told(ContradictionsRow(cases=cases), tell)


@pytest.mark.parametrize(
    ("draw", "shares", "verdict"),
    [
        (lambda text: TRUTH[text], (1, 0, 0), "yes"),
        (lambda text: LEFT, (0, 1, 0), "no"),  # noqa: ARG005
        (lambda text: RIGHT if "left" in text else LEFT, (0, 0, 1), "no"),
        (lambda text: NOTHING, (0, 0, 0), "no"),  # noqa: ARG005
    ],
    ids=["reads", "stays", "exchanges", "draws nothing"],
)
def test_both_sentences_of_a_pair_must_be_followed(draw, shares, verdict, tmp_path):
    row = judge(pairs(tmp_path), draw)
    found = values(row)
    assert tuple(found[f"{key}_side"] for key in ("follows", "stays", "reversed")) == shares
    assert row.traits == (("side", verdict),)


def test_the_sentence_is_plain(tmp_path):
    row = judge(pairs(tmp_path), lambda text: LEFT)  # noqa: ARG005
    assert row.sentence == (
        "Told the other side, it draws what each sentence says in 0 % of 10 questions, stays with "
        "one of the two masks in 100 %, and exchanges them in 0 %. It does not read the side."
    )
    assert row.examples[0].questions[1].text == "the right lesion"


def test_without_a_second_truth_a_mask_that_moves_proves_nothing(tmp_path):
    cases = tuple(case_of(f"p{nth}", "the left lesion", tmp_path) for nth in range(5))
    row = judge(cases, lambda text: TRUTH[text])
    assert values(row) == {"changes_side": 1, "dice_with_old_side": 0}
    assert row.traits == (("side", "unclear"),)


def test_without_a_second_truth_a_mask_that_stays_convicts(tmp_path):
    cases = tuple(case_of(f"p{nth}", "the left lesion", tmp_path, mask=None) for nth in range(5))
    row = judge(cases, lambda text: LEFT)  # noqa: ARG005
    assert values(row) == {"changes_side": 0}
    assert row.traits == (("side", "no"),)


@pytest.mark.parametrize(
    ("draw", "known", "told"),
    [
        (lambda text: TRUTH[text], True, "Too few subjects to tell whether it reads the side."),
        (lambda text: LEFT, True, "Too few subjects to tell whether it reads the side."),  # noqa: ARG005
        (lambda text: LEFT, False, "Too few subjects to tell whether it heeds the side."),  # noqa: ARG005
    ],
    ids=["reads", "stays", "stays, one truth known"],
)
def test_four_subjects_prove_nothing_whatever_is_drawn(draw, known, told, tmp_path):
    alone = tuple(case_of(f"p{nth}", "the left lesion", tmp_path) for nth in range(4))
    row = judge(pairs(tmp_path, number=4) if known else alone, draw)
    assert (row.verdict, row.traits) == ("unclear", (("side", "unclear"),))
    assert row.sentence.endswith(told)


def test_what_four_subjects_tell_of_another_word_has_no_say_in_the_row(tmp_path):
    texts = {
        "side": ("the left lesion", "the right lesion"),
        "size": ("a small spot", "a big spot"),
    }
    cases = tuple(
        case_of(f"{name}{nth}_{text}", text, tmp_path, picture=f"{name}{nth}")
        for name, number in (("side", 5), ("size", 4))
        for nth in range(number)
        for text in texts[name]
    )
    masks = TRUTH | dict(zip(texts["size"], (LEFT, RIGHT), strict=True))
    row = judge(cases, lambda text: masks.get(text, NOTHING))
    assert dict(row.traits) == {"side": "yes", "size": "unclear"}
    assert row.verdict == "yes"


def test_another_target_in_the_same_picture_is_asked_for(tmp_path):
    texts = ("the liver in the CT", "the spleen in the CT")
    cases = tuple(case_of(text[4:9], text, tmp_path, picture="p") for text in texts)
    asked = list(ContradictionsRow(cases=cases).questions(cases[0]))
    assert {each.text for each in asked} == set(texts)
    assert {each.case.case_id for each in asked} == {"liver", "splee"}


def test_a_table_that_names_its_pairs_is_believed(tmp_path):
    columns = {"pair": "p0_0", "attribute": "count"}
    cases = tuple(
        case_of(name, text, tmp_path, picture="p", columns=columns)
        for name, text in (("both", "2 spots: top, bottom"), ("one", "1 spot: top"))
    )
    (told,) = {each.text for each in ContradictionsRow(cases=cases).questions(cases[0])} - {
        cases[0].text
    }
    assert told == "1 spot: top"


@pytest.mark.parametrize("text", ["", "one spot"])
def test_equal_sentences_do_not_contradict_each_other_whatever_the_table_says(text, tmp_path):
    columns = {"pair": "p0_0", "attribute": "side"}
    cases = tuple(
        case_of(name, text, tmp_path, picture="p", columns=columns) for name in ("one", "two")
    )
    row = judge(cases, lambda _: LEFT)
    assert "side" not in dict(row.traits)


def test_what_is_not_there_is_no_contradiction(tmp_path):
    case = case_of("p", "no lesion on the left", tmp_path)
    assert list(ContradictionsRow(cases=(case,)).questions(case)) == []
    assert contradicting_texts(case.text, case.side) == {}


def test_sentences_that_say_nothing_of_the_kind_are_not_measured(tmp_path):
    case = case_of("p", "a lesion", tmp_path)
    assert own_question(case) not in ContradictionsRow(cases=(case,)).questions(case)
    assert judge((case,), lambda text: LEFT).verdict == "not measured"  # noqa: ARG005


@pytest.mark.parametrize(
    ("low", "value", "high", "verdict", "told"),
    [
        (0.8, 0.9, 0.95, "yes", "It reads the side."),
        (0.6, 0.65, 0.7, "partly", "It reads the side in part."),
        (0.1, 0.2, 0.3, "no", "It does not read the side."),
        (0.31, 0.47, 0.65, "unclear", "not read the side in three pairs of four; whether in half"),
        (0.6, 0.7, 0.8, "unclear", "in more than half of the pairs; whether in three of four"),
        (0.4, 0.6, 0.8, "unclear", "Too few subjects to tell whether it reads the side."),
    ],
)
def test_what_an_interval_excludes_is_said(low, value, high, verdict, told):
    follows = Estimate(value, Interval(low, high))
    found = judge_following("side", follows, 205)
    assert found[0] == verdict
    assert told in found[1]
