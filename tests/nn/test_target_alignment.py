"""The contrast of targets and sentences, on numbers that a reader computes."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy, normalize, softplus

from lingseg.nn.target_alignment import (
    area_shares,
    background_logits,
    stride_between,
    target_text_loss,
)

HEIGHT, WIDTH = 32, 64


def plain(loss, **changes):
    """Call with one-hot targets, everybody there, over the target, without a background."""
    number = len(loss["pixels"])
    settings = {
        "suits": torch.eye(number),
        "is_there": torch.ones(number, dtype=torch.bool),
        "pool": "mask",
        "temperature": 0.5,
        "background_negative": False,
    }
    reference, pixels = loss["reference"], loss["pixels"]
    shares = area_shares(reference, stride_between(reference, pixels))
    told = {name: value for name, value in loss.items() if name != "reference"}
    return target_text_loss(shares=shares, **(told | settings | changes))


def left_half(number):
    reference = torch.zeros(number, 1, HEIGHT, WIDTH, dtype=torch.bool)
    reference[..., : WIDTH // 2] = True
    return reference


def two_sided(left, right):
    """Return maps of 1 x 2 cells at stride 32 with these two directions."""
    return torch.stack([torch.tensor(left), torch.tensor(right)], dim=-1)[:, :, None]


def some(number=3, dim=4):
    generator = torch.Generator().manual_seed(0)
    pixels = normalize(torch.randn(number, dim, 4, 8, generator=generator), dim=1)
    sentences = normalize(torch.randn(number, dim, generator=generator), dim=1)
    reference = torch.rand(number, 1, HEIGHT, WIDTH, generator=generator) > 0.7
    return {"pixels": pixels, "sentences": sentences, "reference": reference}


def test_two_pairs_are_told_apart_as_a_reader_computes():
    # Targets look along x and y, as their sentences do; what is beside them looks elsewhere.
    pixels = two_sided([[1.0, 0.0], [0.0, 1.0]], [[0.0, -1.0], [-1.0, 0.0]])
    loss = {"pixels": pixels, "sentences": torch.eye(2), "reference": left_half(2)}
    # Own similarity 1, other 0, over a temperature of 1/2.
    assert plain(loss).item() == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-6)
    swapped = loss | {"sentences": torch.eye(2).flip(0)}
    assert plain(swapped).item() == pytest.approx(math.log(1 + math.exp(2)), abs=1e-6)


def test_a_sentence_must_be_nearer_its_target_than_the_rest_of_the_image():
    pixels = two_sided([[1.0, 0.0], [0.0, 1.0]], [[0.6, 0.8], [-1.0, 0.0]])
    loss = {"pixels": pixels, "sentences": torch.eye(2), "reference": left_half(2)}
    by_image = math.log(1 + math.exp(-2))
    # The backgrounds' similarities to their own sentences are 0.6 and 0, over 1/2.
    by_text = [math.log(1 + math.exp(-2) + math.exp(rest - 2)) for rest in (1.2, 0.0)]
    expected = (by_image + sum(by_text) / 2) / 2
    assert plain(loss, background_negative=True).item() == pytest.approx(expected, abs=1e-6)


def test_one_to_one_over_the_whole_image_it_is_clips_symmetric_loss():
    loss = some()
    images = normalize(loss["pixels"].mean(dim=(2, 3)), dim=1)
    logits, own = images @ loss["sentences"].T / 0.5, torch.arange(3)
    clip = (cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2
    torch.testing.assert_close(plain(loss, pool="global"), clip)


def test_soft_targets_are_brought_to_a_sum_of_one_in_both_directions():
    loss = some()
    suits = torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.5, 0.0, 0.5]])
    target, _ = area_shares(loss["reference"], 8)
    regions = normalize((loss["pixels"] * target).sum(dim=(2, 3)), dim=1)
    logits = regions @ loss["sentences"].T / 0.5
    by_text = suits.T / suits.T.sum(dim=1, keepdim=True)
    expected = (cross_entropy(logits, suits) + cross_entropy(logits.T, by_text)) / 2
    torch.testing.assert_close(plain(loss, suits=suits), expected)


@pytest.mark.parametrize("background_negative", [True, False])
def test_a_case_that_is_not_there_changes_nothing(background_negative):
    loss = some()
    loss["reference"][1] = False
    is_there = torch.tensor([True, False, True])
    others = {name: value[is_there] for name, value in loss.items()}
    suits = torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.5, 0.2, 0.3]])
    of_others = suits[is_there][:, is_there]
    found = plain(loss, suits=suits, is_there=is_there, background_negative=background_negative)
    expected = plain(others, suits=of_others, background_negative=background_negative)
    torch.testing.assert_close(found, expected)


def test_one_pair_is_told_from_its_background_only():
    pixels = two_sided([[1.0, 0.0]], [[0.6, 0.8]])
    loss = {"pixels": pixels, "sentences": torch.tensor([[1.0, 0.0]]), "reference": left_half(1)}
    assert plain(loss).item() == 0
    expected = softplus(torch.tensor((0.6 - 1.0) / 0.5)) / 2
    torch.testing.assert_close(plain(loss, background_negative=True), expected)


def test_without_a_pair_the_loss_is_zero_and_teaches_nothing():
    loss = some()
    loss["pixels"].requires_grad_()
    found = plain(loss, is_there=torch.zeros(3, dtype=torch.bool), background_negative=True)
    assert found.item() == 0
    found.backward()
    assert not loss["pixels"].grad.any()


def test_a_target_that_leaves_no_background_has_no_background_to_be_told_from():
    loss = some()
    loss["reference"][:] = True
    assert plain(loss, background_negative=True).item() == pytest.approx(plain(loss).item())


def test_filling_is_neither_target_nor_background():
    reference = torch.zeros(1, 1, 40, 80, dtype=torch.bool)
    reference[..., :16] = True
    target, area = area_shares(reference, 32)
    assert target[0, 0].tolist() == [[0.5, 0, 0], [0.125, 0, 0]]
    assert area[0, 0].tolist() == [[1, 1, 0.5], [0.25, 0.25, 0.125]]


def test_a_background_that_is_none_is_never_chosen():
    pixels, sentences = two_sided([[1.0, 0.0]], [[1.0, 0.0]]), torch.tensor([[1.0, 0.0]])
    assert background_logits(pixels, sentences, torch.zeros(1, 1, 1, 2)).item() == -1e4
    assert background_logits(pixels, sentences, torch.ones(1, 1, 1, 2)).item() == 1


def test_it_is_computed_in_single_precision():
    loss = some()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = plain(loss, background_negative=True)
    assert torch.equal(found, plain(loss, background_negative=True))
