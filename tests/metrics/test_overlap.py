import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lingseg.metrics.overlap import (
    Overlap,
    check_masks,
    dice_per_image,
    dice_pooled,
    iou_per_image,
    iou_pooled,
    measure_overlap,
)

masks = arrays(np.bool_, (5, 7))


def drawn(*rows: str) -> np.ndarray:
    return np.array([[letter == "#" for letter in row] for row in rows])


BLANK = drawn("....", "....", "....")
LEFT = drawn("##..", "##..", "....")
MIDDLE = drawn(".##.", ".##.", "....")
CORNER = drawn("....", "....", "...#")

CORNER_CASES = [
    # prediction, reference, dice, iou, both empty, one empty
    pytest.param(BLANK, BLANK, 1.0, 1.0, True, False, id="both empty"),
    pytest.param(LEFT, BLANK, 0.0, 0.0, False, True, id="drawn where nothing is"),
    pytest.param(BLANK, LEFT, 0.0, 0.0, False, True, id="missed whole"),
    pytest.param(LEFT, LEFT, 1.0, 1.0, False, False, id="the same"),
    pytest.param(LEFT, CORNER, 0.0, 0.0, False, False, id="apart"),
    pytest.param(LEFT, MIDDLE, 0.5, 1 / 3, False, False, id="half shared"),
    pytest.param(~BLANK, LEFT, 0.5, 1 / 3, False, False, id="everything drawn"),
]


@pytest.mark.parametrize(
    ("prediction", "reference", "dice", "iou", "both_empty", "one_empty"), CORNER_CASES
)
def test_corner_cases_score_as_the_table_says(
    prediction, reference, dice, iou, both_empty, one_empty
):
    overlap = measure_overlap(prediction, reference)
    assert overlap.dice == pytest.approx(dice)
    assert overlap.iou == pytest.approx(iou)
    assert overlap.is_both_empty is both_empty
    assert overlap.is_one_empty is one_empty


@settings(deadline=None)
@given(masks, masks)
def test_dice_is_a_share_and_asks_not_which_mask_is_true(first, second):
    overlap = measure_overlap(first, second)
    assert 0 <= overlap.iou <= overlap.dice <= 1
    assert overlap.dice == measure_overlap(second, first).dice
    assert overlap.iou == measure_overlap(second, first).iou


@settings(deadline=None)
@given(masks, masks)
def test_dice_of_one_image_follows_from_its_iou(first, second):
    overlap = measure_overlap(first, second)
    assert overlap.dice == pytest.approx(2 * overlap.iou / (1 + overlap.iou))


@settings(deadline=None)
@given(masks, masks)
def test_counts_agree_with_sets_of_pixels(first, second):
    one, other = (set(zip(*np.nonzero(mask), strict=True)) for mask in (first, second))
    overlap = measure_overlap(first, second)
    assert (overlap.intersection, overlap.union) == (len(one & other), len(one | other))


BIG_HIT = Overlap(intersection=90, prediction=100, reference=100)
SMALL_MISS = Overlap(intersection=0, prediction=10, reference=10)
NOTHING = Overlap(intersection=0, prediction=0, reference=0)


def test_the_two_conventions_differ_on_a_big_hit_and_a_small_miss():
    both = [BIG_HIT, SMALL_MISS]
    assert dice_per_image(both) == pytest.approx((0.9 + 0.0) / 2)
    assert dice_pooled(both) == pytest.approx(2 * 90 / 220)
    assert iou_per_image(both) == pytest.approx((90 / 110) / 2)
    assert iou_pooled(both) == pytest.approx(90 / 130)


@settings(deadline=None)
@given(st.lists(st.tuples(masks, masks), min_size=1, max_size=6))
def test_pooled_scores_are_those_of_one_picture_made_of_all(pairs):
    overlaps = [measure_overlap(first, second) for first, second in pairs]
    glued = measure_overlap(*(np.concatenate(side) for side in zip(*pairs, strict=True)))
    assert dice_pooled(overlaps) == glued.dice
    assert iou_pooled(overlaps) == glued.iou


def test_empty_pairs_count_as_one_unless_they_are_excluded():
    assert dice_per_image([BIG_HIT, NOTHING]) == pytest.approx(0.95)
    assert dice_per_image([BIG_HIT, NOTHING], empty="exclude") == pytest.approx(0.9)
    assert iou_per_image([BIG_HIT, NOTHING], empty="exclude") == pytest.approx(90 / 110)


def test_a_picture_with_one_empty_mask_is_never_excluded():
    missed = Overlap(intersection=0, prediction=0, reference=10)
    assert dice_per_image([BIG_HIT, missed], empty="exclude") == pytest.approx(0.45)


@pytest.mark.parametrize("score", [dice_per_image, iou_per_image, dice_pooled, iou_pooled])
def test_no_image_has_no_score(score):
    assert score([]) is None


def test_a_set_of_which_all_are_excluded_has_no_score():
    assert dice_per_image([NOTHING], empty="exclude") is None


def test_masks_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 4\).*\(4, 3\).*resample"):
        measure_overlap(LEFT, LEFT.T)


def test_probabilities_are_refused_where_masks_are_expected():
    with pytest.raises(ValueError, match="float32, expected bool"):
        check_masks(LEFT.astype(np.float32), LEFT)
