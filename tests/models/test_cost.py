"""Costs that can be counted by hand."""

from pathlib import Path

import pytest
import torch
from torch import nn

import lingseg.models.cost as cost_module
from lingseg.models import MODELS, LingNetConfig, RecLMISConfig, TinyConfig, build_model
from lingseg.models.cost import build_countable, measure_cost
from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.losses import mask_cross_entropy
from lingseg.nn.pretrained import MissingWeights
from lingseg.nn.text_encoder import TextEncoder
from lingseg.nn.word_text_encoder import word_tokenizer

ROOT = Path(__file__).parents[2]
WORDS = 11  # tokens of the sentence that is counted with
HEIGHT, WIDTH = 32, 48


class LinearTextEncoder(TextEncoder):
    """One table and one linear layer, frozen, with a table of 8-bit numbers beside them."""

    is_frozen = True

    def __init__(self):
        super().__init__()
        self.dim = 6
        self.tokenizer = word_tokenizer(max_words=20)
        self.table = nn.Embedding(self.tokenizer.get_vocab_size(), 4)
        self.linear = nn.Linear(4, 6)
        self.register_buffer("rows", torch.zeros(5, 3, dtype=torch.int8))
        self.requires_grad_(False)

    def forward(self, token_ids, word_mask):
        return self.linear(self.table(token_ids)) * word_mask[..., None]


class Countable(Segmenter):
    """A convolution, a linear layer, a head for training alone, and weights without use."""

    def __init__(self):
        super().__init__()
        self.text_encoder = LinearTextEncoder()
        self.convolution = nn.Conv2d(3, 8, kernel_size=3, padding=1)
        self.linear = nn.Linear(6, 8)
        self.training_head = nn.Conv2d(8, 1, kernel_size=1)
        self.useless = nn.Linear(7, 1, bias=False)

    def forward(self, image, words, word_mask):  # noqa: ARG002
        features = self.convolution(image) * self.linear(words).mean(dim=1)[..., None, None]
        logits = features.sum(dim=1, keepdim=True)
        if self.training:
            logits = logits + self.training_head(features)
        return Segmentation(mask_logits=logits)

    def losses(self, segmentation, reference):
        return {"cross_entropy": mask_cross_entropy(segmentation.mask_logits, reference)}


class Attention(Countable):
    """The same with self-attention of the words, 2 heads of 3."""

    def __init__(self, *, is_fused):
        super().__init__()
        self.is_fused = is_fused
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)

    def forward(self, image, words, word_mask):
        if self.is_fused:
            heads = words.unflatten(-1, (2, 3)).transpose(1, 2)
            heard = nn.functional.scaled_dot_product_attention(heads, heads, heads)
            words = heard.transpose(1, 2).flatten(2)
        else:
            words, _ = self.attention(words, words, words, need_weights=False)
        return super().forward(image, words, word_mask)


CONVOLUTION = HEIGHT * WIDTH * 8 * 3 * 3 * 3
LINEAR = WORDS * 6 * 8


def test_a_convolution_and_a_linear_layer_are_counted_as_by_hand():
    cost = measure_cost(Countable(), (HEIGHT, WIDTH))
    assert cost.num_words == WORDS
    assert cost.gmacs * 1e9 == pytest.approx(CONVOLUTION + LINEAR)
    of_text = (cost.gmacs_with_text_encoder - cost.gmacs) * 1e9
    assert of_text == pytest.approx(WORDS * 4 * 6, abs=0.01)


@pytest.mark.parametrize(("is_fused", "projections"), [(True, 0), (False, 4 * WORDS * 6 * 6)])
def test_attention_is_counted_however_it_runs(is_fused, projections):
    cost = measure_cost(Attention(is_fused=is_fused), (HEIGHT, WIDTH))
    products = 2 * WORDS * WORDS * 6
    expected = CONVOLUTION + LINEAR + projections + products
    assert cost.gmacs * 1e9 == pytest.approx(expected)
    assert torch.backends.mha.get_fastpath_enabled()


