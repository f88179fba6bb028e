"""The Dice loss that LViT's and RecLMIS's official codes share."""

from lingseg.nn.shapes import MaskBatch, MaskLogits, Scalar

_SMOOTHING = 4e-5  # the official 1e-5 is added to both maps at half their height


def squared_dice_loss(mask_logits: MaskLogits, reference: MaskBatch) -> Scalar:
    """Return one minus the mean over images of the soft Dice with squares in its denominator."""
    probabilities = mask_logits.float().sigmoid().flatten(1)
    held_true = reference.float().flatten(1)
    overlap = 2 * (probabilities * held_true).sum(dim=1)
    areas = (probabilities.square() + held_true.square()).sum(dim=1)
    return 1 - ((overlap + _SMOOTHING) / (areas + _SMOOTHING)).mean()
