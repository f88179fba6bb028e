"""Terms that more than one objective is made of, on logits."""

import torch.nn.functional as F

from lingseg.nn.shapes import MaskBatch, MaskLogits, Scalar

_SMOOTHING = 4e-5  # the official 1e-5 is added to both maps at half their height


def mask_cross_entropy(mask_logits: MaskLogits, reference: MaskBatch) -> Scalar:
    """Ask of every pixel whether it is in the mask."""
    return F.binary_cross_entropy_with_logits(mask_logits.float(), reference.float())


def weighted_cross_entropy(
    mask_logits: MaskLogits, reference: MaskBatch, *, background: float, foreground: float
) -> Scalar:
    """Return the weighted mean over all pixels of the cross-entropy, as torch's of two classes."""
    held_true = reference.float()
    weights = background + (foreground - background) * held_true
    entropy = F.binary_cross_entropy_with_logits(mask_logits.float(), held_true, reduction="none")
    return (weights * entropy).sum() / weights.sum()


def soft_dice_loss(
    mask_logits: MaskLogits, reference: MaskBatch, *, smoothing: float = 1.0
) -> Scalar:
    """Return one minus the mean over images of the soft Dice.

    `smoothing` (in pixels) makes an empty answer to an empty reference worth 1.
    """
    probabilities = mask_logits.float().sigmoid().flatten(1)
    held_true = reference.float().flatten(1)
    overlap = (probabilities * held_true).sum(dim=1)
    areas = probabilities.sum(dim=1) + held_true.sum(dim=1)
    return 1 - ((2 * overlap + smoothing) / (areas + smoothing)).mean()


def squared_dice_loss(mask_logits: MaskLogits, reference: MaskBatch) -> Scalar:
    """Return one minus the mean over images of the soft Dice with squares in its denominator.

    Source: the official codes of LViT and RecLMIS.
    """
    probabilities = mask_logits.float().sigmoid().flatten(1)
    held_true = reference.float().flatten(1)
    overlap = 2 * (probabilities * held_true).sum(dim=1)
    areas = (probabilities.square() + held_true.square()).sum(dim=1)
    return 1 - ((overlap + _SMOOTHING) / (areas + _SMOOTHING)).mean()
