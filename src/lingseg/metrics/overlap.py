"""How much two masks share: Dice and intersection over union, in both conventions of the field.

*Per image* is the mean of what every image scored; *pooled* puts all pixels of the set into one
count. The same masks read several points apart, so nothing here is called plain "Dice" of a set.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.image import MaskPixels

EmptyPolicy: TypeAlias = Literal["count", "exclude"]
"""What becomes of an image that has nothing in either mask: "count" it as 1, or "exclude" it."""


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """The three pixel counts from which every overlap score follows."""

    intersection: int
    prediction: int
    reference: int

    @property
    def union(self) -> int:
        """Pixels in either mask."""
        return self.prediction + self.reference - self.intersection

    @property
    def is_both_empty(self) -> bool:
        """Whether neither mask has a pixel: a target that is absent, and was not drawn."""
        return self.union == 0

    @property
    def is_one_empty(self) -> bool:
        """Whether just one mask has no pixel: a target missed whole, or drawn where none is."""
        return (self.prediction == 0) != (self.reference == 0)

    @property
    def dice(self) -> float:
        """Twice the intersection over the sum of the areas; 1 where both are empty."""
        if self.is_both_empty:
            return 1.0
        return 2 * self.intersection / (self.prediction + self.reference)

    @property
    def iou(self) -> float:
        """Intersection over union; 1 where both are empty."""
        return 1.0 if self.is_both_empty else self.intersection / self.union


def measure_overlap(prediction: MaskPixels, reference: MaskPixels) -> Overlap:
    """Count what two masks of one grid share.

    Raises:
        ValueError: The masks differ in shape or are not boolean.
    """
    check_masks(prediction, reference)
    return Overlap(
        intersection=int(np.count_nonzero(prediction & reference)),
        prediction=int(np.count_nonzero(prediction)),
        reference=int(np.count_nonzero(reference)),
    )


def check_masks(prediction: NDArray[np.generic], reference: NDArray[np.generic]) -> None:
    """Refuse two arrays that are not boolean masks of one grid.

    Raises:
        ValueError: They differ in shape or are not boolean.
    """
    if prediction.shape != reference.shape:
        raise ValueError(
            f"The prediction has shape {prediction.shape}, the reference {reference.shape}. "
            f"Scores need one grid; resample the prediction to the reference."
        )
    for name, mask in (("prediction", prediction), ("reference", reference)):
        if mask.dtype != np.bool_:
            # A map of probabilities would be scored without a word, and wrongly.
            raise ValueError(
                f"The {name} holds {mask.dtype}, expected bool. Compare it to a threshold first."
            )


def dice_per_image(overlaps: Sequence[Overlap], *, empty: EmptyPolicy = "count") -> float | None:
    """Return the mean Dice of the images, or None without an image to average."""
    return _mean_per_image(overlaps, lambda overlap: overlap.dice, empty)


def iou_per_image(overlaps: Sequence[Overlap], *, empty: EmptyPolicy = "count") -> float | None:
    """Return the mean intersection over union of the images, or None without an image."""
    return _mean_per_image(overlaps, lambda overlap: overlap.iou, empty)


def dice_pooled(overlaps: Sequence[Overlap]) -> float | None:
    """Return Dice of all pixels of the set in one count, or None without an image."""
    return pool(overlaps).dice if overlaps else None


def iou_pooled(overlaps: Sequence[Overlap]) -> float | None:
    """Return intersection over union of all pixels of the set, or None without an image."""
    return pool(overlaps).iou if overlaps else None


def pool(overlaps: Sequence[Overlap]) -> Overlap:
    """Return the counts of all images together, as if they were one picture."""
    return Overlap(
        intersection=sum(overlap.intersection for overlap in overlaps),
        prediction=sum(overlap.prediction for overlap in overlaps),
        reference=sum(overlap.reference for overlap in overlaps),
    )


def _mean_per_image(
    overlaps: Sequence[Overlap], score: Callable[[Overlap], float], empty: EmptyPolicy
) -> float | None:
    """Return the mean score of the images that the policy keeps."""
    kept = [overlap for overlap in overlaps if empty == "count" or not overlap.is_both_empty]
    return sum(map(score, kept)) / len(kept) if kept else None
