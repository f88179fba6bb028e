"""LAVT beyond what every model is asked: its parts, its loss, what it starts from."""

import math
from dataclasses import replace

import pytest
import torch
from models.small import drawn_batch as batch
from models.small import half_of
from torch import nn
from torch.nn.functional import pad
from weight_count import count

from lingseg.models.lavt import (
    LAVT,
    LanguageGate,
    LAVTConfig,
    PixelWordAttention,
)
from lingseg.models.segmenter import EncodesImageFirst
from lingseg.nn.losses import weighted_cross_entropy
from lingseg.nn.pretrained import MissingWeights

SMALL = LAVTConfig(
    dim=4,
    depths=(1, 2, 1, 1),
    num_heads=(1, 2, 2, 2),
    window_size=3,
    drop_path=0.0,
    image_weights="random",
    text_encoder="words",
)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return LAVT(SMALL).eval()


def identity(linear):
    nn.init.eye_(linear.weight)
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)


# Parts


def simple_attention():
    """Every linear layer leaves its input as it is."""
    fusion = PixelWordAttention(1, 1)
    for module in fusion.modules():
        if isinstance(module, nn.Linear):
            identity(module)
    return fusion


def test_pixels_are_multiplied_by_what_they_heard():
    # Two pixels, normed to -1 and 1, look at two words, 0 and 3: the second pixel hears more of 3,
    # the first less, which the norm makes 1 and -1 again.
    pixels = torch.tensor([2.0, 6.0]).view(1, 1, 2, 1)
    words, word_mask = torch.tensor([[[0.0], [3.0]]]), torch.ones(1, 2, dtype=torch.bool)
    fused = simple_attention()(pixels, words, word_mask).flatten()
    gelu = nn.functional.gelu
    expected = gelu(gelu(torch.tensor([2.0, 6.0])) * torch.tensor([-1.0, 1.0]))
    torch.testing.assert_close(fused, expected, atol=1e-3, rtol=1e-3)


def test_a_pixel_looks_most_at_the_word_like_itself():
    attention = simple_attention().listen
    heard = []
    attention.heard.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0]))
    pixels, words = torch.tensor([[[2.0], [6.0]]]), torch.tensor([[[0.0], [3.0]]])
    attention(pixels, words, torch.ones(1, 2, dtype=torch.bool))
    expected = [3 / (1 + math.exp(3)), 3 / (1 + math.exp(-3))]
    assert heard[0].flatten().tolist() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("num_words", [0, 1])
def test_after_fewer_than_two_words_every_pixel_is_the_same(num_words):
    torch.manual_seed(0)
    fusion = PixelWordAttention(6, 4)
    word_mask = torch.arange(3)[None] < num_words
    fused = fusion(torch.randn(1, 5, 7, 6), torch.randn(1, 3, 4), word_mask).flatten(1, 2)
    torch.testing.assert_close(fused, fused[:, :1].expand_as(fused), atol=1e-3, rtol=0)
    expected = nn.functional.gelu(fusion.together.bias)
    torch.testing.assert_close(fused[0, 0], expected, atol=1e-3, rtol=0)


def test_a_map_of_one_pixel_hears_nothing_and_is_finite():
    fusion = PixelWordAttention(6, 4)
    fused = fusion(torch.randn(1, 1, 1, 6), torch.randn(1, 3, 4), torch.ones(1, 3).bool())
    torch.testing.assert_close(fused.flatten(), nn.functional.gelu(fusion.together.bias))


def test_a_gate_lets_through_as_much_as_it_is_open():
    gate = LanguageGate(1)
    identity(gate.widen)
    identity(gate.openness)
    passed = gate(torch.tensor([-2.0, 0.5]).view(1, 1, 2, 1)).flatten()
    assert passed.tolist() == pytest.approx([0, 0.5 * math.tanh(0.5)])


def test_a_closed_gate_keeps_the_words_from_the_next_stage(model):
    for gate in model.gates:
        nn.init.zeros_(gate.openness.weight)
    seen = []
    for stage in model.image_encoder.stages:
        stage.register_forward_hook(lambda _, __, output: seen.append(output))
    image, words, word_mask = batch()
    model(image, words, word_mask)
    model(image, words.flip(0), word_mask)
    for said, other in zip(seen[:4], seen[4:], strict=True):
        assert torch.equal(said, other)


def test_the_mask_is_what_the_second_class_has_more_than_the_first(model):
    classify = model.decoder.classify
    nn.init.zeros_(classify.weight)
    classify.bias.data = torch.tensor([0.25, 1.0])
    mask_logits = model(*batch()).mask_logits
    torch.testing.assert_close(mask_logits, torch.full_like(mask_logits, 0.75))


# The whole


