"""A convolution of each channel by itself."""

import torch
from torch import nn

from lingseg.nn.shapes import FeatureMap


class DepthwiseConvolution(nn.Conv2d):
    """A convolution of each channel by itself that keeps the map's size."""

    def __init__(self, dim: int, height: int, width: int) -> None:
        """Build the convolution with random weights; its kernel's sides are odd."""
        padding = (height // 2, width // 2)
        super().__init__(dim, dim, (height, width), padding=padding, groups=dim)

    def forward(self, features: FeatureMap) -> FeatureMap:
        """Convolve."""
        if features.device.type != "cpu":
            return super().forward(features)
        # The backward pass of depthwise convolutions in bf16 is several times slower than in fp32
        # on CPUs (measured on AVX-512 and AMX machines with torch 2.13).
        with torch.autocast("cpu", enabled=False):
            return super().forward(features.float())
