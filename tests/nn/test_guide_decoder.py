"""The guide decoder: what pixels see, what they hear, and what padding says."""

import math

import pytest
import torch
from torch.nn.functional import pad
from weight_count import count

from lingseg.nn.guide_decoder import GuideDecoder, GuideShape, fixed_words, sinusoids

SHAPE = GuideShape(
    dims=(8, 12, 16, 24), text_dim=10, num_words=6, num_summaries=(6, 4, 3), text_scale=0.5
)


def decoder(**changes):
    torch.manual_seed(0)
    return GuideDecoder(GuideShape(**(vars(SHAPE) | changes))).eval()


def inputs(words=6):
    generator = torch.Generator().manual_seed(1)
    maps = tuple(
        torch.randn(2, dim, 16 // 2**level, 24 // 2**level, generator=generator)
        for level, dim in enumerate(SHAPE.dims)
    )
    vectors = torch.randn(2, words, 10, generator=generator)
    return maps, vectors, torch.ones(2, words, dtype=torch.bool)


def test_parts_have_the_official_number_of_weights():
    with torch.device("meta"):
        full = GuideDecoder(GuideShape())
    stages = [count(guide, up) for guide, up in zip(full.guides, full.ups, strict=True)]
    assert stages == [10_484_569, 2_772_397, 768_802]
    assert count(full.upsample) == 332_160
    assert count(full.mask_head) == 25


def test_the_mask_is_four_times_as_fine_as_the_finest_map():
    assert decoder()(*inputs()).shape == (2, 1, 64, 96)


def test_the_text_is_heard_unless_its_scale_is_zero():
    maps, words, word_mask = inputs()
    for scale in (0.0, 0.5):
        decode = decoder(text_scale=scale)
        moved = (decode(maps, words, word_mask) - decode(maps, words.flip(0), word_mask)).abs()
        assert (moved.max() > 1e-4) == (scale > 0)


def test_the_scale_starts_where_it_is_told_to():
    scales = [guide.text_scale.item() for guide in decoder(text_scale=0.01).guides]
    assert scales == pytest.approx([0.01] * 3)
    assert GuideShape().text_scale == 1.421


def test_pixels_know_their_place():
    """Alike pixels are told apart, though an attention without places would not."""
    guide = decoder().guides[0]
    _, words, _ = inputs()
    found = guide(torch.ones(2, 24, 2, 3), words)
    assert found[0].flatten(1).std(dim=1).max() > 1e-4


def test_every_pixel_sees_every_other():
    guide = decoder().guides[0]
    maps, words, _ = inputs()
    other = maps[-1].clone()
    other[:, 0, 0, 0] += 5
    moved = (guide(other, words) - guide(maps[-1], words)).abs().amax(dim=(0, 1))
    assert moved.min() > 1e-5


def test_padding_says_nothing():
    maps, words, word_mask = inputs(words=4)
    decode = decoder()
    padded = pad(words, (0, 0, 0, 5), value=7.0)
    torch.testing.assert_close(
        decode(maps, padded, pad(word_mask, (0, 5))), decode(maps, words, word_mask)
    )


def test_a_text_is_filled_with_zeros_or_cut():
    words, word_mask = torch.ones(1, 3, 2), torch.tensor([[True, True, False]])
    assert fixed_words(words, word_mask, 4)[0, :, 0].tolist() == [1, 1, 0, 0]
    assert fixed_words(words, word_mask, 1)[0, :, 0].tolist() == [1]


def test_places_are_the_waves_of_the_transformer():
    found = sinusoids(torch.zeros(1, 3, 4))
    expected = [[math.sin(n), math.cos(n), math.sin(n / 100), math.cos(n / 100)] for n in range(3)]
    torch.testing.assert_close(found, torch.tensor(expected))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"num_summaries": (6, 4)}, r"num_summaries=\(6, 4\)"),
        ({"num_heads": 5}, "12 must be even and a multiple of num_heads=5"),
    ],
)
def test_a_shape_that_cannot_be_built_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        GuideShape(**(vars(SHAPE) | wrong))
