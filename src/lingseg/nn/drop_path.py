"""Stochastic depth: in training, a residual branch is left out for some images of a batch.

Source: Huang et al., Deep Networks with Stochastic Depth, ECCV 2016.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class DropPath(nn.Module):
    """Leaves a branch out at a rate, and makes up for it in the images that keep it."""

    def __init__(self, rate: float) -> None:
        """Build the layer; it has no weights.

        Raises:
            ValueError: The rate is not from 0 to below 1.
        """
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"A drop path rate of {rate}; choose a share from 0 to below 1.")
        self.rate = rate

    def forward(self, branch: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch ..."]:
        """Return the branch, with zeros for the images that do without it."""
        if not self.training or self.rate == 0:
            return branch
        shape = (len(branch),) + (1,) * (branch.ndim - 1)
        is_kept = torch.rand(shape, device=branch.device) >= self.rate
        return branch * is_kept / (1 - self.rate)
