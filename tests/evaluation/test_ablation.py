from pathlib import Path

import numpy as np
import pytest
from fake_predictors import Oracle, box, write_case
from hypothesis import given, settings
from hypothesis import strategies as st

from lingseg.datasets.case import Case
from lingseg.evaluation.ablation import ShuffledText, WithoutText, share_unchanged, shuffle_texts
from lingseg.imaging.reading import read_image


def listed(subjects):
    return [
        Case(
            case_id=f"c{number}",
            image=Path("picture.png"),
            text=f"text {number} of {subject}",
            mask=None,
            subject=subject,
            side="image",
        )
        for number, subject in enumerate(subjects)
    ]


def shuffled(cases, seed=0):
    return shuffle_texts(cases, rng=np.random.default_rng(seed))


several_subjects = st.lists(st.sampled_from("abcde"), max_size=20).map(
    lambda more: ["a", "b", *more]
)


@settings(deadline=None)
@given(several_subjects, st.integers(0, 9))
def test_every_text_is_another_subjects(subjects, seed):
    cases = listed(subjects)
    texts = shuffled(cases, seed)
    assert set(texts) == {case.case_id for case in cases}
    for case in cases:
        assert not texts[case.case_id].endswith(f"of {case.subject}")


@settings(deadline=None)
@given(several_subjects)
def test_texts_change_places_unless_one_subject_outweighs_all_others(subjects):
    cases = listed(subjects)
    if max(map(subjects.count, subjects)) * 2 <= len(subjects):
        assert sorted(shuffled(cases).values()) == sorted(case.text for case in cases)


def test_the_seed_decides():
    cases = listed("aabbccddeeff")
    assert shuffled(cases, 1) == shuffled(cases, 1) != shuffled(cases, 2)


def test_labels_that_come_in_one_order_are_mixed():
    cases = [
        Case(
            case_id=f"{subject}{part}",
            image=Path("picture.png"),
            text=part,
            mask=None,
            subject=f"s{subject}",
            side="none",
        )
        for subject in range(40)
        for part in ("head", "tail", "whole")
    ]
    assert 0.15 < share_unchanged(cases, shuffled(cases)) < 0.55


def test_one_subject_cannot_be_shuffled():
    with pytest.raises(ValueError, match="All 3 cases are of one subject"):
        shuffled(listed("aaa"))


@pytest.fixture
def case(tmp_path):
    return write_case(tmp_path, "one", box(1, 2, 3, 4), text="the box")


def test_without_text_the_predictor_hears_nothing(case):
    oracle = Oracle(threshold=0.3)
    deaf = WithoutText(oracle)
    deaf.probabilities(case, read_image(case.image))
    assert oracle.asked == [("one", "")]
    assert (deaf.name, deaf.threshold) == ("oracle, no text", 0.3)


def test_with_shuffled_text_the_predictor_hears_the_other_text(case):
    oracle = Oracle(threshold=0.3)
    misled = ShuffledText(oracle, {"one": "the other box"})
    misled.probabilities(case, read_image(case.image))
    assert oracle.asked == [("one", "the other box")]
    assert (misled.name, misled.threshold) == ("oracle, shuffled text", 0.3)
