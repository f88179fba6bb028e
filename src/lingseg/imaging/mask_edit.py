"""What can be done to a mask: grown, shrunk, moved, smoothed, filled, and rid of parts.

Masks are (height, width) or (slice, height, width). Lengths are in the unit of `steps`, the length
from one pixel to the next along each axis of the mask: millimetres, or 1 everywhere for pixels.
Beyond the picture nothing is known: a mask does not shrink from the picture's edge.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.parts import bounding_box, chosen_parts, label_parts, need_scipy

AnyMask: TypeAlias = NDArray[np.bool_]
"""(height, width) or (slice, height, width), True where the structure is."""
Steps: TypeAlias = tuple[float, ...]
"""Length from one pixel to the next along each axis of a mask."""
Direction: TypeAlias = Literal["left", "right", "upper", "lower", "middle"]
"""Where in the picture, as it is shown."""

EDITING_MASKS = "Editing masks"
_ROUNDING = 1e-9
"""Of a length: 0.3 mm is three steps of 0.1 mm."""
_SLICES_AT_ONCE = 16
"""Distances take 60 bytes a voxel while they are measured."""
_BLUR_REACH = 4.0
"""Standard deviations beyond which a Gaussian is taken to be nothing."""
_AXES: dict[Direction, tuple[int, int]] = {
    "left": (-1, -1),
    "right": (-1, 1),
    "upper": (-2, -1),
    "lower": (-2, 1),
}
"""The axis of a mask that a direction runs along, and whether indices fall or rise."""


def grow(mask: AnyMask, length: float, steps: Steps) -> AnyMask:
    """Return all pixels whose centre is at most `length` from the centre of one in the mask.

    Raises:
        ValueError: The length or the steps cannot be used.
        ModuleNotFoundError: scipy is not installed; it comes with the extra `evaluate`.
    """
    _check(mask, length, steps)
    return _near(mask, length, steps)


def shrink(mask: AnyMask, length: float, steps: Steps) -> AnyMask:
    """Return the pixels whose centre is more than `length` from the centre of any outside.

    Raises:
        ValueError: The length or the steps cannot be used.
        ModuleNotFoundError: scipy is not installed; it comes with the extra `evaluate`.
    """
    _check(mask, length, steps)
    return mask & ~_near(~mask, length, steps, within=mask)


def grow_towards(mask: AnyMask, length: float, steps: Steps, towards: Direction) -> AnyMask:
    """Return the mask and all that it covers on its way `length` in one direction.

    Raises:
        ValueError: The length or the steps cannot be used.
    """
    _check(mask, length, steps)
    number = num_steps(length, steps, towards)
    grown, reached = mask.copy(), 0
    while reached < number:  # the reach doubles: a long way takes few steps
        stride = min(reached + 1, number - reached)
        grown |= _shifted(grown, stride, towards)
        reached += stride
    return grown


def move(mask: AnyMask, length: float, steps: Steps, towards: Direction) -> AnyMask:
    """Return the mask moved by as many whole pixels as `length` holds; what leaves is lost.

    Raises:
        ValueError: The length or the steps cannot be used.
    """
    _check(mask, length, steps)
    return _shifted(mask, num_steps(length, steps, towards), towards)


def num_steps(length: float, steps: Steps, towards: Direction) -> int:
    """Return how many whole pixels a length holds in one direction."""
    axis, _ = _AXES[towards]
    return math.floor(length / steps[axis] * (1 + _ROUNDING) + _ROUNDING)


def smooth(mask: AnyMask, length: float, steps: Steps) -> AnyMask:
    """Return the mask with its outline rounded: where a Gaussian blur of it is above one half.

    Args:
        mask: What to smooth.
        length: Standard deviation of the Gaussian.
        steps: Length from pixel to pixel along each axis.

    Raises:
        ValueError: The length or the steps cannot be used.
        ModuleNotFoundError: scipy is not installed; it comes with the extra `evaluate`.
    """
    _check(mask, length, steps)
    need_scipy(EDITING_MASKS)
    from scipy import ndimage

    sigmas = [min(length / step, float(size)) for step, size in zip(steps, mask.shape, strict=True)]
    smoothed = np.zeros_like(mask)
    box = _box_of(mask, [math.ceil(_BLUR_REACH * sigma) + 1 for sigma in sigmas])
    if box is not None:
        blurred = ndimage.gaussian_filter(
            mask[box].astype(np.float32), sigmas, mode="nearest", truncate=_BLUR_REACH
        )
        smoothed[box] = blurred > 0.5 + 1e-6
    return smoothed


def fill_holes(mask: AnyMask) -> AnyMask:
    """Return the mask with all that it encloses; in a volume, that it encloses on all sides.

    Raises:
        ModuleNotFoundError: scipy is not installed; it comes with the extra `evaluate`.
    """
    need_scipy(EDITING_MASKS)
    from scipy import ndimage

    filled = mask.copy()
    box = _box_of(mask, [0] * mask.ndim)
    if box is not None:
        filled[box] = ndimage.binary_fill_holes(mask[box])
    return filled


def half_of(mask: AnyMask, where: Direction) -> AnyMask:
    """Return what of a mask lies in one half of the picture; a line in the middle is in neither.

    Raises:
        ValueError: A picture has no such half.
    """
    if where not in _AXES:
        raise ValueError(f"A picture has no {where!r} half; say left, right, upper or lower.")
    axis, sign = _AXES[where]
    length = mask.shape[axis]
    keeps = (np.arange(length) - (length - 1) / 2) * sign > 0
    return mask & (keeps if axis == -1 else keeps[:, None])


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """The parts of a mask. Pixels that touch, be it at a corner, are one part."""

    labels: NDArray[np.int32]
    """(slice, row, column) of `box`: the number of the part, from 1 on; 0 elsewhere."""
    box: tuple[slice, slice, slice]
    """Outside of it nothing is."""
    sizes: NDArray[np.int64]
    """Pixels of each part."""
    centres: NDArray[np.float64]
    """(part, 2): mean row and column, from -1 at the upper and left edge to 1 at the others."""
    shape: tuple[int, ...]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.sizes)

    def mask_of(self, numbers: Collection[int]) -> AnyMask:
        """Return the mask of some parts, by their number from 0 on."""
        is_chosen = np.zeros(len(self) + 1, dtype=np.bool_)
        is_chosen[[number + 1 for number in numbers]] = True
        chosen = np.zeros(self.shape, dtype=np.bool_)
        _as_stack(chosen)[self.box] = chosen_parts(self.labels, is_chosen)
        return chosen

    def in_half(self, places: Collection[Direction]) -> list[int]:
        """Return the parts whose centre lies in all of the halves; "middle": the middle third."""
        return [
            number
            for number, centre in enumerate(self.centres)
            if all(_lies_in(centre, place) for place in places)
        ]

    def by_size(self, numbers: Sequence[int], *, largest_first: bool) -> list[tuple[float, int]]:
        """Return the parts in the order of their size, each with what it was ordered by."""
        sign = -1 if largest_first else 1
        return sorted((float(sign * self.sizes[number]), number) for number in numbers)

    def by_place(
        self, numbers: Sequence[int], places: Collection[Direction]
    ) -> list[tuple[float, int]]:
        """Return the parts from the farthest towards some places on, each with its distance."""
        return sorted((self._distance(number, places), number) for number in numbers)

    def _distance(self, number: int, places: Collection[Direction]) -> float:
        """Return how far a part lies from where some places are, rounded so that ties are ties."""
        row, column = self.centres[number]
        far = 0.0
        for place in places:
            if place == "middle" and len(places) == 1:
                far += math.hypot(row, column)
            elif place == "middle":  # "the middle left one": the middle across the other side
                far += abs(row if {"left", "right"} & set(places) else column)
            else:
                axis, sign = _AXES[place]
                far -= sign * (row, column)[axis]
        return round(far, 9)


def find_parts(mask: AnyMask) -> Parts:
    """Return the parts of a mask.

    Raises:
        ModuleNotFoundError: scipy is not installed; it comes with the extra `evaluate`.
    """
    stack = _as_stack(mask)
    box = bounding_box(stack) or (slice(0, 1), slice(0, 1), slice(0, 1))
    labels, sizes = label_parts(stack[box])
    axes = (1, 2)
    centres = [_centres(labels, sizes, axis, box[axis].start, stack.shape[axis]) for axis in axes]
    return Parts(
        labels=labels,
        box=box,
        sizes=sizes[1:],
        centres=np.stack(centres, axis=1),
        shape=mask.shape,
    )


def _centres(
    labels: NDArray[np.int32], sizes: NDArray[np.int64], axis: int, first: int, length: int
) -> NDArray[np.float64]:
    """Return the mean index of each part along an axis of the picture, from -1 to 1.

    The labels begin at index `first` of an axis of so many indices.
    """
    sums = np.zeros(len(sizes))
    indices = 2.0 * (first + np.arange(labels.shape[axis])) - (length - 1)  # whole: sums are exact
    weights = np.broadcast_to(indices[:, None] if axis == 1 else indices, labels.shape[1:])
    for slice_labels in labels:
        sums += np.bincount(slice_labels.ravel(), weights=weights.ravel(), minlength=len(sizes))
    return sums[1:] / sizes[1:] / max(length - 1, 1)


def _box_of(mask: AnyMask, margins: Sequence[int]) -> tuple[slice, ...] | None:
    """Return where anything is, with so much around it along each axis; None: nothing is."""
    box = bounding_box(_as_stack(mask))
    if box is None:
        return None
    return tuple(map(_widened, box[3 - mask.ndim :], margins))


def _lies_in(centre: NDArray[np.float64], place: Direction) -> bool:
    """Return whether a centre lies in a half, or, for "middle", in the middle third both ways."""
    if place == "middle":
        return bool((np.abs(centre) <= 1 / 3).all())
    axis, sign = _AXES[place]
    return bool(sign * centre[axis] > 0)


def _near(mask: AnyMask, length: float, steps: Steps, within: AnyMask | None = None) -> AnyMask:
    """Return the pixels at most `length` from the mask; where `within` is given, those there only.

    A few slices are measured at a time: a distance reaches no further than `length`.
    """
    stack, wanted = _as_stack(mask), _as_stack(mask if within is None else within)
    whole = (1.0,) * (3 - len(steps)) + steps
    reach = [
        min(size, math.floor(length / step * (1 + _ROUNDING) + _ROUNDING) + 1)
        for size, step in zip(stack.shape, whole, strict=True)
    ]
    near = np.zeros_like(stack)
    box = bounding_box(wanted)
    if box is None:
        return near.reshape(mask.shape)
    if within is None:
        box = _widened(box[0], reach[0]), _widened(box[1], reach[1]), _widened(box[2], reach[2])
    rows, columns = _widened(box[1], reach[1]), _widened(box[2], reach[2])
    end = min(box[0].stop, len(stack))
    for first in range(box[0].start, end, _SLICES_AT_ONCE):
        some = slice(first, min(first + _SLICES_AT_ONCE, end))
        around = _widened(some, reach[0])
        found = _within_reach(stack[around, rows, columns], length, whole)
        near[some, rows, columns] = found[some.start - around.start :][: some.stop - some.start]
    return near.reshape(mask.shape)


def _widened(span: slice, far: int) -> slice:
    """Return a span with so much more on both sides; beyond the end, slices stop by themselves."""
    return slice(max(0, span.start - far), span.stop + far)


def _within_reach(stack: AnyMask, length: float, steps: Steps) -> AnyMask:
    """Return the voxels at most `length` from those that are set: exact Euclidean distances."""
    if not stack.any():
        return np.zeros_like(stack)
    need_scipy(EDITING_MASKS)
    from scipy import ndimage

    distances: NDArray[Any] = np.asarray(ndimage.distance_transform_edt(~stack, sampling=steps))
    return np.asarray(distances <= length * (1 + _ROUNDING), dtype=np.bool_)


def _shifted(mask: AnyMask, number: int, towards: Direction) -> AnyMask:
    """Return the mask so many pixels further on."""
    axis, sign = _AXES[towards]
    length = mask.shape[axis]
    number = min(number, length)
    shifted = np.zeros_like(mask)
    kept, gone = slice(0, length - number), slice(number, length)
    to, of = (gone, kept) if sign > 0 else (kept, gone)
    if axis == -1:
        shifted[..., to] = mask[..., of]
    else:
        shifted[..., to, :] = mask[..., of, :]
    return shifted


def _as_stack(mask: AnyMask) -> AnyMask:
    """Return a mask as slices; of a picture there is one."""
    return mask.reshape((-1, *mask.shape[-2:]))


def _check(mask: AnyMask, length: float, steps: Steps) -> None:
    """Refuse lengths and steps that are none."""
    if len(steps) != mask.ndim or not all(math.isfinite(step) and step > 0 for step in steps):
        raise ValueError(
            f"The steps from pixel to pixel are {steps}; expected a positive number for each of "
            f"the mask's {mask.ndim} axes. Give the picture's spacing."
        )
    if not (math.isfinite(length) and length > 0):
        raise ValueError(f"The length is {length:g}; expected a positive number.")
