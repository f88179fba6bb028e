"""RecLMIS against the official network, both filled by the same formula."""

import json
import re

import pytest
import torch
from parity.make_reclmis_reference import (
    FORMS,
    GRADIENTS,
    LOGIT_SCALE,
    REFERENCE,
    Form,
    chosen,
    inputs,
    probes,
    size,
)
from parity.shared_weights import settle_batch_norm, shared_weights, silence_dropout
from torch import Tensor, nn

from lingseg.models import reclmis
from lingseg.models.reclmis import Modality, RecLMIS, RecLMISConfig

TOLERANCE = 2e-5
OFFICIAL_NAMES = (
    (r"^stem\.", "inc."),
    (r"^downs\.3", "down4"),
    (r"^downs\.2", "down3"),
    (r"^downs\.1", "down2"),
    (r"^downs\.0", "down1"),
    (r"^(down\d)\.1\.", r"\1.nConvs.0."),
    (r"^(down\d)\.2\.", r"\1.nConvs.1."),
    (r"^ups\.3\.convolutions", "up4.nConvs"),
    (r"^ups\.2\.convolutions", "up3.nConvs"),
    (r"^ups\.1\.convolutions", "up2.nConvs"),
    (r"^ups\.0\.convolutions", "up1.nConvs"),
    (r"^((?:inc|(?:down|up)\d\.nConvs\.\d))\.0\.", r"\1.conv."),
    (r"^((?:inc|(?:down|up)\d\.nConvs\.\d))\.1\.", r"\1.norm."),
    (r"^skip_attentions\.3", "up4.pixModule"),
    (r"^skip_attentions\.2", "up3.pixModule"),
    (r"^skip_attentions\.1", "up2.pixModule"),
    (r"^skip_attentions\.0", "up1.pixModule"),
    (r"pixModule\.to_mean", "pixModule.conv_avg"),
    (r"pixModule\.to_largest", "pixModule.conv_max"),
    (r"pixModule\.score", "pixModule.bottleneck"),
    (r"^word_convolution\.convolution", "text_module4"),
    (r"^interaction\.patch_projection", "interact.embeddings.patch_embeddings"),
    (r"^interaction\.positions", "interact.embeddings.position_embeddings"),
    (r"^interaction\.to_patches", "interact.attn_text"),
    (r"^interaction\.to_words", "interact.attn_img"),
    (r"^word_refinement\.convolution\.convolution", "interact.CTBN.conv"),
    (r"^word_refinement\.norm", "interact.CTBN.norm"),
    (r"^mask_head", "outc"),
    (r"^patch_interest\.score", "mlp_visual"),
    (r"^word_interest\.score", "mlp_woi"),
    (r"^patch_reconstructor", "rec_img_trans1"),
    (r"^word_reconstructor", "rec_text_trans1"),
    (r"(context_\w+)\.(\d+)", r"decoder1.decoder_layers.\2.\1"),
    (r"((?:token|cross)_\w+)\.(\d+)", r"decoder2.decoder_layers.\2.\1"),
    (r"(?:context|token)_attention\.norm", "self_attn_layer_norm"),
    (r"cross_attention\.norm", "encoder_attn_layer_norm"),
    (r"(?:context|token)_attention", "self_attn"),
    (r"cross_attention", "encoder_attn"),
    (r"attn\.heard", "attn.out_proj"),
    (r"\w+_thought\.norm", "final_layer_norm"),
    (r"\w+_thought\.widen", "fc1"),
    (r"\w+_thought\.narrow", "fc2"),
    (r"(?:query|key_value)\.(weight|bias)$", r"in_proj_\1"),
)


def official_name(name: str) -> str:
    for ours, theirs in OFFICIAL_NAMES:
        name = re.sub(ours, theirs, name)
    return name


