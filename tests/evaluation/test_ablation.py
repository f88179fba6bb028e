from dataclasses import replace
from pathlib import Path

import pytest
from fake_predictors import Oracle, box, write_case
from hypothesis import given, settings
from hypothesis import strategies as st

from lingseg.datasets.case import Case
from lingseg.evaluation.ablation import NUM_DRAWS, ShuffledText, WithoutText, draw_other_texts
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


def drawn(cases, seed=0):
    return draw_other_texts(cases, seed=seed)


several_subjects = st.lists(st.sampled_from("abcde"), max_size=20).map(
    lambda more: ["a", "b", *more]
)


@settings(deadline=None)
@given(several_subjects, st.integers(0, 9))
def test_every_text_is_another_subjects(subjects, seed):
    cases = listed(subjects)
    texts = drawn(cases, seed)
    assert set(texts) == {case.case_id for case in cases}
    for case in cases:
        assert len(texts[case.case_id]) == NUM_DRAWS
        assert not any(text.endswith(f"of {case.subject}") for text in texts[case.case_id])


def test_only_texts_that_read_differently_are_drawn():
    texts = ["left", "right", "left", "left ", "", "left"]
    cases = [replace(one, text=text) for one, text in zip(listed("abcdef"), texts, strict=True)]
    found = drawn(cases)
    assert set(found) == {"c0", "c1", "c2", "c3", "c5"}  # nothing was said of c4
    assert found["c0"] == ("right",) * NUM_DRAWS
    assert {text.strip() for text in found["c1"]} == {"left"}


def test_texts_are_drawn_anew_only_when_all_were_drawn():
    found = drawn(listed("abcdefgh"))
    assert all(len(set(texts)) == NUM_DRAWS for texts in found.values())
    assert all(len(set(texts)) == 2 for texts in drawn(listed("abc")).values())


def test_the_seed_and_the_names_decide():
    cases = listed("aabbccddeeff")
    assert drawn(cases, 1) == drawn(cases, 1) != drawn(cases, 2)
    assert len(set(drawn(cases, 1).values())) > 1


def test_one_subject_has_no_other_text():
    assert drawn(listed("aaa")) == {}
    with pytest.raises(ValueError, match="None of the 3 cases has a sentence of another subject"):
        ShuffledText.of(Oracle(), listed("aaa"), seed=0)


@pytest.fixture
def case(tmp_path):
    return write_case(tmp_path, "one", box(1, 2, 3, 4), text="the box")


def test_without_text_the_predictor_hears_nothing(case):
    oracle = Oracle(threshold=0.3)
    deaf = WithoutText(oracle)
    deaf.probabilities(case, read_image(case.image))
    assert oracle.asked == [("one", "")]
    assert (deaf.name, deaf.threshold) == ("oracle, no text", 0.3)


def test_with_shuffled_text_the_predictor_hears_the_other_texts(case, tmp_path):
    other = write_case(tmp_path, "two", box(1, 2, 3, 4), text="the other box")
    oracle = Oracle(threshold=0.3)
    misled = ShuffledText.of(oracle, [case, other], seed=0)
    assert [told.text for told in misled.cases] == ["the other box"] * 5 + ["the box"] * 5
    assert len({told.case_id for told in misled.cases}) == 10
    misled.probabilities(misled.cases[0], read_image(case.image))
    assert oracle.asked == [("one", "the other box")]
    assert (misled.name, misled.threshold) == ("oracle, shuffled text", 0.3)
