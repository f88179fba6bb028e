"""Whether a probability means what it says: expected calibration error and Brier score.

Both are taken over pixels. A picture is boiled down to a small table of sums, and tables add up:
a whole set is measured without keeping a single probability map. Most pixels are plain
background, so both numbers are small for any sensible model; compare models on one set only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.image import MaskPixels, Probabilities

NUM_BINS = 15
"""Bins of equal width between 0 and 1, as Guo et al. 2017 (arXiv:1706.04599) use."""

ROUNDING = 1e-5
"""By so much a probability may leave 0 to 1: interpolation in single precision rounds."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Reliability:
    """Sums over the pixels of one picture or of many, bin by bin."""

    num_pixels: NDArray[np.int64]
    """How many pixels fall into every bin."""
    probability_sums: NDArray[np.float64]
    reference_sums: NDArray[np.float64]
    """How many of them the reference has."""
    squared_error: float
    num_between: int
    """Pixels with a probability that is neither 0 nor 1."""

    @property
    def is_hard(self) -> bool:
        """Whether all came as 0 or 1: masks, of which calibration says nothing."""
        return self.num_between == 0

    @property
    def ece(self) -> float | None:
        """Mean distance between stated and observed frequency; None for hard masks."""
        if self.is_hard:
            return None
        gaps = np.abs(self.probability_sums - self.reference_sums)
        return float(gaps.sum() / self.num_pixels.sum())

    @property
    def brier(self) -> float | None:
        """Mean squared difference of probability and truth; None for hard masks."""
        if self.is_hard:
            return None
        return self.squared_error / int(self.num_pixels.sum())


def measure_reliability(probabilities: Probabilities, reference: MaskPixels) -> Reliability:
    """Sort the pixels of one picture by what was said of them.

    Raises:
        ValueError: The two differ in shape, or the probabilities are not between 0 and 1.
    """
    check_probabilities(probabilities)
    if probabilities.shape != reference.shape:
        raise ValueError(
            f"The probabilities have shape {probabilities.shape}, the reference "
            f"{reference.shape}. Scores need one grid; resample the probabilities."
        )
    stated = probabilities.ravel().astype(np.float64).clip(0, 1)
    truth = reference.ravel().astype(np.float64)
    bins = np.minimum((stated * NUM_BINS).astype(np.intp), NUM_BINS - 1)
    return Reliability(
        num_pixels=np.bincount(bins, minlength=NUM_BINS).astype(np.int64),
        probability_sums=_sum_by_bin(bins, stated),
        reference_sums=_sum_by_bin(bins, truth),
        squared_error=float(np.square(stated - truth).sum()),
        num_between=int(np.count_nonzero((stated > 0) & (stated < 1))),
    )


def pool_reliability(parts: Sequence[Reliability]) -> Reliability:
    """Return the sums of several pictures together."""
    return Reliability(
        num_pixels=np.sum([part.num_pixels for part in parts], axis=0, dtype=np.int64),
        probability_sums=np.sum([part.probability_sums for part in parts], axis=0),
        reference_sums=np.sum([part.reference_sums for part in parts], axis=0),
        squared_error=sum(part.squared_error for part in parts),
        num_between=sum(part.num_between for part in parts),
    )


def check_probabilities(probabilities: Probabilities) -> None:
    """Refuse a map with a value that is no probability.

    Raises:
        ValueError: There is no value, or one is not a number, below 0 or above 1.
    """
    if not probabilities.size:
        raise ValueError(
            f"The probabilities have shape {probabilities.shape}, expected at least one pixel. "
            f"Check what the predictor returns."
        )
    low, high = float(probabilities.min()), float(probabilities.max())
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):  # also true of nan
        raise ValueError(
            f"The probabilities go from {low:g} to {high:g}, expected 0 to 1. "
            f"Apply the sigmoid to logits, and look for nan where the model was trained."
        )


def _sum_by_bin(bins: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of the values in every bin."""
    return np.bincount(bins, weights=values, minlength=NUM_BINS).astype(np.float64)
