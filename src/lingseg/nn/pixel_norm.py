"""A layer norm for maps, whose features come before their rows and columns."""

from torch import nn

from lingseg.nn.shapes import FeatureMap


class PixelNorm(nn.LayerNorm):
    """A layer norm over the features of each pixel of a map."""

    def forward(self, features: FeatureMap) -> FeatureMap:
        """Normalise."""
        return super().forward(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
