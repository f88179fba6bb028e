"""Whether a predictor knows when it is wrong: the risk of the part it is surest of.

Cases are put in order of confidence, the surest first. *Coverage* is the share that is kept, *risk*
the mean error of those. The area under the curve is the mean risk over all coverages (AURC, Geifman
and El-Yaniv 2017, arXiv:1705.08500); a confidence that says nothing gives the mean risk of all.
"""

from collections.abc import Sequence

import numpy as np

from lingseg.metrics.uncertainty import Numbers


def risk_coverage(
    risks: Sequence[float] | Numbers, confidences: Sequence[float] | Numbers
) -> Numbers:
    """Return the risk of the surest 1, 2, … all cases; equally sure ones share their mean risk."""
    ordered = _in_order(risks, confidences)
    return np.asarray(ordered.cumsum() / np.arange(1, len(ordered) + 1))


def aurc(
    risks: Sequence[float] | Numbers,
    confidences: Sequence[float] | Numbers,
    weights: Numbers | None = None,
) -> Numbers:
    """Return the area under the curve for each row of weights; of all cases alike if left out."""
    order = np.argsort(-np.asarray(confidences), kind="stable")
    errors = _in_order(risks, confidences)
    table = np.ones((1, len(order))) if weights is None else weights[:, order]
    kept = table.cumsum(axis=1)
    risk = (table * errors).cumsum(axis=1) / np.maximum(kept, 1e-12)
    return np.asarray((table * risk).sum(axis=1) / table.sum(axis=1))


def _in_order(risks: Sequence[float] | Numbers, confidences: Sequence[float] | Numbers) -> Numbers:
    """Return the risks, the surest case's first, ties at their mean: their order is chance."""
    sureness = np.asarray(confidences, dtype=np.float64)
    _, places, counts = np.unique(-sureness, return_inverse=True, return_counts=True)
    means = np.bincount(places, weights=np.asarray(risks, dtype=np.float64)) / counts
    return np.asarray(means[places][np.argsort(-sureness, kind="stable")], dtype=np.float64)
