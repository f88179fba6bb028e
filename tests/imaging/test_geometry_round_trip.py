"""What is written lies where it was drawn, whichever way the picture lies in the patient.

Written by lingseg, read back by nibabel, highdicom and pydicom, and compared in millimetres.
"""

import gzip
from itertools import pairwise

import highdicom
import nibabel
import numpy as np
import pytest
from clinical_files import ct_slice, enhanced_ct, nifti, saved
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imaging_texts import AUTHORSHIP
from nibabel.orientations import inv_ornt_aff

from lingseg.imaging.delineation import delineate_volume
from lingseg.imaging.dicom_object import dicom_context
from lingseg.imaging.dicom_segmentation import write_segmentation
from lingseg.imaging.nifti_writing import write_nifti_mask
from lingseg.imaging.reading import decode_volume, read_volume

LPS = np.array([-1.0, -1.0, 1.0])
SHAPE = (4, 5, 3)
OFTEN, SELDOM = (
    settings(
        max_examples=count,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        derandomize=True,
    )
    for count in (25, 6)
)

spacings = st.floats(0.125, 9.0, width=32)
angles = st.floats(-3.1, 3.1)
positions = st.tuples(*[st.floats(-500, 500, width=32)] * 3)
dtypes = st.sampled_from(["u1", "<i2", ">i2", "<u2", "<i4", "<f4", ">f4", "<f8", "i1", "<u4"])
axis_orders = st.permutations([0, 1, 2])
signs = st.tuples(*[st.sampled_from([1, -1])] * 3)


def rotation(first, second, third):
    """A turn about x, then y, then z."""
    turned = np.eye(3)
    for axis, angle in enumerate((first, second, third)):
        one, other = (number for number in range(3) if number != axis)
        step = np.eye(3)
        step[one, one] = step[other, other] = np.cos(angle)
        step[one, other], step[other, one] = -np.sin(angle), np.sin(angle)
        turned = step @ turned
    return turned


def some_masks(volume, seed):
    masks = np.random.default_rng(seed).random((len(volume), *volume.size)) > 0.6
    masks[0, 0, 0] = masks[-1, -1, -1] = True  # the corners tell every flip
    return masks


def places_of(affine, indices):
    """Where voxels lie, as a sorted list: what two files must agree on, whatever their order."""
    homogeneous = np.c_[indices, np.ones(len(indices))]
    places = (affine @ homogeneous.T).T[:, :3]
    return places[np.lexsort(places.round(2).T)]


def written_places(volume, masks):
    """Where the voxels of masks lie: (slice, row, column) by (row, column, slice)."""
    return places_of(volume.affine, np.argwhere(masks)[:, [1, 2, 0]])


@OFTEN
@given(
    axis_orders, signs, st.tuples(angles, angles, angles), positions,
    st.tuples(spacings, spacings, spacings), dtypes, st.booleans(), st.booleans(),
)  # fmt: skip
def test_masks_of_any_nifti_volume_come_back_voxel_by_voxel(
    tmp_path, order, flips, turns, position, sizes, dtype, second, zipped
):
    ornt = np.stack([np.array(order), np.array(flips)], axis=1)
    upright = np.eye(4)
    upright[:3, :3], upright[:3, 3] = rotation(*turns) @ np.diag(sizes), position
    stored = (np.arange(60).reshape(SHAPE) * 2).astype(dtype)
    stored = nibabel.orientations.apply_orientation(stored, ornt)
    affine = upright @ inv_ornt_aff(ornt, SHAPE)
    data = nifti(stored, affine, second=second)
    volume = decode_volume(gzip.compress(data) if zipped else data, "a.nii")
    shown = np.stack([image.pixels for image in volume])
    np.testing.assert_array_equal(volume.stored.as_stored(shown), stored)

    masks = some_masks(volume, seed=sum(order[:1]))
    path = tmp_path / ("mask.nii.gz" if zipped else "mask.nii")
    write_nifti_mask(path, delineate_volume(volume, masks))
    read = nibabel.load(path)
    assert read.shape == stored.shape
    np.testing.assert_allclose(read.affine, nibabel.Nifti1Image(stored, affine).affine, atol=1e-3)
    written = np.asarray(read.dataobj)
    assert written.dtype == np.uint8
    np.testing.assert_array_equal(written, volume.stored.as_stored(masks))
    np.testing.assert_allclose(
        places_of(read.affine, np.argwhere(written)), written_places(volume, masks), atol=2e-3
    )

    again = read_volume(path)
    np.testing.assert_array_equal(np.stack([image.pixels > 0 for image in again]), masks)


