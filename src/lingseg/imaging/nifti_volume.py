"""Volumes as NIfTI for viewers: in memory to spare, with the affine of what they come from."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lingseg.artefact import written_atomically
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.volume import Volume

_FASTEST = 1
_UNKNOWN, _SCANNER = 0, 1


def write_nifti_volume(
    path: Path, volume: Volume, *, progress: Callable[[int], None] | None = None
) -> None:
    """Write the slices as they are shown: voxel (column, row, slice) is a pixel of that slice.

    Grey keeps its values, colour becomes grey. Axes are never turned back to those of a NIfTI file
    that the volume came from: what is drawn on its slices lies on this very grid.

    Args:
        path: Where to, ending in `.nii.gz`.
        volume: The volume.
        progress: Is told the number of every slice before it is read.

    Raises:
        UnreadableImage: A slice cannot be decoded.
        OSError: The file cannot be written.
    """
    from nibabel.nifti1 import Nifti1Image  # 0.2 s that others need not wait for

    first = _grey(volume, 0)
    height, width = volume.size
    voxels = np.empty((width, height, len(volume)), dtype=first.dtype, order="F")
    for number in range(len(volume)):
        if progress is not None:
            progress(number)
        voxels[:, :, number] = _grey(volume, number).T
    affine, code = _affine_of(volume)
    written = Nifti1Image(voxels, affine)
    written.set_sform(affine, code=code)
    written.set_qform(affine, code=code)
    written.header.set_xyzt_units("mm")
    window = volume.image(0).window
    if window is not None:
        written.header["cal_min"], written.header["cal_max"] = sorted(window)
    with (
        written_atomically(path) as temporary,
        temporary.open("wb") as opened,
        gzip.GzipFile("", "wb", _FASTEST, fileobj=opened, mtime=0) as packed,
    ):
        written.to_stream(packed)


def _grey(volume: Volume, number: int) -> NDArray[np.generic]:
    """Return the values of a slice; of colours their mean."""
    image = volume.image(number)
    if image.pixels.ndim == 2:
        return image.pixels
    return as_rgb(image).mean(axis=2).astype(np.uint8)


def _affine_of(volume: Volume) -> tuple[NDArray[np.float64], int]:
    """Return the affine from (column, row, slice), and whether it is in the scanner's space."""
    if volume.affine is not None:
        return volume.affine[:, [1, 0, 2, 3]], _SCANNER
    height, width = volume.spacing or (1.0, 1.0)
    return np.diag([width, height, 1.0, 1.0]), _UNKNOWN
