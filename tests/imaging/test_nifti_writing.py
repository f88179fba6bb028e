import nibabel
import numpy as np
import pytest
from clinical_files import affine, position

from lingseg.imaging.delineation import Delineation
from lingseg.imaging.nifti_writing import write_nifti_mask
from lingseg.imaging.volume import StoredGrid

MASKS = np.random.default_rng(0).random((3, 7, 10)) > 0.5


def delineation(masks=MASKS, **where) -> Delineation:
    return Delineation(masks=masks, probabilities=masks.astype(np.float32), **where)


def test_every_voxel_lies_where_its_pixel_lay(tmp_path):
    write_nifti_mask(tmp_path / "m.nii.gz", delineation(affine=affine(), spacing=(0.5, 2.0)))
    read = nibabel.load(tmp_path / "m.nii.gz")
    assert read.get_data_dtype() == np.uint8
    voxels = np.asarray(read.dataobj)
    assert set(np.unique(voxels)) == {0, 1}
    for number, row, column in np.argwhere(MASKS):
        i, j, k = column, row, number
        assert voxels[i, j, k] == 1
        np.testing.assert_allclose(
            read.affine @ (i, j, k, 1), affine() @ (row, column, number, 1), atol=1e-4
        )
    assert voxels.sum() == MASKS.sum()
    np.testing.assert_allclose(read.header.get_zooms(), (2.0, 0.5, 3.0), rtol=1e-6)
    assert (read.header["sform_code"], read.header["qform_code"]) == (1, 1)


def test_the_first_pixel_of_a_dicom_slice_is_where_dicom_says(tmp_path):
    write_nifti_mask(tmp_path / "m.nii", delineation(affine=affine()))
    ras = nibabel.load(tmp_path / "m.nii").affine @ (0, 0, 2, 1)
    np.testing.assert_allclose(ras[:3] * (-1, -1, 1), position(2), atol=1e-4)


@pytest.mark.parametrize("flips", [(False, True, False), (True, False, True)])
@pytest.mark.parametrize("axes", [(2, 1, 0), (1, 2, 0), (0, 2, 1)])
def test_masks_of_a_nifti_volume_come_back_on_its_own_grid(tmp_path, axes, flips):
    shape = (4, 6, 9)
    grid = StoredGrid(shape=shape, affine=affine(), axes=axes, flips=flips)
    stored = np.random.default_rng(1).random(shape) > 0.5
    shown = np.ascontiguousarray(grid.as_shown(stored))
    write_nifti_mask(tmp_path / "m.nii.gz", delineation(shown, stored=grid))
    read = nibabel.load(tmp_path / "m.nii.gz")
    np.testing.assert_array_equal(np.asarray(read.dataobj), stored)
    np.testing.assert_allclose(read.affine, affine(), atol=1e-5)


def test_a_picture_without_a_place_has_its_spacing_and_no_known_space(tmp_path):
    write_nifti_mask(tmp_path / "m.nii.gz", delineation(MASKS[:1], spacing=(0.5, 2.0)))
    read = nibabel.load(tmp_path / "m.nii.gz")
    assert read.shape == (10, 7, 1)
    assert read.header["sform_code"] == 0
    np.testing.assert_allclose(read.header.get_zooms(), (2.0, 0.5, 1.0))
