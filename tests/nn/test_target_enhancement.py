"""What redirects features: on numbers that a reader computes, and where it starts."""

import math

import pytest
import torch
from torch import nn

from lingseg.nn.target_enhancement import CommonSpace, Modulation, SimilarityGate, WordAttention


def gate(**changes):
    settings = {"scale": 5.0, "shift": 0.0, "gain": 0.0, "keeps_sign": False}
    return SimilarityGate(**(settings | changes))


def meeting():
    """Return features, and pixels of which the first looks where the sentence looks."""
    pixels = torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]]])
    return torch.full((1, 3, 1, 2), 2.0), pixels, torch.tensor([[1.0, 0.0]])


def words(number=2):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(number, 4, 6, generator=generator), torch.ones(number, 4, dtype=torch.bool)


def features(number=2):
    return torch.randn(number, 8, 2, 3, generator=torch.Generator().manual_seed(2))


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def test_what_is_near_the_sentence_is_made_stronger():
    found, target_map = gate(shift=-1.0, gain=0.5)(*meeting())
    expected = [sigmoid(5 - 1), sigmoid(0 - 1)]
    assert target_map.flatten().tolist() == pytest.approx(expected)
    assert found[0, 0, 0].tolist() == pytest.approx([2 * (1 + 0.5 * part) for part in expected])


def test_a_gate_without_gain_changes_nothing():
    given = meeting()
    assert torch.equal(gate()(*given)[0], given[0])
    torch.testing.assert_close(gate(keeps_sign=True)(*given)[0], given[0])


def test_a_bound_gain_changes_no_sign():
    given = meeting()
    assert gate(gain=-30.0)(*given)[0].max() < 0
    bound = gate(gain=-30.0, keeps_sign=True)(*given)[0]
    assert bound.min() > 0
    expected = 2 * (1 - math.log(2) * sigmoid(5))
    assert bound[0, 0, 0, 0].item() == pytest.approx(expected, rel=1e-5)


def test_pixels_and_sentences_become_directions():
    torch.manual_seed(0)
    pixels, sentences = CommonSpace(8, 6, 5)(features(), torch.randn(2, 6))
    torch.testing.assert_close(pixels.norm(dim=1), torch.ones(2, 2, 3))
    torch.testing.assert_close(sentences.norm(dim=1), torch.ones(2))


def test_a_space_at_full_size_has_the_weights_of_the_design():
    with torch.device("meta"):
        spaces = [CommonSpace(dim, 768, 256) for dim in (96, 192, 384, 768)]
        films = [Modulation(dim, 768) for dim in (96, 192, 384, 768)]
    numbers = [sum(weight.numel() for weight in space.parameters()) for space in spaces]
    assert sum(numbers) == pytest.approx(1.42e6, rel=0.02)
    films = [sum(weight.numel() for weight in film.parameters()) for film in films]
    assert sum(films) == pytest.approx(2.21e6, rel=0.02)


def test_modulation_scales_and_shifts_every_feature_and_starts_as_nothing():
    film = Modulation(2, 1)
    given = torch.ones(1, 2, 1, 1)
    assert torch.equal(film(given, torch.ones(1, 1)), given)
    film.modulate.bias.data = torch.tensor([1.0, 2.0, 10.0, 20.0])
    assert film(given, torch.ones(1, 1)).flatten().tolist() == [12, 23]


def test_attention_without_gain_changes_nothing_and_with_it_hears():
    torch.manual_seed(0)
    for gain in (0.0, 0.5):
        attend = WordAttention(8, 6, num_heads=2, gain=gain)
        found = attend(features(), *words())
        assert torch.equal(found, features()) == (gain == 0)


def test_attention_hears_no_padding_and_of_a_null_sentence_nothing_but_zeros():
    torch.manual_seed(0)
    attend = WordAttention(8, 6, num_heads=2, gain=0.5)
    nn.init.normal_(attend.attention.in_proj_bias)  # a word of nothing has a value
    said, word_mask = words()
    word_mask[0, 2:] = False
    word_mask[1] = False
    found = attend(features(), said, word_mask)
    other = attend(features(), said.masked_fill(~word_mask[..., None], 9.0), word_mask)
    assert torch.equal(found, other)
    assert found.isfinite().all()
    short = attend(features(1), said[:1, :2], word_mask[:1, :2])
    torch.testing.assert_close(found[:1], short)
    nothing = torch.zeros(1, 1, 6), torch.ones(1, 1, dtype=torch.bool)
    torch.testing.assert_close(found[1:], attend(features()[1:], *nothing))
