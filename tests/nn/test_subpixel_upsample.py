"""Sub-pixel upsampling, on numbers that a reader computes."""

import torch
from torch import nn
from torch.nn.functional import pixel_shuffle

from lingseg.nn.subpixel_upsample import SubpixelUpsample


def test_every_fine_pixel_is_the_mean_of_itself_and_those_left_of_and_above_it():
    upsample = SubpixelUpsample(1, 1, factor=2)
    nn.init.zeros_(upsample.convolution.weight)
    upsample.convolution.bias.data = torch.tensor([1.0, 2.0, 3.0, 4.0])
    # The fine map is [[1, 2, 1, 2], [3, 4, 3, 4]], with zeros left of and above it.
    expected = torch.tensor([[1.0, 3.0, 3.0, 3.0], [4.0, 10.0, 10.0, 10.0]]) / 4
    torch.testing.assert_close(upsample(torch.rand(1, 1, 1, 2))[0, 0], expected)


def test_a_start_at_random_makes_no_checkerboard():
    torch.manual_seed(0)
    upsample = SubpixelUpsample(3, 2, factor=4)
    nn.init.zeros_(upsample.convolution.bias)
    fine = pixel_shuffle(upsample.convolution(torch.rand(2, 3, 3, 5)), 4)
    groups = fine.unflatten(3, (5, 4)).unflatten(2, (3, 4))
    torch.testing.assert_close(groups, groups[:, :, :, :1, :, :1].expand_as(groups))
    assert fine.std() > 0.1


def test_the_fine_map_is_factor_times_as_fine():
    assert SubpixelUpsample(3, 2, factor=4)(torch.rand(2, 3, 3, 5)).shape == (2, 2, 12, 20)
