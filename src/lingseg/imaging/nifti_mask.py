"""Masks as NIfTI, on the very grid of the file or series that they were drawn on."""

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lingseg.artefact import written_atomically
from lingseg.imaging.delineation import Delineation
from lingseg.imaging.image import Affine

_UNKNOWN, _SCANNER = 0, 1
"""NIfTI's xform codes: no known space, and the scanner's."""


def write_nifti_mask(path: Path, delineation: Delineation) -> None:
    """Write the masks as 8-bit integers, 0 and 1, with the affine of what they were drawn on.

    Voxels of a NIfTI volume are laid out as in its own file. Others are laid out as (column, row,
    slice); a picture without a place in space gets its spacing alone, and no known space.

    Raises:
        OSError: The file cannot be written.
    """
    from nibabel.nifti1 import Nifti1Image  # 0.2 s that PNG need not wait for

    voxels, affine = _grid(delineation)
    volume = Nifti1Image(np.ascontiguousarray(voxels, dtype=np.uint8), affine)
    code = _UNKNOWN if _has_no_place(delineation) else _SCANNER
    volume.set_sform(affine, code=code)
    volume.set_qform(affine, code=code)
    volume.header.set_xyzt_units("mm")
    with written_atomically(path) as temporary, temporary.open("wb") as opened:
        if path.suffix.lower() != ".gz":
            volume.to_stream(opened)
            return
        with gzip.GzipFile("", "wb", fileobj=opened, mtime=0) as packed:  # the same every time
            volume.to_stream(packed)


def _has_no_place(delineation: Delineation) -> bool:
    """Return whether the pictures do not say where in space they lie."""
    return delineation.affine is None and delineation.stored is None


def _grid(delineation: Delineation) -> tuple[NDArray[np.bool_], Affine]:
    """Return the voxels in the file's order, and the affine from there to millimetres."""
    if delineation.stored is not None:
        return delineation.stored.as_stored(delineation.masks), delineation.stored.affine
    voxels = delineation.masks.transpose(2, 1, 0)
    if delineation.affine is not None:
        return voxels, delineation.affine[:, [1, 0, 2, 3]]
    height, width = delineation.spacing or (1.0, 1.0)
    return voxels, np.diag([width, height, 1.0, 1.0])
