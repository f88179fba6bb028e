import json

import nibabel
import numpy as np
import pydicom
import pytest
from clinical_files import ct_image
from PIL import Image as PillowImage

from lingseg.imaging import read_mask
from lingseg.prediction import Request, Result
from lingseg.prediction.formats import FORMATS
from lingseg.prediction.saving import BY_SUFFIX


def result(mask=None, **changes) -> Result:
    if mask is None:
        mask = np.zeros((6, 9), bool)
        mask[1:3, 4:8] = True
    probabilities = np.where(mask, 0.8, 0.1).astype(np.float32)
    fields = {
        "request": Request(text="the lesion", side="image", threshold=0.5),
        "mask": mask,
        "probabilities": probabilities,
        "presence": 0.9,
        "spacing": None,
        "model_name": "fake",
        "model_hash": "ab" * 32,
        "input_hash": None,
    }
    return Result(**(fields | changes))


def test_area_and_centre_are_those_of_the_mask():
    assert result().area_pixels == 8
    assert result().centroid == (1.5, 5.5)
    assert result().area_mm2 is None
    assert result(spacing=(0.5, 2.0)).area_mm2 == 8.0


def test_confidence_is_the_mean_inside_or_that_of_the_absence():
    empty = np.zeros((6, 9), bool)
    assert result().confidence == pytest.approx(0.8)
    assert result(empty, presence=0.2).confidence == pytest.approx(0.8)
    assert result(empty, presence=None).confidence == pytest.approx(0.9)
    assert result(empty).centroid is None


@pytest.mark.parametrize(
    ("presence", "sure_from", "verdict"),
    [
        (0.9, None, "found"),
        (0.9, 0.9, "found"),
        (0.9, 0.91, "unsure"),
        (None, 0.91, "found"),
    ],
)
def test_what_is_drawn_is_unsure_below_the_sure_presence(presence, sure_from, verdict):
    drawn = result(presence=presence, presence_sure_from=sure_from)
    assert (drawn.verdict, drawn.as_record()["verdict"]) == (verdict, verdict)
    assert drawn.as_record()["is_found"]


def test_an_empty_mask_is_not_found_whatever_the_presence():
    empty = result(np.zeros((6, 9), bool), presence_sure_from=0.5)
    assert empty.verdict == "not found"
    assert not empty.as_record()["is_found"]


def test_a_saved_mask_comes_back_with_its_record_beside_it(tmp_path):
    result().save(tmp_path / "new" / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "new" / "mask.png").pixels, result().mask)
    with PillowImage.open(tmp_path / "new" / "mask.png") as picture:
        assert (picture.mode, picture.size) == ("L", (9, 6))
    record = json.loads((tmp_path / "new" / "mask.json").read_text(encoding="utf-8"))
    assert record["text"] == "the lesion"
    assert record["area_pixels"] == 8
    assert record["model_sha256"] == "ab" * 32
    assert record["note"] == "Research use only; not a medical device."
    assert {"side", "threshold", "confidence", "is_found", "input_sha256", "created"} <= set(record)


def test_the_name_of_the_file_says_the_format(tmp_path):
    scan = ct_image()
    drawn = np.zeros(scan.size, bool)
    drawn[1:3, 4:8] = True
    found = result(drawn, image=scan, spacing=scan.spacing)
    written = {}
    for suffix in BY_SUFFIX:
        found.save(tmp_path / f"a.b{suffix}")
        written[suffix] = {path.name for path in tmp_path.iterdir()}
        record = json.loads((tmp_path / "a.b.json").read_text(encoding="utf-8"))
        assert record["format"] == BY_SUFFIX[suffix]
        for path in tmp_path.iterdir():
            path.unlink()
    assert written.pop(".sr.dcm") == {"a.b.sr.dcm", "a.b.dcm", "a.b.json"}
    for suffix, names in written.items():
        assert names == {f"a.b{suffix}", "a.b.json"}
    assert {*BY_SUFFIX.values()} == {name for name, one in FORMATS.items() if not one.collection}


def test_saved_formats_hold_the_mask_and_the_place_of_the_picture(tmp_path):
    scan = ct_image()
    drawn = np.zeros(scan.size, bool)
    drawn[1:3, 4:8] = True
    found = result(drawn, image=scan, spacing=scan.spacing)
    found.save(tmp_path / "seg.DCM")
    seg = pydicom.dcmread(tmp_path / "seg.DCM")
    assert seg.Modality == "SEG"
    assert seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence[
        0
    ].ReferencedSOPInstanceUID == (scan.source.sop_instance_uid)
    np.testing.assert_array_equal(seg.pixel_array.astype(bool), drawn)
    found.save(tmp_path / "mask.nii")
    stored = nibabel.load(tmp_path / "mask.nii")
    np.testing.assert_array_equal(np.asarray(stored.dataobj)[..., 0].T > 0, drawn)
    np.testing.assert_allclose(stored.affine[:3, 3], scan.affine[:3, 3], atol=1e-4)


def test_a_deidentified_object_does_not_tell_the_patient(tmp_path, monkeypatch):
    monkeypatch.setenv("LINGSEG_DEIDENTIFICATION_KEY", str(tmp_path / "key"))
    scan = ct_image()
    result(np.ones(scan.size, bool), image=scan).save(tmp_path / "x.dcm", is_deidentified=True)
    assert pydicom.dcmread(tmp_path / "x.dcm").PatientName != "Doe^Jane"
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["is_deidentified"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("mask.gif", r"'mask\.gif' does not say .*\.png.*\.dcm"),
        (".png", r"'\.png' does not say"),
        ("mask.dcm", "not DICOM"),
    ],
)
def test_what_cannot_be_written_is_refused(name, line, tmp_path):
    with pytest.raises(ValueError, match=line):
        result().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_side_that_the_picture_does_not_show_is_warned_of(tmp_path):
    unseen = Request(text="the left one", side="patient", threshold=0.5, means_unseen_side=True)
    result(request=unseen).save(tmp_path / "mask.png")
    (line,) = json.loads((tmp_path / "mask.json").read_text(encoding="utf-8"))["warnings"]
    assert "patient's left" in line


def test_a_record_never_speaks_of_an_older_mask(tmp_path, monkeypatch):
    result().save(tmp_path / "mask.png")

    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PillowImage.Image, "save", full)
    with pytest.raises(OSError, match="No space left"):
        result(np.ones((6, 9), bool)).save(tmp_path / "mask.png")
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]


def test_disagreements_of_sentence_and_mask_are_plain_lines():
    two = Request(text="two lesions at the right", side="image", threshold=0.5)
    assert result(request=two).disagreements() == ("the sentence says two, the mask has one part",)
    assert result().disagreements() == ()


def test_disagreements_mind_whose_left_is_meant():
    left = Request(text="the lesion at the left", side="patient", threshold=0.5)
    assert result(request=left).disagreements() == ()
    (line,) = result(request=Request(text=left.text, side="image", threshold=0.5)).disagreements()
    assert "the picture's left, the mask lies on the picture's right" in line


def test_disagreements_without_scipy_name_the_extra(monkeypatch):
    monkeypatch.setattr("lingseg.imaging.parts.find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match=r"lingseg\[evaluate\]"):
        result().disagreements()