def test_at_full_size_it_has_the_measured_number_of_weights(monkeypatch):
    monkeypatch.setattr("lingseg.models.lavt.build_text_encoder", lambda *_, **__: BertWide())
    with torch.device("meta"):
        base = LAVT(LAVTConfig(image_weights="random", window_size=7))
        tiny = LAVTConfig(
            dim=96, depths=(2, 2, 6, 2), num_heads=(3, 6, 12, 24), image_weights="random"
        )
        tiny = LAVT(replace(tiny, window_size=7))
    assert count(base) == pytest.approx(116.6e6, abs=0.05e6)
    assert count(tiny) == pytest.approx(44.9e6, abs=0.05e6)


class BertWide(nn.Module):
    dim = 768


def test_the_small_size_is_small():
    small = replace(LAVTConfig.small(), text_encoder="words")
    assert count(LAVT(small)) < 6e6


def test_it_hears_in_its_encoder_so_an_image_cannot_be_encoded_first(model):
    assert not isinstance(model, EncodesImageFirst)


def test_images_are_taken_as_imagenet_has_them(model):
    image, words, word_mask = batch()
    taken = []
    model.image_encoder.embedding.register_forward_pre_hook(
        lambda _, inputs: taken.append(inputs[0])
    )
    image[:] = torch.tensor([0.485, 0.456, 0.406 + 0.225])[:, None, None]
    model(image, words, word_mask)
    assert taken[0].amax(dim=(0, 2, 3)).tolist() == pytest.approx([0, 0, 1], abs=1e-6)


@pytest.mark.parametrize("value", [7.0, math.nan])
def test_padding_words_change_nothing(model, value):
    image, words, word_mask = batch()
    padded = pad(words, (0, 0, 0, 3), value=value), pad(word_mask, (0, 3))
    torch.testing.assert_close(
        model(image, words, word_mask).mask_logits,
        model(image, *padded).mask_logits,
        atol=1e-5,
        rtol=1e-5,
    )


def test_a_null_sentence_gives_a_finite_mask_that_does_not_depend_on_the_image(model):
    image, words, word_mask = batch()
    with torch.no_grad():
        null = model(image, words, torch.zeros_like(word_mask)).mask_logits
    assert null.isfinite().all()
    torch.testing.assert_close(null[0], null[1], atol=1e-3, rtol=1e-3)


# Text


def test_of_a_bert_only_the_first_layers_learn():
    config = replace(SMALL, text_encoder="bert-tuned", text_weights="random")
    with torch.device("meta"):
        encoder = LAVT(config).text_encoder
    learning = {name for name, weight in encoder.named_parameters() if weight.requires_grad}
    assert learning
    assert {name.split(".")[0] for name in learning} == {"layers"}
    assert {int(name.split(".")[1]) for name in learning} == set(range(10))
    assert not encoder.is_frozen


def test_a_small_text_encoder_learns_whole(model):
    assert all(weight.requires_grad for weight in model.text_encoder.parameters())


# Losses


def test_the_objective_names_its_terms():
    torch.manual_seed(0)
    both = LAVT(replace(SMALL, objective="cross_entropy+dice"))
    made = both(*batch())
    assert list(both.losses(made, half_of(made.mask_logits))) == ["cross_entropy", "dice"]
    assert list(LAVT(SMALL).losses(made, half_of(made.mask_logits))) == ["cross_entropy"]


def test_weights_of_the_classes_are_the_configs(model):
    made = model(*batch())
    reference = half_of(made.mask_logits)
    other = LAVT(replace(SMALL, background_weight=0.1, foreground_weight=1.9))
    expected = weighted_cross_entropy(made.mask_logits, reference, background=0.1, foreground=1.9)
    torch.testing.assert_close(other.losses(made, reference)["cross_entropy"], expected)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stays_so(model, value):
    made = model(*batch())
    made.mask_logits[0, 0, 0, 0] = value
    reference = torch.zeros_like(made.mask_logits, dtype=torch.bool)
    assert not model.losses(made, reference)["cross_entropy"].isfinite()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_trains_in_half_precision(dtype):
    torch.manual_seed(0)
    model = LAVT(replace(SMALL, objective="cross_entropy+dice"))
    with torch.autocast("cpu", dtype=dtype):
        made = model(*batch())
    for reference in (torch.zeros_like, torch.ones_like):
        losses = model.losses(made, reference(made.mask_logits, dtype=torch.bool))
        assert all(loss.isfinite() and loss.dtype == torch.float32 for loss in losses.values())


# What cannot be built


def test_it_never_starts_at_random_in_silence():
    with pytest.raises(MissingWeights, match=r"image_weights is empty; .*swin-base"):
        LAVT(replace(SMALL, image_weights=""))
    with pytest.raises(MissingWeights, match="text_weights is empty"):
        LAVT(replace(SMALL, text_encoder="bert-tuned"))


def test_sizes_that_cannot_be_built_are_refused():
    with pytest.raises(ValueError, match="makes 8 features in a stage, which its 3 heads"):
        replace(SMALL, num_heads=(1, 3, 2, 2))
    with pytest.raises(ValueError, match=r"foreground_weight=0\.0"):
        replace(SMALL, foreground_weight=0.0)
