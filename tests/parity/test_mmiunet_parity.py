"""MMI-UNet against the official network, both filled by the same formula."""

import json
import re

import pytest
import torch
from parity.make_mmiunet_reference import FORMS, GRADIENTS, REFERENCE, TEXT_DIM, Form, inputs
from parity.official_code import probes, size
from parity.shared_weights import settle_batch_norm, shared_weights, silence_dropout
from torch import Tensor, nn

from lingseg.models import mmiunet
from lingseg.models.mmiunet import MMIUNet, MMIUNetConfig

TOLERANCE = 2e-5
OFFICIAL_NAMES = (
    (r"^image_encoder\.downsamplings\.0\.convolution", "downsample_layers.0.0"),
    (r"^image_encoder\.downsamplings\.0\.norm", "downsample_layers.0.1"),
    (r"^image_encoder\.downsamplings\.(\d)\.norm", r"downsample_layers.\1.0"),
    (r"^image_encoder\.downsamplings\.(\d)\.convolution", r"downsample_layers.\1.1"),
    (r"^image_encoder\.stages", "stages"),
    (r"^(stages\.\d\.\d)\.look", r"\1.dwconv"),
    (r"^(stages\.\d\.\d)\.widen", r"\1.pwconv1"),
    (r"^(stages\.\d\.\d)\.narrow", r"\1.pwconv2"),
    (r"^(stages\.\d\.\d)\.scale", r"\1.gamma"),
    (r"^bridgers\.0", "fusion1"),
    (r"^bridgers\.1", "fusion2"),
    (r"^bridgers\.2", "fusion3"),
    (r"^bridgers\.3", "fusion4"),
    (r"(fusion\d)\.halve", r"\1.zoom_in"),
    (r"(fusion\d)\.enlarge", r"\1.zoom_out"),
    (r"(fusion\d)\.narrow", r"\1.linear1"),
    (r"(fusion\d)\.widen", r"\1.linear2"),
    (r"(fusion\d)\.pixel_norm", r"\1.ln_v"),
    (r"(fusion\d)\.word_norm", r"\1.ln_t"),
    (r"(fusion\d)\.ask_words", r"\1.fusion_v"),
    (r"(fusion\d)\.ask_pixels", r"\1.fusion_t"),
    (r"(fusion_[vt])\.look\.", r"\1.self_attn."),
    (r"(fusion_[vt])\.ask\.", r"\1.multihead_attn."),
    (r"(fusion_[vt])\.look_norm", r"\1.norm1"),
    (r"(fusion_[vt])\.ask_norm", r"\1.norm2"),
    (r"(fusion_[vt])\.norm\.", r"\1.norm3."),
    (r"(fusion_[vt])\.widen", r"\1.linear1"),
    (r"(fusion_[vt])\.narrow", r"\1.linear2"),
    (r"^ups\.0", "decode4"),
    (r"^ups\.1", "decode3"),
    (r"^ups\.2", "decode2"),
    (r"(decode\d)\.enlarge", r"\1.up"),
    (r"(decode\d)\.convolution", r"\1.conv_bn_relu"),
    (r"^upsample\.convolution", "decoder1.conv_block"),
    (r"^mask_head", "out.conv.conv"),
)


def official_name(name: str) -> str:
    for ours, theirs in OFFICIAL_NAMES:
        name = re.sub(ours, theirs, name)
    return name


def build(form: Form) -> MMIUNet:
    model = MMIUNet(MMIUNetConfig(depths=form.depths, dims=form.dims, image_weights="random"))
    shapes = {official_name(name): weight.shape for name, weight in model.named_parameters()}
    theirs = shared_weights(shapes)
    ours = {name: theirs[official_name(name)] for name, _ in model.named_parameters()}
    model.load_state_dict(ours, strict=False)
    silence_dropout(model)
    return model


@pytest.fixture(params=[pytest.param("full", marks=pytest.mark.slow), "reduced"])
def form_name(request, monkeypatch):
    words_by_formula = nn.Module()
    words_by_formula.dim = TEXT_DIM
    monkeypatch.setattr(mmiunet, "build_text_encoder", lambda *_, **__: words_by_formula)
    return request.param


@pytest.fixture
def theirs(form_name):
    return json.loads(REFERENCE.read_text(encoding="utf-8"))["forms"][form_name]


def close(ours: float | list[float] | Tensor, theirs: float | list[float]) -> None:
    torch.testing.assert_close(
        torch.as_tensor(ours), torch.as_tensor(theirs), rtol=TOLERANCE, atol=TOLERANCE
    )


def test_answers_what_the_official_network_answers(form_name, theirs):
    form = FORMS[form_name]
    model = build(form)
    image, words, _ = inputs(form)
    word_mask = torch.ones(words.shape[:2], dtype=torch.bool)
    maps = []
    for bridger in model.bridgers:
        bridger.register_forward_hook(lambda _, __, output: maps.append(output[0]))
    settle_batch_norm(model, image, words, word_mask)
    maps.clear()
    with torch.no_grad():
        ours = model(image, words, word_mask).mask_logits
        our_maps = maps[:4]
        by_image = model(image.roll(1, 0), words, word_mask).mask_logits - ours
        by_text = model(image, words.roll(1, 0), word_mask).mask_logits - ours
    for our_map, their_map in zip(our_maps, theirs["maps"], strict=True):
        close(probes(our_map), their_map)
    close(probes(ours), theirs["mask_logits"])
    close(by_image.abs().max(), theirs["moved_by_image"])
    close(by_text.abs().max(), theirs["moved_by_text"])
    assert by_image.abs().max() > 0.5
    assert by_text.abs().max() > 0.5


def test_learns_what_the_official_network_learns(form_name, theirs):
    form = FORMS[form_name]
    model = build(form).train()
    image, words, reference = inputs(form)
    segmentation = model(image, words, torch.ones(words.shape[:2], dtype=torch.bool))
    close(probes(segmentation.mask_logits), theirs["train_mask_logits"])
    losses = model.losses(segmentation, reference)
    assert list(losses) == ["dice"]
    close(losses["dice"].detach(), theirs["dice"])
    losses["dice"].backward()
    ours = {official_name(name): weight.grad for name, weight in model.named_parameters()}
    for name in GRADIENTS:
        close(size(ours[name]) / theirs["gradients"][name], 1.0)


def test_has_the_weights_that_the_official_network_uses(form_name, theirs):
    model = build(FORMS[form_name])
    used = sum(theirs["parts"].values()) - theirs["num_unused_weights"]
    assert sum(weight.numel() for weight in model.parameters()) == used
    assert theirs["unused_have_no_gradient"]
