"""A volume's answer in every format, read back by other libraries."""

from dataclasses import replace

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
from clinical_files import ct_slice, enhanced_ct, save_series, saved
from fake_bundle import write_fake_bundle

from lingseg.imaging import read_volume
from lingseg.imaging.dicom_film import write_film
from lingseg.imaging.packed_masks import PackedMasks
from lingseg.prediction import load
from lingseg.prediction.formats import FORMATS, Answer
from lingseg.prediction.volume import segment_volume

PATIENT = {
    "PatientName": "Doe^Jane",
    "PatientID": "P-1",
    "StudyDate": "20240229",
    "BurnedInAnnotation": "NO",
}
ABLE = [name for name, one in FORMATS.items() if one.takes_volumes]


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(0)
    slices = [
        ct_slice(number, pixels=(rng.random((7, 10)) * 1400 + 500).astype(np.int16), **PATIENT)
        for number in range(4)
    ]
    slices[2].PixelData = np.full((7, 10), 100, np.int16).tobytes()  # too dark for anything
    volume = read_volume(save_series(folder / "series", slices))
    model = load(write_fake_bundle(folder / "fake.lingseg"), threads=1)
    (result,) = segment_volume(model, volume, ["bright"], keeps_probabilities=True)
    assert result.found_slices == (0, 1, 3)
    return Answer(result=result, image=volume)


def written(answer, name, folder):
    FORMATS[name].write(folder / "mask.png", answer)
    paths = FORMATS[name].paths(folder / "mask.png")
    assert sorted(folder.iterdir()) == sorted(paths)
    return paths


def uids(answer):
    return [source.sop_instance_uid for source in answer.sources]


def test_nifti_holds_the_masks_on_the_grid_of_the_series(answer, tmp_path):
    mask = nibabel.load(written(answer, "nifti", tmp_path)[0])
    np.testing.assert_array_equal(np.asarray(mask.dataobj).transpose(2, 1, 0), answer.result.masks)
    np.testing.assert_allclose(mask.affine, answer.image.affine[:, [1, 0, 2, 3]], atol=1e-5)


def test_a_segmentation_has_the_frames_of_the_slices_that_were_drawn_on(answer, tmp_path):
    path = written(answer, "dicom-seg", tmp_path)[0]
    read = highdicom.seg.segread(path)
    assert read.NumberOfFrames == 3
    pixels = read.get_pixels_by_source_instance(uids(answer), assert_missing_frames_are_empty=True)
    np.testing.assert_array_equal(pixels[..., 0] > 0, answer.result.masks)


def test_a_fractional_segmentation_has_the_probabilities_of_every_slice(answer, tmp_path):
    read = highdicom.seg.segread(written(answer, "dicom-seg-fractional", tmp_path)[0])
    pixels = read.get_pixels_by_source_instance(
        uids(answer), rescale_fractional=False, assert_missing_frames_are_empty=True
    )
    np.testing.assert_array_equal(pixels[..., 0], answer.result.probabilities)


def test_a_report_tells_the_volume(answer, tmp_path):
    report = pydicom.dcmread(written(answer, "dicom-sr", tmp_path)[1])
    values = [element.value for element in report.iterall() if element.keyword == "NumericValue"]
    assert float(values[0]) == pytest.approx(answer.result.volume_ml * 1000)


def test_a_secondary_capture_has_a_page_for_every_slice_that_was_drawn_on(answer, tmp_path):
    film = pydicom.dcmread(written(answer, "secondary-capture", tmp_path)[0])
    assert film.SOPClassUID.name == "Multi-frame True Color Secondary Capture Image Storage"
    assert list(film.PageNumberVector) == [1, 2, 4]
    pixels = film.pixel_array
    assert pixels.shape == (3, 7, 10, 3)
    for page, number in zip(pixels, (0, 1, 3), strict=True):
        coloured = (page[..., 1] != page[..., 0]) | (page[..., 2] != page[..., 0])
        np.testing.assert_array_equal(coloured, answer.result.masks[number])


def test_a_capture_of_nothing_shows_the_middle(answer, tmp_path):
    path = tmp_path / "film.dcm"
    write_film(path, answer.image, PackedMasks(4, (7, 10)), answer.context())
    assert "NumberOfFrames" not in pydicom.dcmread(path)


def test_a_capture_that_is_too_long_is_refused(answer, tmp_path, monkeypatch):
    monkeypatch.setattr("lingseg.imaging.dicom_film.MAX_FILM_BYTES", 600)
    with pytest.raises(ValueError, match=r"3 slices has 630 bytes; at most 600"):
        written(answer, "secondary-capture", tmp_path)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(ABLE)))
def test_formats_of_one_picture_refuse_a_volume_and_name_those_that_can(answer, tmp_path, name):
    with pytest.raises(ValueError, match=r"Choose --format nifti, dicom-seg, .* or second"):
        FORMATS[name].write(tmp_path / "mask.png", answer)
    assert not list(tmp_path.iterdir())


def test_probabilities_that_were_not_kept_are_missed(answer, tmp_path):
    without = replace(answer, result=replace(answer.result, steps=()))
    with pytest.raises(ValueError, match="no probabilities were kept"):
        written(without, "dicom-seg-fractional", tmp_path)


def test_a_deidentified_capture_is_refused_where_pixels_may_show_a_name(answer, tmp_path):
    for source in answer.sources:
        del source.header.BurnedInAnnotation
    try:
        with pytest.raises(ValueError, match="may show the patient's name"):
            written(replace(answer, is_deidentified=True), "secondary-capture", tmp_path)
    finally:
        for source in answer.sources:
            source.header.BurnedInAnnotation = "NO"


def test_a_result_and_what_it_was_drawn_on_belong_together(answer):
    with pytest.raises(TypeError, match="VolumeResult was given with a Image"):
        Answer(result=answer.result, image=answer.image.image(0))


def test_a_deidentified_capture_names_nobody(answer, tmp_path):
    path = written(replace(answer, is_deidentified=True), "secondary-capture", tmp_path)[0]
    film = pydicom.dcmread(path)
    assert str(film.PatientName) != "Doe^Jane"
    assert film.StudyInstanceUID != "1.2.3.1"
    assert film.pixel_array.shape == (3, 7, 10, 3)


def test_frames_of_one_file_have_the_probabilities_of_their_places(tmp_path):
    dataset = enhanced_ct(heights=(9.0, 3.0, 6.0))
    for keyword, value in PATIENT.items():
        setattr(dataset, keyword, value)
    rng = np.random.default_rng(1)
    dataset.PixelData = (rng.random((3, 7, 10)) * 700 + 250).astype(np.int16).tobytes()
    (tmp_path / "scan.dcm").write_bytes(saved(dataset))
    volume = read_volume(tmp_path / "scan.dcm")
    model = load(write_fake_bundle(tmp_path / "fake.lingseg"), threads=1)
    (result,) = segment_volume(model, volume, ["bright"], keeps_probabilities=True)
    (tmp_path / "out").mkdir()
    answer = Answer(result=result, image=volume)
    read = highdicom.seg.segread(written(answer, "dicom-seg-fractional", tmp_path / "out")[0])
    pixels = read.get_pixels_by_source_frame(
        "1.2.3.4.1", [source.frame for source in result.sources], rescale_fractional=False
    )
    np.testing.assert_array_equal(pixels[..., 0], result.probabilities)
    assert [source.frame for source in result.sources] == [2, 3, 1]
