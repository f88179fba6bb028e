"""LViT's pixel-level attention: every pixel of a skip connection is scaled by how much it holds.

Source: Li et al., LViT, IEEE TMI 2024, figure 3 ("PLAM"). RecLMIS uses it unchanged. The sigmoid
convolution that both official codes build and never call is left out: it has weights but no effect.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.shapes import FeatureMap


class PixelLevelAttention(nn.Module):
    """Scales every pixel by one number, made of the mean and the largest of its features."""

    def __init__(self, dim: int) -> None:
        """Build the block with random weights."""
        super().__init__()
        self.to_mean = nn.Conv2d(dim, dim, kernel_size=1, bias=False)
        self.to_largest = nn.Conv2d(dim, dim, kernel_size=1, bias=False)
        self.score = nn.Sequential(nn.Linear(3, 6), nn.ReLU(inplace=True), nn.Linear(6, 1))

    def forward(self, features: FeatureMap) -> FeatureMap:
        """Return `features`, each pixel times its score (any number: there is no sigmoid)."""
        mean = self.to_mean(features).relu().mean(dim=1)
        # The largest of what a ReLU leaves is what it leaves of the largest, which is one map.
        largest = self.to_largest(features).amax(dim=1).relu()
        summary: Float[Tensor, "batch height width 3"]
        summary = torch.stack([mean, largest, mean + largest], dim=-1)
        return features * self.score(summary)[..., 0].unsqueeze(1)
