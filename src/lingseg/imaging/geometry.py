"""Where pictures lie in a patient: from directions to affines, planes and sides."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.image import Affine, Direction, Edges, PatientLeft, Spacing

Plane: TypeAlias = Literal["axial", "coronal", "sagittal"]
Vector: TypeAlias = NDArray[np.float64]

_PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
"""By the axis, x, y or z, that slices are stacked along."""
_DIRECTIONS: tuple[tuple[Direction, Direction], ...] = (("L", "R"), ("P", "A"), ("I", "S"))
"""Where the axes x, y and z of RAS+ come from, and where they go."""
_OPPOSITE: dict[Direction, Direction] = {
    one: other for pair in _DIRECTIONS for one, other in (pair, pair[::-1])
}
_MAX_SKEW = 1e-3
"""Cosine between rows and columns; scanners write their directions with six digits or fewer."""
_MAX_MILLIMETRES = 1e6
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def affine_of(
    position: Vector,
    row_direction: Vector,
    column_direction: Vector,
    spacing: Spacing,
    step: Vector,
) -> Affine:
    """Return the affine of a picture, or of slices, that DICOM describes in its LPS.

    Args:
        position: Where the centre of the first pixel lies.
        row_direction: Along a row: where the next column lies (the first three cosines).
        column_direction: Down a column: where the next row lies (the last three).
        spacing: Millimetres between rows, and between columns.
        step: From one slice to the next, in millimetres.

    Source: DICOM PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1, with row and column exchanged.
    """
    affine = np.eye(4)
    affine[:3, 0] = column_direction * spacing[0]
    affine[:3, 1] = row_direction * spacing[1]
    affine[:3, 2] = step
    affine[:3, 3] = position
    return LPS_TO_RAS @ affine


def why_unusable(affine: Affine) -> str | None:
    """Return what is wrong with an affine, in a few words, or None."""
    if affine.shape != (4, 4) or not np.isfinite(affine).all():
        return "has values that are not finite numbers"
    if np.abs(affine).max() > _MAX_MILLIMETRES:
        return "places voxels kilometres away"
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if (lengths < 1e-6).any():
        return "gives voxels no size along an axis"
    if abs(np.linalg.det(affine[:3, :3] / lengths)) < 0.1:
        return "puts two axes of the voxels on top of each other"
    return None


def are_directions(row_direction: Vector, column_direction: Vector) -> bool:
    """Tell whether two vectors are of length one and at right angles, within rounding."""
    both = np.stack([row_direction, column_direction])
    return bool(np.allclose(both @ both.T, np.eye(2), atol=_MAX_SKEW * 10))


def spacing_of(affine: Affine) -> Spacing:
    """Return the millimetres between rows, and between columns."""
    rows, columns, _ = np.linalg.norm(affine[:3, :3], axis=0)
    return float(rows), float(columns)


def plane_of(affine: Affine) -> Plane:
    """Return the plane that the slices lie closest to."""
    normal = np.cross(affine[:3, 1], affine[:3, 0])
    return _PLANES[int(np.abs(normal).argmax())]


def patient_left_of(affine: Affine) -> PatientLeft:
    """Return at which edge of a picture the patient's left lies.

    An oblique picture goes by the axis of the patient that its rows run closest to.
    """
    along_row = affine[:3, 1]
    if np.abs(along_row).argmax() != 0:
        return "neither"
    return "right" if along_row[0] < 0 else "left"


def edges_of(affine: Affine) -> Edges:
    """Return what lies at each edge of a picture.

    An oblique picture goes by the axes of the patient that its rows and columns run closest to.
    """
    return edges_towards(right=_direction_of(affine[:3, 1]), bottom=_direction_of(affine[:3, 0]))


def edges_towards(right: Direction, bottom: Direction) -> Edges:
    """Return all edges of a picture of which two are known."""
    return Edges(left=_OPPOSITE[right], right=right, top=_OPPOSITE[bottom], bottom=bottom)


def _direction_of(step: Vector) -> Direction:
    """Return the side of the patient that a step in RAS+ goes to."""
    axis = int(np.abs(step).argmax())
    return _DIRECTIONS[axis][int(step[axis] > 0)]
