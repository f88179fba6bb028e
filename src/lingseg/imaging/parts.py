"""The parts of a mask of many slices: which of them stay."""

import math
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.delineation import MaskStack

MM3_PER_ML = 1000.0
FINDING_PARTS, MEASURING_MASKS = "Finding the parts of a mask", "Measuring masks"
"""What needs scipy; see `need_scipy`."""


@dataclass(frozen=True, kw_only=True)
class CleanUp:
    """Which parts of a volume's mask stay. Voxels that touch, be it at a corner, are one part."""

    keep_largest: bool = False
    """Whether only the largest part stays."""
    min_ml: float | None = None
    """Millilitres that a part must have to stay."""

    def __post_init__(self) -> None:
        """Refuse what cannot be done."""
        if self.min_ml is not None and not (math.isfinite(self.min_ml) and self.min_ml > 0):
            raise ValueError(
                f"Parts below {self.min_ml:g} ml were to be taken out; expected a positive number."
            )

    @property
    def is_nothing(self) -> bool:
        """Whether every part stays."""
        return not self.keep_largest and self.min_ml is None

    def as_record(self) -> dict[str, object]:
        """Return it as it stands in the `.json` of a mask."""
        return {"keep_largest": self.keep_largest, "min_ml": self.min_ml}

    def check(self, voxel_mm3: float | None) -> None:
        """Refuse millilitres where the size of a voxel is not known, and a missing scipy.

        Raises:
            ValueError: The volume does not tell how large its voxels are.
            ModuleNotFoundError: scipy is not installed; it comes with the extra `evaluate`.
        """
        if self.is_nothing:
            return
        need_scipy(FINDING_PARTS)
        if self.min_ml is not None and voxel_mm3 is None:
            raise ValueError(
                "Parts below some millilitres were to be taken out, and the volume does not tell "
                "how large its voxels are. Keep the largest part instead, or none of both."
            )


def need_scipy(task: str) -> None:
    """Tell at once, before any work is done, whether `task` can be done.

    Raises:
        ModuleNotFoundError: scipy is not installed; it comes with the extra `evaluate`.
    """
    if find_spec("scipy") is None:
        raise ModuleNotFoundError(
            f"{task} needs scipy, which is not installed. Run: pip install 'lingseg[evaluate]'",
            name="scipy",
        )


def without_small_parts(
    masks: MaskStack, clean_up: CleanUp, voxel_mm3: float | None
) -> tuple[MaskStack, int]:
    """Return the masks without the parts that do not stay, and how many these were.

    Raises:
        ValueError: Millilitres were given, and the size of a voxel is not known.
        ModuleNotFoundError: scipy is not installed; it comes with the extra `evaluate`.
    """
    clean_up.check(voxel_mm3)
    box = bounding_box(masks)
    if clean_up.is_nothing or box is None:
        return masks, 0
    labels, sizes = label_parts(masks[box])
    stays = _which_stay(sizes, clean_up, voxel_mm3)
    cleaned = np.zeros_like(masks)
    cleaned[box] = chosen_parts(labels, stays)
    return cleaned, len(stays) - 1 - int(stays.sum())


def label_parts(masks: MaskStack) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the number of the part that each voxel belongs to, and the voxels of each number.

    Voxels that touch, be it at a corner, are one part; number 0 is the background, whose size is
    given as well.

    Raises:
        ModuleNotFoundError: scipy is not installed; it comes with the extra `evaluate`.
    """
    need_scipy(FINDING_PARTS)
    from scipy import ndimage  # only this needs it, and prediction must start fast

    labels = np.empty(masks.shape, dtype=np.int32)
    num_parts = ndimage.label(masks, structure=np.ones((3, 3, 3)), output=labels)
    return labels, _sizes(labels, num_parts)


def chosen_parts(labels: NDArray[np.int32], is_chosen: NDArray[np.bool_]) -> MaskStack:
    """Return the mask of the parts that are chosen, by their number; the first is the background's.

    Raises:
        IndexError: A part has no number in `is_chosen`.
    """
    chosen = np.empty(labels.shape, dtype=np.bool_)
    for number, slice_labels in enumerate(labels):  # an index by labels would take 8 bytes a voxel
        chosen[number] = is_chosen[slice_labels]
    return chosen


def _which_stay(
    sizes: NDArray[np.int64], clean_up: CleanUp, voxel_mm3: float | None
) -> NDArray[np.bool_]:
    """Tell for every label, the background's first, whether it stays."""
    stays = np.ones(len(sizes), dtype=np.bool_)
    if clean_up.min_ml is not None and voxel_mm3 is not None:
        stays &= sizes * voxel_mm3 / MM3_PER_ML >= clean_up.min_ml
    if clean_up.keep_largest:
        stays &= np.arange(len(sizes)) == 1 + int(sizes[1:].argmax())
    stays[0] = False
    return stays


def _sizes(labels: NDArray[np.int32], num_parts: int) -> NDArray[np.int64]:
    """Return the voxels of every label, counted a slice at a time: counting needs 8 bytes each."""
    sizes = np.zeros(num_parts + 1, dtype=np.int64)
    for slice_labels in labels:
        sizes += np.bincount(slice_labels.ravel(), minlength=num_parts + 1)
    return sizes


def bounding_box(masks: MaskStack) -> tuple[slice, slice, slice] | None:
    """Return where anything is; None where nothing is."""
    spans = []
    for others in ((1, 2), (0, 2), (0, 1)):
        found = np.flatnonzero(masks.any(axis=others))
        if not len(found):
            return None
        spans.append(slice(int(found[0]), int(found[-1]) + 1))
    return spans[0], spans[1], spans[2]
