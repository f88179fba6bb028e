"""The running average of a model's weights, which validates better than the last weights."""

import copy

import torch
from torch import nn

from lingseg.models import Segmenter


class WeightAverage(nn.Module):
    """An exponential moving average of trained weights; all else is the model's own."""

    def __init__(self, model: Segmenter, decay: float) -> None:
        """Start at the model's weights; a decay of 0 keeps no average: the model stands for it."""
        super().__init__()
        self._decay = decay
        self._current = [model]  # in a list, so that it is not a part of this module's own state
        self.num_updates: torch.Tensor
        self.register_buffer("num_updates", torch.tensor(0))
        self.average = copy.deepcopy(model).requires_grad_(requires_grad=False) if decay else None

    @property
    def model(self) -> Segmenter:
        """The model with averaged weights."""
        return self._current[0] if self.average is None else self.average

    @torch.no_grad()
    def update(self, model: Segmenter) -> None:
        """Move a little towards the model's weights."""
        if self.average is None:
            return
        # Early averages would be dominated by the random start: the decay grows to its full value.
        updates = int(self.num_updates)
        decay = min(self._decay, (1 + updates) / (10 + updates))
        for mean, weight in zip(self.average.parameters(), model.parameters(), strict=True):
            if weight.requires_grad:
                mean.lerp_(weight, 1 - decay)
        for kept, buffer in zip(self.average.buffers(), model.buffers(), strict=True):
            kept.copy_(buffer)
        self.num_updates += 1
