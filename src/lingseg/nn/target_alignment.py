"""Contrast of sentences and targets: a region of each image against the sentences of a batch.

Source: Li et al., TMCA, 2026 (arXiv 2412.13533), whose abstract names a target-sensitive semantic
distance; its equations were not at hand, and these are a reading of it.
"""

from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from lingseg.nn.convnext import STRIDE, pad_to_stride
from lingseg.nn.shapes import MaskBatch, Scalar
from lingseg.nn.text_contrast import region_directions, soft_cross_entropy

Pool: TypeAlias = Literal["mask", "global"]
Pixels: TypeAlias = Float[Tensor, "batch dim rows columns"]
Cells: TypeAlias = Float[Tensor, "batch 1 rows columns"]
Directions: TypeAlias = Float[Tensor, "batch dim"]

_NEVER = -1e4  # a logit whose share is 0 in single precision, yet finite


def target_text_loss(
    pixels: Pixels,
    sentences: Directions,
    shares: tuple[Cells, Cells],
    suits: Float[Tensor, "batch batch"],
    is_there: Bool[Tensor, " batch"],
    *,
    pool: Pool,
    temperature: float,
    background_negative: bool,
) -> Scalar:
    """Ask that each target be near the sentences that suit it, and each sentence near its targets.

    One minus the similarity of a target and a sentence is their semantic distance d.

    Args:
        pixels: The direction of every pixel of a map, filling included.
        sentences: The direction of every sentence.
        shares: How much of each cell of the map is target, and how much is image at all.
        suits: How well sentences (columns) suit images (rows), in shares of 1 per row.
        is_there: Cases that have a target and a sentence; others are left out. Without any, the
            loss is 0.
        pool: Whether a sentence meets its "mask" or the "global" mean of the image.
        temperature: Similarities are divided by it.
        background_negative: Whether a sentence must be nearer its target than the image's rest.
    """
    with torch.autocast(pixels.device.type, enabled=False):
        target, area = shares
        targets = region_directions(pixels, (target if pool == "mask" else area)[:, 0])
        pairs = is_there[:, None] & is_there
        logits = (targets @ sentences.T / temperature).masked_fill(~pairs, _NEVER)
        by_text, suits = logits.T, suits * pairs
        if background_negative:
            against = background_logits(pixels, sentences, area - target) / temperature
            by_text = torch.cat([by_text, against.clamp(min=_NEVER)[:, None]], dim=1)
        # Of a case that is not there no column is wanted: its loss is 0.
        losses = soft_cross_entropy(logits, suits) + soft_cross_entropy(by_text, suits.T)
        return losses.sum() / (2 * is_there.sum().clamp(min=1))


def background_logits(
    pixels: Pixels, sentences: Directions, background: Cells
) -> Float[Tensor, " batch"]:
    """Return how near each sentence is to the rest of its own image; never, if there is no rest."""
    near = (region_directions(pixels, background[:, 0]) * sentences).sum(dim=1)
    return near.where(background.flatten(1).sum(dim=1) > 0, _NEVER)


def area_shares(reference: MaskBatch, stride: int) -> tuple[Cells, Cells]:
    """Return what share of each cell is target, and what share is image at all, not filling.

    Args:
        reference: At the size of the image.
        stride: Of the map, whose image was filled up to a multiple of its encoder's stride.
    """
    target = reference.any(dim=1, keepdim=True).float()
    area = torch.ones_like(target)
    return (
        F.avg_pool2d(pad_to_stride(target), stride),
        F.avg_pool2d(pad_to_stride(area), stride),
    )


def stride_between(reference: MaskBatch, pixels: Pixels) -> int:
    """Return how many pixels of the reference are a cell of the map."""
    padded = -(-reference.shape[-1] // STRIDE) * STRIDE
    return padded // pixels.shape[-1]
