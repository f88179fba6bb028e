import numpy as np
import pytest

from lingseg.imaging import Image, StoredGrid, Volume

GRID = StoredGrid(
    shape=(4, 5, 6), affine=np.diag([2.0, 3.0, 4.0, 1.0]), axes=(1, 2, 0), flips=(False, True, True)
)


def test_a_grid_shows_and_stores_voxels():
    stored = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    shown = GRID.as_shown(stored)
    assert shown.shape == (5, 6, 4)
    assert shown[2, 0, 0] == stored[3, 2, 5]
    np.testing.assert_array_equal(GRID.as_stored(shown), stored)
    i_j_k = GRID.affine @ [3, 2, 5, 1]
    np.testing.assert_allclose(GRID.affine_as_shown() @ [0, 0, 2, 1], i_j_k)


def test_masks_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(4, 5, 6\); expected \(5, 6, 4\)"):
        GRID.as_stored(np.zeros((4, 5, 6)))


def test_a_volume_reads_one_slice_at_a_time():
    read = []

    def image(number: int) -> Image:
        read.append(number)
        return Image(pixels=np.zeros((3, 4), np.uint8))

    volume = Volume(num_slices=3, size=(3, 4), read=image)
    next(iter(volume))
    assert read == [0]
    assert (len(list(volume)), volume.plane, volume.slice_spacing) == (3, None, None)
    with pytest.raises(IndexError, match="counted from 0"):
        volume.image(-1)