def formula_weights(model: nn.Module, dim: int) -> dict[str, Tensor]:
    """Return our weights; the official query, key and value lie in one matrix."""
    shapes = {}
    for name, weight in model.named_parameters():
        rows = 3 * dim if ".query." in name or ".key_value." in name else weight.shape[0]
        shapes[name] = (rows, *weight.shape[1:])
    theirs = shared_weights({official_name(name): shape for name, shape in shapes.items()})
    weights = {name: theirs[official_name(name)] for name in shapes}
    for name in weights:
        if ".query." in name:
            weights[name] = weights[name][:dim]
        elif ".key_value." in name:
            weights[name] = weights[name][dim:]
    return weights


def hide_the_chosen(modality: Modality, rate: float, _: torch.Generator | None) -> Tensor:
    hidden = torch.zeros_like(modality.is_there)
    for row, is_there in zip(hidden, modality.is_there, strict=True):
        number = int(is_there.sum())
        row[torch.from_numpy(chosen(number, max(int(number * rate), 1)))] = True
    return hidden


def build(form: Form) -> RecLMIS:
    config = RecLMISConfig(
        base_dim=form.base_dim,
        num_reconstructor_layers=form.num_layers,
        grid=form.grid,
        contrast_scale=torch.tensor(LOGIT_SCALE).exp().item(),
    )
    model = RecLMIS(config)
    model.load_state_dict(formula_weights(model, form.dim), strict=False)
    silence_dropout(model)
    return model


@pytest.fixture(params=[pytest.param("full", marks=pytest.mark.slow), "reduced"])
def form_name(request, monkeypatch):
    words_by_formula = nn.Module()
    words_by_formula.dim = FORMS[request.param].dim
    monkeypatch.setattr(reclmis, "build_text_encoder", lambda *_, **__: words_by_formula)
    monkeypatch.setattr(reclmis, "draw_hidden", hide_the_chosen)
    return request.param


def close(ours: float | list[float] | Tensor, theirs: float | list[float]) -> None:
    torch.testing.assert_close(
        torch.as_tensor(ours), torch.as_tensor(theirs), rtol=TOLERANCE, atol=TOLERANCE
    )


def test_answers_what_the_official_network_answers(form_name):
    form = FORMS[form_name]
    theirs = json.loads(REFERENCE.read_text(encoding="utf-8"))["forms"][form_name]
    model = build(form)
    image, words, _ = inputs(form)
    word_mask = torch.ones(words.shape[:2], dtype=torch.bool)
    settle_batch_norm(model, image, words, word_mask)
    with torch.no_grad():
        ours = model(image, words, word_mask)
        by_image = model(image.roll(1, 0), words, word_mask).mask_logits - ours.mask_logits
        by_text = model(image, words.roll(1, 0), word_mask).mask_logits - ours.mask_logits
    close(probes(ours.mask_logits), theirs["mask_logits"])
    close(by_image.abs().max(), theirs["moved_by_image"])
    close(by_text.abs().max(), theirs["moved_by_text"])
    assert by_image.abs().max() > 1
    assert by_text.abs().max() > 1


def test_learns_what_the_official_network_learns(form_name):
    form = FORMS[form_name]
    theirs = json.loads(REFERENCE.read_text(encoding="utf-8"))["forms"][form_name]
    model = build(form).train()
    image, words, reference = inputs(form)
    segmentation = model(image, words, torch.ones(words.shape[:2], dtype=torch.bool))
    losses = model.losses(segmentation, reference)
    total = sum(losses.values())
    total.backward()
    close(probes(segmentation.mask_logits), theirs["train_mask_logits"])
    made = segmentation.reconstruction
    close(probes(made.image.interest), theirs["patch_interest"])
    close(probes(made.text.interest), theirs["word_interest"])
    close((losses["dice"] + losses["cross_entropy"]).detach(), 5 * theirs["loss_criterion"])
    close(losses["contrast"].detach(), 0.2 * theirs["loss_ccl"])
    close(losses["language_reconstruction"].detach(), theirs["loss_text_rec"])
    close(losses["vision_reconstruction"].detach(), theirs["loss_img_rec"])
    close(total.detach(), theirs["total"])
    ours = {official_name(name): weight.grad for name, weight in model.named_parameters()}
    for name in GRADIENTS:
        close(size(ours[name]) / theirs["gradients"][name], 1.0)
