"""What one case scored: every number that the summary of a set is made of."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from lingseg.datasets.case import Case
from lingseg.imaging.image import Image, Mask, Probabilities
from lingseg.imaging.resampling import resize_probabilities
from lingseg.metrics.calibration import Reliability, check_probabilities, measure_reliability
from lingseg.metrics.overlap import Overlap, measure_overlap
from lingseg.metrics.surface import hd95, measure_surfaces, nsd

Unit: TypeAlias = Literal["mm", "px"]
"""What distances are measured in: millimetres where the file tells the spacing, else pixels."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CaseScore:
    """The scores of one case on the grid of its reference."""

    case_id: str
    subject: str
    label: str
    overlap: Overlap
    hd95: float | None
    """None where a mask is empty."""
    nsd: float
    unit: Unit
    peak: float
    """The highest probability anywhere: how sure the predictor is that there is something."""
    reliability: Reliability


def score_case(
    case: Case,
    image: Image,
    probabilities: Probabilities,
    reference: Mask,
    *,
    threshold: float,
    tolerance: float,
) -> CaseScore:
    """Score one map of probabilities, brought to the reference's grid if that is another one.

    Raises:
        ValueError: The map has not the size of the image, or holds what is no probability.
    """
    check_map(case, image, probabilities)
    stated = resize_probabilities(probabilities, reference.size).clip(0, 1)
    prediction = stated >= threshold
    spacing = reference.spacing or image.spacing
    distances = measure_surfaces(prediction, reference.pixels, spacing=spacing)
    return CaseScore(
        case_id=case.case_id,
        subject=case.subject,
        label=case.label,
        overlap=measure_overlap(prediction, reference.pixels),
        hd95=hd95(distances),
        nsd=nsd(distances, tolerance=tolerance),
        unit="mm" if spacing else "px",
        peak=float(np.max(stated)),
        reliability=measure_reliability(stated, reference.pixels),
    )


def check_map(case: Case, image: Image, probabilities: Probabilities) -> None:
    """Refuse a map that is not one of this image."""
    if probabilities.shape != image.size:
        raise ValueError(
            f"{case.case_id}: the prediction has shape {probabilities.shape}, the image "
            f"{image.size}. Predictions are scored at the image's own size; resample them."
        )
    try:
        check_probabilities(probabilities)
    except ValueError as error:
        raise ValueError(f"{case.case_id}: {error}") from error
