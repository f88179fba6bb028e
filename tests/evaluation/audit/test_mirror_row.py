"""Row 4 mirrors picture and sentence, and then the picture alone."""

import numpy as np
import pytest
from fake_predictors import box
from told_answers import answer, case_of, judge_told, values

from lingseg.datasets.case import DatasetInfo
from lingseg.evaluation.audit.mirror_row import MIRRORED, MirrorRow
from lingseg.imaging.image import Image

INFO = DatasetInfo(name="boxes", side="image", symmetry="horizontal")
MIDDLE = box(2, 8, 4, 4)
LEFT, RIGHT = box(2, 1, 4, 4), box(2, 15, 4, 4)  # 20 columns: each is the other's mirror image
NOTHING = box(0, 0, 0, 0)


def judge(cases, draw, info=INFO):
    """Judge what `draw` draws for a text, in a mirror or not."""
    return judge_told(
        MirrorRow(cases=cases, info=info),
        lambda asked: answer(draw(asked.text, asked.view is MIRRORED)),
    )


def sided(root):
    return tuple(case_of(f"p{nth}", "the left lesion", root) for nth in range(5))


def test_who_reads_sides_draws_the_mirrored_mask_for_the_mirrored_sentence_only(tmp_path):
    row = judge(sided(tmp_path), lambda text, _: LEFT if "left" in text else RIGHT)
    assert values(row) == {
        "mirror_dice": 1,
        "mirror_dice_one_sided": 1,
        "mirror_dice_not_swapped": 0,
    }
    assert row.verdict == "yes"
    assert "the side words make a difference" in row.sentence


def test_who_follows_the_picture_alone_does_not_read_sides(tmp_path):
    row = judge(sided(tmp_path), lambda _, mirrored: RIGHT if mirrored else LEFT)
    assert values(row)["mirror_dice"] == values(row)["mirror_dice_not_swapped"] == 1
    assert row.verdict == "no"
    assert row.traits == (("side", "no"),)


def test_four_sentences_with_a_side_do_not_tell_whether_it_is_read(tmp_path):
    sideless = tuple(case_of(f"q{nth}", "a lesion", tmp_path) for nth in range(5))
    masks = {"the left lesion": LEFT, "the right lesion": RIGHT}
    row = judge(sided(tmp_path)[:4] + sideless, lambda text, _: masks.get(text, MIDDLE))
    assert "it treats left and right alike." in row.sentence
    assert "too few subjects to tell whether the side words make a difference" in row.sentence
    assert (row.verdict, row.traits) == ("unclear", ())


def test_who_does_not_look_fails_on_sentences_without_a_side(tmp_path):
    cases = tuple(case_of(f"p{nth}", "a lesion", tmp_path) for nth in range(5))
    row = judge(cases, lambda *_: LEFT)
    assert values(row) == {"mirror_dice": 0, "mirror_dice_no_side": 0}
    assert row.verdict == "no"
    assert len(row.examples) == 2


@pytest.mark.parametrize(
    ("text", "side"), [("the left and the right lung", "image"), ("the left lesion", "none")]
)
def test_sentences_that_read_the_same_in_a_mirror_do_not_tell_of_sides(text, side, tmp_path):
    case = case_of("p", text, tmp_path, side=side)
    assert len(list(MirrorRow(cases=(case,), info=INFO).questions(case))) == 2


def test_two_empty_masks_are_alike(tmp_path):
    cases = tuple(case_of(f"p{nth}", "a lesion", tmp_path) for nth in range(2))
    assert values(judge(cases, lambda *_: NOTHING))["mirror_dice"] == 1


@pytest.mark.parametrize("text", ["a lesion", "the left lesion"])
def test_who_never_draws_tells_nothing(text, tmp_path):
    cases = tuple(case_of(f"p{nth}", text, tmp_path) for nth in range(6))
    row = judge(cases, lambda *_: NOTHING)
    assert values(row)["mirror_dice"] == 1
    assert (row.verdict, row.traits) == ("unclear", ())
    assert row.sentence.startswith("It draws nothing, neither on the pictures")


def test_five_subjects_must_have_a_mask(tmp_path):
    cases = tuple(case_of(f"p{nth}", f"lesion {nth}", tmp_path) for nth in range(6))
    few = judge(cases, lambda text, _: NOTHING if text in ("lesion 0", "lesion 1") else MIDDLE)
    enough = judge(cases, lambda text, _: NOTHING if text == "lesion 0" else MIDDLE)
    assert (few.verdict, enough.verdict) == ("unclear", "yes")


def test_pictures_that_have_no_mirror_image_are_not_asked_about(tmp_path):
    info = DatasetInfo(name="hearts", side="none", symmetry="none")
    row = judge(sided(tmp_path), lambda *_: LEFT, info)
    assert row.verdict == "not measured"
    assert "symmetry none" in row.why_not


def test_the_view_is_the_mirror_image():
    picture = Image(np.arange(6, dtype=np.uint8).reshape(2, 3), spacing=(1.0, 2.0))
    shown = MIRRORED.show(picture)
    assert shown.pixels.tolist() == [[2, 1, 0], [5, 4, 3]]
    assert shown.spacing == (1.0, 2.0)
    assert not MIRRORED.keeps_places
