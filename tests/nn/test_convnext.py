"""ConvNeXt, against transformers' own, and what becomes of weights that do not fit."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from weight_count import count

from lingseg.nn.convnext import (
    ATTO,
    ConvNeXt,
    ConvNeXtShape,
    build_convnext,
    pad_to_stride,
    standardise,
)
from lingseg.nn.pretrained import MismatchedWeights, MissingWeights

SMALLEST = ConvNeXtShape(depths=(1, 2, 1, 1), dims=(4, 8, 12, 16), layer_scale=0.5)
SIZE = (64, 96)


def image(height=SIZE[0], width=SIZE[1]):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def oracle():
    transformers = pytest.importorskip("transformers", reason="the oracle is not installed")
    torch.manual_seed(0)
    config = transformers.ConvNextConfig(
        depths=list(SMALLEST.depths), hidden_sizes=list(SMALLEST.dims), layer_scale_init_value=0.5
    )
    model = transformers.ConvNextForImageClassification(config).eval()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return model


@pytest.fixture
def folder(oracle, tmp_path):
    oracle.save_pretrained(tmp_path)
    return tmp_path


def assert_agree(encoder, oracle):
    with torch.no_grad():
        theirs = oracle.convnext(image(), output_hidden_states=True).hidden_states[-4:]
        ours = encoder.eval()(image())
    assert len(ours) == 4
    for our_map, their_map in zip(ours, theirs, strict=True):
        torch.testing.assert_close(our_map, their_map, atol=1e-5, rtol=1e-5)


def test_maps_agree_with_transformers_from_a_classifiers_folder(oracle, folder):
    assert_agree(build_convnext(SMALLEST, image_weights=str(folder)), oracle)


def test_maps_agree_with_transformers_from_a_bare_models_file(oracle, tmp_path):
    oracle.convnext.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    assert_agree(build_convnext(SMALLEST, image_weights=str(path)), oracle)


def test_called_step_by_step_it_gives_the_same_maps():
    torch.manual_seed(0)
    encoder, features = ConvNeXt(SMALLEST), pad_to_stride(image(50, 67))
    for step, whole in enumerate(encoder(image(50, 67))):
        features = encoder.stages[step](encoder.downsamplings[step](features))
        assert torch.equal(features, whole)
    assert encoder.stem is encoder.downsamplings[0]


def test_maps_of_any_size_are_twice_the_next():
    maps = ConvNeXt(SMALLEST)(image(33, 100))
    assert [tuple(found.shape[1:]) for found in maps] == [
        (4, 16, 32),
        (8, 8, 16),
        (12, 4, 8),
        (16, 2, 4),
    ]


def test_padding_is_on_the_right_and_at_the_bottom():
    padded = pad_to_stride(image(33, 64))
    assert torch.equal(padded[..., :33, :], image(33, 64))
    assert padded.shape == (2, 3, 64, 64)
    assert not padded[..., 33:, :].any()


def test_tiny_has_the_published_number_of_weights():
    with torch.device("meta"):
        tiny = ConvNeXt(ConvNeXtShape())
    assert count(tiny.downsamplings) == 1_555_872
    assert count(tiny.stages) == 26_262_720


def test_atto_has_the_number_of_weights_that_it_says():
    assert count(ConvNeXt(ATTO)) == pytest.approx(3.4e6, rel=0.02)


def test_every_weight_gets_a_gradient_from_a_random_start():
    torch.manual_seed(0)
    encoder = ConvNeXt(ConvNeXtShape(depths=(1, 1, 1, 1), dims=(4, 8, 12, 16)))
    sum(found.square().mean() for found in encoder(image())).backward()
    unused = [name for name, weight in encoder.named_parameters() if not weight.grad.any()]
    assert not unused


def test_blocks_are_dropped_in_training_only_and_the_mean_is_kept():
    torch.manual_seed(0)
    shape = ConvNeXtShape(depths=(1, 1, 1, 2), dims=(4, 4, 4, 4), drop_path=0.5, layer_scale=1.0)
    block = ConvNeXt(shape).stages[3][1]
    features = torch.randn(1, 4, 2, 3).expand(2_000, -1, -1, -1)
    whole = block.eval()(features)
    dropped = block.train()(features)
    is_dropped = (dropped == features).flatten(1).all(dim=1)
    assert is_dropped.float().mean().item() == pytest.approx(0.5, abs=0.05)
    torch.testing.assert_close(dropped.mean(dim=0), whole[0], atol=0.05, rtol=0.05)


def test_trains_in_half_precision():
    torch.manual_seed(0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        maps = ConvNeXt(SMALLEST)(image())
    assert all(found.isfinite().all() for found in maps)


def test_an_image_is_standardised_channel_by_channel():
    found = standardise(
        torch.tensor([1.0, 2.0, 3.0, 5.0, 5.0, 5.0, 0.0, 0.0, 6.0]).view(1, 3, 1, 3)
    )
    spread = 1.5**0.5
    expected = torch.tensor([-spread, 0.0, spread, 0.0, 0.0, 0.0, -(0.5**0.5), -(0.5**0.5), 2**0.5])
    torch.testing.assert_close(found.flatten(), expected)


# Weights that are not there, or not these


def test_no_weights_is_an_error_that_says_what_to_name():
    with pytest.raises(MissingWeights, match=r'convnext-tiny-224 .* "random" for a random start'):
        build_convnext(SMALLEST, image_weights="")


def test_a_folder_without_weights_is_named(tmp_path):
    with pytest.raises(MissingWeights, match=r"No weights at .*model\.safetensors"):
        build_convnext(SMALLEST, image_weights=str(tmp_path))


def test_random_weights_are_chosen_by_their_name():
    torch.manual_seed(0)
    ours = build_convnext(SMALLEST, image_weights="random").state_dict()
    torch.manual_seed(0)
    plain = ConvNeXt(SMALLEST).state_dict()
    assert all(torch.equal(ours[name], plain[name]) for name in plain)


def test_weights_of_another_size_are_refused_by_name(folder):
    other = ConvNeXtShape(depths=(1, 2, 1, 1), dims=(4, 8, 12, 24))
    expected = r"stages\.3\.\S+ is \(16, 12, 2, 2\), expected \(24, 12, 2, 2\)|downsamplings\.3"
    with pytest.raises(MismatchedWeights, match=expected):
        build_convnext(other, image_weights=str(folder))


def test_weights_of_a_deeper_encoder_are_refused_by_name(folder):
    with pytest.raises(MismatchedWeights, match=r"stages\.1\.1\.\w+(\.\w+)? is unknown"):
        build_convnext(
            ConvNeXtShape(depths=(1, 1, 1, 1), dims=SMALLEST.dims), image_weights=str(folder)
        )


def test_a_weight_that_is_missing_is_named(folder):
    path = folder / "model.safetensors"
    weights = load_file(path)
    del weights["convnext.encoder.stages.2.layers.0.pwconv1.bias"]
    save_file(weights, path)
    with pytest.raises(MismatchedWeights, match=r"stages\.2\.0\.widen\.bias is missing"):
        build_convnext(SMALLEST, image_weights=str(folder))


def test_a_file_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(MismatchedWeights, match="is not a safetensors file"):
        build_convnext(SMALLEST, image_weights=str(tmp_path))


@pytest.mark.parametrize("wrong", [{"drop_path": 1.0}, {"depths": (1, 0, 1, 1)}])
def test_a_shape_that_cannot_be_built_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ConvNeXtShape(**wrong)
