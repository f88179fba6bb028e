"""Where a pixel lies, as features: what words like "left" and "upper" need."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

_NUM_OCTAVES = 4


class PlaceEmbedding(nn.Module):
    """Sines and cosines of the coordinates, in 0 to 1 over the picture, mixed into `dim` features.

    Works at every size: the same relative place has the same features.
    """

    def __init__(self, dim: int) -> None:
        """Build the embedding with random weights."""
        super().__init__()
        self.mix = nn.Linear(2 * (1 + 2 * _NUM_OCTAVES), dim)

    def forward(self, height: int, width: int) -> Float[Tensor, "1 pixels dim"]:
        """Return the features of every pixel, row by row."""
        device = self.mix.weight.device
        rows = (torch.arange(height, device=device, dtype=torch.float32) + 0.5) / height
        columns = (torch.arange(width, device=device, dtype=torch.float32) + 0.5) / width
        places = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1).flatten(0, 1)
        waves = [places]
        for octave in range(_NUM_OCTAVES):
            angles = places * (math.pi * 2**octave)
            waves += [angles.sin(), angles.cos()]
        return self.mix(torch.cat(waves, dim=-1))[None]
