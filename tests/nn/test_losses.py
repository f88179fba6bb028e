"""Terms that more than one objective is made of."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from lingseg.nn.losses import (
    mask_cross_entropy,
    soft_dice_loss,
    squared_dice_loss,
    weighted_cross_entropy,
)


def test_squared_dice_is_what_a_reader_computes_by_hand():
    # Probabilities 1/2, 1/2, 3/4 of which the last two are held true: 2 * 1.25 / (1.0625 + 2).
    logits = torch.tensor([0.0, 0.0, torch.tensor(3.0).log()]).reshape(1, 1, 1, 3)
    reference = torch.tensor([False, True, True]).reshape(1, 1, 1, 3)
    assert squared_dice_loss(logits, reference).item() == pytest.approx(1 - 2.5 / 3.0625, abs=1e-5)


def test_squared_dice_averages_over_images_not_pixels():
    logits = torch.full((2, 1, 2, 3), 20.0)
    reference = torch.ones(2, 1, 2, 3, dtype=torch.bool)
    reference[1] = False
    assert squared_dice_loss(logits, reference).item() == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("loss", [soft_dice_loss, squared_dice_loss])
def test_an_empty_answer_to_an_empty_reference_is_right(loss):
    logits = torch.full((1, 1, 2, 3), -20.0)
    nothing = torch.zeros(1, 1, 2, 3, dtype=torch.bool)
    assert loss(logits, nothing).item() == pytest.approx(0.0, abs=1e-5)


def test_soft_dice_is_what_a_reader_computes_by_hand():
    # Probabilities 1/2, 1/2, 3/4, the last two held true, one pixel of smoothing: 3.5 / 4.75.
    logits = torch.tensor([0.0, 0.0, torch.tensor(3.0).log()]).reshape(1, 1, 1, 3)
    reference = torch.tensor([False, True, True]).reshape(1, 1, 1, 3)
    assert soft_dice_loss(logits, reference).item() == pytest.approx(1 - 3.5 / 4.75, abs=1e-6)


def test_soft_dice_averages_over_images_not_pixels():
    logits = torch.full((2, 1, 20, 30), 20.0)
    reference = torch.ones(2, 1, 20, 30, dtype=torch.bool)
    reference[1] = False
    assert soft_dice_loss(logits, reference).item() == pytest.approx(0.5, abs=2e-3)


def test_cross_entropy_of_a_doubting_model_is_one_bit():
    logits = torch.zeros(1, 1, 2, 3)
    reference = torch.zeros(1, 1, 2, 3, dtype=torch.bool)
    assert mask_cross_entropy(logits, reference).item() == pytest.approx(0.693147, abs=1e-6)


def test_the_cross_entropy_is_torchs_of_two_weighted_classes():
    logits = torch.randn(2, 2, 3, 4, generator=torch.Generator().manual_seed(0))
    reference = torch.rand(2, 1, 3, 4, generator=torch.Generator().manual_seed(1)) > 0.7
    expected = cross_entropy(logits, reference[:, 0].long(), weight=torch.tensor([0.9, 1.1]))
    found = weighted_cross_entropy(
        logits[:, 1:] - logits[:, :1], reference, background=0.9, foreground=1.1
    )
    torch.testing.assert_close(found, expected)


def test_a_missed_pixel_weighs_more_than_a_false_one():
    # One pixel of each kind, wrong by the same: (1.1 a + 0.9 b) / 2 with a = missed, b = right.
    reference = torch.tensor([True, False]).view(1, 1, 1, 2)
    logits = torch.tensor([-1.0, -1.0]).view(1, 1, 1, 2)
    found = weighted_cross_entropy(logits, reference, background=0.9, foreground=1.1)
    missed, right = math.log(1 + math.e), math.log(1 + math.exp(-1))
    assert found.item() == pytest.approx((1.1 * missed + 0.9 * right) / 2)
