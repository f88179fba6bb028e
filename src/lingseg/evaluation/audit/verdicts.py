"""From an estimate to a verdict: which side of a threshold it lies on, if that can be told."""

from collections.abc import Iterable

from lingseg.evaluation.audit.row import Verdict
from lingseg.evaluation.summary import Estimate

FEWEST_SUBJECTS = 5
"""Subjects below which nothing is concluded: a bootstrap over two or three of them hardly spreads,
and its interval looks surer than it is."""

_WORST_FIRST: tuple[Verdict, ...] = ("no", "unclear", "partly", "yes", "not asked")


def judge_above(estimate: Estimate, threshold: float, *, num_subjects: int) -> Verdict:
    """Return yes for an estimate above the threshold, no for one below.

    An interval that holds the threshold makes it unclear, as do too few subjects to tell a spread.
    Subjects who all agree need no interval.
    """
    if estimate.value is None or num_subjects < FEWEST_SUBJECTS:
        return "unclear"
    if estimate.interval is None:
        return "yes" if estimate.value > threshold else "no"
    if estimate.interval.low > threshold:
        return "yes"
    return "no" if estimate.interval.high < threshold else "unclear"


def judge_below(estimate: Estimate, threshold: float, *, num_subjects: int) -> Verdict:
    """Return yes for an estimate below the threshold, no for one above; see `judge_above`."""
    opposite: dict[Verdict, Verdict] = {"yes": "no", "no": "yes"}
    found = judge_above(estimate, threshold, num_subjects=num_subjects)
    return opposite.get(found, found)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of verdicts that must all be yes; "not measured" has no say among others."""
    given = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in given), "not measured")


def judge_together(verdicts: Iterable[Verdict]) -> Verdict:
    """Return yes or no where all agree, partly where some are yes and some no, else unclear."""
    given = set(verdicts) - {"not measured"}
    if len(given) == 1:
        return given.pop()
    if not given:
        return "not measured"
    return "partly" if {"yes", "no"} <= given or "partly" in given else "unclear"
