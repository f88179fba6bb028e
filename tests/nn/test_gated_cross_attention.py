"""What pixels hear of words, by numbers."""

import math

import pytest
import torch
from torch import nn

from lingseg.nn.gated_cross_attention import GatedCrossAttention, instance_norm

EPS = 1e-5


def identities(attention, *, gate=1.0):
    """Let every layer hand on what it gets, those of the gate scaled."""
    for layer in (attention.query, attention.key, attention.value, attention.heard):
        nn.init.eye_(layer.weight)
    if attention.gate is not None:
        nn.init.eye_(attention.gate[0].weight)
        attention.gate[2].weight.data.copy_(gate * torch.eye(len(attention.gate[2].weight)))
    return attention


def everything(words):
    return torch.ones(words.shape[:2], dtype=torch.bool)


def test_two_pixels_and_two_words_by_hand():
    # Normed over two pixels, 1 and 3 become -1 and 1. Against words 0 and 1 the scores are 0 and
    # +-1, so the second word's share is sigmoid(-1) or sigmoid(1), which is what is heard; normed,
    # that is -1 and 1 again; and the gate is tanh(relu(x)).
    attention = identities(GatedCrossAttention(1, 1))
    words = torch.tensor([[[0.0], [1.0]]])
    heard = attention(torch.tensor([[[1.0], [3.0]]]), words, everything(words))
    spread = (1 / (1 + math.exp(-1)) - 1 / (1 + math.exp(1))) / 2
    one = spread / math.sqrt(spread**2 + EPS)
    torch.testing.assert_close(heard, torch.tensor([[[0.0], [math.tanh(one) * one]]]))


def test_without_a_gate_it_is_what_was_heard():
    attention = identities(GatedCrossAttention(1, 1, gate="none"))
    words = torch.tensor([[[0.0], [1.0]]])
    heard = attention(torch.tensor([[[1.0], [3.0]]]), words, everything(words))
    torch.testing.assert_close(heard, torch.tensor([[[-1.0], [1.0]]]), atol=1e-3, rtol=0)


def test_a_gate_of_zero_is_shut():
    attention = identities(GatedCrossAttention(1, 1), gate=0.0)
    words = torch.tensor([[[0.0], [1.0]]])
    assert not attention(torch.tensor([[[1.0], [3.0]]]), words, everything(words)).any()


@pytest.mark.parametrize("num_heads", [1, 2])
def test_scores_are_divided_by_the_root_of_the_full_width(num_heads):
    attention = identities(GatedCrossAttention(2, 2, num_heads=num_heads, gate="none"))
    attention.heard = nn.Identity()
    words = torch.tensor([[[0.0, 0.0], [1.0, 2.0]]])
    pixels = torch.tensor([[[1.0, 1.0], [3.0, 3.0], [2.0, 2.0]]])
    heard = attention(pixels, words, everything(words))
    query = instance_norm(pixels)
    width = 2**0.5
    score = query * words[:, 1] if num_heads == 2 else (query * words[:, 1]).sum(-1, keepdim=True)
    expected = instance_norm((score / width).sigmoid() * words[:, 1])
    torch.testing.assert_close(heard, expected)


def test_padding_is_not_heard():
    torch.manual_seed(0)
    attention = GatedCrossAttention(4, 6)
    pixels, words = torch.randn(2, 5, 4), torch.randn(2, 3, 6)
    word_mask = everything(words)
    padded = torch.cat([words, torch.zeros(2, 4, 6)], dim=1)
    padded_mask = torch.nn.functional.pad(word_mask, (0, 4))
    torch.testing.assert_close(
        attention(pixels, padded, padded_mask),
        attention(pixels, words, word_mask),
        atol=1e-6,
        rtol=1e-6,
    )


def test_nothing_said_is_exactly_nothing_heard():
    torch.manual_seed(0)
    attention = GatedCrossAttention(4, 6)
    nothing = torch.zeros(2, 3, dtype=torch.bool)
    assert torch.equal(
        attention(torch.randn(2, 5, 4), torch.zeros(2, 3, 6), nothing), torch.zeros(2, 5, 4)
    )


def test_a_single_word_is_heard_alike_everywhere_and_so_not_at_all():
    torch.manual_seed(0)
    attention, words = GatedCrossAttention(4, 6), torch.randn(1, 1, 6)
    heard = attention(torch.randn(1, 5, 4), words, everything(words))
    assert heard.abs().max() < 1e-4


def test_the_biases_that_were_left_out_would_have_had_no_effect():
    torch.manual_seed(0)
    attention = GatedCrossAttention(4, 6).double()
    pixels, words = torch.randn(2, 5, 4).double(), torch.randn(2, 3, 6).double()
    plain = attention(pixels, words, everything(words))
    for name in ("query", "key", "value", "heard"):
        layer = getattr(attention, name)
        layer.bias = nn.Parameter(torch.randn(4).double())
    biased = attention(pixels, words, everything(words))
    torch.testing.assert_close(biased, plain, atol=1e-5, rtol=1e-5)


def test_instance_norm_is_that_of_torch():
    pixels = torch.randn(2, 5, 4)
    torch.testing.assert_close(instance_norm(pixels), nn.InstanceNorm1d(4)(pixels.mT).mT)


def test_one_pixel_has_no_variance_and_becomes_0():
    assert torch.equal(instance_norm(torch.randn(2, 1, 4)), torch.zeros(2, 1, 4))
