"""LViT against the official network, both filled by the same formula."""

import json
import re

import pytest
import torch
from parity.make_lvit_reference import FORMS, GRADIENTS, NUM_WORDS, REFERENCE, Form, inputs
from parity.official_code import probes, size
from parity.shared_weights import settle_batch_norm, shared_weights, silence_dropout
from torch import Tensor, nn

from lingseg.models import lvit
from lingseg.models.lvit import LViT, LViTConfig, PatchesToMap
from lingseg.nn.word_text_encoder import word_tokenizer

TOLERANCE = 1e-6
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
    (r"^words_to_patches\.word_convolutions\.0\.convolution", "text_module4"),
    (r"^words_to_patches\.word_convolutions\.1\.convolution", "text_module3"),
    (r"^words_to_patches\.word_convolutions\.2\.convolution", "text_module2"),
    (r"^words_to_patches\.word_convolutions\.3\.convolution", "text_module1"),
    (r"^words_to_patches\.to_patches", "downVit.CTBN3"),
    (r"^narrows\.0", "downVit1.CTBN"),
    (r"^narrows\.1", "downVit2.CTBN"),
    (r"^narrows\.2", "downVit3.CTBN"),
    (r"^merges\.(\d)", r"upVit\1.CTBN2"),
    (r"(CTBN\d?)\.convolution", r"\1.conv"),
    (r"^patch_embeddings\.(\d)\.projection", r"downVit\1.embeddings.patch_embeddings"),
    (r"^patch_embeddings\.(\d)\.positions", r"downVit\1.embeddings.position_embeddings"),
    (r"^(down|up)_blocks\.(\d)", r"\1Vit\2.Encoder_blocks.0"),
    (r"^(down|up)Vit0", r"\1Vit"),
    (r"attention_norm", "norm1"),
    (r"query_key_value", "attn.qkv"),
    (r"\.heard", ".attn.proj"),
    (r"thought_norm", "norm2"),
    (r"\.widen", ".mlp.fc1"),
    (r"\.narrow", ".mlp.fc2"),
    (r"^returns\.0", "reconstruct1"),
    (r"^returns\.1", "reconstruct2"),
    (r"^returns\.2", "reconstruct3"),
    (r"^returns\.3", "reconstruct4"),
    (r"(reconstruct\d)\.projection", r"\1.conv"),
    (r"^mask_head", "outc"),
)


def official_name(name: str) -> str:
    for ours, theirs in OFFICIAL_NAMES:
        name = re.sub(ours, theirs, name)
    return name


def build(form: Form) -> LViT:
    model = LViT(LViTConfig(base_dim=form.base_dim, grid=form.grid, text_encoder="words"))
    weights = dict(model.named_parameters())
    theirs = shared_weights({official_name(name): weights[name].shape for name in weights})
    filled = {name: theirs[official_name(name)] for name in weights}
    model.load_state_dict(filled, strict=False)
    silence_dropout(model)
    return model.double()


@pytest.fixture(params=[pytest.param("full", marks=pytest.mark.slow), "reduced"])
def form_name(request, monkeypatch):
    words_by_formula = nn.Module()
    words_by_formula.dim = FORMS[request.param].text_dim
    words_by_formula.tokenizer = word_tokenizer(NUM_WORDS)
    monkeypatch.setattr(lvit, "build_text_encoder", lambda *_, **__: words_by_formula)
    return request.param


def reference_of(form_name: str) -> dict:
    return json.loads(REFERENCE.read_text(encoding="utf-8"))["forms"][form_name]


def inputs_of(form: Form) -> tuple[Tensor, Tensor, Tensor]:
    image, words, reference = inputs(form)
    return image.double(), words.double(), reference


def every_word(form: Form) -> Tensor:
    return torch.ones(form.batch, NUM_WORDS, dtype=torch.bool)


def settle(model: LViT, form: Form, image: Tensor, words: Tensor) -> None:
    """Settle the batch norms; those on the way back count patches, the official ones pixels."""
    settle_batch_norm(model, image, words, every_word(form))
    patches = form.batch * form.grid[0] * form.grid[1]
    for part in model.modules():
        if isinstance(part, PatchesToMap):
            pixels = patches * part.patch_size**2
            part.norm.running_var *= (patches - 1) / patches * pixels / (pixels - 1)


def close(ours: float | list[float] | Tensor, theirs: float | list[float]) -> None:
    torch.testing.assert_close(
        torch.as_tensor(ours).double(),
        torch.as_tensor(theirs).double(),
        rtol=TOLERANCE,
        atol=TOLERANCE,
    )


def test_every_weight_has_an_official_name_of_its_own(form_name):
    names = [official_name(name) for name, _ in build(FORMS[form_name]).named_parameters()]
    assert len(set(names)) == len(names)
    assert set(GRADIENTS) <= set(names)


def test_has_as_many_weights_as_the_official_mask_needs(form_name):
    model = build(FORMS[form_name])
    ours = sum(weight.numel() for weight in model.parameters())
    assert ours == reference_of(form_name)["num_weights_with_gradient"]


def test_answers_what_the_official_network_answers(form_name):
    form, theirs = FORMS[form_name], reference_of(form_name)
    model = build(form)
    image, words, _ = inputs_of(form)
    settle(model, form, image, words)
    with torch.no_grad():
        ours = model(image, words, every_word(form)).mask_logits
        by_image = model(image.roll(1, 0), words, every_word(form)).mask_logits - ours
        by_text = model(image, words.roll(1, 0), every_word(form)).mask_logits - ours
    close(probes(ours), theirs["mask_logits"])
    close(by_image.abs().max(), theirs["moved_by_image"])
    close(by_text.abs().max(), theirs["moved_by_text"])
    assert by_image.abs().max() > 1
    assert by_text.abs().max() > 1


def test_learns_what_the_official_network_learns(form_name):
    form, theirs = FORMS[form_name], reference_of(form_name)
    model = build(form).train()
    image, words, reference = inputs_of(form)
    found = model(image, words, every_word(form))
    total = sum(model.losses(found, reference).values())
    total.backward()
    close(probes(found.mask_logits), theirs["train_mask_logits"])
    close(total.detach(), theirs["loss"])
    for name, extreme in (("empty", torch.zeros_like), ("full", torch.ones_like)):
        loss = sum(model.losses(found, extreme(reference)).values())
        close(loss.detach(), theirs[f"loss_of_{name}"])
    ours = {official_name(name): weight.grad for name, weight in model.named_parameters()}
    for name in GRADIENTS:
        close(size(ours[name]) / theirs["gradients"][name], 1.0)
