"""Scores of masks and how sure they are; numpy and scipy only."""

from lingseg.metrics.calibration import Reliability, measure_reliability, pool_reliability
from lingseg.metrics.convention import Verdict, explain_pair
from lingseg.metrics.overlap import (
    EmptyPolicy,
    Overlap,
    dice_per_image,
    dice_pooled,
    iou_per_image,
    iou_pooled,
    measure_overlap,
)
from lingseg.metrics.presence import null_accuracy, presence_auroc
from lingseg.metrics.surface import SurfaceDistances, hd95, measure_surfaces, nsd
from lingseg.metrics.uncertainty import (
    Interval,
    bootstrap_mean,
    bootstrap_ratio,
    bootstrap_statistic,
    holm,
    mean_error,
    paired_permutation_test,
    smallest_detectable,
)

__all__ = [
    "EmptyPolicy",
    "Interval",
    "Overlap",
    "Reliability",
    "SurfaceDistances",
    "Verdict",
    "bootstrap_mean",
    "bootstrap_ratio",
    "bootstrap_statistic",
    "dice_per_image",
    "dice_pooled",
    "explain_pair",
    "hd95",
    "holm",
    "iou_per_image",
    "iou_pooled",
    "mean_error",
    "measure_overlap",
    "measure_reliability",
    "measure_surfaces",
    "nsd",
    "null_accuracy",
    "paired_permutation_test",
    "pool_reliability",
    "presence_auroc",
    "smallest_detectable",
]
