"""A batch in every format: what is written, what is done again, what is refused."""

import json
import re
import struct
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from clinical_files import ct_header

from lingseg.prediction import BatchOptions, collect, make_jobs, run_jobs
from lingseg.prediction.formats import FORMATS, dicom_seg

PNG = BatchOptions(side="image", threshold=0.5)


@pytest.fixture
def scan(tmp_path):
    """One CT slice, as a file."""
    header = ct_header()
    header.PhotometricInterpretation, header.SamplesPerPixel = "MONOCHROME2", 1
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, 16, 15
    header.PixelRepresentation, header.RescaleSlope, header.RescaleIntercept = 1, 1, 0
    header.RescaleType = "HU"
    pixels = np.linspace(-400, 400, 70).astype(np.int16).reshape(7, 10)
    header.PixelData = pixels.tobytes()
    path = tmp_path / "scan.dcm"
    header.save_as(path, enforce_file_format=True)
    return path


def run(model, path, options, *, texts=("right",)):
    out = path.parent / "out"
    outcomes = list(run_jobs(model, make_jobs([path], texts, out), options))
    return outcomes, out


@pytest.mark.parametrize(
    "error", [IndexError(3), AttributeError("x"), struct.error(), RuntimeError()]
)
def test_a_writer_that_stumbles_fails_its_picture_alone(model, scan, monkeypatch, error):
    def stumble(*_arguments, **_named):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(dicom_seg, "write_segmentation", stumble)
        (outcome,), out = run(model, scan, replace(PNG, format="dicom-seg"))
    assert f"{scan}: it could not be written in this format ({type(error).__name__})" in (
        outcome.failure
    )
    assert not list(out.glob("*.json"))


def test_a_full_disk_is_no_fault_of_the_picture(model, scan, monkeypatch):
    def full(*_arguments, **_named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dicom_seg, "write_segmentation", full)
    with pytest.raises(OSError, match="No space left"):
        run(model, scan, replace(PNG, format="dicom-seg"))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_its_files_and_its_record_and_is_not_done_twice(model, scan, name):
    options = replace(PNG, format=name)
    (outcome,), out = run(model, scan, options)
    assert outcome.failure is None
    collected = collect([outcome], options, out)
    names = {path.name for path in out.iterdir()} - {collected and collected.name}
    stem = "scan--right"
    assert names == {f"{stem}.json", *(stem + suffix for suffix in FORMATS[name].suffixes)}
    record = json.loads((out / f"{stem}.json").read_text(encoding="utf-8"))
    assert record["format"] == ("png" if FORMATS[name].collection else name)
    (again,), _ = run(model, scan, options)
    assert again.was_done
    (other,), _ = run(model, scan, replace(options, format="png" if name == "nifti" else "nifti"))
    assert not other.was_done


def test_the_segmentation_holds_the_mask_that_png_holds(model, scan):
    expected = model.segment(scan, "right").mask
    run(model, scan, replace(PNG, format="dicom-seg"))
    read = pydicom.dcmread(scan.parent / "out" / "scan--right.dcm")
    np.testing.assert_array_equal(read.pixel_array.reshape(expected.shape) > 0, expected)
    assert expected.any()


def test_a_deidentified_record_does_not_name_the_file(model, scan):
    (outcome,), _ = run(model, scan, replace(PNG, format="dicom-seg", is_deidentified=True))
    assert re.fullmatch("picture-[0-9a-f]{16}", outcome.record["input"])
    (again,), _ = run(model, scan, replace(PNG, format="dicom-seg"))
    assert not again.was_done


def test_burned_in_text_is_warned_of(model, scan):
    header = pydicom.dcmread(scan)
    header.BurnedInAnnotation = "YES"
    header.save_as(scan)
    (outcome,), _ = run(model, scan, PNG)
    assert "burned into its pixels" in outcome.record["warnings"][0]


def test_a_picture_that_is_not_dicom_fails_alone(model, scan):
    from PIL import Image as PillowImage

    film = scan.with_name("film.png")
    PillowImage.new("L", (10, 7), 200).save(film)
    jobs = make_jobs([film, scan], ["right"], scan.parent / "out")
    outcomes = list(run_jobs(model, jobs, replace(PNG, format="dicom-seg")))
    assert "not DICOM" in outcomes[0].failure
    assert outcomes[1].record is not None


def test_a_picture_is_never_written_over(model, scan):
    (job,) = make_jobs([scan], ["right"], scan.parent)
    job = replace(job, output=scan.with_suffix(".png"))
    with pytest.raises(ValueError, match="written over"):
        list(run_jobs(model, [job], replace(PNG, format="dicom-seg")))
    assert pydicom.dcmread(scan).PatientID == "P-4711"


def test_a_deidentified_overlay_is_refused_where_pixels_may_show_a_name(model, scan):
    options = replace(PNG, has_overlay=True, is_deidentified=True)
    (sound,), _ = run(model, scan, options)
    assert sound.failure is None
    header = pydicom.dcmread(scan)
    del header.BurnedInAnnotation
    header.save_as(scan)
    (outcome,), out = run(model, scan, options, texts=("left",))
    assert "burned" in outcome.failure
    assert not list(out.glob("*left*"))


def test_one_annotation_file_after_another_predicts_nothing_again(model, scan):
    run(model, scan, replace(PNG, format="coco"))
    for name in ("cvat", "png"):
        (again,), _ = run(model, scan, replace(PNG, format=name))
        assert again.was_done


def test_a_patient_with_one_name_gives_no_remark_of_a_library(model, scan):
    header = pydicom.dcmread(scan)
    header.PatientName = "Jane"
    header.save_as(scan)
    (outcome,), _ = run(model, scan, replace(PNG, format="dicom-seg"))  # a warning is an error
    assert outcome.failure is None