def scan(directions, position, spacing, step, count, pixels):
    """Slices along the normal, or against it where `step` is negative, in no order."""
    row, column = directions[:, 0], directions[:, 1]
    normal = np.cross(row, column)
    return [
        ct_slice(
            number,
            pixels=pixels[number],
            ImageOrientationPatient=[f"{value:.8g}" for value in (*row, *column)],
            ImagePositionPatient=[f"{v:.8g}" for v in np.array(position) + normal * step * number],
            PixelSpacing=[f"{value:.8g}" for value in spacing],
            SliceThickness=f"{abs(step):.8g}",
            PixelRepresentation=int(pixels.dtype.kind == "i"),
        )
        for number in (*range(1, count), 0)
    ]


@SELDOM
@given(
    st.tuples(angles, angles, angles), positions, st.tuples(spacings, spacings),
    spacings, st.booleans(), st.sampled_from([np.int16, np.uint16]), st.booleans(),
)  # fmt: skip
def test_masks_of_any_dicom_series_come_back_as_seg_and_nifti(
    tmp_path_factory, turns, position, spacing, step, is_backwards, dtype, is_fractional
):
    folder = tmp_path_factory.mktemp("series")
    pixels = (np.arange(3 * 4 * 5).reshape(3, 4, 5) * 9).astype(dtype)
    signed = -step if is_backwards else step
    slices = scan(rotation(*turns), position, spacing, signed, 3, pixels)
    for number, dataset in enumerate(slices):
        (folder / f"{number}").write_bytes(saved(dataset))
    volume = read_volume(folder)
    shown = np.stack([image.pixels for image in volume])
    np.testing.assert_array_equal(shown, (pixels[::-1] if is_backwards else pixels) - 1024.0)

    masks = some_masks(volume, seed=1)
    sources = [image.source for image in volume]
    drawn = delineate_volume(volume, masks, masks.astype(np.float32), sources)
    path = folder.parent / f"{folder.name}.dcm"
    write_segmentation(path, drawn, dicom_context(sources, AUTHORSHIP), is_fractional=is_fractional)
    check_segmentation(path, volume, masks, sources)

    write_nifti_mask(path.with_suffix(".nii"), drawn)
    read = nibabel.load(path.with_suffix(".nii"))
    np.testing.assert_allclose(
        places_of(read.affine, np.argwhere(np.asarray(read.dataobj))),
        written_places(volume, masks),
        atol=2e-3,
    )


def check_segmentation(path, volume, masks, sources):
    """Read a SEG back with highdicom: by source instance, and by what each frame says itself."""
    segmentation = highdicom.seg.segread(path)
    by_source = segmentation.get_pixels_by_source_instance(
        [source.sop_instance_uid for source in sources], ignore_spatial_locations=True
    )
    np.testing.assert_array_equal(by_source[..., 0] > 0, masks)
    in_space = segmentation.get_volume(combine_segments=False)
    found = np.argwhere(in_space.array[..., 0] > 0)
    affine = np.diag([*LPS, 1.0]) @ in_space.affine
    np.testing.assert_allclose(places_of(affine, found), written_places(volume, masks), atol=2e-2)


@pytest.mark.parametrize("heights", [(9.0, 3.0, 6.0), (-1.5, -3.0, 0.0, 1.5)])
def test_masks_of_a_multi_frame_file_come_back_on_their_frames(tmp_path, heights):
    dataset = enhanced_ct(heights)
    dataset.StudyDate = dataset.PatientID = ""
    volume = decode_volume(saved(dataset), "ct.dcm")
    masks = some_masks(volume, seed=2)
    sources = [image.source for image in volume]
    drawn = delineate_volume(volume, masks, masks.astype(np.float32), sources)
    write_segmentation(tmp_path / "seg.dcm", drawn, dicom_context(sources, AUTHORSHIP))
    segmentation = highdicom.seg.segread(tmp_path / "seg.dcm")
    frames = [source.frame for source in sources]
    assert [heights[frame - 1] for frame in frames] == sorted(heights)
    read = segmentation.get_pixels_by_source_frame(
        sources[0].sop_instance_uid, frames, ignore_spatial_locations=True
    )
    np.testing.assert_array_equal(read[..., 0] > 0, masks)
    steps = [after - before for before, after in pairwise(sorted(heights))]
    assert volume.slice_spacing == pytest.approx(steps[0])
