"""LAVT against the official network, both filled by the same formula."""

import json
import re

import pytest
import torch
from parity.make_lavt_reference import FORMS, GRADIENTS, REFERENCE, TEXT_DIM, Form, inputs
from parity.official_code import probes, size
from parity.shared_weights import settle_batch_norm, shared_weights
from torch import Tensor, nn

from lingseg.models import lavt
from lingseg.models.lavt import LAVT, LAVTConfig

TOLERANCE = 1e-6
OFFICIAL_NAMES = (
    (r"^image_encoder\.embedding\.convolution", "backbone.patch_embed.proj"),
    (r"^image_encoder\.embedding\.norm", "backbone.patch_embed.norm"),
    (r"^image_encoder\.mergings\.(\d)", r"backbone.layers.\1.downsample"),
    (r"^image_encoder\.stages\.(\d)\.(\d+)", r"backbone.layers.\1.blocks.\2"),
    (r"(blocks\.\d+)\.attention_norm", r"\1.norm1"),
    (r"(blocks\.\d+)\.norm\.", r"\1.norm2."),
    (r"(blocks\.\d+)\.widen", r"\1.mlp.fc1"),
    (r"(blocks\.\d+)\.narrow", r"\1.mlp.fc2"),
    (r"attention\.query_key_value", "attn.qkv"),
    (r"attention\.heard", "attn.proj"),
    (r"attention\.offset_bias", "attn.relative_position_bias_table"),
    (r"^fusions\.(\d)", r"backbone.layers.\1.fusion"),
    (r"fusion\.listen\.(query|key|value)\.", r"fusion.image_lang_att.f_\1.0."),
    (r"fusion\.listen\.heard\.", "fusion.image_lang_att.W.0."),
    (r"fusion\.seen\.", "fusion.vis_project.0."),
    (r"fusion\.together\.", "fusion.project_mm.0."),
    (r"^gates\.(\d)\.widen", r"backbone.layers.\1.res_gate.0"),
    (r"^gates\.(\d)\.openness", r"backbone.layers.\1.res_gate.2"),
    (r"^norms\.(\d)", r"backbone.norm\1"),
    (r"^decoder\.classify", "classifier.conv1_1"),
    (r"^decoder\.convolutions\.0", "classifier.4"),
    (r"^decoder\.convolutions\.1", "classifier.3"),
    (r"^decoder\.convolutions\.2", "classifier.2"),
    (r"classifier\.(\d)\.0\.", r"classifier.conv1_\1."),
    (r"classifier\.(\d)\.1\.", r"classifier.bn1_\1."),
    (r"classifier\.(\d)\.3\.", r"classifier.conv2_\1."),
    (r"classifier\.(\d)\.4\.", r"classifier.bn2_\1."),
)


def official_name(name: str) -> str:
    for ours, theirs in OFFICIAL_NAMES:
        name = re.sub(ours, theirs, name)
    return name


def official_shape(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Their linear layers of the fusion are convolutions over one pixel; the numbers are equal."""
    is_convolution = ".fusion." in name and name.endswith("weight")
    return (*shape, 1) if is_convolution else tuple(shape)


def build(form: Form) -> LAVT:
    config = LAVTConfig(
        dim=form.dim,
        depths=form.depths,
        num_heads=form.num_heads,
        window_size=form.window_size,
        drop_path=0.0,
        image_weights="random",
    )
    model = LAVT(config)
    names = {name: official_name(name) for name, _ in model.named_parameters()}
    shapes = {
        names[name]: official_shape(names[name], weight.shape)
        for name, weight in model.named_parameters()
    }
    theirs = shared_weights(shapes)
    ours = {
        name: theirs[names[name]].view(weight.shape) for name, weight in model.named_parameters()
    }
    model.load_state_dict(ours, strict=False)
    return model.double()


@pytest.fixture(params=[pytest.param("full", marks=pytest.mark.slow), "reduced"])
def form_name(request, monkeypatch):
    words_by_formula = nn.Module()
    words_by_formula.dim = TEXT_DIM
    monkeypatch.setattr(lavt, "build_text_encoder", lambda *_, **__: words_by_formula)
    return request.param


@pytest.fixture
def theirs(form_name):
    return json.loads(REFERENCE.read_text(encoding="utf-8"))["forms"][form_name]


def close(ours: float | list[float] | Tensor, theirs: float | list[float]) -> None:
    torch.testing.assert_close(
        torch.as_tensor(ours).double(),
        torch.as_tensor(theirs).double(),
        rtol=TOLERANCE,
        atol=TOLERANCE,
    )


def test_answers_what_the_official_network_answers(form_name, theirs):
    form = FORMS[form_name]
    model = build(form)
    image, words, word_mask, _ = inputs(form)
    maps = []
    model.decoder.register_forward_pre_hook(lambda _, args: maps.append(args[0]))
    settle_batch_norm(model, image, words, word_mask)
    with torch.no_grad():
        ours = model(image, words, word_mask).mask_logits
        our_maps = maps[-1]
        by_image = model(image.roll(1, 0), words, word_mask).mask_logits - ours
        by_text = model(image, words.roll(1, 0), word_mask).mask_logits - ours
    for our_map, their_map in zip(our_maps, theirs["maps"], strict=True):
        close(probes(our_map), their_map)
    close(probes(ours), theirs["mask_logits"])
    close(by_image.abs().max(), theirs["moved_by_image"])
    close(by_text.abs().max(), theirs["moved_by_text"])
    assert by_image.abs().max() > 1
    assert by_text.abs().max() > 1


def test_learns_what_the_official_network_learns(form_name, theirs):
    form = FORMS[form_name]
    model = build(form).train()
    image, words, word_mask, reference = inputs(form)
    segmentation = model(image, words, word_mask)
    close(probes(segmentation.mask_logits), theirs["train_mask_logits"])
    loss = model.losses(segmentation, reference)["cross_entropy"]
    close(loss.detach(), theirs["cross_entropy"])
    loss.backward()
    ours = {official_name(name): weight.grad for name, weight in model.named_parameters()}
    for name in GRADIENTS:
        close(size(ours[name]) / theirs["gradients"][name], 1.0)


def test_has_the_weights_that_the_official_network_uses(form_name, theirs):
    model = build(FORMS[form_name])
    assert sum(weight.numel() for weight in model.parameters()) == theirs["num_weights"]
    assert theirs["largest_unused_gradient"] < 1e-6
