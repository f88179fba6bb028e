"""Contrasts between what pixels show and what a sentence says, inside a batch.

Two forms: each pixel against the sentence of its own image, so that other findings of that image
are what it is told from; and the region of each image against all sentences of the batch.
"""

import torch
import torch.nn.functional as F
from einops import einsum
from jaxtyping import Bool, Float
from torch import Tensor

from lingseg.nn.shapes import FeatureMap, Scalar, WordMask, Words

_COMMON_SIZE = (28, 28)
"""Where masks are compared."""

IsTarget = Bool[Tensor, "batch height width"]
IsSaid = Bool[Tensor, " batch"]


def mean_word(words: Words, word_mask: WordMask) -> Float[Tensor, "batch dim"]:
    """Return the mean of each sentence's words; 0 where nothing is said."""
    words = words.float().masked_fill(~word_mask[..., None], 0)
    return words.sum(dim=1) / word_mask.sum(dim=1, keepdim=True).clamp(min=1)


def pixel_text_loss(
    scores: Float[Tensor, "batch height width"], is_target: IsTarget, is_said: IsSaid
) -> Scalar:
    """Ask of each pixel whether the sentence of its image means it.

    The pixels that are meant and those that are not are averaged apart, as a finding may cover only
    a few pixels; the term of a set without pixels is 0.

    Args:
        scores: Similarity of pixel and sentence over the temperature.
        is_target: Whether the sentence means the pixel.
        is_said: Whether there is a sentence at all; images without one are left out.
    """
    scores, is_target = scores.float().flatten(1), is_target.flatten(1)
    meant = _mean_where(F.softplus(-scores), is_target)
    not_meant = _mean_where(F.softplus(scores), ~is_target)
    return _mean_where((meant + not_meant)[None], is_said[None])[0]


def region_text_loss(
    similarities: Float[Tensor, "image text"],
    shares: Float[Tensor, "image text"],
    is_there: Bool[Tensor, " image"],
) -> Scalar:
    """Ask that each image's region find the sentences that suit it, and each sentence its regions.

    Args:
        similarities: Of region and sentence, over the temperature.
        shares: How well each sentence suits each image, in shares of 1 per row.
        is_there: Whether image and sentence have what they are compared by; others are left out.
    """
    pairs = is_there[:, None] & is_there
    logits = similarities.float().masked_fill(~pairs, -1e4)
    shares = shares * pairs
    by_image = soft_cross_entropy(logits, shares)
    by_text = soft_cross_entropy(logits.T, shares.T)
    return _mean_where((by_image + by_text)[None] / 2, is_there[None])[0]


@torch.no_grad()
def soft_shares(
    sentences: Float[Tensor, "batch dim"],
    masks: Bool[Tensor, "batch 1 height width"],
    is_there: IsSaid,
    *,
    text_share: float,
    softness: float,
) -> Float[Tensor, "batch batch"]:
    """Return how well each sentence suits each image: cases that say or show the same share.

    Cases of one patient have all but the same sentence, so "only its own" would be false for them.

    Args:
        sentences: The mean word of each case.
        masks: The reference masks.
        is_there: Cases that take part.
        text_share: What the sentences' cosine distance weighs; the rest is for the masks' Dice.
        softness: Distances are divided by it.
    """
    directions = F.normalize(sentences.float(), dim=1)
    small = F.adaptive_avg_pool2d(masks.float(), _COMMON_SIZE).flatten(1)
    areas = small.square().sum(dim=1)
    overlaps = 2 * small @ small.T / (areas[:, None] + areas).clamp(min=1e-6)
    distances = text_share * (1 - directions @ directions.T) + (1 - text_share) * (1 - overlaps)
    return (-distances / softness).masked_fill(~is_there, -1e4).softmax(dim=1)


def region_directions(
    pixels: FeatureMap, shares: Float[Tensor, "batch height width"]
) -> Float[Tensor, "batch dim"]:
    """Return the direction of the pixels' mean, each with its share; 0 where there is none."""
    total = einsum(pixels, shares, "batch dim height width, batch height width -> batch dim")
    return F.normalize(total, dim=1)


def soft_cross_entropy(
    logits: Float[Tensor, "rows columns"], shares: Float[Tensor, "rows wanted"]
) -> Float[Tensor, " rows"]:
    """Return each row's cross-entropy with its shares, brought to a sum of 1.

    Columns beyond those of the shares are wanted by no row.
    """
    shares = shares / shares.sum(dim=1, keepdim=True).clamp(min=1e-6)
    return -(shares * logits.log_softmax(dim=1)[:, : shares.shape[1]]).sum(dim=1)


def _mean_where(
    values: Float[Tensor, "rows columns"], is_counted: Bool[Tensor, "rows columns"]
) -> Float[Tensor, " rows"]:
    """Return each row's mean over what is counted; 0 where nothing is."""
    return values.where(is_counted, 0).sum(dim=1) / is_counted.sum(dim=1).clamp(min=1)
