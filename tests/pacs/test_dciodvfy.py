"""The objects that are written, judged by dciodvfy and read back by dcmqi."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import clinical_files as tiny
import nibabel
import numpy as np
import pytest
from highdicom.seg import segread
from imaging_texts import AUTHORSHIP as DRAWN_BY
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    MRImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from lingseg.imaging.delineation import delineate, delineate_volume
from lingseg.imaging.dicom_capture import write_capture
from lingseg.imaging.dicom_film import write_film
from lingseg.imaging.dicom_object import dicom_context
from lingseg.imaging.dicom_report import write_report
from lingseg.imaging.dicom_segmentation import write_segmentation
from lingseg.imaging.packed_masks import PackedMasks
from lingseg.imaging.reading import decode_volume, read_volume

pytestmark = pytest.mark.pacs

HEIGHT, WIDTH = 40, 56
AUTHORSHIP = replace(
    DRAWN_BY, text="the lesion at the left, über 3 cm", model_name="default", side="image"
)
PATIENT = {
    "PatientID": "P-1",
    "PatientName": "Doe^Jane",
    "PatientSex": "F",
    "PatientBirthDate": "19500101",
    "StudyDate": "20200229",
    "StudyTime": "101112",
    "StudyID": "S",
    "AccessionNumber": "1",
    "ReferringPhysicianName": "",
    "SeriesNumber": 3,
    "InstanceNumber": 1,
    "BurnedInAnnotation": "NO",
}
PLACE = {
    "FrameOfReferenceUID": "1.2.3.3",
    "ImageOrientationPatient": list(tiny.AXIAL),
    "ImagePositionPatient": [1.0, 2.0, 3.0],
    "PixelSpacing": [1.5, 1.25],
    "SliceThickness": 4.0,
}


def noise(dtype=np.uint16, most=1_000, shape=(HEIGHT, WIDTH)):
    return np.random.default_rng(0).integers(0, most, shape).astype(dtype)


def mr_slice(number=0, pixels=None, **tags):
    position = [1.0, 2.0, 3.0 + 4.0 * number]
    tags = {
        **PATIENT,
        **PLACE,
        "ImagePositionPatient": position,
        "SOPInstanceUID": f"1.2.3.5.{number + 1}",
        "InstanceNumber": number + 1,
        **tags,
    }
    return tiny.with_pixels(
        tiny.blank(MRImageStorage, "MR", **tags), noise() if pixels is None else pixels
    )


def enhanced():
    made = tiny.enhanced_ct()
    for keyword, value in PATIENT.items():
        setattr(made, keyword, value)
    return made


SOURCES = {
    "ct": lambda: tiny.ct_slice(pixels=noise(np.int16, 2_000), **PATIENT),
    "ct that tells nothing": lambda: tiny.ct_slice(pixels=noise(np.int16), BurnedInAnnotation="NO"),
    "mr": mr_slice,
    "dx": lambda: tiny.film(
        noise(), ImagerPixelSpacing=[0.2, 0.2], ImageLaterality="L", PatientOrientation=["P", "F"],
        **PATIENT,
    ),
    "cr": lambda: tiny.with_pixels(
        tiny.blank(ComputedRadiographyImageStorage, "CR", PixelSpacing=[0.2, 0.2], **PATIENT),
        noise(),
        "MONOCHROME1",
    ),
    "us": lambda: tiny.ultrasound(noise(np.uint8, 256, (HEIGHT, WIDTH, 3)), **PATIENT),
    "secondary capture": lambda: tiny.with_pixels(
        tiny.blank(SecondaryCaptureImageStorage, "OT", **PATIENT), noise(np.uint8, 256)
    ),
    "enhanced ct": enhanced,
}  # fmt: skip


def drawn_on(volume, *, is_empty=False):
    """A square on every slice, and its probabilities."""
    masks = np.zeros((len(volume), *volume.size), dtype=bool)
    if not is_empty:
        height, width = volume.size
        masks[:, height // 4 : height // 2, width // 4 : width // 2 + 2] = True
    return masks, np.where(masks, 0.9, 0.1).astype(np.float32)


def write_all(folder, volume, *, is_deidentified=False, is_empty=False, authorship=AUTHORSHIP):
    """Write every kind of object about a volume; return the paths, the masks and the binary one."""
    images = list(volume)
    masks, probabilities = drawn_on(volume, is_empty=is_empty)
    sources = [image.source for image in images]
    context = dicom_context(sources, authorship, is_deidentified=is_deidentified)
    drawn = delineate_volume(volume, masks, probabilities, sources)
    binary, fractional, report, shown = (
        folder / f"{name}.dcm" for name in ("binary", "fractional", "report", "shown")
    )
    made = write_segmentation(binary, drawn, context)
    write_segmentation(fractional, drawn, context, is_fractional=True)
    write_report(report, drawn, made, context)
    if len(images) == 1:
        lone = delineate(images[0], masks[0], probabilities[0])
        write_capture(shown, images[0], lone, context)
    else:
        packed = PackedMasks(len(masks), volume.size)
        for number, mask in enumerate(masks):
            packed[number] = mask
        write_film(shown, volume, packed, context)
    return [binary, fractional, report, shown], masks


@pytest.mark.parametrize("is_deidentified", [False, True], ids=["named", "de-identified"])
@pytest.mark.parametrize("kind", SOURCES)
def test_what_is_made_of_a_picture_is_valid(dciodvfy, tmp_path, kind, is_deidentified):
    volume = decode_volume(tiny.saved(SOURCES[kind]()), kind)
    paths, _ = write_all(tmp_path, volume, is_deidentified=is_deidentified)
    assert {path.name: dciodvfy(path) for path in paths} == {path.name: [] for path in paths}


@pytest.mark.parametrize("drawn_by", ["model and person", "person"])
@pytest.mark.parametrize("kind", ["ct", "dx", "enhanced ct"])
def test_what_a_person_had_part_in_is_valid(dciodvfy, tmp_path, kind, drawn_by):
    volume = decode_volume(tiny.saved(SOURCES[kind]()), kind)
    authorship = replace(AUTHORSHIP, drawn_by=drawn_by)
    paths, _ = write_all(tmp_path, volume, authorship=authorship)
    assert {path.name: dciodvfy(path) for path in paths} == {path.name: [] for path in paths}


@pytest.mark.parametrize("kind", ["ct", "dx", "enhanced ct"])
def test_an_empty_mask_is_valid(dciodvfy, tmp_path, kind):
    volume = decode_volume(tiny.saved(SOURCES[kind]()), kind)
    paths, _ = write_all(tmp_path, volume, is_empty=True)
    assert {path.name: dciodvfy(path) for path in paths} == {path.name: [] for path in paths}


def test_what_is_made_of_a_series_is_valid(dciodvfy, tmp_path):
    slices = [mr_slice(number) for number in range(4)]
    volume = read_volume(tiny.save_series(tmp_path / "series", slices))
    paths, _ = write_all(tmp_path, volume)
    assert {path.name: dciodvfy(path) for path in paths} == {path.name: [] for path in paths}


def test_dciodvfy_finds_a_fault(dciodvfy, tmp_path):
    made = mr_slice()
    del made.SOPInstanceUID
    path = tmp_path / "broken.dcm"
    made.save_as(path, enforce_file_format=True)
    assert dciodvfy(path)


def test_a_film_of_many_frames_without_a_place_is_refused():
    frames = noise(np.uint8, 256, (3, HEIGHT, WIDTH, 3))
    kind = UltrasoundMultiFrameImageStorage
    made = tiny.with_pixels(tiny.blank(kind, "US", **PATIENT), frames, "RGB")
    volume = decode_volume(tiny.saved(made), "film")
    masks, probabilities = drawn_on(volume)
    sources = [image.source for image in volume]
    drawn = delineate_volume(volume, masks, probabilities, sources)
    with pytest.raises(ValueError, match="no FrameOfReferenceUID"):
        write_segmentation(Path("never.dcm"), drawn, dicom_context(sources, AUTHORSHIP))


def test_dcmqi_reads_the_same_voxels_at_the_same_place(dcmqi_program, tmp_path):
    slices = [mr_slice(number) for number in range(4)]
    volume = read_volume(tiny.save_series(tmp_path / "series", slices))
    paths, masks = write_all(tmp_path, volume)
    read = read_by_dcmqi(dcmqi_program("segimage2itkimage"), paths[0], tmp_path / "dcmqi")
    assert_same_place(read, masks, volume.affine)


def test_dcmqi_reads_the_report(dcmqi_program, tmp_path):
    slices = [mr_slice(number) for number in range(3)]
    volume = read_volume(tiny.save_series(tmp_path / "series", slices))
    paths, masks = write_all(tmp_path, volume)
    command = [dcmqi_program("tid1500reader"), "--inputDICOM", paths[2]]
    subprocess.run(
        [*command, "--outputMetadata", tmp_path / "report.json"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    group = json.loads((tmp_path / "report.json").read_text())["Measurements"][0]
    assert group["TrackingIdentifier"] == AUTHORSHIP.text
    expected = masks.sum() * 1.5 * 1.25 * 4.0
    assert float(group["measurementItems"][0]["value"]) == pytest.approx(expected)


def test_a_real_series_is_valid_and_comes_back(dciodvfy, dcmqi_program, tmp_path, livers):
    pictures, masks = livers
    slices = [mr_slice(number, pixels) for number, pixels in enumerate(pictures)]
    volume = read_volume(tiny.save_series(tmp_path / "series", slices))
    sources = [image.source for image in volume]
    drawn = delineate_volume(volume, masks, masks.astype(np.float32), sources)
    context = dicom_context(sources, AUTHORSHIP)
    made = write_segmentation(tmp_path / "seg.dcm", drawn, context)
    write_report(tmp_path / "sr.dcm", drawn, made, context)
    assert dciodvfy(tmp_path / "seg.dcm") + dciodvfy(tmp_path / "sr.dcm") == []
    by_highdicom = segread(tmp_path / "seg.dcm").get_pixels_by_source_instance(
        [source.sop_instance_uid for source in sources], combine_segments=False
    )
    np.testing.assert_array_equal(by_highdicom[..., 0].astype(bool), masks)
    read = read_by_dcmqi(dcmqi_program("segimage2itkimage"), tmp_path / "seg.dcm", tmp_path / "q")
    assert_same_place(read, masks, volume.affine)


def read_by_dcmqi(program, path, folder):
    """What dcmqi makes of a segmentation: a NIfTI file, of the slices that hold something."""
    folder.mkdir()
    command = [program, "--inputDICOM", path, "--outputDirectory", folder, "-t", "nii"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    (found,) = folder.glob("*.nii*")
    return nibabel.load(found)


def assert_same_place(read, masks, affine):
    """Every voxel of ours, and no other, is one of dcmqi's at the same millimetres."""
    slice_row_column = np.argwhere(masks)[:, [1, 2, 0]]
    ours = nibabel.affines.apply_affine(affine, slice_row_column)
    theirs = nibabel.affines.apply_affine(read.affine, np.argwhere(np.asarray(read.dataobj) > 0))
    assert len(ours) == len(theirs) > 0
    np.testing.assert_allclose(_sorted(ours), _sorted(theirs), atol=1e-3)


def _sorted(points):
    rounded = np.round(points, 2)
    return points[np.lexsort(rounded.T)]
