"""SegNeXt's encoder and Hamburger against the official ones, both filled by the same formula.

The encoder's weights pass through a file with SegNeXt's names, as a user's would.
"""

import json
import re

import pytest
import torch
from parity.make_segnext_reference import (
    DIM,
    ENCODERS,
    RANK,
    REFERENCE,
    bases,
    features,
    image,
)
from parity.official_code import probes, size
from parity.shared_weights import settle_batch_norm, shared_weights
from safetensors.torch import save_file

from lingseg.nn import hamburger
from lingseg.nn.hamburger import Hamburger, HamburgerShape
from lingseg.nn.mscan import MSCAN, MSCANShape, fill_mscan

TOLERANCE = 2e-5
OFFICIAL_NAMES = (
    (r"^downsamplings\.0\.", "patch_embed1.proj."),
    (r"^downsamplings\.(\d)\.0", lambda found: f"patch_embed{int(found[1]) + 1}.proj"),
    (r"^downsamplings\.(\d)\.1", lambda found: f"patch_embed{int(found[1]) + 1}.norm"),
    (r"^norms\.(\d)", lambda found: f"norm{int(found[1]) + 1}"),
    (r"^stages\.(\d)", lambda found: f"block{int(found[1]) + 1}"),
    (r"attention_norm", "norm1"),
    (r"attention_scale", "layer_scale_1"),
    (r"mlp_norm", "norm2"),
    (r"mlp_scale", "layer_scale_2"),
    (r"project_in", "attn.proj_1"),
    (r"project_out", "attn.proj_2"),
    (r"attention\.scales\.local", "attn.spatial_gating_unit.conv0"),
    (
        r"attention\.scales\.strips\.(\d)\.(\d)",
        lambda found: f"attn.spatial_gating_unit.conv{found[1]}_{int(found[2]) + 1}",
    ),
    (r"attention\.mix", "attn.spatial_gating_unit.conv3"),
    (r"mlp\.widen", "mlp.fc1"),
    (r"mlp\.look", "mlp.dwconv.dwconv"),
    (r"mlp\.narrow", "mlp.fc2"),
)


def official_name(name):
    for ours, theirs in OFFICIAL_NAMES:
        name = re.sub(ours, theirs, name)
    return name


@pytest.fixture(scope="module")
def reference():
    return json.loads(REFERENCE.read_text())["forms"]


@pytest.mark.parametrize("form", ENCODERS)
def test_maps_agree_with_the_official_encoder(form, reference, tmp_path):
    sizes = ENCODERS[form]
    shape = MSCANShape(
        dims=tuple(sizes["embed_dims"]),
        depths=tuple(sizes["depths"]),
        mlp_ratios=tuple(sizes["mlp_ratios"]),
        drop_path=0.0,
    )
    encoder = MSCAN(shape)
    # The norms' statistics are those of a fresh norm: the file holds parameters and buffers.
    theirs = {official_name(name): value for name, value in encoder.state_dict().items()}
    shapes = {official_name(name): weight.shape for name, weight in encoder.named_parameters()}
    save_file(theirs | shared_weights(shapes), tmp_path / "model.safetensors")
    fill_mscan(encoder, str(tmp_path))
    settle_batch_norm(encoder, image())
    with torch.no_grad():
        maps = encoder(image())
    for ours, official in zip(maps, reference[form]["maps"], strict=True):
        torch.testing.assert_close(
            torch.tensor(probes(ours)), torch.tensor(official), atol=TOLERANCE, rtol=TOLERANCE
        )
    assert reference[form]["moved_by_image"] > 0.1


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_the_factorisation_agrees_with_the_official_hamburger(mode, reference, monkeypatch):
    model = Hamburger(HamburgerShape(dim=DIM, rank=RANK)).train(mode == "train")
    theirs = {name: re.sub(r"project_(\w+)", r"ham_\1.conv", name) for name in model.state_dict()}
    shapes = {theirs[name]: weight.shape for name, weight in model.named_parameters()}
    official = shared_weights(shapes)
    ours = {name: official[theirs[name]] for name, _ in model.named_parameters()}
    model.load_state_dict(ours | {"bases": bases()})
    monkeypatch.setattr(hamburger, "draw_bases", lambda number, *_: bases().repeat(number, 1, 1))
    answer = model(features())
    torch.testing.assert_close(
        torch.tensor(probes(answer)),
        torch.tensor(reference["hamburger"][mode]),
        atol=TOLERANCE,
        rtol=TOLERANCE,
    )
    if mode == "train":
        answer.square().sum().backward()
        for name, weight in model.named_parameters():
            expected = reference["hamburger"]["gradients"][theirs[name]]
            assert size(weight.grad) == pytest.approx(expected, rel=1e-4)
