import gzip
import struct

import nibabel
import numpy as np
import pytest
from clinical_files import nifti
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.orientations import inv_ornt_aff

from lingseg.imaging import UnreadableImage, as_rgb, decode_image, read_pictures, read_volume
from lingseg.imaging.nifti import decode_nifti
from lingseg.imaging.reading import decode_volume

RAS = np.diag([2.0, 3.0, 4.0, 1.0])
SHAPE = (5, 6, 7)


def voxels(dtype=np.int16, shape=SHAPE):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def turned(tilt):
    cos, sin = np.cos(tilt), np.sin(tilt)
    about_x = np.array([[1, 0, 0, 0], [0, cos, -sin, 0], [0, sin, cos, 0], [0, 0, 0, 1]])
    return about_x @ RAS + np.array([[0, 0, 0, 11], [0, 0, 0, -5], [0, 0, 0, 3], [0, 0, 0, 0]])


@settings(max_examples=20)
@given(
    st.permutations([0, 1, 2]),
    st.tuples(*[st.sampled_from([1, -1])] * 3),
    st.floats(-0.6, 0.6),
    st.sampled_from([np.uint8, np.int16, np.uint16, np.float32, np.float64, np.int32, ">i2"]),
    st.sampled_from(["axial", "coronal", "sagittal", None]),
    st.booleans(),
)
def test_every_voxel_is_shown_where_it_lies(axes, flips, tilt, dtype, plane, second):
    ornt = np.stack([np.array(axes), np.array(flips)], axis=1)
    stored = nibabel.orientations.apply_orientation(voxels(dtype), ornt)
    affine = turned(tilt) @ inv_ornt_aff(ornt, SHAPE)
    volume = decode_nifti(nifti(stored, affine, second=second), "a.nii", plane)
    shown = np.stack([image.pixels for image in volume])
    np.testing.assert_array_equal(volume.stored.as_stored(shown), stored)
    truth = nibabel.Nifti1Image(stored.astype(np.float32), affine)
    index = np.array([1, 2, 0])  # row, column, slice: any that is not in the middle
    place = volume.affine @ [*index, 1]
    i, j, k = np.linalg.solve(truth.affine, place)[:3].round().astype(int)
    assert shown[index[2], index[0], index[1]] == stored[i, j, k]
    own = volume.image(2)
    np.testing.assert_allclose(own.affine @ [3, 1, 0, 1], volume.affine @ [3, 1, 2, 1], atol=1e-4)
    assert plane in (None, volume.plane)
    assert own.patient_left == ("neither" if volume.plane == "sagittal" else "right")
    steps = volume.affine[:3, :3]
    stacked_along = ["sagittal", "coronal", "axial"].index(volume.plane)
    assert steps[stacked_along, 2] > 0  # to the right, to the front, to the head
    if volume.plane == "sagittal":
        assert steps[1, 1] < 0  # across the picture is to the back
    if volume.plane == "axial":
        assert steps[1, 0] < 0  # down the picture is to the back
    else:
        assert steps[2, 0] < 0  # down the picture is to the feet


def test_the_spacing_is_that_of_rows_and_columns():
    volume = decode_nifti(nifti(voxels(), RAS), "a.nii", "axial")
    assert volume.spacing == (3.0, 2.0)
    assert volume.slice_spacing == 4.0
    assert (len(volume), volume.size) == (7, (6, 5))


def test_slices_lie_across_the_thickest_voxels():
    assert decode_nifti(nifti(voxels(), RAS), "a.nii").plane == "axial"
    assert decode_nifti(nifti(voxels(), np.diag([1, 5, 1, 1.0])), "a.nii").plane == "coronal"
    assert decode_nifti(nifti(voxels(), np.eye(4)), "a.nii").plane == "axial"
    flat = nifti(voxels(shape=(1, 6, 7)), np.eye(4))
    assert decode_nifti(flat, "a.nii").plane == "sagittal"


def test_values_are_scaled_and_share_a_window():
    volume = decode_nifti(nifti(voxels(), RAS, slope=0.5, inter=-10), "a.nii")
    image = volume.image(1)
    assert image.pixels.dtype == np.float32
    low, high = image.window
    assert -10 <= low < high <= 0.5 * voxels().max() - 10
    assert image.window == volume.image(6).window
    assert as_rgb(volume.image(0)).mean() < as_rgb(volume.image(6)).mean() or volume.plane


