"""SegNeXt's encoder: its maps, its blocks by numbers, and what becomes of weights that misfit.

Agreement with the official code is asked in tests/parity/test_segnext_parity.py.
"""

import re

import pytest
import torch
from parity.test_segnext_parity import official_name
from safetensors.torch import save_file
from torch import nn
from weight_count import count

from lingseg.nn.depthwise import DepthwiseConvolution
from lingseg.nn.mscan import (
    MSCA,
    MSCAN,
    MSCAN_SIZES,
    MSCANShape,
    MultiScaleConvolution,
    fill_mscan,
)
from lingseg.nn.pretrained import MismatchedWeights, MissingWeights

SMALLEST = MSCANShape(dims=(4, 6, 8, 10), depths=(1, 2, 1, 1), mlp_ratios=(2, 2, 1, 1))


def image(height=64, width=96):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(1))


def weights_of(encoder):
    """Return an encoder's weights as SegNeXt's file has them."""
    return {official_name(name): value for name, value in encoder.state_dict().items()}


def ones(convolution):
    """Let a convolution add up what it sees."""
    nn.init.ones_(convolution.weight)
    nn.init.zeros_(convolution.bias)


def test_maps_are_at_strides_4_to_32():
    maps = MSCAN(SMALLEST).eval()(image())
    assert [tuple(found.shape[1:]) for found in maps] == [
        (4, 16, 24),
        (6, 8, 12),
        (8, 4, 6),
        (10, 2, 3),
    ]


def test_tiny_has_as_many_weights_as_the_design_without_words():
    assert count(MSCAN(MSCAN_SIZES["t"])) / 1e6 == pytest.approx(7.47 - 3.56, abs=0.01)


def test_a_strip_pair_sees_a_rectangle_and_all_scales_are_added():
    shape = MSCANShape(local_kernel_size=1, kernel_sizes=(3, 5))
    scales = MultiScaleConvolution(1, shape)
    for module in scales.modules():
        if isinstance(module, DepthwiseConvolution):
            ones(module)
    dot = torch.zeros(1, 1, 7, 9)
    dot[..., 3, 4] = 1
    local, total = scales(dot)
    assert torch.equal(local, dot)
    assert total[0, 0, 3, 4] == 3  # the dot itself, and two rectangles
    assert total[0, 0, 2, 3] == 2  # both rectangles
    assert total[0, 0, 1, 2] == 1  # the larger one
    assert total.sum() == 1 + 9 + 25


def test_attention_multiplies_the_features_by_what_surrounds_them():
    attention = MSCA(1, MSCANShape(local_kernel_size=3, kernel_sizes=(1,)))
    for module in attention.modules():
        if isinstance(module, nn.Conv2d):
            ones(module)
    features = torch.tensor([[[[1.0, 2.0], [0.0, 3.0]]]])
    # Everything is in reach of the 3 x 3 kernel: 6, and 6 again by the pair.
    torch.testing.assert_close(attention(features), 12 * features)


def test_a_block_starts_all_but_as_an_identity_in_eval():
    torch.manual_seed(0)
    block = MSCAN(SMALLEST).eval().stages[0][0]
    features = torch.randn(1, 4, 8, 9)
    assert (block(features) - features).abs().max() < 0.1 * features.abs().max()


def test_the_last_block_is_left_out_most():
    rates = [block.drop.rate for stage in MSCAN(SMALLEST).stages for block in stage]
    assert rates == pytest.approx([0, 0.025, 0.05, 0.075, 0.1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"kernel_sizes": (7, 10)},
        {"local_kernel_size": 4},
        {"dims": (5, 6, 7, 8)},
        {"depths": (0,) * 4},
    ],
)
def test_a_shape_that_cannot_be_built_is_refused(wrong):
    with pytest.raises(
        ValueError, match=re.escape(f"{next(iter(wrong))}={next(iter(wrong.values()))}")
    ):
        MSCANShape(**wrong)


# Weights


def test_a_whole_segmenters_file_fills_the_encoder_and_its_head_is_left_out(tmp_path):
    source, encoder = MSCAN(SMALLEST), MSCAN(SMALLEST)
    theirs = {f"backbone.{name}": value for name, value in weights_of(source).items()}
    theirs["decode_head.conv_seg.weight"] = torch.zeros(3)
    save_file(theirs, tmp_path / "segnext.safetensors")
    fill_mscan(encoder, str(tmp_path / "segnext.safetensors"))
    assert all(
        torch.equal(ours, official)
        for ours, official in zip(
            encoder.state_dict().values(), source.state_dict().values(), strict=True
        )
    )


def test_a_classifiers_folder_in_half_precision_fills_the_encoder(tmp_path):
    source, encoder = MSCAN(SMALLEST), MSCAN(SMALLEST)
    theirs = {
        name: value.half() for name, value in weights_of(source).items() if "num_b" not in name
    }
    theirs["head.weight"] = torch.zeros(10, 10)
    save_file(theirs, tmp_path / "model.safetensors")
    fill_mscan(encoder, str(tmp_path))
    for name, weight in encoder.named_parameters():
        assert torch.equal(weight, source.state_dict()[name].half().float())


def test_names_of_the_later_official_code_are_known_too(tmp_path):
    source, encoder = MSCAN(SMALLEST), MSCAN(SMALLEST)
    theirs = {
        name.replace("dwconv.dwconv", "dwconv"): value for name, value in weights_of(source).items()
    }
    save_file(theirs, tmp_path / "model.safetensors")
    fill_mscan(encoder, str(tmp_path))
    assert torch.equal(encoder.stages[1][1].mlp.look.weight, source.stages[1][1].mlp.look.weight)


def test_missing_weights_are_never_a_silent_random_start(tmp_path):
    with pytest.raises(MissingWeights, match="SegNeXt's MSCAN"):
        fill_mscan(MSCAN(SMALLEST), "")
    with pytest.raises(MissingWeights, match=r"no\.safetensors"):
        fill_mscan(MSCAN(SMALLEST), str(tmp_path / "no.safetensors"))


def test_a_random_start_that_was_chosen_changes_nothing():
    encoder = MSCAN(SMALLEST)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    fill_mscan(encoder, "random")
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


@pytest.mark.parametrize(
    ("spoilt", "named"),
    [
        ({"block2.1.attn.proj_1.weight": None}, r"stages\.1\.1\.project_in\.weight is missing"),
        ({"block1.0.attn.extra": 1}, r"block1\.0\.attn\.extra is unknown"),
        ({"norm4.bias": 3}, r"norms\.3\.bias is \(3,\), expected \(10,\)"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(spoilt, named, tmp_path):
    weights = weights_of(MSCAN(SMALLEST))
    for name, size in spoilt.items():
        weights.pop(name, None)
        if size is not None:
            weights[name] = torch.zeros(size)
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(MismatchedWeights, match=named):
        fill_mscan(MSCAN(SMALLEST), str(tmp_path))
