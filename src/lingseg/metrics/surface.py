"""How far two outlines lie apart: HD95 and the normalised surface Dice.

An outline is every mask pixel with a neighbour outside the mask that shares an edge with it (a
face, in volumes); what lies beyond the picture counts as outside. Distances run from the centre of
an outline pixel to the nearest centre of the other outline. HD95 has three definitions in use;
ours is the *larger of the two directed 95th percentiles* (as MONAI), not the percentile of both
directions together (as medpy), and not weighted by surface elements.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.image import MaskPixels
from lingseg.metrics.overlap import check_masks

ROUNDING = 1e-9
"""By so much, of itself, a tolerance is stretched: 5 pixels of 0.3 mm are 1.5 mm but in floats."""


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """From every outline pixel of one mask to the outline of the other.

    Distances to a mask that is empty are infinite; an empty mask has none of its own.
    """

    to_reference: NDArray[np.float64]
    """One for every outline pixel of the prediction."""
    to_prediction: NDArray[np.float64]
    """One for every outline pixel of the reference."""


def measure_surfaces(
    prediction: MaskPixels, reference: MaskPixels, *, spacing: tuple[float, ...] | None = None
) -> SurfaceDistances:
    """Measure the outlines' distances, in the unit of `spacing`, or in pixels without one.

    Raises:
        ValueError: The masks differ in shape or are not boolean, or the spacing does not fit.
    """
    check_masks(prediction, reference)
    _check_spacing(spacing, prediction.ndim)
    # The box of both masks holds both outlines whole, so nothing outside it can matter.
    box = _bounding_box(prediction | reference)
    first, second = _outline(prediction[box]), _outline(reference[box])
    return SurfaceDistances(
        to_reference=_distances_from(second, spacing)[first],
        to_prediction=_distances_from(first, spacing)[second],
    )


def hd95(distances: SurfaceDistances) -> float | None:
    """Return the larger of the two directed 95th percentiles, or None if a mask is empty."""
    directed = distances.to_reference, distances.to_prediction
    if any(side.size == 0 for side in directed):
        return None
    return max(float(np.percentile(side, 95)) for side in directed)


def nsd(distances: SurfaceDistances, *, tolerance: float) -> float:
    """Return the share of both outlines that lies within `tolerance` of the other outline.

    It is a share and not a distance, so the empty masks follow the rule of Dice: 1 where both are
    empty, 0 where one is.

    Raises:
        ValueError: The tolerance is negative or not a number.
    """
    if not tolerance >= 0:
        raise ValueError(
            f"The tolerance is {tolerance}, expected 0 or more, in the unit of the spacing. "
            f"Choose about what two people who draw the same outline differ by."
        )
    both = np.concatenate([distances.to_reference, distances.to_prediction])
    return float(np.mean(both <= tolerance * (1 + ROUNDING))) if both.size else 1.0


def _check_spacing(spacing: tuple[float, ...] | None, num_axes: int) -> None:
    """Refuse a spacing that does not belong to the mask."""
    if spacing is None:
        return
    if len(spacing) != num_axes or not all(np.isfinite(step) and step > 0 for step in spacing):
        raise ValueError(
            f"The spacing is {spacing}, expected {num_axes} positive numbers, one for each axis. "
            f"Leave it out to measure in pixels."
        )


def _bounding_box(mask: MaskPixels) -> tuple[slice, ...]:
    """Return the smallest box that holds the mask; an empty box for an empty mask."""
    box = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        (hits,) = np.nonzero(mask.any(axis=others))
        box.append(slice(hits[0], hits[-1] + 1) if hits.size else slice(0, 0))
    return tuple(box)


def _outline(mask: MaskPixels) -> MaskPixels:
    """Return the mask's pixels that have a neighbour outside it."""
    padded = np.pad(mask, 1)
    inside = mask.copy()
    for axis in range(mask.ndim):
        for step in (-1, 1):
            neighbour = np.roll(padded, step, axis=axis)
            inside &= neighbour[(slice(1, -1),) * mask.ndim]
    return mask & ~inside


def _distances_from(outline: MaskPixels, spacing: tuple[float, ...] | None) -> NDArray[np.float64]:
    """Return every pixel's distance to the outline; infinite if there is none."""
    # A quarter of a second of start-up that only those who measure outlines should pay.
    from scipy.ndimage import distance_transform_edt

    if not outline.any():
        return np.full(outline.shape, np.inf)
    return np.asarray(distance_transform_edt(~outline, sampling=spacing), dtype=np.float64)
