"""From pictures that each know where they lie to slices in order, evenly spaced."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lingseg.imaging.geometry import Vector
from lingseg.imaging.image import Spacing, UnreadableImage

MAX_UNEVENNESS = 0.05
"""In shares of the slice spacing: scanners round positions, and tables move unevenly."""
MAX_TURN = 1e-3
"""Largest difference of a cosine between slices of one volume."""
_MIN_STEP = 1e-3
_SAME_SPACING = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """Where a picture lies, in DICOM's LPS."""

    position: Vector
    row_direction: Vector
    column_direction: Vector
    spacing: Spacing | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Stack:
    """Pictures in order."""

    order: tuple[int, ...]
    """The pictures' numbers, in the direction of their normal."""
    step: Vector
    """From one to the next, in millimetres; it may lean, as with a tilted gantry."""


def stack(places: Sequence[Place], name: str) -> Stack:
    """Sort two or more pictures along their normal, and make sure that they are one volume.

    Raises:
        UnreadableImage: They differ in direction or spacing, lie at the same place, are unevenly
            spaced, or some are missing.
    """
    _refuse_different(places, name)
    first = places[0]
    normal = np.cross(first.row_direction, first.column_direction)
    heights = np.array([place.position @ normal for place in places])
    order = np.argsort(heights, kind="stable")
    _refuse_uneven(heights[order], name)
    positions = np.stack([places[number].position for number in order])
    step = (positions[-1] - positions[0]) / (len(order) - 1)
    on_line = positions[0] + np.arange(len(order))[:, None] * step
    away = float(np.linalg.norm(positions - on_line, axis=1).max())
    if away > max(MAX_UNEVENNESS * float(np.linalg.norm(step)), min(first.spacing or (1.0,))):
        raise UnreadableImage(
            f"{name} has slices up to {away:.2f} mm off the line through the first and the last; "
            f"expected a straight stack. Give one scan at a time."
        )
    return Stack(order=tuple(int(number) for number in order), step=step)


def _refuse_different(places: Sequence[Place], name: str) -> None:
    """Refuse slices that are turned or scaled against each other."""
    directions = np.stack([np.r_[p.row_direction, p.column_direction] for p in places])
    num_turned = int((np.abs(directions - directions[0]).max(axis=1) > MAX_TURN).sum())
    if num_turned:
        raise UnreadableImage(
            f"{name} has slices of different orientation ({num_turned} of {len(places)} are turned "
            f"against the first); expected one. Take out localizers and other planes."
        )
    if any(place.spacing is None for place in places):
        raise UnreadableImage(
            f"{name} has slices without Pixel Spacing; expected millimetres in every one. "
            f"Export the series again."
        )
    spacings = np.array([place.spacing for place in places])
    if not np.allclose(spacings, spacings[0], rtol=_SAME_SPACING, atol=0):
        other = spacings[int(np.abs(spacings - spacings[0]).sum(axis=1).argmax())]
        raise UnreadableImage(
            f"{name} has slices of different pixel spacing, {_by(spacings[0])} and {_by(other)} "
            f"mm; expected one. Give one scan at a time."
        )


def _by(spacing: Vector) -> str:
    """Return a spacing as it is said."""
    return f"{spacing[0]:g} x {spacing[1]:g}"


def _slices(number: int) -> str:
    """Return a number of slices as it is said."""
    return "1 slice" if number == 1 else f"{number} slices"


def _refuse_uneven(heights: Vector, name: str) -> None:
    """Refuse slices at the same place, gaps, and steps that differ."""
    steps = np.diff(heights)
    num_same = int((steps < _MIN_STEP).sum())
    if num_same:
        raise UnreadableImage(
            f"{name} has {_slices(num_same)} at the same place as another one; expected each place "
            f"once. Give one phase, echo or copy at a time."
        )
    usual = float(np.median(steps))
    ratios = steps / usual
    if (np.abs(ratios - 1) <= MAX_UNEVENNESS).all():
        return
    is_whole = (np.abs(ratios - ratios.round()) <= MAX_UNEVENNESS * ratios.round()).all()
    if is_whole and ratios.min() > 1 - MAX_UNEVENNESS:
        num_missing, place = int((ratios.round() - 1).sum()), int(ratios.argmax()) + 1
        raise UnreadableImage(
            f"{name} lacks {_slices(num_missing)}: the gap after slice {place} is {steps.max():g} "
            f"mm and most are {usual:g} mm. Send the whole series again."
        )
    raise UnreadableImage(
        f"{name} has slices {steps.min():g} to {steps.max():g} mm apart; expected even spacing. "
        f"Give one scan at a time."
    )
