"""Attention between the scales of a pyramid: all pixels of a region, at every stride, meet.

Source: the cross-scale half of the decoder of SLViT (Ouyang et al., IJCAI 2023) as it is described,
for every region rather than for the few that it calls uncertain.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.pixel_norm import PixelNorm
from lingseg.nn.shapes import FeatureMap

Maps = Sequence[Float[Tensor, "batch _ _ _"]]
Tokens = Float[Tensor, "regions tokens dim"]


class CrossScaleAttention(nn.Module):
    """A region is one pixel of the coarsest map and all finer pixels that it covers."""

    def __init__(self, dims: Sequence[int], *, dim: int, num_heads: int) -> None:
        """Build the attention with random weights.

        Args:
            dims: Features of each map, the finest first.
            dim: Features of a token.
            num_heads: Heads; they must divide `dim`.
        """
        super().__init__()
        self.num_heads = num_heads
        self.unify = nn.ModuleList(nn.Linear(map_dim, dim) for map_dim in dims)
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim, bias=False)  # softmax would not notice a bias
        self.value = nn.Linear(dim, dim)
        self.heard = nn.Linear(dim, dim)
        self.scale = nn.Parameter(torch.ones(dim))
        self.restore = nn.ModuleList(nn.Linear(dim, map_dim) for map_dim in dims)
        self.fuse = nn.ModuleList(map(Fusion, dims))

    def forward(self, maps: Maps) -> tuple[Float[Tensor, "batch _ _ _"], ...]:
        """Return the maps, each with what it learned from the others.

        Args:
            maps: The finest first; each has a whole multiple of the last one's rows and columns.
        """
        rows, columns = maps[-1].shape[-2:]
        split = [_into_regions(features, rows) for features in maps]
        tokens = torch.cat([unify(part) for unify, part in zip(self.unify, split, strict=True)], 1)
        parts = torch.split(self._meet(tokens), [part.shape[1] for part in split], dim=1)
        restored = (
            _from_regions(restore(part), rows, columns)
            for restore, part in zip(self.restore, parts, strict=True)
        )
        fused = zip(self.fuse, restored, maps, strict=True)
        return tuple(fuse(learned, features) for fuse, learned, features in fused)

    def _meet(self, tokens: Tokens) -> Tokens:
        """Let the tokens of each region look at one another."""
        query, key, value = (
            rearrange(
                part(tokens),
                "regions tokens (heads dim) -> regions heads tokens dim",
                heads=self.num_heads,
            )
            for part in (self.query, self.key, self.value)
        )
        heard = F.scaled_dot_product_attention(query, key, value)
        heard = rearrange(heard, "regions heads tokens dim -> regions tokens (heads dim)")
        return tokens + self.scale * self.heard(heard)


class Fusion(nn.Module):
    """What a map learned, beside the map: mixed, normed and rectified."""

    def __init__(self, dim: int) -> None:
        """Build the layer with random weights."""
        super().__init__()
        self.mix = nn.Conv2d(2 * dim, dim, kernel_size=1)
        self.norm = PixelNorm(dim)

    def forward(self, learned: FeatureMap, features: FeatureMap) -> FeatureMap:
        """Return the map's new features."""
        return self.norm(self.mix(torch.cat([learned, features], dim=1))).relu()


def _into_regions(features: FeatureMap, rows: int) -> Tokens:
    """Return the pixels of each region as tokens."""
    side = features.shape[-2] // rows
    return rearrange(
        features,
        "batch dim (rows high) (columns wide) -> (batch rows columns) (high wide) dim",
        high=side,
        wide=side,
    )


def _from_regions(tokens: Tokens, rows: int, columns: int) -> FeatureMap:
    """Undo `_into_regions`."""
    side = round(tokens.shape[1] ** 0.5)
    return rearrange(
        tokens,
        "(batch rows columns) (high wide) dim -> batch dim (rows high) (columns wide)",
        rows=rows,
        columns=columns,
        high=side,
    )