def test_a_gzipped_file_is_read_like_a_plain_one(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(nifti(voxels(), RAS)))
    (tmp_path / "a.nii").write_bytes(nifti(voxels(), RAS))
    zipped, plain = read_volume(tmp_path / "a.nii.gz"), read_pictures(tmp_path / "a.nii")
    for one, other in zip(zipped, plain, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_a_single_slice_is_a_picture(tmp_path):
    image = decode_image(nifti(voxels(shape=(5, 6, 1)), RAS), "a.nii")
    assert image.size == (6, 5)
    (tmp_path / "flat.nii").write_bytes(nifti(voxels(shape=(5, 6)), RAS))
    assert read_pictures(tmp_path / "flat.nii").size == (6, 5)


def test_several_slices_are_no_picture():
    with pytest.raises(UnreadableImage, match="holds 7 slices; expected one picture"):
        decode_image(nifti(voxels(), RAS), "a.nii")


@pytest.mark.parametrize("letters", ["RAS", "PIR", "SAL", "LPI", "ASR"])
def test_a_volume_of_cubes_is_axial_however_it_is_stored(letters):
    ornt = nibabel.orientations.axcodes2ornt(letters)
    stored = nibabel.orientations.apply_orientation(voxels(), ornt)
    affine = np.eye(4) @ inv_ornt_aff(ornt, SHAPE)
    volume = decode_nifti(nifti(stored, affine), "a.nii")
    assert volume.plane == "axial"
    plain = decode_nifti(nifti(voxels(), np.eye(4)), "a.nii")
    for one, other in zip(volume, plain, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_a_file_that_does_not_tell_its_place_has_no_sides():
    image = decode_nifti(nifti(voxels(), RAS, codes=(0, 0)), "a.nii").image(0)
    assert (image.affine, image.patient_left) == (None, None)
    assert image.spacing == (3.0, 2.0)


def test_colours_are_read():
    rgb = np.zeros((5, 6, 7), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    rgb["G"] = voxels(np.uint8)
    image = decode_nifti(nifti(rgb, RAS), "a.nii").image(3)
    assert image.pixels.shape == (6, 5, 3)
    assert image.pixels[..., 1].any()
    assert not image.pixels[..., 0].any()


def patched(offset, packed, **keywords):
    data = bytearray(nifti(voxels(), RAS, **keywords))
    data[offset : offset + len(packed)] = packed
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (nifti(np.zeros((2, 3, 4, 5), np.int16), RAS), r"4 axes, 2 x 3 x 4 x 5; expected a volume"),
        (nifti(voxels(), RAS)[:-3], "is cut short: 3 bytes"),
        (nifti(voxels(), RAS)[:300] + bytes(44) + b"n+1\0", "damaged"),
        (gzip.compress(nifti(voxels(), RAS))[:-30], "damaged or cut short"),
        (patched(280, bytes(16)), "affine that gives voxels no size"),
        (patched(280, struct.pack("<f", np.nan)), "affine that has values that are not finite"),
        (patched(70, struct.pack("<h", 32)), "voxels of type complex64"),
        (patched(42, struct.pack("<hhh", 32000, 32000, 32000)), "at most 1,610,612,736 are read"),
        (patched(42, struct.pack("<h", -5)), "header is damaged"),
        (patched(344, b"ni1\0"), "header of a NIfTI pair"),
        (nifti(np.zeros((1, 1, 9), np.uint8), RAS), "at least 2 x 2 are needed"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(data, message):
    with pytest.raises(UnreadableImage, match=message) as caught:
        decode_volume(data, "scan.nii")
    assert "\n" not in str(caught.value)


def test_values_that_are_no_numbers_are_refused():
    broken = voxels(np.float32)
    broken[0, 0, 3] = np.nan
    with pytest.raises(UnreadableImage, match=r"of scan\.nii has 1 value that is not a finite"):
        list(decode_volume(nifti(broken, RAS), "scan.nii"))


def test_a_zipped_file_that_claims_more_than_it_holds_is_refused_before_it_is_unzipped():
    huge = patched(42, struct.pack("<hhh", 700, 700, 700))
    with pytest.raises(UnreadableImage, match="made to fill memory"):
        decode_volume(gzip.compress(huge), "scan.nii.gz")
