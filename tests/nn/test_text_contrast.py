"""Contrasts of pixels and sentences, on numbers that a reader can check."""

import math

import pytest
import torch

from lingseg.nn.text_contrast import (
    mean_word,
    pixel_text_loss,
    region_directions,
    region_text_loss,
    soft_cross_entropy,
    soft_shares,
)

SCORES = torch.tensor([[[2.0, -1.0], [0.0, 3.0]]])


def softplus(value):
    return math.log(1 + math.exp(value))


def boolean(*rows):
    return torch.tensor([rows], dtype=torch.bool)


SAID = torch.tensor([True])


def test_four_pixels_by_hand():
    # Meant: scores 2 and -1; not meant: 0 and 3.
    expected = (softplus(-2) + softplus(1)) / 2 + (softplus(0) + softplus(3)) / 2
    found = pixel_text_loss(SCORES, boolean((1, 1), (0, 0)), SAID)
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_both_kinds_of_pixels_weigh_the_same_however_few_they_are():
    expected = softplus(-2) + (softplus(-1) + softplus(0) + softplus(3)) / 3
    found = pixel_text_loss(SCORES, boolean((1, 0), (0, 0)), SAID)
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_an_empty_mask_has_no_first_term():
    expected = sum(map(softplus, (2, -1, 0, 3))) / 4
    found = pixel_text_loss(SCORES, boolean((0, 0), (0, 0)), SAID)
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_a_full_mask_has_no_second_term():
    expected = sum(map(softplus, (-2, 1, 0, -3))) / 4
    found = pixel_text_loss(SCORES, boolean((1, 1), (1, 1)), SAID)
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_images_are_averaged_and_those_without_a_sentence_left_out():
    scores, is_target = torch.cat([SCORES, 5 * SCORES]), torch.ones(2, 2, 2, dtype=torch.bool)
    alone = pixel_text_loss(SCORES, is_target[:1], SAID)
    both = pixel_text_loss(scores, is_target, torch.tensor([True, True]))
    other = pixel_text_loss(5 * SCORES, is_target[:1], SAID)
    torch.testing.assert_close(both, (alone + other) / 2)
    torch.testing.assert_close(
        pixel_text_loss(scores, is_target, torch.tensor([True, False])), alone
    )


def test_with_no_sentence_at_all_it_is_0_with_a_gradient():
    scores = SCORES.clone().requires_grad_()
    loss = pixel_text_loss(scores, boolean((1, 0), (0, 0)), ~SAID)
    loss.backward()
    assert loss == 0
    assert not scores.grad.any()


def test_scores_that_are_not_numbers_do_not_become_0():
    for place in ((0, 0, 0), (0, 1, 1)):
        scores = SCORES.clone()
        scores[place] = torch.nan
        assert pixel_text_loss(scores, boolean((1, 1), (0, 0)), SAID).isnan()


def test_large_scores_in_half_precision_stay_finite():
    loss = pixel_text_loss((1e4 * SCORES).half(), boolean((1, 1), (0, 0)), SAID)
    assert loss.isfinite()
    assert loss.dtype == torch.float32


def test_the_mean_word_is_of_real_words_and_0_without():
    words = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]]] * 2)
    word_mask = torch.tensor([[True, True, False], [False] * 3])
    expected = torch.tensor([[2.0, 3.0], [0.0, 0.0]])
    assert torch.equal(mean_word(words, word_mask), expected)


def test_a_region_is_the_direction_of_its_mean_each_pixel_with_its_share():
    pixels = torch.tensor([[[[3.0, 0.0, 9.0]], [[0.0, 4.0, 9.0]]]])
    found = region_directions(pixels, torch.tensor([[[1.0, 0.5, 0.0]]]))
    torch.testing.assert_close(found, torch.tensor([[3.0, 2.0]]) / math.sqrt(13))
    assert not region_directions(pixels, torch.zeros(1, 1, 3)).any()


def test_columns_beyond_the_shares_are_wanted_by_no_row():
    logits = torch.zeros(1, 3)
    found = soft_cross_entropy(logits, torch.tensor([[2.0, 2.0]]))
    assert found.item() == pytest.approx(math.log(3))


# Regions against sentences


def test_two_pairs_that_have_nothing_in_common_are_contrasted_as_by_one_hot():
    similarities, everything = torch.tensor([[2.0, 0.0], [0.0, 2.0]]), torch.tensor([True, True])
    loss = region_text_loss(similarities, torch.eye(2), everything)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-6)


def test_cases_left_out_are_no_rivals():
    similarities = torch.tensor([[2.0, 0.0, 8.0], [0.0, 2.0, 8.0], [8.0, 8.0, 8.0]])
    shares = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    loss = region_text_loss(similarities, shares, torch.tensor([True, True, False]))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-6)
    nothing = region_text_loss(similarities, torch.eye(3), torch.tensor([False] * 3))
    assert nothing == 0


def test_cases_that_say_and_show_the_same_share_and_others_do_not():
    sentences = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    masks = torch.zeros(3, 1, 56, 84, dtype=torch.bool)
    masks[:2, :, :28], masks[2, :, 28:] = True, True
    everything = torch.tensor([True] * 3)
    shares = soft_shares(sentences, masks, everything, text_share=0.5, softness=0.1)
    rest = math.exp(-10)  # distance 1 over softness 0.1
    row = torch.tensor([1.0, 1.0, rest]) / (2 + rest)
    torch.testing.assert_close(shares[0], row)
    torch.testing.assert_close(shares[1], row)
    torch.testing.assert_close(shares[2], torch.tensor([rest, rest, 1.0]) / (1 + 2 * rest))


def test_half_the_distance_is_of_words_and_half_of_masks():
    sentences = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    masks = torch.ones(2, 1, 28, 56, dtype=torch.bool)
    shares = soft_shares(sentences, masks, torch.tensor([True, True]), text_share=0.3, softness=1.0)
    assert (shares[0, 0] / shares[0, 1]).item() == pytest.approx(math.exp(0.3), rel=1e-5)
