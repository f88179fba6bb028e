"""Masks as NRRD, which viewers in the browser read without a library."""

import gzip

import numpy as np

from lingseg.imaging.delineation import Delineation
from lingseg.imaging.geometry import LPS_TO_RAS, Vector


def encode_nrrd_mask(delineation: Delineation, *, is_packed: bool = False) -> bytes:
    """Return the masks as NRRD: 0 and 1 in 8 bits, laid out as (column, row, slice).

    Source: NRRD's format definition, with `space: left-posterior-superior`, as DICOM counts.

    Args:
        delineation: The masks, and where they lie.
        is_packed: Whether they are gzipped.
    """
    voxels = np.ascontiguousarray(delineation.masks, dtype=np.uint8)  # the column runs fastest
    num_slices, height, width = voxels.shape
    head = [
        "NRRD0004",
        "type: uint8",
        "dimension: 3",
        f"sizes: {width} {height} {num_slices}",
        *_place_of(delineation),
        "kinds: domain domain domain",
        f"encoding: {'gzip' if is_packed else 'raw'}",
    ]
    data = voxels.tobytes()
    packed = gzip.compress(data, mtime=0) if is_packed else data
    return "\n".join([*head, "", ""]).encode() + packed


def _place_of(delineation: Delineation) -> list[str]:
    """Return where the voxels lie; their size alone where the pictures do not tell."""
    if delineation.affine is None:
        height, width = delineation.spacing or (1.0, 1.0)
        return [f"spacings: {width:.9g} {height:.9g} 1"]
    lps = LPS_TO_RAS @ delineation.affine  # the exchange of x and y is its own inverse
    directions = (_vector(lps[:3, axis]) for axis in (1, 0, 2))
    return [
        "space: left-posterior-superior",
        f"space directions: {' '.join(directions)}",
        f"space origin: {_vector(lps[:3, 3])}",
    ]


def _vector(values: Vector) -> str:
    """Return three numbers as NRRD writes them."""
    return f"({','.join(f'{value:.9g}' for value in values)})"
