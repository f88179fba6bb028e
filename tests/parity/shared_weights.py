"""Weights and inputs that both sides of a parity test make for themselves: none is stored."""

import math
from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn


def noise(name: str, *shape: int) -> Tensor:
    """Return numbers in [-1, 1) that depend on nothing but `name` and their index."""
    bits = np.arange(math.prod(shape), dtype=np.uint64) + np.uint64(crc32(name.encode()) << 32)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    bits ^= bits >> np.uint64(31)
    uniform = (bits >> np.uint64(11)).astype(np.float64) / 2**52 - 1
    return torch.from_numpy(uniform.reshape(shape)).float()


def shared_weights(shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """Return weights, by the reference's names, that keep the size of the signal."""
    weights = {}
    for name, shape in sorted(shapes.items()):
        if len(shape) > 1:
            weights[name] = noise(name, *shape) * math.sqrt(6 / math.prod(shape[1:]))
        else:
            weights[name] = noise(name, *shape) * 0.1 + name.endswith("weight")
    return weights


def silence_dropout(model: nn.Module) -> None:
    """Set every dropout rate to 0, those of attentions and of functional calls included."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(getattr(module, "dropout", None), float):
            module.dropout = 0.0


@torch.no_grad()
def settle_batch_norm(model: nn.Module, *inputs: Tensor) -> None:
    """Give every batch norm the statistics of one batch; without it the signal dies."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()
            module.momentum = None
    model.train()
    model(*inputs)
    model.eval()
