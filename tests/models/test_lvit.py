"""LViT beyond what every model is asked: its parts, its ten words, any size, its losses."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from models.small import drawn_batch
from parity.shared_weights import settle_batch_norm, shared_weights
from tokenizers.processors import TemplateProcessing
from torch import nn
from torch.nn.functional import pad
from weight_count import count

from lingseg.models import lvit
from lingseg.models.cost import measure_cost
from lingseg.models.lvit import (
    LViT,
    LViTConfig,
    PatchEmbedding,
    PatchesToMap,
    WordsToPatches,
    balanced_cross_entropy,
)
from lingseg.models.segmenter import Segmentation
from lingseg.nn.word_text_encoder import WordTextEncoder, word_tokenizer

SMALL = LViTConfig(base_dim=4, num_heads=2, grid=(3, 4), dropout=0.0, text_encoder="words")
LONG = "one two three four five six seven eight nine ten eleven twelve thirteen"
DIMS = (64, 128, 256, 512)
PATCH_SIZES = (16, 8, 4, 2)


class BertWide(nn.Module):
    dim = 768
    tokenizer = word_tokenizer(10)


class WithEnds(WordTextEncoder):
    """Reads with a tokenizer that adds a start and an end, as BERT's and CLIP's do."""

    def __init__(self, max_words):
        super().__init__(max_words=max_words)
        self.tokenizer.post_processor = TemplateProcessing(
            single="[UNK] $A [UNK]", special_tokens=[("[UNK]", 1)]
        )


@pytest.fixture(scope="module")
def full_size():
    with pytest.MonkeyPatch.context() as patch, torch.device("meta"):
        patch.setattr(lvit, "build_text_encoder", lambda *_, **__: BertWide())
        return LViT(LViTConfig())


@pytest.fixture
def model():
    return formula_model(SMALL)


@pytest.fixture
def model_with_ends(monkeypatch):
    monkeypatch.setattr(lvit, "build_text_encoder", lambda *_, max_words, **__: WithEnds(max_words))
    return formula_model(SMALL)


def formula_model(config):
    """In eval mode, with weights by formula: random ones let hardly any of the text through."""
    model = LViT(config)
    shapes = {name: weight.shape for name, weight in model.named_parameters()}
    model.load_state_dict(shared_weights(shapes), strict=False)
    settle_batch_norm(model, *batch())
    return model


batch = partial(drawn_batch, height=48, width=64, words=10)


def logits(model, image, words, word_mask):
    with torch.no_grad():
        return model(image, words, word_mask).mask_logits


# Parts


def test_parts_have_the_official_number_of_weights(full_size):
    assert count(full_size.stem) == 1_920
    assert [count(down) for down in full_size.downs] == [221_952, 886_272, 3_542_016, 4_721_664]
    convolutions = full_size.words_to_patches.word_convolutions
    assert [count(one) for one in convolutions] == [1_180_160, 393_472, 98_432, 24_640]
    ups = zip(full_size.ups, full_size.skip_attentions, DIMS, strict=True)
    official = [count(up, attention) + dim * dim + dim for up, attention, dim in ups]
    assert official == [123_359, 234_015, 934_943, 3_737_631]
    assert count(full_size.mask_head) == 65


def unused_of_a_level(dim, patch_size):
    """Count what the official transformers of a level, down and up, hold and never use."""
    embedding = dim * dim * patch_size**2 + dim + 196 * dim
    norm_and_head = 2 * dim + dim + 1
    to_half = 3 * dim * dim // 2 + dim // 2 + dim
    from_double = 6 * dim * dim + dim + 2 * dim
    of_words = 3 * 10 * 196 + 196 + 2 * 196
    down = norm_and_head + from_double + (to_half if dim == DIMS[0] else of_words)
    up = norm_and_head + to_half + of_words + (from_double if dim == DIMS[-1] else 0)
    return down + embedding + up


def test_what_is_left_out_is_what_the_official_network_never_uses(full_size):
    assert count(full_size) == 29_908_033
    unused = sum(map(unused_of_a_level, DIMS, PATCH_SIZES))
    conv_sig = sum(dim * dim + dim for dim in DIMS)
    pix_modules = sum(2 * dim * dim + 31 for dim in DIMS) + conv_sig
    assert count(full_size) + unused + pix_modules + conv_sig == 39_933_345


def test_small_trains_on_two_cores():
    cost = measure_cost(LViT(replace(LViTConfig.small(), text_encoder="words")), (96, 128))
    assert cost.trainable < 3_000_000
    assert cost.gmacs * (224 * 224) / (96 * 128) < 2
    assert cost.dead == 0


@pytest.mark.parametrize(("height", "width"), [(48, 64), (33, 50), (47, 49), (32, 65)])
def test_all_levels_have_the_same_patches(model, height, width):
    encoded = model.encode_image(batch(height=height, width=width)[0])
    grid = (math.ceil(height / 16), math.ceil(width / 16))
    assert encoded[0].shape[2:] == grid
    assert [patches.shape[1] for patches in encoded[5:]] == [grid[0] * grid[1]] * 4


def test_a_patch_returns_to_the_pixels_that_it_was_cut_from():
    embed = PatchEmbedding(SMALL, dim=2, patch_size=4).eval()
    back = PatchesToMap(2, patch_size=4).eval()
    for convolution in (embed.projection, back.projection):
        nn.init.zeros_(convolution.bias)
    nn.init.constant_(embed.projection.weight, 1 / 32)
    back.projection.weight.data.copy_(torch.eye(2)[..., None, None])
    features = torch.zeros(1, 2, 7, 10)
    features[..., :4, :4], features[..., 4:, 8:] = 1.0, 1.0
    returned = back(embed(features), (2, 3), features)
    # The last patch has 3 x 2 pixels of its 4 x 4: the others are zeros.
    features[..., 4:, 8:] = 6 / 16
    torch.testing.assert_close(returned, features, rtol=1e-4, atol=1e-4)


def test_positions_are_the_tables_own_on_its_grid_and_interpolated_on_others():
    embed = PatchEmbedding(SMALL, dim=2, patch_size=2)
    embed.positions.data.copy_(torch.arange(12.0)[None, :, None].expand(1, 12, 2))
    nn.init.zeros_(embed.projection.weight)
    nn.init.zeros_(embed.projection.bias)
    own, other = embed(torch.rand(1, 2, 6, 8)), embed(torch.rand(1, 2, 6, 4))
    torch.testing.assert_close(own[0, :, 0], torch.arange(12.0))
    torch.testing.assert_close(other[0, :, 0], torch.tensor([0.5, 2.5, 4.5, 6.5, 8.5, 10.5]))


def test_what_patches_hear_is_a_table_too():
    torch.manual_seed(0)
    listen = WordsToPatches(SMALL, text_dim=5).eval()
    words, word_mask = torch.randn(2, 10, 5), torch.ones(2, 10, dtype=torch.bool)
    own = listen(words, word_mask, (3, 4)).unflatten(1, (3, 4))
    halved = listen(words, word_mask, (3, 2)).unflatten(1, (3, 2))
    torch.testing.assert_close(halved, (own[:, :, ::2] + own[:, :, 1::2]) / 2)


# Ten words


def test_the_tokenizer_cuts_at_ten(model):
    assert model.text_encoder.max_words == 10
    token_ids, _ = model.text_encoder.tokenize([LONG])
    assert token_ids.shape[1] == 10


def test_start_and_end_are_not_of_the_ten(model_with_ends):
    assert model_with_ends.text_encoder.max_words == 12
    token_ids, _ = model_with_ends.text_encoder.tokenize([LONG])
    assert token_ids.shape[1] == 12


def test_the_tenth_word_is_heard_and_the_eleventh_is_not(model):
    image, words, word_mask = batch(words=12)
    plain = logits(model, image, words, word_mask)
    words[:, 10:] += 1
    assert torch.equal(logits(model, image, words, word_mask), plain)
    words[:, 9] += 1
    assert (logits(model, image, words, word_mask) - plain).abs().max() > 1e-3


def test_neither_start_nor_end_is_heard(model_with_ends):
    image, words, word_mask = batch(words=8)
    word_mask[1, 5:] = False
    plain = logits(model_with_ends, image, words, word_mask)
    words[:, 0], words[0, 7], words[1, 4:] = 3.0, 3.0, 3.0
    assert torch.equal(logits(model_with_ends, image, words, word_mask), plain)
    words[1, 3] = 3.0
    other = logits(model_with_ends, image, words, word_mask)
    assert torch.equal(other[0], plain[0])
    assert (other[1] - plain[1]).abs().max() > 1e-3


def test_what_stands_between_the_ends_is_heard_as_without_them(model_with_ends):
    image, words, word_mask = batch(words=6)
    framed = logits(
        model_with_ends, image, pad(words, (0, 0, 1, 1)), pad(word_mask, (1, 1), value=True)
    )
    model_with_ends.num_ends = 0
    torch.testing.assert_close(framed, logits(model_with_ends, image, words, word_mask))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_null_sentence_is_ten_zeros_however_wide_its_batch(model_with_ends, number):
    image, words, word_mask = batch(words=number)
    null = logits(model_with_ends, image, words, torch.zeros_like(word_mask))
    assert null.isfinite().all()
    zeros = logits(model_with_ends, image, torch.zeros(2, 12, 64), torch.zeros(2, 12).bool())
    assert torch.equal(null, zeros)


def test_a_shorter_text_ends_in_nothing(model):
    """Nothing, after every convolution: not what a convolution makes of nothing."""
    convolutions = model.words_to_patches.word_convolutions
    seen = []
    convolutions[-1].register_forward_hook(lambda _, __, output: seen.append(output))
    image, words, word_mask = batch(words=4)
    logits(model, image, words, word_mask)
    assert seen[0].shape == (2, 10, 4)
    assert seen[0][:, :4].abs().min() > 0
    assert not seen[0][:, 4:].any()


def test_a_null_sentence_can_be_trained_on_even_alone():
    torch.manual_seed(0)
    model = LViT(SMALL)
    image, words, word_mask = batch(size=1, words=1)
    found = model(image, words, torch.zeros_like(word_mask))
    losses = model.losses(found, torch.rand(found.mask_logits.shape) > 0.5)
    sum(losses.values()).backward()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in model.parameters())


# Losses


def test_inside_and_outside_weigh_the_same_however_many_pixels_they_have():
    mask_logits = torch.tensor([[[[0.0, 2.0, 2.0, -1.0]]], [[[0.0, 0.0, 0.0, 3.0]]]])
    reference = torch.tensor([[[[1, 0, 0, 0]]], [[[0, 0, 0, 1]]]]).bool()

    def surprise(value):
        return math.log1p(math.exp(-value))

    inside = (surprise(0) + surprise(3)) / 2
    outside = (2 * surprise(-2) + surprise(1) + 3 * surprise(0)) / 6
    found = balanced_cross_entropy(mask_logits, reference).item()
    assert found == pytest.approx((inside + outside) / 2, rel=1e-6)


@pytest.mark.parametrize(("reference", "value"), [(torch.zeros, 1.0), (torch.ones, -1.0)])
def test_a_kind_without_pixels_adds_nothing(reference, value):
    found = balanced_cross_entropy(torch.full((2, 1, 3, 4), value), reference(2, 1, 3, 4).bool())
    assert found.item() == pytest.approx(math.log1p(math.e) / 2, rel=1e-6)


def test_losses_are_named_and_weighted_as_published(model):
    half = torch.zeros(2, 1, 48, 64, dtype=torch.bool)
    half[..., :32] = True
    losses = model.losses(Segmentation(mask_logits=torch.zeros(2, 1, 48, 64)), half)
    assert list(losses) == ["dice", "cross_entropy"]
    # All probabilities are 1/2, half of the pixels are held true: 1 - 2 * 1/4 / (1/4 + 1/2).
    assert losses["dice"].item() == pytest.approx(0.5 / 3, rel=1e-5)
    assert losses["cross_entropy"].item() == pytest.approx(0.5 * math.log(2), rel=1e-5)


def test_weights_of_the_config_weigh_the_losses(model):
    doubled = LViT(replace(SMALL, dice_weight=1.0, cross_entropy_weight=1.0))
    found = Segmentation(mask_logits=torch.randn(2, 1, 48, 64))
    reference = torch.rand(2, 1, 48, 64) > 0.5
    for name, loss in model.losses(found, reference).items():
        torch.testing.assert_close(doubled.losses(found, reference)[name], 2 * loss)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("reference", [torch.zeros, torch.ones])
def test_a_logit_that_is_no_number_is_never_a_loss_of_zero(model, broken, reference):
    mask_logits = torch.zeros(2, 1, 48, 64)
    mask_logits[0, 0, 0, 0] = broken
    terms = model.losses(Segmentation(mask_logits=mask_logits), reference(2, 1, 48, 64).bool())
    assert not terms["cross_entropy"].isfinite()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_trains_in_half_precision(dtype):
    torch.manual_seed(0)
    model = LViT(SMALL)
    with torch.autocast("cpu", dtype=dtype):
        found = model(*batch())
        losses = model.losses(found, torch.rand(2, 1, 48, 64) > 0.5)
    assert all(loss.isfinite() and loss.dtype == torch.float32 for loss in losses.values())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_losses_of_half_precision_logits_are_computed_in_single(model, dtype):
    halved, reference = torch.randn(2, 1, 6, 7).to(dtype), torch.rand(2, 1, 6, 7) > 0.5
    ours = model.losses(Segmentation(mask_logits=halved), reference)
    for name, loss in model.losses(Segmentation(mask_logits=halved.float()), reference).items():
        torch.testing.assert_close(ours[name], loss, rtol=1e-6, atol=0)


# Config


def test_heads_that_do_not_divide_the_features_are_refused():
    with pytest.raises(ValueError, match="base_dim=4 cannot be split over num_heads=3"):
        replace(SMALL, num_heads=3)


def test_no_words_at_all_are_refused():
    with pytest.raises(ValueError, match="max_words=0"):
        replace(SMALL, max_words=0)
