"""From the scores of cases to the scores of a set, each with its interval."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from lingseg.evaluation.score import CaseScore, Unit
from lingseg.metrics.calibration import pool_reliability
from lingseg.metrics.overlap import (
    EmptyPolicy,
    dice_per_image,
    dice_pooled,
    iou_per_image,
    iou_pooled,
)
from lingseg.metrics.presence import null_accuracy, presence_auroc
from lingseg.metrics.uncertainty import NUM_RESAMPLES, Interval, bootstrap_ratio

Share: TypeAlias = tuple[float, float]
"""What one case adds to the numerator and to the denominator of a set's score."""


@dataclass(frozen=True)
class Estimate:
    """A score of a set and its 95 % interval, where it has them."""

    value: float | None
    interval: Interval | None = None

    def as_json(self) -> dict[str, float | None]:
        """Return the value and the ends of its interval."""
        ends = asdict(self.interval) if self.interval else {"low": None, "high": None}
        return {"value": self.value, **ends}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a set of cases scored."""

    num_images: int
    num_subjects: int
    num_both_empty: int
    """Nothing there, nothing drawn."""
    num_drawn_on_nothing: int
    num_missed_whole: int
    unit: Unit | None
    """Of the distances; None if some are in millimetres and some in pixels, and have no mean."""
    estimates: Mapping[str, Estimate]
    """By the names of `SCORES`, in that order."""


SCORES = (
    "dice_per_image",
    "dice_pooled",
    "iou_per_image",
    "iou_pooled",
    "nsd",
    "hd95",
    "null_accuracy",
    "presence_auroc",
    "ece",
    "brier",
)


def summarise(
    scores: Sequence[CaseScore],
    *,
    rng: np.random.Generator,
    empty: EmptyPolicy = "count",
    num_resamples: int = NUM_RESAMPLES,
) -> Summary:
    """Summarise cases; intervals come from subjects drawn by `rng`.

    Raises:
        ValueError: There is no case.
    """
    if not scores:
        raise ValueError("There is no case to score. Choose a split that has some.")
    units = {score.unit for score in scores}
    unit = units.pop() if len(units) == 1 else None
    overlaps = [score.overlap for score in scores]
    shares = _shares(empty, unit)
    estimates = {}
    for name, value in _values(scores, empty, unit).items():
        share = shares.get(name)
        interval = share and _interval(scores, share, rng=rng, num_resamples=num_resamples)
        estimates[name] = Estimate(value, interval)
    return Summary(
        num_images=len(scores),
        num_subjects=len({score.subject for score in scores}),
        num_both_empty=sum(overlap.is_both_empty for overlap in overlaps),
        num_drawn_on_nothing=sum(o.is_one_empty and o.reference == 0 for o in overlaps),
        num_missed_whole=sum(o.is_one_empty and o.prediction == 0 for o in overlaps),
        unit=unit,
        estimates=MappingProxyType(estimates),
    )


def _values(
    scores: Sequence[CaseScore], empty: EmptyPolicy, unit: Unit | None
) -> dict[str, float | None]:
    """Return every score of the set, by the names of `SCORES` and in their order."""
    overlaps = [score.overlap for score in scores]
    kept = [s for s in scores if empty == "count" or not s.overlap.is_both_empty]
    reliability = pool_reliability([score.reliability for score in scores])
    is_present = [overlap.reference > 0 for overlap in overlaps]
    values = {
        "dice_per_image": dice_per_image(overlaps, empty=empty),
        "dice_pooled": dice_pooled(overlaps),
        "iou_per_image": iou_per_image(overlaps, empty=empty),
        "iou_pooled": iou_pooled(overlaps),
        "nsd": _mean([score.nsd for score in kept]),
        "hd95": _mean([s.hd95 for s in scores if s.hd95 is not None]) if unit else None,
        "null_accuracy": null_accuracy(overlaps),
        "presence_auroc": presence_auroc([score.peak for score in scores], is_present),
        "ece": reliability.ece,
        "brier": reliability.brier,
    }
    return {name: values[name] for name in SCORES}


def _mean(values: Sequence[float]) -> float | None:
    """Return the mean, or None of nothing."""
    return sum(values) / len(values) if values else None


def _shares(empty: EmptyPolicy, unit: Unit | None) -> dict[str, Callable[[CaseScore], Share]]:
    """Return what a case adds to every score that has an interval."""

    def of_mean(value: Callable[[CaseScore], float]) -> Callable[[CaseScore], Share]:
        def share(score: CaseScore) -> Share:
            is_kept = empty == "count" or not score.overlap.is_both_empty
            return (value(score), 1.0) if is_kept else (0.0, 0.0)

        return share

    shares: dict[str, Callable[[CaseScore], Share]] = {
        "dice_per_image": of_mean(lambda score: score.overlap.dice),
        "iou_per_image": of_mean(lambda score: score.overlap.iou),
        "nsd": of_mean(lambda score: score.nsd),
        "dice_pooled": _share_of_dice,
        "iou_pooled": _share_of_iou,
        "null_accuracy": _share_of_null_accuracy,
    }
    return shares | {"hd95": _share_of_hd95} if unit else shares


def _share_of_dice(score: CaseScore) -> Share:
    """Return twice the intersection, and the areas."""
    overlap = score.overlap
    return 2.0 * overlap.intersection, float(overlap.prediction + overlap.reference)


def _share_of_iou(score: CaseScore) -> Share:
    """Return the intersection, and the union."""
    return float(score.overlap.intersection), float(score.overlap.union)


def _share_of_null_accuracy(score: CaseScore) -> Share:
    """Count a case without the target, and whether it was left blank."""
    is_null = score.overlap.reference == 0
    return float(is_null and score.overlap.prediction == 0), float(is_null)


def _share_of_hd95(score: CaseScore) -> Share:
    """Count a case whose distance is defined."""
    return (0.0, 0.0) if score.hd95 is None else (score.hd95, 1.0)


def _interval(
    scores: Sequence[CaseScore],
    share: Callable[[CaseScore], Share],
    *,
    rng: np.random.Generator,
    num_resamples: int,
) -> Interval | None:
    """Return the interval of the ratio of what all cases add."""
    over, under = np.asarray([share(score) for score in scores], dtype=np.float64).T
    subjects = [score.subject for score in scores]
    return bootstrap_ratio(over, under, subjects, rng=rng, num_resamples=num_resamples)
