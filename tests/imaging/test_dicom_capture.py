from dataclasses import replace

import numpy as np
import pydicom
import pytest
from clinical_files import ct_image, ct_source
from imaging_texts import AUTHORSHIP

from lingseg.imaging import as_rgb, draw_overlay
from lingseg.imaging.delineation import Delineation, delineate
from lingseg.imaging.dicom_capture import write_capture
from lingseg.imaging.dicom_object import dicom_context

MASK = np.random.default_rng(1).random((7, 10)) > 0.5


def write(path, image, **options):
    context = dicom_context([image.source], AUTHORSHIP, **options)
    write_capture(path, image, delineate(image, MASK, MASK.astype(np.float32)), context)
    return pydicom.dcmread(path)


def test_the_overlay_comes_back_pixel_by_pixel(tmp_path):
    image = ct_image()
    read = write(tmp_path / "sc.dcm", image)
    assert read.SOPClassUID.name == "Secondary Capture Image Storage"
    np.testing.assert_array_equal(read.pixel_array, draw_overlay(as_rgb(image), MASK))
    assert read.PatientID == "P-4711"


def test_it_says_to_where_its_rows_and_columns_run(tmp_path):
    assert list(write(tmp_path / "sc.dcm", ct_image()).PatientOrientation) == ["L", "F"]
    turned = replace(ct_image(), affine=np.diag([1.0, -2.0, 3.0, 1.0]))
    assert list(write(tmp_path / "sc.dcm", turned).PatientOrientation) == ["P", "R"]
    unknown = replace(ct_image(), affine=None)
    assert not write(tmp_path / "sc.dcm", unknown).PatientOrientation


@pytest.mark.parametrize(
    ("known", "written"), [("left", "L"), ("right", "R"), ("both", ""), (None, "")]
)
def test_it_says_which_side_it_shows_or_that_it_is_not_known(tmp_path, known, written):
    image = ct_image()
    image = replace(image, source=replace(image.source, laterality=known))
    assert write(tmp_path / "sc.dcm", image)["Laterality"].value == written


def test_what_may_show_a_name_is_not_called_deidentified(tmp_path):
    assert write(tmp_path / "sc.dcm", ct_image(), is_deidentified=True).PatientName == ""
    for value in ("YES", None):
        with pytest.raises(ValueError, match="BurnedInAnnotation"):
            write(tmp_path / "bad.dcm", ct_image(BurnedInAnnotation=value), is_deidentified=True)
    assert not (tmp_path / "bad.dcm").exists()
    assert (
        write(tmp_path / "sc.dcm", ct_image(BurnedInAnnotation="YES")).BurnedInAnnotation == "YES"
    )


def test_a_stack_is_refused(tmp_path):
    masks = np.zeros((2, 7, 10), bool)
    drawn = Delineation(masks=masks, probabilities=masks.astype(np.float32))
    with pytest.raises(ValueError, match="2 were given"):
        write_capture(
            tmp_path / "sc.dcm", ct_image(), drawn, dicom_context([ct_source()], AUTHORSHIP)
        )