def test_parameters_are_counted_by_what_they_are_for():
    model = Countable()
    table = model.text_encoder.table.weight.numel()
    encoder = table + (4 * 6 + 6) + 5 * 3
    convolution, linear, head, useless = 8 * 27 + 8, 6 * 8 + 8, 8 + 1, 7
    cost = measure_cost(model, (HEIGHT, WIDTH))
    assert cost.of_text_encoder == encoder
    assert cost.parameters == encoder + convolution + linear + head + useless
    assert cost.trainable == convolution + linear + head + useless
    assert cost.dead == useless
    assert cost.at_inference == encoder + convolution + linear


def test_counting_leaves_a_model_as_it_was():
    model = Countable()
    frozen = [weight.requires_grad for weight in model.parameters()]
    measure_cost(model, (HEIGHT, WIDTH))
    assert [weight.requires_grad for weight in model.parameters()] == frozen
    assert all(weight.grad is None for weight in model.parameters())
    assert not model.training


def test_a_trained_text_encoder_counts_as_trainable_and_as_needed():
    cost = measure_cost(build_model(TinyConfig()), (HEIGHT, WIDTH))
    assert cost.trainable == cost.at_inference == cost.parameters
    assert cost.dead == 0


def missing(*lacking):
    """Return a build that lacks the weights of some parts, unless these start at random."""

    def build(config):
        is_random = {
            "text": getattr(config, "text_weights", "") == "random",
            "image": not getattr(config, "pretrained", False),
        }
        if any(not is_random[part] for part in lacking):
            raise MissingWeights("They are not here.")
        model = Countable()
        model.config = config
        return model

    return build


@pytest.mark.parametrize(
    ("lacking", "parts"),
    [
        ((), ()),
        (("text",), ("text encoder",)),
        (("image",), ("image encoder",)),
        (("text", "image"), ("text encoder", "image encoder")),
    ],
)
def test_only_parts_whose_weights_are_absent_start_at_random(lacking, parts, monkeypatch):
    monkeypatch.setattr(cost_module, "build_model", missing(*lacking))
    model, found = build_countable(LingNetConfig())
    assert found == parts
    assert model.config.text_weights == ("random" if "text" in lacking else "")
    assert model.config.pretrained is ("image" not in lacking)


def test_weights_that_nothing_can_stand_in_for_are_an_error(monkeypatch):
    monkeypatch.setattr(cost_module, "build_model", missing("text"))
    monkeypatch.setattr(cost_module, "RANDOM", "other")
    monkeypatch.setitem(cost_module._RANDOM_START, "text encoder", {})
    with pytest.raises(MissingWeights):
        build_countable(RecLMISConfig())


@pytest.mark.parametrize("config", MODELS, ids=lambda config: config.__name__)
def test_every_model_has_a_size_for_two_cores(config):
    small = config.small()
    assert type(small) is config
    assert getattr(small, "text_encoder", "minilm") in ("words", "minilm")
    assert getattr(small, "image_weights", "random") == "random"


@pytest.mark.slow
@pytest.mark.parametrize("config", MODELS, ids=lambda config: config.__name__)
def test_the_small_size_is_small_and_has_no_dead_weight(config):
    model, _ = build_countable(config.small())
    cost = measure_cost(model, (224, 224))
    assert cost.dead == 0
    assert cost.gmacs < 2.5
    assert cost.trainable < 10e6
    if config not in (LingNetConfig, TinyConfig):  # their cards leave it to `lingseg models info`
        millions = (cost.at_inference - cost.of_text_encoder) / 1e6
        row = row_of_card(config, "small()")
        assert row[0] == f"{millions:.1f} M"
        assert f"{cost.gmacs:.1f}" in {cell.removesuffix(" G") for cell in row[1:]}


def row_of_card(config, size):
    """Return what a method's card says of a size, cell by cell."""
    name = config.__name__
    card = ROOT / "docs" / "methods" / f"{name.removesuffix('Config').lower()}.md"
    lines = card.read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith(f"| `{name}.{size}` |"))
    return [cell.strip() for cell in row.split("|")[2:-1]]


@pytest.mark.slow
def test_reclmis_needs_what_the_official_network_needs():
    """As measured there: 17,305,917 outside of the text tower; 47.6 GFLOP without it."""
    cost = measure_cost(build_model(RecLMISConfig(text_weights="random")), (224, 224))
    assert cost.at_inference == 17_305_917 + 63_428_096
    assert cost.gmacs == pytest.approx(47.6 / 2, rel=0.02)
    assert cost.dead == 0
