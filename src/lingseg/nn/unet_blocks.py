"""The steps of a plain U-Net, for any height and width: halving rounds up, doubling crops.

RecLMIS and LViT are built of them; at multiples of 16 they compute what the official codes do.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.shapes import FeatureMap


class ConvolutionNormReLU(nn.Sequential):
    """A 3 x 3 convolution, a batch norm and a ReLU."""

    def __init__(self, in_dim: int, dim: int) -> None:
        """Build the block with random weights."""
        super().__init__(
            nn.Conv2d(in_dim, dim, kernel_size=3, padding=1),
            nn.BatchNorm2d(dim),
            nn.ReLU(inplace=True),
        )


class Down(nn.Sequential):
    """Halve the map, then convolve twice."""

    def __init__(self, in_dim: int, dim: int) -> None:
        """Build the block with random weights."""
        super().__init__(
            # Rounding up keeps the last row and column of an odd map.
            nn.MaxPool2d(2, ceil_mode=True),
            ConvolutionNormReLU(in_dim, dim),
            ConvolutionNormReLU(dim, dim),
        )


class Up(nn.Module):
    """Double the deep map to the size of the skip, join the two, then convolve twice."""

    def __init__(self, in_dim: int, dim: int) -> None:
        """Build the block with random weights; `in_dim` counts both maps."""
        super().__init__()
        self.convolutions = nn.Sequential(
            ConvolutionNormReLU(in_dim, dim), ConvolutionNormReLU(dim, dim)
        )

    def forward(
        self,
        deep: FeatureMap,
        skip: Float[Tensor, "batch skip_dim finer_height finer_width"],
    ) -> Float[Tensor, "batch out_dim finer_height finer_width"]:
        """Return features at the size of the skip.

        Nearest-neighbour to an odd size repeats every pixel twice and drops the last repetition.
        """
        up = F.interpolate(deep, (skip.shape[-2], skip.shape[-1]), mode="nearest")
        return self.convolutions(torch.cat([skip, up], dim=1))
