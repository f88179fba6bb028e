"""The pictures of a series, of a file of many frames or of a NIfTI volume, one after another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.decoding import in_time
from lingseg.imaging.geometry import Plane, plane_of
from lingseg.imaging.image import Affine, Image, Pixels, Spacing, Window
from lingseg.imaging.intensity import measure_window, without_padding

Voxels: TypeAlias = NDArray[Any]
"""(slice, row, column): any values that belong to a volume, such as its masks."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredGrid:
    """How a NIfTI file lays out the voxels that a `Volume` shows as slices."""

    shape: tuple[int, int, int]
    affine: Affine
    """From the file's own indices (i, j, k, 1) to RAS+ millimetres."""
    axes: tuple[int, int, int]
    """Which of the file's axes are slices, rows and columns."""
    flips: tuple[bool, bool, bool]
    """Whether slices, rows and columns run against the file's axes."""

    def as_shown(self, stored: Voxels) -> Voxels:
        """Return a view of (i, j, k) voxels as (slice, row, column)."""
        turned = stored.transpose(self.axes)
        return turned[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]

    def as_stored(self, shown: Voxels) -> Voxels:
        """Return a view of (slice, row, column) voxels as the file has them, (i, j, k).

        Raises:
            ValueError: They have another shape than the volume.
        """
        expected = tuple(self.shape[axis] for axis in self.axes)
        if shown.shape != expected:
            raise ValueError(
                f"The voxels have shape {shown.shape}; expected {expected}, (slice, row, column). "
                f"Give one picture for every slice."
            )
        unflipped = shown[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]
        return unflipped.transpose(np.argsort(self.axes))

    def affine_as_shown(self) -> Affine:
        """Return the affine from (row, column, slice, 1) to RAS+ millimetres."""
        rows_columns_slices = [self.axes[1], self.axes[2], self.axes[0]]
        affine = self.affine.copy()
        affine[:3, :3] = self.affine[:3, rows_columns_slices]
        for column, flip in enumerate([self.flips[1], self.flips[2], self.flips[0]]):
            if flip:
                last = self.shape[rows_columns_slices[column]] - 1
                affine[:3, 3] += affine[:3, column] * last
                affine[:3, column] *= -1
        return affine


@dataclass(frozen=True, kw_only=True, eq=False)
class Volume:
    """Slices or frames of one size, read one at a time: memory does not grow with their number."""

    num_slices: int
    size: tuple[int, int]
    """Height and width of every slice."""
    read: Callable[[int], Image]
    """Reads one slice, from 0 on; ask `image` instead, which checks the number."""
    spacing: Spacing | None = None
    affine: Affine | None = None
    """Of all slices; None for a film that moves in time, or where the files do not tell."""
    stored: StoredGrid | None = None
    """None where the volume is not from NIfTI."""

    def __len__(self) -> int:
        """Return the number of slices."""
        return self.num_slices

    def __iter__(self) -> Iterator[Image]:
        """Read one slice after the other."""
        return map(self.image, range(self.num_slices))

    def image(self, number: int) -> Image:
        """Read slice `number`, from 0 on.

        Raises:
            UnreadableImage: Its pixels cannot be decoded.
            IndexError: There is no such slice.
        """
        if not 0 <= number < self.num_slices:
            raise IndexError(
                f"Slice {number} was asked for; the volume has {self.num_slices}, counted from 0."
            )
        return in_time(f"Slice {number} (counted from 0)", lambda: self.read(number))

    @property
    def plane(self) -> Plane | None:
        """The plane that the slices lie closest to."""
        return None if self.affine is None else plane_of(self.affine)

    @property
    def slice_spacing(self) -> float | None:
        """Millimetres from one slice to the next."""
        return None if self.affine is None else float(np.linalg.norm(self.affine[:3, 2]))

    @property
    def voxel_mm3(self) -> float | None:
        """Cubic millimetres of a voxel, slices that lean included; None: not told, or one slice."""
        affine = self.affine
        if affine is None and self.stored is not None:
            affine = self.stored.affine  # a NIfTI file without a place in space has a spacing
        if affine is None or self.num_slices == 1:
            return None
        return float(abs(np.linalg.det(affine[:3, :3])))


def as_volume(image: Image) -> Volume:
    """Return a picture as a volume of one slice."""
    return Volume(
        num_slices=1,
        size=image.size,
        read=lambda _: image,
        spacing=image.spacing,
        affine=image.affine,
    )


def sharing_window(read: Callable[[int], Image], num_slices: int) -> Callable[[int], Image]:
    """Return `read` with one window for all deep grey slices that have none of their own.

    It is measured when the first such slice is read, so that slices are shown alike.
    """

    def shown(number: int) -> Pixels:
        image = read(number)
        return without_padding(image.pixels, image.padding)

    @lru_cache(maxsize=1)
    def shared() -> Window | None:
        return measure_window(shown, num_slices)

    def read_alike(number: int) -> Image:
        image = read(number)
        if num_slices == 1 or image.window is not None or image.pixels.dtype == np.uint8:
            return image
        return replace(image, window=shared())

    return read_alike
