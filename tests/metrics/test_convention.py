import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lingseg.metrics.convention import TOLERANCE, explain_pair
from lingseg.metrics.overlap import (
    Overlap,
    dice_per_image,
    dice_pooled,
    iou_per_image,
    iou_pooled,
)

PUBLISHED = [
    # dice, iou, convention
    pytest.param(84.15, 75.20, "per image", id="the pair of the documentation"),
    pytest.param(79.02, 69.46, "per image", id="U-Net on QaTa-COV19"),
    pytest.param(80.42, 70.81, "per image", id="nnU-Net on QaTa-COV19"),
    pytest.param(83.66, 75.11, "per image", id="LViT on QaTa-COV19"),
    pytest.param(85.22, 77.00, "per image", id="RecLMIS on QaTa-COV19"),
    pytest.param(83.88, 75.29, "per image", id="LanGuideMedSeg scored again"),
    pytest.param(83.97, 75.48, "per image", id="MMI-UNet scored again"),
    pytest.param(89.78, 81.45, "pooled", id="LanGuideMedSeg as published"),
    pytest.param(91.22, 83.84, "pooled", id="FMISeg"),
    pytest.param(91.21, 83.84, "pooled", id="a pooled pair, a rounding below its curve"),
    pytest.param(91.12, 83.84, "per image", id="a pooled pair, a tenth of a point below it"),
    pytest.param(76.45, 62.86, "per image", id="U-Net on MoNuSeg"),
    pytest.param(80.36, 67.31, "per image", id="LViT on MoNuSeg"),
]


@pytest.mark.parametrize(("dice", "iou", "convention"), PUBLISHED)
def test_published_pairs_tell_their_convention(dice, iou, convention):
    assert explain_pair(dice, iou).convention == convention
    assert explain_pair(dice / 100, iou / 100).convention == convention


@pytest.mark.parametrize(("dice", "iou", "convention"), PUBLISHED)
def test_a_published_pair_lies_on_its_side_of_the_curve(dice, iou, convention):
    verdict = explain_pair(dice, iou)
    assert verdict.pooled_dice == pytest.approx(100 * 2 * iou / (100 + iou), abs=1e-9)
    assert verdict.gap == pytest.approx(dice - verdict.pooled_dice)
    assert (verdict.gap < -TOLERANCE) == (convention == "per image")


def test_a_pair_given_to_three_places_is_not_blamed_for_its_rounding():
    assert explain_pair(0.902, 0.821).convention == "pooled"  # 2 * 0.821 / 1.821 = 0.9017
    assert explain_pair(0.852, 0.770).convention == "per image"


@pytest.mark.parametrize(("dice", "iou"), [(90.0, 80.0), (70.01, 80.0), (50, 50.5)])
def test_a_pair_that_no_masks_give_is_called_so(dice, iou):
    assert explain_pair(float(dice), iou).convention == "neither"


counts = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)).map(
    lambda parts: Overlap(
        intersection=parts[0], prediction=parts[0] + parts[1], reference=parts[0] + parts[2]
    )
)


@settings(deadline=None)
@given(st.lists(counts, min_size=1, max_size=8))
def test_pooled_scores_of_any_masks_are_recognised(overlaps):
    dice, iou = dice_pooled(overlaps), iou_pooled(overlaps)
    found = explain_pair(round(100 * dice, 2), round(100 * iou, 2))
    assert found.convention == ("pooled" if 0 < dice < 1 else "either")


@settings(deadline=None)
@given(st.lists(counts, min_size=2, max_size=8))
def test_means_over_images_that_differ_are_recognised(overlaps):
    ious = [overlap.iou for overlap in overlaps]
    assume(np.std(ious) > 0.05)
    dice, iou = dice_per_image(overlaps), iou_per_image(overlaps)
    assert explain_pair(dice, iou).convention == "per image"


@pytest.mark.parametrize(("dice", "iou"), [(0.0, 0.0), (1.0, 1.0), (100.0, 100.0)])
def test_at_the_ends_of_the_scale_both_conventions_agree(dice, iou):
    found = explain_pair(dice, iou)
    assert found.convention == "either"
    assert found.sentence.startswith("Cannot be told")


@pytest.mark.parametrize(("dice", "iou"), [(-1.0, 0.5), (101.0, 90.0), (float("nan"), 0.5)])
def test_what_is_no_score_is_refused(dice, iou):
    with pytest.raises(ValueError, match="expected 0 to 1 or 0 to 100"):
        explain_pair(dice, iou)


def test_two_scales_in_one_pair_are_refused():
    with pytest.raises(ValueError, match="different scales"):
        explain_pair(89.78, 0.8145)


def test_the_sentence_names_the_numbers():
    assert "85.79" in explain_pair(83.66, 75.11).sentence
