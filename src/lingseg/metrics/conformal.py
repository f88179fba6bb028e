"""Bounds of a score that hold for whoever comes next: split conformal prediction.

A bound is an order statistic of scores that were put aside for it (Vovk, Gammerman and Shafer 2005,
"Algorithmic Learning in a Random World"; Angelopoulos and Bates 2023, "Conformal Prediction: A
Gentle Introduction", arXiv:2107.07511). With one more, unknown score counted in, it is off at most
a share `miss_rate` of the time, whatever the distribution and however few the scores; nothing but
exchangeability is asked for.

Scores of one subject resemble each other, and are not exchangeable with those of others. What is
taken to be exchangeable here are **subjects**: each weighs the same, spread evenly over its scores,
and the one that is still to come weighs as much and counts as the worst (Lee, Barber and Willett
2023, "Distribution-free inference with hierarchical data", arXiv:2306.06342). With one score a
subject the bound is the textbook's: score number `floor(miss_rate * (n + 1))`.

The rate is one over both draws, of the subjects that set the bound and of the one to come: for the
subjects at hand it comes out a little above or below. It is of a score drawn from a subject drawn
from the same population, not of every kind of subject by itself.
"""

from collections.abc import Sequence

import numpy as np

_ROUNDING = 1e-9
"""By so much a sum of weights may be above the share that it stands for."""


def lower_bound(
    scores: Sequence[float], subjects: Sequence[str], *, miss_rate: float
) -> float | None:
    """Return the highest bound below which a new subject's score lies with at most `miss_rate`.

    Args:
        scores: What was put aside.
        subjects: Whose each of them is.
        miss_rate: Share of new scores that may be strictly below the bound.

    Returns:
        One of `scores`, or None where there are fewer than 1 / `miss_rate` - 1 subjects: nothing
        can be claimed of so few.

    Raises:
        ValueError: The two differ in length, or the rate is not between 0 and 1.
    """
    if len(scores) != len(subjects):
        raise ValueError(
            f"There are {len(scores)} scores of {len(subjects)} subjects; expected one subject for "
            f"each score. Pass both in the same order."
        )
    if not 0 < miss_rate < 1:
        raise ValueError(f"The miss rate is {miss_rate}; expected a number between 0 and 1.")
    _, which, counts = np.unique(np.asarray(subjects), return_inverse=True, return_counts=True)
    to_come = 1 / (len(counts) + 1)
    if to_come > miss_rate + _ROUNDING:
        return None
    weights = to_come / counts[which]
    values, place = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
    masses = np.bincount(place, weights=weights)
    below = np.cumsum(masses) - masses
    return float(values[below + to_come <= miss_rate + _ROUNDING][-1])


def upper_bound(
    scores: Sequence[float], subjects: Sequence[str], *, miss_rate: float
) -> float | None:
    """Return the lowest bound above which a new subject's score lies with at most `miss_rate`.

    See `lower_bound`; here a miss is a score strictly above.
    """
    bound = lower_bound([-score for score in scores], subjects, miss_rate=miss_rate)
    return None if bound is None else -bound
