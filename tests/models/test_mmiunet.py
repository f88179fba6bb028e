"""MMI-UNet beyond what every model is asked: its bridgers, its loss, what it starts from."""

import math
from dataclasses import replace

import pytest
import torch
from models.small import drawn_batch as batch
from models.small import half_of
from torch import nn
from torch.nn.functional import pad
from weight_count import count

from lingseg.models.mmiunet import Bridger, Interactor, MMIUNet, MMIUNetConfig
from lingseg.models.segmenter import EncodesImageFirst, Segmentation
from lingseg.nn.pretrained import MissingWeights

SMALL = MMIUNetConfig(
    depths=(1, 1, 1, 1),
    dims=(8, 12, 16, 24),
    image_weights="random",
    num_heads=2,
    feed_forward_dim=6,
    dropout=0.0,
    text_encoder="words",
)


class BertWide(nn.Module):
    dim = 768


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MMIUNet(SMALL).eval()


# Sizes


def test_parts_have_the_official_number_of_weights(monkeypatch):
    monkeypatch.setattr("lingseg.models.mmiunet.build_text_encoder", lambda *_, **__: BertWide())
    with torch.device("meta"):
        full = MMIUNet(MMIUNetConfig(image_weights="random"))
    assert count(full.image_encoder.downsamplings) == 1_555_872
    assert count(full.image_encoder.stages) == 26_262_720
    *fusions, last = full.bridgers
    assert [count(fusion) for fusion in fusions] == [422_176, 1_285_696, 4_339_840]
    # Of the last fusion, what the words ask and are told is dead: two attentions, two layers of a
    # feed-forward, three norms and the way back to the words.
    dead = 2 * (4 * 768**2 + 4 * 768) + (2 * 768 * 128 + 128 + 768) + 6 * 768 + (768**2 + 768)
    assert count(last) == 15_756_544 - dead
    assert [count(up) for up in full.ups] == [3_835_392, 959_232, 240_000]
    assert count(full.upsample) == 332_160
    assert count(full.mask_head) == 25
    assert count(full) == pytest.approx(49.5e6, abs=0.05e6)


def test_the_small_size_is_small():
    small = replace(MMIUNetConfig.small(), text_encoder="words")
    assert count(MMIUNet(small)) < 9e6


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 100), (64, 96)])
def test_mask_has_the_size_of_any_image(model, height, width):
    made = model(*batch(height=height, width=width))
    assert made.mask_logits.shape == (2, 1, height, width)


# Bridgers


def bridger(*, tells_words=True):
    torch.manual_seed(0)
    return Bridger(8, 5, SMALL, tells_words=tells_words).eval()


def meet(bridger, features, words, word_mask=None):
    if word_mask is None:
        word_mask = torch.ones(words.shape[:2], dtype=torch.bool)
    return bridger(features, words, word_mask)


@pytest.mark.parametrize("size", [(4, 6), (3, 5), (1, 2), (2, 1), (1, 1)])
def test_a_bridger_keeps_the_size_of_any_map(size):
    features, words = torch.randn(2, 8, *size), torch.randn(2, 3, 5)
    met, told = meet(bridger(), features, words)
    assert met.shape == features.shape
    assert told.shape == words.shape


def test_the_last_row_and_column_of_an_odd_map_hear_nothing():
    features, words = torch.randn(1, 8, 3, 5), torch.randn(1, 3, 5)
    met, _ = meet(bridger(), features, words)
    assert torch.equal(met[..., 2, :], features[..., 2, :])
    assert torch.equal(met[..., :, 4], features[..., :, 4])
    assert (met != features)[..., :2, :4].all()


def test_what_is_heard_is_added():
    made = bridger()
    nn.init.zeros_(made.enlarge.weight)
    nn.init.zeros_(made.widen.weight)
    nn.init.ones_(made.widen.bias)
    features, words = torch.randn(2, 8, 4, 6), torch.randn(2, 3, 5)
    met, told = meet(made, features, words)
    assert torch.equal(met, features)
    torch.testing.assert_close(told, words + 1)


