"""Masks and volumes as NIfTI, on the very grid of the pictures that they come from."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lingseg.artefact import written_atomically
from lingseg.imaging.delineation import Delineation
from lingseg.imaging.image import Affine, Image, Window
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.volume import Volume

_Grid: TypeAlias = tuple[Affine, int]
"""From a voxel's place in the file to millimetres, and one of NIfTI's xform codes."""
_UNKNOWN, _SCANNER = 0, 1
"""NIfTI's xform codes: no known space, and the scanner's."""
_FASTEST, _SMALLEST = 1, 9


def write_nifti_mask(path: Path, delineation: Delineation) -> None:
    """Write the masks as 8-bit integers, 0 and 1, with the affine of what they were drawn on.

    Voxels of a NIfTI volume are laid out as in its own file. Others are laid out as (column, row,
    slice); a picture without a place in space gets its spacing alone, and no known space.

    Raises:
        OSError: The file cannot be written.
    """
    stored = delineation.stored
    if stored is not None:
        voxels, grid = stored.as_stored(delineation.masks), (stored.affine, _SCANNER)
    else:
        voxels, grid = delineation.masks.transpose(2, 1, 0), _grid_of(delineation)
    _write(path, np.ascontiguousarray(voxels, dtype=np.uint8), grid)


def write_nifti_volume(
    path: Path, volume: Volume, *, progress: Callable[[int], None] | None = None
) -> None:
    """Write the slices as they are shown: voxel (column, row, slice) is a pixel of that slice.

    Grey keeps its values, colour becomes grey. Axes are never turned back to those of a NIfTI file
    that the volume came from: what is drawn on its slices lies on this very grid. It is made in
    memory.

    Args:
        path: Where to; gzipped if it ends in `.gz`.
        volume: The volume.
        progress: Is told the number of every slice before it is read.

    Raises:
        UnreadableImage: A slice cannot be decoded.
        OSError: The file cannot be written.
    """
    first = volume.image(0)
    height, width = volume.size
    voxels = np.empty((width, height, len(volume)), dtype=_grey(first).dtype, order="F")
    for number in range(len(volume)):
        if progress is not None:
            progress(number)
        voxels[:, :, number] = _grey(volume.image(number)).T
    _write(path, voxels, _grid_of(volume), window=first.window, level=_FASTEST)


def _grey(image: Image) -> NDArray[np.generic]:
    """Return the values of a slice; of colours their mean."""
    return image.pixels if image.pixels.ndim == 2 else as_rgb(image).mean(axis=2).astype(np.uint8)


def _grid_of(pictures: Delineation | Volume) -> _Grid:
    """Return where voxels lie that are laid out as (column, row, slice)."""
    if pictures.affine is not None:
        return pictures.affine[:, [1, 0, 2, 3]], _SCANNER
    height, width = pictures.spacing or (1.0, 1.0)
    return np.diag([width, height, 1.0, 1.0]), _UNKNOWN


def _write(
    path: Path,
    voxels: NDArray[np.generic],
    grid: _Grid,
    *,
    window: Window | None = None,
    level: int = _SMALLEST,
) -> None:
    """Write voxels; the same ones give the same bytes."""
    from nibabel.nifti1 import Nifti1Image  # 0.2 s that others need not wait for

    affine, code = grid
    made = Nifti1Image(voxels, affine)
    made.set_sform(affine, code=code)
    made.set_qform(affine, code=code)
    made.header.set_xyzt_units("mm")
    if window is not None:
        made.header["cal_min"], made.header["cal_max"] = sorted(window)
    with written_atomically(path) as temporary, temporary.open("wb") as opened:
        if path.suffix.lower() != ".gz":
            made.to_stream(opened)
            return
        with gzip.GzipFile("", "wb", level, fileobj=opened, mtime=0) as packed:
            made.to_stream(packed)
