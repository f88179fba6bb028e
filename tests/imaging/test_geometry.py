import numpy as np
import pytest

from lingseg.imaging.geometry import (
    affine_of,
    are_directions,
    edges_of,
    patient_left_of,
    plane_of,
    spacing_of,
    why_unusable,
)

X, Y, Z = np.eye(3)


@pytest.mark.parametrize(
    ("along_row", "down", "plane", "edge", "left_right_top_bottom"),
    [
        (X, Y, "axial", "right", "RLAP"),
        (-X, -Y, "axial", "left", "LRPA"),
        (X, -Z, "coronal", "right", "RLSI"),
        (Y, -Z, "sagittal", "neither", "APSI"),
        (Y, X, "axial", "neither", "APRL"),
    ],
)
def test_planes_and_sides_follow_from_dicoms_directions(
    along_row, down, plane, edge, left_right_top_bottom
):
    affine = affine_of(np.zeros(3), along_row, down, (2.0, 3.0), np.cross(along_row, down))
    assert (plane_of(affine), patient_left_of(affine)) == (plane, edge)
    assert "".join(edges_of(affine)) == left_right_top_bottom
    assert spacing_of(affine) == (2.0, 3.0)


def test_directions_are_long_as_one_and_at_right_angles():
    assert are_directions(X, Y)
    assert not are_directions(X, 2 * Y)
    assert not are_directions(X, (X + Y) / np.sqrt(2))


def test_affines_that_place_nothing_are_found():
    flat, twice, nowhere, far = (np.eye(4) for _ in range(4))
    flat[2, 2] = 0
    twice[:, 1] = twice[:, 0]
    nowhere[0, 3] = np.inf
    far[0, 3] = 1e30
    assert why_unusable(np.eye(4)) is None
    assert "no size" in why_unusable(flat)
    assert "on top of each other" in why_unusable(twice)
    assert "not finite" in why_unusable(nowhere)
    assert "kilometres" in why_unusable(far)