def test_pixels_hear_words_and_words_hear_pixels():
    made = bridger()
    features, words = torch.randn(2, 8, 4, 6), torch.randn(2, 3, 5)
    met, told = meet(made, features, words)
    other_met, _ = meet(made, features, words.flip(0))
    _, other_told = meet(made, features.flip(0), words)
    assert (met - other_met).abs().max() > 1e-3
    assert (told - other_told).abs().max() > 1e-3


def test_words_ask_the_pixels_as_they_were_before_they_heard():
    made = bridger()
    asked = []
    made.ask_pixels.register_forward_pre_hook(lambda _, inputs: asked.append(inputs[2]))
    made.ask_words.register_forward_pre_hook(lambda _, inputs: asked.append(inputs[0]))
    meet(made, torch.randn(1, 8, 4, 6), torch.randn(1, 3, 5))
    assert torch.equal(asked[0], asked[1])


def test_the_last_bridger_leaves_the_words():
    words = torch.randn(1, 3, 5)
    _, told = meet(bridger(tells_words=False), torch.randn(1, 8, 4, 6), words)
    assert told is words


def test_padding_words_are_seen_by_no_pixel_and_no_word():
    made = bridger()
    features, words = torch.randn(1, 8, 4, 6), torch.randn(1, 3, 5)
    word_mask = torch.tensor([[True, True, False]])
    met, told = meet(made, features, words, word_mask)
    alone_met, alone_told = meet(made, features, words[:, :2])
    torch.testing.assert_close(met, alone_met, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(told[:, :2], alone_told, atol=1e-5, rtol=1e-5)


def test_an_interactor_looks_then_asks_then_thinks_and_norms_each_time():
    torch.manual_seed(0)
    layer = Interactor(4, replace(SMALL, num_heads=1)).eval()
    for part in (layer.look, layer.ask):
        nn.init.zeros_(part.in_proj_weight)
        nn.init.zeros_(part.out_proj.weight)
        part.out_proj.bias.data = torch.tensor([1.0, 0.0, 0.0, 0.0])
    nn.init.zeros_(layer.narrow.weight)
    layer.narrow.bias.data = torch.tensor([0.0, 2.0, 0.0, 0.0])
    rows, is_there = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]]), torch.ones(1, 1, dtype=torch.bool)
    expected = rows
    for added in ([1.0, 0, 0, 0], [1.0, 0, 0, 0], [0, 2.0, 0, 0]):
        expected = nn.functional.layer_norm(expected + torch.tensor(added), (4,))
    torch.testing.assert_close(
        layer(rows, is_there, torch.randn(1, 2, 4), torch.ones(1, 2).bool()), expected
    )


def test_each_bridger_hears_the_text_itself_and_what_it_became(model):
    heard, told = [], []
    for bridger in model.bridgers:
        bridger.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[1]))
        bridger.register_forward_hook(lambda _, __, output: told.append(output[1]))
    image, words, word_mask = batch()
    model(image, words, word_mask)
    torch.testing.assert_close(heard[0], words)
    for stage in (1, 2, 3):
        torch.testing.assert_close(heard[stage], words + told[stage - 1])


def test_a_stage_hands_on_its_map_and_what_it_became(model):
    entered, seen, met = [], [], []
    for stage, downsampling, bridger in zip(
        model.image_encoder.stages, model.image_encoder.downsamplings, model.bridgers, strict=True
    ):
        downsampling.register_forward_pre_hook(lambda _, inputs: entered.append(inputs[0]))
        stage.register_forward_hook(lambda _, __, output: seen.append(output))
        bridger.register_forward_hook(lambda _, __, output: met.append(output[0]))
    model(*batch())
    for stage in (1, 2, 3):
        torch.testing.assert_close(entered[stage], seen[stage - 1] + met[stage - 1])


# The whole


def test_it_hears_in_its_encoder_so_an_image_cannot_be_encoded_first(model):
    assert not isinstance(model, EncodesImageFirst)


