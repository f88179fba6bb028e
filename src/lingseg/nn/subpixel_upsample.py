"""Sub-pixel upsampling: a convolution makes every fine pixel at once, a mean smooths the seams.

Source: Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
Convolutional Neural Network, CVPR 2016; Aitken et al., Checkerboard artifact free sub-pixel
convolution, 2017. It computes what MONAI's SubpixelUpsample does (Apache-2.0).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.shapes import FeatureMap


class SubpixelUpsample(nn.Module):
    """Makes a map `factor` times as fine."""

    def __init__(self, in_dim: int, dim: int, *, factor: int) -> None:
        """Build the step with random weights that are equal for all fine pixels of a coarse one."""
        super().__init__()
        self.factor = factor
        self.convolution = nn.Conv2d(in_dim, dim * factor**2, kernel_size=3, padding=1)
        nn.init.kaiming_normal_(self.convolution.weight[:: factor**2])
        with torch.no_grad():
            first = self.convolution.weight[:: factor**2]
            self.convolution.weight.copy_(first.repeat_interleave(factor**2, dim=0))

    def forward(
        self, features: FeatureMap
    ) -> Float[Tensor, "batch out_dim finer_height finer_width"]:
        """Return the fine map, each pixel the mean of itself and those left of and above it."""
        fine = F.pixel_shuffle(self.convolution(features), self.factor)
        margin = self.factor - 1
        return F.avg_pool2d(F.pad(fine, (margin, 0, margin, 0)), self.factor, stride=1)
