"""Sentences that cases are shown with in place of their own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lingseg.datasets.case import Case, DatasetInfo
from lingseg.datasets.foreign import FOREIGN
from lingseg.language.grammar import understand
from lingseg.training.augmentation import AbsentText, OtherText
from lingseg.training.other_texts import Example, OtherTexts

HEART = DatasetInfo(name="heart", modality="MR", side="image")
BREAST = DatasetInfo(name="breast", modality="ultrasound", side="image")
MASS = "one small oval mass at the left"


def example(text, *, info=HEART, image="a", label="", **columns):
    case = Case(
        case_id=f"{image} {text}",
        image=Path(image),
        text=text,
        mask=Path(f"{image} {text}"),
        subject=image,
        side="image",
        label=label,
        columns=columns,
    )
    return Example(case=case, info=info)


def said(groups, wording, *, dataset=0, number=0, times=200):
    """Return all that is drawn."""
    texts, rng = OtherTexts(groups), np.random.default_rng(0)
    drawn = [texts.say(wording, rng, dataset, number) for _ in range(times)]
    return {change for changes in drawn for change in changes}


def test_a_case_keeps_its_own_sentence():
    assert said([[example(MASS)]], "own") == set()


def test_no_sentence_and_the_short_one_leave_the_mask():
    groups = [[example(MASS, text_short="mass"), example(MASS)]]
    assert said(groups, "none") == {OtherText("")}
    assert said(groups, "short") == {OtherText("mass")}
    assert said(groups, "short", number=1) == set()


def test_a_paraphrase_says_the_same_in_other_words():
    found = said([[example(MASS)]], "paraphrase")
    own = understand(MASS, side="image").facts
    assert len(found) > 2
    for change in found:
        assert isinstance(change, OtherText)
        assert change.text != MASS
        assert understand(change.text, side="image").facts == own


def test_what_cannot_be_said_otherwise_stays():
    assert said([[example("xyzzy")]], "paraphrase") == set()
    assert said([[example("xyzzy")]], "denied") == set()


def test_a_denial_empties_the_mask():
    (found,) = said([[example(MASS)]], "denied")
    assert isinstance(found, AbsentText)
    assert found.text.startswith("no mass")


def test_absent_are_other_sets_and_what_such_pictures_cannot_show():
    groups = [[example("the heart")], [example(MASS, info=BREAST)]]
    found = {change.text for change in said(groups, "absent")}
    assert found == {MASS, *(f"the {thing}" for thing in FOREIGN["MR"])}
    assert all(isinstance(change, AbsentText) for change in said(groups, "absent"))


def test_absent_are_targets_that_this_picture_lacks_and_others_of_its_set_show():
    info = replace(HEART, modality="")
    group = [
        example("the left ventricle", info=info, image="a", label="left"),
        example("the right ventricle", info=info, image="a", label="right"),
        example("the left ventricle", info=info, image="b", label="left"),
    ]
    assert said([group], "absent", number=2) == {AbsentText("the right ventricle")}
    assert said([group], "absent", number=0) == set()


def test_a_set_with_one_target_a_picture_lacks_nothing_for_sure():
    info = replace(HEART, modality="")
    group = [
        example("the benign mass", info=info, image="a", label="benign"),
        example("the malignant mass", info=info, image="b", label="malignant"),
    ]
    assert said([group], "absent") == set()


def test_in_a_normal_picture_any_sentence_of_its_set_is_absent():
    group = [
        example(MASS, info=BREAST, image="a", label="benign"),
        example("no mass", info=BREAST, image="b", label="normal"),
    ]
    assert said([group], "absent", number=1) == {AbsentText(MASS), AbsentText("no mass")}


@pytest.mark.parametrize("dataset", [0, 1])
def test_phantoms_neither_give_nor_take_what_is_absent(dataset):
    phantom = replace(HEART, name="phantom")
    groups = [
        [example("the heart", info=replace(HEART, modality=""))],
        [
            example("one spot", info=phantom, image="p", label="spot"),
            example("two spots", info=phantom, image="p", label="two"),
            example("one spot", info=phantom, image="q", label="spot"),
        ],
    ]
    assert said(groups, "absent", dataset=dataset, number=2 * dataset) == set()
