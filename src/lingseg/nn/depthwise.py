"""A convolution of each channel by itself."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.shapes import FeatureMap


class DepthwiseConvolution(nn.Conv2d):
    """A convolution of each channel by itself.

    It keeps the map's size; with a stride it takes a map that was padded before.
    """

    def __init__(
        self, dim: int, height: int, width: int, *, stride: int = 1, bias: bool = True
    ) -> None:
        """Build the convolution with random weights; its kernel's sides are odd."""
        padding = (height // 2, width // 2) if stride == 1 else 0
        super().__init__(
            dim, dim, (height, width), stride=stride, padding=padding, groups=dim, bias=bias
        )

    def forward(
        self, features: FeatureMap
    ) -> Float[Tensor, "batch dim coarser_height coarser_width"]:
        """Convolve."""
        learns = torch.is_grad_enabled() and (features.requires_grad or self.weight.requires_grad)
        if features.device.type != "cpu" or not learns:
            return super().forward(features)
        # The backward pass of depthwise convolutions in bf16 is several times slower than in fp32
        # on CPUs (measured on AVX-512 and AMX machines with torch 2.13).
        with torch.autocast("cpu", enabled=False):
            return super().forward(features.float())
