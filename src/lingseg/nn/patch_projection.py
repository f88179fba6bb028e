"""From the pixels of a patch to its features."""

import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.shapes import FeatureMap


class PatchProjection(nn.Conv2d):
    """A convolution of patches that neither overlap nor leave a gap, as a matrix product.

    The product is the same, and right in half precision: with 8 or 16 channels and patches of 8 to
    16 pixels, torch 2.13 on CPUs with AMX gives another result for the convolution in bf16.
    """

    def __init__(self, in_dim: int, dim: int, patch_size: int) -> None:
        """Build the projection with random weights, drawn as a convolution's."""
        super().__init__(in_dim, dim, kernel_size=patch_size, stride=patch_size)

    def forward(self, features: FeatureMap) -> Float[Tensor, "batch out_dim rows columns"]:
        """Return the features of each patch; sides are multiples of a patch's."""
        size = self.kernel_size[0]
        pixels = rearrange(
            features,
            "batch dim (rows height) (columns width) -> batch rows columns (dim height width)",
            height=size,
            width=size,
        )
        projected = F.linear(pixels, self.weight.flatten(1), self.bias)
        return rearrange(projected, "batch rows columns dim -> batch dim rows columns")
