"""Swin, against transformers' own, and what becomes of weights that do not fit."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from weight_count import count

from lingseg.nn.pretrained import MismatchedWeights, MissingWeights
from lingseg.nn.swin import (
    SWIN_BASE,
    SWIN_SMALL,
    SWIN_TINY,
    PatchMerging,
    Swin,
    SwinBlock,
    SwinShape,
    WindowAttention,
    build_swin,
    offset_numbers,
    wrapped_apart,
)

SMALLEST = SwinShape(dim=8, depths=(2, 1, 2), num_heads=(1, 2, 4), window_size=3)
SIZE = (76, 90)  # stride 4: 19 x 23, stride 16: 5 x 6, so that each map is larger than a window


def image(height=SIZE[0], width=SIZE[1]):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def oracle():
    transformers = pytest.importorskip("transformers", reason="the oracle is not installed")
    torch.manual_seed(0)
    config = transformers.SwinConfig(
        image_size=96,
        embed_dim=SMALLEST.dim,
        depths=list(SMALLEST.depths),
        num_heads=list(SMALLEST.num_heads),
        window_size=SMALLEST.window_size,
    )
    model = transformers.SwinForImageClassification(config).eval()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return model


@pytest.fixture
def folder(oracle, tmp_path):
    oracle.save_pretrained(tmp_path)
    return tmp_path


def their_maps(oracle):
    """Each stage's map as it is before it is halved, which hooks alone show."""
    maps = []
    for layer in oracle.swin.encoder.layers:
        layer.blocks[-1].register_forward_hook(lambda _, __, output: maps.append(output))
    oracle.swin(image())
    return [found[0] if isinstance(found, tuple) else found for found in maps]


@torch.no_grad()
def assert_agree(encoder, oracle):
    ours, theirs = encoder.eval()(image()), their_maps(oracle)
    assert len(ours) == len(theirs) == 3
    for our_map, their_pixels in zip(ours, theirs, strict=True):
        torch.testing.assert_close(
            our_map.flatten(2).transpose(1, 2), their_pixels, atol=1e-5, rtol=1e-5
        )


def test_maps_agree_with_transformers_from_a_classifiers_folder(oracle, folder):
    assert_agree(build_swin(SMALLEST, image_weights=str(folder)), oracle)


def test_maps_agree_with_transformers_from_a_bare_models_file(oracle, tmp_path):
    oracle.swin.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    assert_agree(build_swin(SMALLEST, image_weights=str(path)), oracle)


def test_buffers_of_older_files_are_passed_over(oracle, folder):
    path = folder / "model.safetensors"
    name = "swin.encoder.layers.0.blocks.0.attention.self.relative_position_index"
    save_file(load_file(path) | {name: torch.zeros(9, 9)}, path)
    assert_agree(build_swin(SMALLEST, image_weights=str(folder)), oracle)


def test_called_step_by_step_it_gives_the_same_maps():
    torch.manual_seed(0)
    encoder = Swin(SMALLEST)
    whole = encoder(image(50, 67))
    pixels = encoder.stages[0](encoder.embedding(image(50, 67)))
    assert torch.equal(pixels.permute(0, 3, 1, 2), whole[0])
    for number in (1, 2):
        pixels = encoder.stages[number](encoder.mergings[number - 1](pixels))
        assert torch.equal(pixels.permute(0, 3, 1, 2), whole[number])


@pytest.mark.parametrize(
    ("height", "width", "sizes"),
    [(33, 100, [(9, 25), (5, 13), (3, 7)]), (32, 35, [(8, 9), (4, 5), (2, 3)])],
)
def test_maps_of_any_size_halve_rounding_up(height, width, sizes):
    maps = Swin(SMALLEST)(image(height, width))
    assert [tuple(found.shape[2:]) for found in maps] == sizes
    assert [found.shape[1] for found in maps] == [8, 16, 32]


@pytest.mark.parametrize(
    ("shape", "published"),
    [
        (SWIN_TINY, 27_519_354 - 2 * 768),
        (SWIN_SMALL, 48_837_258 - 2 * 768),
        (SWIN_BASE, 86_743_224 - 2 * 1_024),
    ],
    ids=["tiny", "small", "base"],
)
def test_has_the_published_number_of_weights_but_for_its_last_norm(shape, published):
    with torch.device("meta"):
        assert count(Swin(shape)) == published


# Windows


def test_offsets_of_a_window_of_two_are_numbered_row_by_row():
    # From 3 x 3 offsets; 4 is "itself", 3 "the one on the right", 1 "the one below".
    assert offset_numbers(2).tolist() == [[4, 3, 1, 0], [5, 4, 2, 1], [7, 6, 4, 3], [8, 7, 5, 4]]


def test_pixels_that_only_wrapped_around_do_not_see_each_other():
    # A map of 2 x 4 in windows of 2, shifted by 1: its row 1 and row 0 are no neighbours, nor are
    # its columns 3 and 0, which meet in the second window.
    first, second = wrapped_apart(2, 4, 2, 1)
    upper, lower = [False, False, True, True], [True, True, False, False]
    assert first.tolist() == [upper, upper, lower, lower]
    assert second.tolist() == (~torch.eye(4, dtype=torch.bool)).tolist()


