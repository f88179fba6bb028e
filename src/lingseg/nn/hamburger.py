"""Hamburger: global context by non-negative matrix factorisation, and the light head around it.

Source: Geng et al., Is Attention Better Than Matrix Decomposition?, ICLR 2021, as
in SegNeXt's head.

There the bases are drawn anew in every pass, in eval too, so that no two predictions are the same.
Here they are a fixed table in eval; in training they are drawn from a generator that is handed in
or, without one, from torch's own on the CPU: whoever seeds that reproduces the training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.shapes import FeatureMap

_EPS = 1e-6
_MAX_GROUPS = 32
_SEED_OF_TABLE = 0

Bases = Float[Tensor, "batch dim rank"]


@dataclass(frozen=True, kw_only=True)
class HamburgerShape:
    """How large a Hamburger is; by default that of SegNeXt's Base."""

    dim: int = 512
    rank: int = 64
    num_steps: int = 6
    """Updates of both factors in training."""
    num_eval_steps: int = 7


class Hamburger(nn.Module):
    """Adds to the features what a factorisation of low rank keeps of them."""

    def __init__(self, shape: HamburgerShape, *, generator: torch.Generator | None = None) -> None:
        """Build the block with random weights."""
        super().__init__()
        self.shape, self.generator = shape, generator
        self.project_in = nn.Conv2d(shape.dim, shape.dim, kernel_size=1)
        self.project_out = nn.Conv2d(shape.dim, shape.dim, kernel_size=1)
        self.bases: Tensor
        table = draw_bases(1, shape, torch.Generator().manual_seed(_SEED_OF_TABLE))
        self.register_buffer("bases", table.to(torch.get_default_device()))

    def forward(self, features: FeatureMap) -> FeatureMap:
        """Return the features with their global context."""
        taken = rearrange(
            self.project_in(features).relu(), "batch dim height width -> batch dim (height width)"
        )
        with torch.autocast(features.device.type, enabled=False):  # products of products
            rebuilt = factorise(taken.float(), self._start(taken), self._num_steps)
        rebuilt = rearrange(
            rebuilt,
            "batch dim (height width) -> batch dim height width",
            height=features.shape[-2],
        )
        return (features + self.project_out(rebuilt)).relu()

    @property
    def _num_steps(self) -> int:
        """How many updates this mode has."""
        return self.shape.num_steps if self.training else self.shape.num_eval_steps

    def _start(self, pixels: Float[Tensor, "batch dim pixels"]) -> Bases:
        """Return each case's bases: drawn in training, the table's in eval."""
        if not self.training:
            return self.bases.expand(len(pixels), -1, -1)
        return draw_bases(len(pixels), self.shape, self.generator).to(pixels.device)


def draw_bases(number: int, shape: HamburgerShape, generator: torch.Generator | None) -> Bases:
    """Draw `number` sets of non-negative bases of length 1, where the generator lives."""
    device = generator.device if generator else "cpu"
    drawn = torch.rand(number, shape.dim, shape.rank, generator=generator, device=device)
    return F.normalize(drawn, dim=1)


def factorise(
    pixels: Float[Tensor, "batch dim pixels"], bases: Bases, num_steps: int
) -> Float[Tensor, "batch dim pixels"]:
    """Return X as D C^T, after `num_steps` updates of C and D and a last one of C.

    Gradients flow through every step.
    """
    matched = pixels.mT @ bases
    coefficients = matched.softmax(dim=-1)
    for _ in range(num_steps):
        coefficients = updated(coefficients, matched, bases)
        bases = updated(bases, pixels @ coefficients, coefficients)
        matched = pixels.mT @ bases
    coefficients = updated(coefficients, matched, bases)
    return bases @ coefficients.mT


def updated(
    factor: Float[Tensor, "batch rows rank"],
    matched: Float[Tensor, "batch rows rank"],
    other: Float[Tensor, "batch columns rank"],
) -> Float[Tensor, "batch rows rank"]:
    """Return one factor after its multiplicative update.

    For C that is C * (X^T D) / (C D^T D + 1e-6), for D it is D * (X C) / (D C^T C + 1e-6).
    """
    return factor * matched / (factor @ (other.mT @ other) + _EPS)


class LightHead(nn.Module):
    """Joins maps of all strides at the finest, with something in between that sees them whole."""

    def __init__(self, in_dim: int, dim: int, out_dim: int, middle: nn.Module) -> None:
        """Build the head with random weights; `in_dim` counts all maps."""
        super().__init__()
        self.squeeze = MixNormReLU(in_dim, dim)
        self.middle = middle
        self.align = MixNormReLU(dim, out_dim)

    def forward(
        self, maps: Sequence[Float[Tensor, "batch _ _ _"]]
    ) -> Float[Tensor, "batch out_dim height width"]:
        """Return features at the finest stride."""
        size = (maps[0].shape[-2], maps[0].shape[-1])
        enlarged = (
            F.interpolate(features, size, mode="bilinear", align_corners=False)
            for features in maps[1:]
        )
        return self.align(self.middle(self.squeeze(torch.cat([maps[0], *enlarged], dim=1))))


class MixNormReLU(nn.Sequential):
    """A 1 x 1 convolution, a group norm and a ReLU."""

    def __init__(self, in_dim: int, dim: int) -> None:
        """Build the block with random weights.

        Raises:
            ValueError: `dim` cannot be split into groups.
        """
        groups = min(_MAX_GROUPS, dim)
        if dim % groups:
            raise ValueError(
                f"{dim} features cannot be split into {groups} groups; choose a multiple."
            )
        super().__init__(
            nn.Conv2d(in_dim, dim, kernel_size=1, bias=False), nn.GroupNorm(groups, dim), nn.ReLU()
        )
