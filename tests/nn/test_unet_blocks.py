import pytest
import torch
from torch import nn

from lingseg.nn.unet_blocks import ConvolutionNormReLU, Down, Up


def test_down_halves_and_rounds_up():
    assert Down(3, 8)(torch.rand(2, 3, 7, 10)).shape == (2, 8, 4, 5)


def test_down_keeps_the_last_column_of_an_odd_map():
    down = Down(1, 1)
    features = torch.zeros(1, 1, 3, 5)
    features[..., 2, 4] = 1
    assert down[0](features)[..., 1, 2].item() == 1


@pytest.mark.parametrize("length", range(1, 40))
def test_up_repeats_every_pixel_twice_and_crops(length):
    up = Up(2, 1)
    up.convolutions = nn.Identity()
    deep = torch.arange(-(-length // 2)).float().expand(1, 1, 1, -1)
    doubled = up(deep, torch.zeros(1, 1, 2, length))[0, 1, 0]
    assert doubled.tolist() == [column // 2 for column in range(length)]


def test_up_has_the_size_of_the_skip():
    assert Up(12, 5)(torch.rand(2, 8, 3, 4), torch.rand(2, 4, 5, 7)).shape == (2, 5, 5, 7)


def test_has_the_official_number_of_weights():
    block = ConvolutionNormReLU(3, 64)
    assert sum(weight.numel() for weight in block.parameters()) == 1_920