def touched(block, height, width, row, column):
    """Which pixels a block shows to one pixel."""
    pixels = torch.randn(1, height, width, 4, requires_grad=True)
    block(pixels)[0, row, column].sum().backward()
    return pixels.grad.abs().sum(dim=-1)[0] > 1e-9


@pytest.mark.parametrize(
    ("is_shifted", "row", "column", "rows", "columns"),
    [
        (False, 0, 0, (0, 3), (0, 3)),
        (False, 3, 5, (3, 5), (3, 6)),
        (True, 0, 0, (0, 1), (0, 1)),
        (True, 1, 1, (1, 4), (1, 4)),
        (True, 4, 6, (4, 5), (4, 7)),
    ],
)
def test_a_pixel_sees_its_window_and_nothing_else(is_shifted, row, column, rows, columns):
    torch.manual_seed(0)
    block = SwinBlock(dim=4, num_heads=2, window_size=3, is_shifted=is_shifted, drop_path=0.0)
    seen = torch.zeros(5, 7, dtype=torch.bool)
    seen[slice(*rows), slice(*columns)] = True
    assert torch.equal(touched(block, 5, 7, row, column), seen)


def test_the_bias_of_an_offset_draws_attention_to_it():
    torch.manual_seed(0)
    attention = WindowAttention(dim=4, num_heads=1, window_size=2)
    torch.nn.init.zeros_(attention.query_key_value.weight[:8])
    attention.offset_bias.data[3] = 50.0  # to the one on the right
    windows = torch.randn(1, 1, 4, 4)
    heard = attention(windows)
    value = attention.query_key_value(windows)[..., 8:]
    torch.testing.assert_close(heard[0, 0, 0], attention.heard(value[0, 0, 1]))
    torch.testing.assert_close(heard[0, 0, 2], attention.heard(value[0, 0, 3]))


def test_four_neighbours_are_merged_column_by_column():
    merging = PatchMerging(1)
    joined = []
    merging.norm.register_forward_pre_hook(lambda _, inputs: joined.append(inputs[0]))
    merging(torch.arange(6.0).view(1, 2, 3, 1))
    assert joined[0].tolist() == [[[[0, 3, 1, 4], [2, 5, 0, 0]]]]


# Training


def test_every_weight_gets_a_gradient_from_a_random_start():
    torch.manual_seed(0)
    encoder = Swin(SMALLEST)
    sum((found * torch.randn_like(found)).mean() for found in encoder(image())).backward()
    unused = [name for name, weight in encoder.named_parameters() if not weight.grad.any()]
    assert not unused


def test_later_blocks_are_left_out_more_often():
    shape = SwinShape(dim=4, depths=(2, 3), num_heads=(1, 1), window_size=2, drop_path=0.4)
    rates = [block.drop_path.rate for stage in Swin(shape).stages for block in stage]
    assert rates == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_trains_in_half_precision():
    torch.manual_seed(0)
    encoder = Swin(SMALLEST)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        maps = encoder(image())
    sum(found.float().square().mean() for found in maps).backward()
    assert all(weight.grad.isfinite().all() for weight in encoder.parameters())


# What does not fit


def test_weights_that_are_not_named_or_not_there_are_missed(tmp_path):
    with pytest.raises(MissingWeights, match="swin-base-patch4-window12-384-in22k"):
        build_swin(SMALLEST, image_weights="")
    with pytest.raises(MissingWeights, match="No weights at"):
        build_swin(SMALLEST, image_weights=str(tmp_path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window_size": 4}, r"offset_bias is \(25, 1\), expected \(49, 1\)"),
        ({"depths": (2, 1, 1)}, r"stages\.2\.1\.\S+ is unknown"),
        ({"depths": (2, 2, 2)}, r"stages\.1\.1\.\S+ is missing"),
        ({"dim": 16, "num_heads": (2, 2, 4)}, r"is \(8, 3, 4, 4\), expected \(16, 3, 4, 4\)"),
    ],
)
def test_weights_of_another_shape_are_refused(folder, change, message):
    with pytest.raises(MismatchedWeights, match=message):
        build_swin(SwinShape(**(vars(SMALLEST) | change)), image_weights=str(folder))


def test_an_attention_without_its_key_is_refused(folder):
    path = folder / "model.safetensors"
    weights = load_file(path)
    del weights["swin.encoder.layers.0.blocks.0.attention.self.key.weight"]
    save_file(weights, path)
    with pytest.raises(MismatchedWeights, match=r"query_key_value\.weight is missing"):
        build_swin(SMALLEST, image_weights=str(folder))


def test_shapes_that_cannot_be_built_are_refused():
    with pytest.raises(ValueError, match="give one number a stage"):
        SwinShape(depths=(2, 2), num_heads=(1, 2, 4))
    with pytest.raises(ValueError, match="makes 192 features in a stage, which its 5 heads"):
        SwinShape(num_heads=(3, 5, 12, 24))
    with pytest.raises(ValueError, match="drop path rate of 1"):
        Swin(SwinShape(dim=4, depths=(1, 2), num_heads=(1, 1), drop_path=1.0))