def test_padding_words_change_nothing(model):
    image, words, word_mask = batch()
    padded = pad(words, (0, 0, 0, 3), value=7.0), pad(word_mask, (0, 3))
    torch.testing.assert_close(
        model(image, words, word_mask).mask_logits,
        model(image, *padded).mask_logits,
        atol=1e-5,
        rtol=1e-5,
    )


def test_a_null_sentence_is_one_word_of_nothing(model):
    image, words, word_mask = batch()
    null = model(image, words, torch.zeros_like(word_mask)).mask_logits
    assert null.isfinite().all()
    torch.testing.assert_close(
        null,
        model(image, torch.zeros_like(words[:, :1]), word_mask[:, :1]).mask_logits,
        atol=1e-5,
        rtol=1e-5,
    )
    assert (null[0] - null[1]).abs().max() > 1e-3


def test_a_flat_image_gives_a_finite_mask(model):
    image, words, word_mask = batch()
    assert model(torch.full_like(image, 0.5), words, word_mask).mask_logits.isfinite().all()


def test_brightness_and_contrast_change_nothing(model):
    image, words, word_mask = batch()
    torch.testing.assert_close(
        model(0.2 + 0.5 * image, words, word_mask).mask_logits,
        model(image, words, word_mask).mask_logits,
        atol=1e-4,
        rtol=1e-3,
    )


# Losses


def test_dice_of_a_half_sure_answer_is_what_a_reader_computes(model):
    # All probabilities are 1/2, half of the pixels are held true: 1 - 2 * 1/4 / (1/2 + 1/2).
    logits = torch.zeros(2, 1, 4, 6)
    losses = model.losses(Segmentation(mask_logits=logits), half_of(logits))
    assert list(losses) == ["dice"]
    assert losses["dice"].item() == pytest.approx(0.5, abs=1e-5)


def test_with_cross_entropy_it_is_asked_of_every_pixel_too():
    logits = torch.zeros(2, 1, 4, 6)
    both = MMIUNet(replace(SMALL, objective="dice+bce"))
    losses = both.losses(Segmentation(mask_logits=logits), half_of(logits))
    assert losses["cross_entropy"].item() == pytest.approx(math.log(2))


def test_an_empty_reference_costs_one_unless_the_answer_is_empty(model):
    empty = torch.zeros(1, 1, 4, 6, dtype=torch.bool)
    for value, expected in ((0.0, 1.0), (-60.0, 0.0)):
        made = Segmentation(mask_logits=torch.full((1, 1, 4, 6), value))
        assert model.losses(made, empty)["dice"].item() == pytest.approx(expected, abs=1e-4)


def test_a_loss_that_is_not_finite_stays_so(model):
    logits = torch.full((1, 1, 4, 6), math.nan)
    made = Segmentation(mask_logits=logits)
    assert not model.losses(made, half_of(logits))["dice"].isfinite()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_trains_in_half_precision(dtype):
    torch.manual_seed(0)
    model = MMIUNet(replace(SMALL, objective="dice+bce"))
    with torch.autocast("cpu", dtype=dtype):
        made = model(*batch())
    for reference in (torch.zeros_like, torch.ones_like):
        losses = model.losses(made, reference(made.mask_logits, dtype=torch.bool))
        assert all(loss.isfinite() and loss.dtype == torch.float32 for loss in losses.values())


# What cannot be built


def test_it_never_starts_at_random_in_silence():
    with pytest.raises(MissingWeights, match=r"image_weights is empty; .*convnext-tiny-224"):
        MMIUNet(replace(SMALL, image_weights=""))
    with pytest.raises(MissingWeights, match="text_weights is empty"):
        MMIUNet(replace(SMALL, text_encoder="bert"))


def test_heads_that_do_not_divide_the_features_are_refused():
    with pytest.raises(ValueError, match="12 is not a multiple of num_heads=8"):
        replace(SMALL, num_heads=8)
