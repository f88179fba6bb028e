"""Whether a predictor knows that what the sentence names is not there."""

from collections.abc import Sequence

import numpy as np

from lingseg.metrics.overlap import Overlap


def null_accuracy(overlaps: Sequence[Overlap]) -> float | None:
    """Return the share of images without the target on which nothing was drawn.

    None if every image has its target.
    """
    absent = [overlap for overlap in overlaps if overlap.reference == 0]
    if not absent:
        return None
    return sum(overlap.prediction == 0 for overlap in absent) / len(absent)


def presence_auroc(scores: Sequence[float], is_present: Sequence[bool]) -> float | None:
    """Return how often an image with the target scores above one without it.

    It is the area under the receiver operating characteristic; ties count half. None if all
    images have the target, or none has.

    Raises:
        ValueError: The two differ in length.
    """
    if len(scores) != len(is_present):
        raise ValueError(
            f"There are {len(scores)} scores for {len(is_present)} images; expected one for each. "
            f"Pass both in the same order."
        )
    present = np.asarray(is_present, dtype=bool)
    num_pairs = int(present.sum()) * int((~present).sum())
    if not num_pairs:
        return None
    _, order, counts = np.unique(np.asarray(scores), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[order]  # equal scores share their mean rank
    num_present = int(present.sum())
    return float((ranks[present].sum() - num_present * (num_present + 1) / 2) / num_pairs)
