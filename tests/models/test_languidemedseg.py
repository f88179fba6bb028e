"""LanGuideMedSeg beyond what every model is asked: sizes, starts, its loss."""

from dataclasses import replace

import pytest
import torch
from models.small import drawn_batch as batch
from models.small import half_of
from torch import nn
from torch.nn.functional import pad
from weight_count import count

from lingseg.models import languidemedseg
from lingseg.models.languidemedseg import LanGuideMedSeg, LanGuideMedSegConfig
from lingseg.models.segmenter import EncodesImageFirst, Segmentation
from lingseg.nn.pretrained import MissingWeights

SMALL = LanGuideMedSegConfig(
    depths=(1, 1, 1, 1),
    dims=(8, 12, 16, 24),
    image_weights="random",
    text_encoder="words",
    max_words=9,
    num_summaries=(9, 4, 3),
)


class BertWide(nn.Module):
    dim = 768


@pytest.fixture
def model():
    torch.manual_seed(0)
    return LanGuideMedSeg(SMALL).eval()


def test_at_full_size_it_has_the_official_weights_but_the_dead_ones(monkeypatch):
    monkeypatch.setattr(languidemedseg, "build_text_encoder", lambda *_, **__: BertWide())
    with torch.device("meta"):
        full = LanGuideMedSeg(LanGuideMedSegConfig(image_weights="random"))
    last_norm = 2 * 768
    projection = 768 * 768 + 768
    assert count(full.image_encoder) == 28_410_720 - projection - last_norm
    assert count(full.decoder) == 10_484_569 + 2_772_397 + 768_802 + 332_160 + 25


def test_the_small_size_is_small():
    small = replace(LanGuideMedSegConfig.small(), text_encoder="words")
    assert count(LanGuideMedSeg(small)) < 7e6


def test_it_never_starts_at_random_in_silence():
    with pytest.raises(MissingWeights, match=r"image_weights is empty; .*convnext-tiny-224"):
        LanGuideMedSeg(replace(SMALL, image_weights=""))


def test_brightness_and_contrast_change_nothing(model):
    image, words, word_mask = batch()
    torch.testing.assert_close(
        model(0.2 + 0.5 * image, words, word_mask).mask_logits,
        model(image, words, word_mask).mask_logits,
        atol=1e-4,
        rtol=1e-3,
    )


def test_a_flat_image_gives_a_finite_mask(model):
    _, words, word_mask = batch()
    assert model(torch.ones(2, 3, 48, 70), words, word_mask).mask_logits.isfinite().all()


def test_the_null_sentence_hears_nothing_whatever_the_padding_holds(model):
    image, words, word_mask = batch()
    silence = torch.zeros_like(word_mask)
    found = model(image, words, silence).mask_logits
    assert found.isfinite().all()
    assert torch.equal(found, model(image, torch.zeros_like(words), silence).mask_logits)


def test_words_beyond_the_longest_text_are_cut(model):
    image, words, word_mask = batch(words=9)
    longer = pad(words, (0, 0, 0, 2), value=1.0), pad(word_mask, (0, 2), value=True)
    found = model(image, *longer).mask_logits
    assert torch.equal(found, model(image, words, word_mask).mask_logits)


def test_the_image_can_be_encoded_first(model):
    assert isinstance(model, EncodesImageFirst)
    assert [found.shape[-2:] for found in model.encode_image(batch()[0])] == [
        (16, 24),
        (8, 12),
        (4, 6),
        (2, 3),
    ]


def test_what_was_filled_on_the_right_and_at_the_bottom_is_cropped(model):
    image, words, word_mask = batch()
    whole = model.segment_encoded(model.encode_image(image), words, word_mask, (64, 96))
    found = model(image, words, word_mask).mask_logits
    assert torch.equal(found, whole.mask_logits[..., :48, :70])


# The loss


def test_dice_is_what_a_reader_computes_by_hand(model):
    logits = torch.zeros(1, 1, 32, 40)
    losses = model.losses(Segmentation(mask_logits=logits), half_of(logits))
    # All probabilities are 1/2, half of the pixels are held true: 1 - 2 * 1/4 / (1/2 + 1/2).
    assert losses["dice"].item() == pytest.approx(0.5, abs=1e-6)
    assert list(losses) == ["dice"]


def test_the_objective_may_ask_of_every_pixel_too():
    torch.manual_seed(0)
    model = LanGuideMedSeg(replace(SMALL, objective="dice+bce"))
    logits = torch.zeros(1, 1, 32, 40)
    losses = model.losses(Segmentation(mask_logits=logits), half_of(logits))
    assert list(losses) == ["dice", "cross_entropy"]
    assert losses["cross_entropy"].item() == pytest.approx(0.693147, abs=1e-5)


@pytest.mark.parametrize("fill", [torch.zeros_like, torch.ones_like])
def test_an_empty_or_full_reference_has_a_finite_loss(model, fill):
    logits = torch.randn(2, 1, 32, 40)
    losses = model.losses(Segmentation(mask_logits=logits), fill(logits, dtype=torch.bool))
    assert all(loss.isfinite() for loss in losses.values())


@pytest.mark.parametrize("objective", ["dice", "dice+bce"])
def test_logits_that_are_not_finite_do_not_become_a_finite_loss(objective):
    torch.manual_seed(0)
    model = LanGuideMedSeg(replace(SMALL, objective=objective))
    logits = torch.full((2, 1, 32, 40), torch.nan)
    losses = model.losses(Segmentation(mask_logits=logits), half_of(logits))
    assert not any(loss.isfinite() for loss in losses.values())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_losses_are_in_single_precision_after_a_pass_in_half(dtype):
    torch.manual_seed(0)
    model = LanGuideMedSeg(replace(SMALL, objective="dice+bce"))
    with torch.autocast("cpu", dtype=dtype):
        segmentation = model(*batch())
        losses = model.losses(segmentation, half_of(segmentation.mask_logits))
    assert all(loss.isfinite() and loss.dtype == torch.float32 for loss in losses.values())
