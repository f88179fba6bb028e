"""A convolution of each channel by itself."""

import torch

from lingseg.nn.depthwise import DepthwiseConvolution


def test_each_channel_keeps_to_itself_and_the_map_its_size():
    convolution = DepthwiseConvolution(2, 3, 5)
    image = torch.rand(1, 2, 4, 7)
    other = image.clone()
    other[:, 0] += 1
    found, changed = convolution(image), convolution(other)
    assert found.shape == image.shape
    assert torch.equal(found[:, 1], changed[:, 1])
    assert not torch.equal(found[:, 0], changed[:, 0])


def test_it_stays_in_single_precision_on_a_cpu():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert DepthwiseConvolution(2, 3, 3)(torch.rand(1, 2, 4, 5)).dtype == torch.float32


def test_a_stride_takes_a_map_that_was_padded_before():
    convolution = DepthwiseConvolution(2, 3, 3, stride=2, bias=False)
    assert convolution(torch.rand(1, 2, 5, 9)).shape == (1, 2, 2, 4)
    assert convolution.bias is None
