"""A sentence asked of a study in a real archive, and the answer found in that study."""

import tempfile
from io import BytesIO
from itertools import islice
from pathlib import Path

import clinical_files as tiny
import numpy as np
import pytest
from highdicom.seg import segread
from pydicom import dcmread
from pydicom.uid import DigitalXRayImageStorageForPresentation, MRImageStorage, generate_uid

from lingseg.cli.main import run
from lingseg.datasets.phantom import draw_phantom

pytestmark = [pytest.mark.pacs, pytest.mark.allow_hosts(["127.0.0.1"])]

INSTANCE, SERIES, MODALITY = "00080018", "0020000E", "00080060"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch, tmp_path):
    monkeypatch.setenv("LINGSEG_PACS_USER", "lingseg")
    monkeypatch.setenv("LINGSEG_PACS_PASSWORD", "s3cret")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def phantom_slices(count=3):
    """Pictures in each of which something light can be asked for."""
    rng = np.random.default_rng(3)
    drawn = (draw_phantom(rng, (96, 128)).pixels for _ in range(1_000))
    return list(islice((pixels for pixels in drawn if pixels.ndim == 2), count))


def as_series(pictures, study, **tags):
    """The slices of an MR series in a study of their own."""
    series = generate_uid()
    made = []
    for number, pixels in enumerate(pictures):
        place = {
            "StudyInstanceUID": study,
            "SeriesInstanceUID": series,
            "SOPInstanceUID": generate_uid(),
            "FrameOfReferenceUID": series,
            "ImageOrientationPatient": list(tiny.AXIAL),
            "ImagePositionPatient": [1.0, 2.0, 3.0 + 4.0 * number],
            "PixelSpacing": [1.5, 1.25],
            "SliceThickness": 4.0,
            "InstanceNumber": number + 1,
            "PatientID": "P-1",
            "PatientName": "Doe^Jane",
            **tags,
        }
        place = {keyword: value for keyword, value in place.items() if value is not None}
        made.append(tiny.with_pixels(tiny.blank(MRImageStorage, "MR", **place), pixels))
    return made


def upload(orthanc, slices, folder=None):
    """Put a series into the archive and, for the local run, into a folder; return its address."""
    for number, one in enumerate(slices):
        content = tiny.saved(one)
        orthanc.upload(content)
        if folder is not None:
            folder.mkdir(exist_ok=True)
            (folder / f"{number:03d}.dcm").write_bytes(content)
    first = slices[0]
    return f"{orthanc.root}/studies/{first.StudyInstanceUID}/series/{first.SeriesInstanceUID}"


def found_in(orthanc, study, modality):
    """The instances of a kind that QIDO-RS finds in a study, fetched by WADO-RS."""
    fetched = []
    for series in orthanc.search(f"/studies/{study}/series"):
        if series[MODALITY] == modality:
            where = f"/studies/{study}/series/{series[SERIES]}/instances"
            for entry in orthanc.search(where):
                status, body = orthanc.ask(
                    "GET",
                    f"/dicom-web{where}/{entry[INSTANCE]}",
                    accept='multipart/related; type="application/dicom"; transfer-syntax=*',
                )
                assert status == 200
                start = body.index(b"\r\n\r\n") + 4
                fetched.append(body[start : body.rindex(b"\r\n--")])
    return fetched


def masks_of(segmentation, slices):
    """What a segmentation holds for each slice."""
    return segmentation.get_pixels_by_source_instance(
        [one.SOPInstanceUID for one in slices],
        combine_segments=False,
        ignore_spatial_locations=True,
        assert_missing_frames_are_empty=True,
    )[..., 0]


@pytest.fixture(params=["phantoms", "real"])
def series(request):
    """The slices of a series, and a sentence that finds something in it."""
    if request.param == "phantoms":
        return as_series(phantom_slices(), generate_uid()), "the lesion at the left"
    return as_series(request.getfixturevalue("livers")[0], generate_uid()), "the liver"


def test_the_answer_to_a_series_lies_in_its_study_voxel_for_voxel(
    orthanc, tmp_path, capsys, series
):
    slices, text = series
    address = upload(orthanc, slices, tmp_path / "local")
    asked = ["-p", text, "--quiet"]
    assert run(["predict", address, *asked, "--store", "-o", "remote-out"]) == 0
    assert run(["predict", "local", *asked, "--format", "dicom-seg", "-o", "local-out"]) == 0
    assert capsys.readouterr().err == ""

    (stored,) = found_in(orthanc, slices[0].StudyInstanceUID, "SEG")
    (local,) = (tmp_path / "local-out").glob("*.dcm")
    remote = segread(BytesIO(stored))
    ours = masks_of(remote, slices)
    assert ours.any()
    np.testing.assert_array_equal(ours, masks_of(segread(local), slices))

    (referenced,) = remote.ReferencedSeriesSequence
    assert referenced.SeriesInstanceUID == slices[0].SeriesInstanceUID
    named = {one.ReferencedSOPInstanceUID for one in referenced.ReferencedInstanceSequence}
    assert named <= {one.SOPInstanceUID for one in slices}
    (on_disk,) = (tmp_path / "remote-out").glob("*.dcm")
    assert on_disk.read_bytes() == stored
    assert not list(tmp_path.glob("lingseg-*"))


def test_the_same_question_again_stores_no_twin(orthanc, capsys):
    slices = as_series(phantom_slices(1), generate_uid())
    address = upload(orthanc, slices)
    for out, said in (("out", "0 from"), ("out", "1 from"), ("drawn anew", "0 from")):
        assert run(["predict", address, "-p", "the lesion", "--store", "-o", out]) == 0
        assert said in capsys.readouterr().out
    assert len(found_in(orthanc, slices[0].StudyInstanceUID, "SEG")) == 1


def test_a_report_is_stored_with_the_segmentation_that_it_names(orthanc):
    slices = as_series(phantom_slices(1), generate_uid())
    address = upload(orthanc, slices)
    asked = ["-p", "the lesion", "--format", "dicom-sr", "--store", "-o", "out", "--quiet"]
    assert run(["predict", address, *asked]) == 0
    study = slices[0].StudyInstanceUID
    (report,) = found_in(orthanc, study, "SR")
    (segmentation,) = found_in(orthanc, study, "SEG")
    uid = dcmread(BytesIO(segmentation)).SOPInstanceUID
    evidence = dcmread(BytesIO(report)).CurrentRequestedProcedureEvidenceSequence[0]
    named = [
        one.ReferencedSOPInstanceUID
        for series in evidence.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    ]
    assert uid in named


def test_a_study_with_one_series_of_pictures_is_enough(orthanc):
    slices = as_series(phantom_slices(2), generate_uid())
    study = upload(orthanc, slices).partition("/series/")[0]
    asked = ["-p", "the lesion", "--store", "--quiet", "-o"]
    assert run(["predict", study, *asked, "first"]) == 0
    assert run(["predict", study, *asked, "second"]) == 0  # its SEG is no picture


def test_of_several_series_none_is_chosen(orthanc, capsys):
    study = generate_uid()
    addresses = [upload(orthanc, as_series(phantom_slices(1), study)) for _ in range(2)]
    assert run(["predict", addresses[0].partition("/series/")[0], "-p", "x", "--store"]) == 2
    said = capsys.readouterr().err
    assert all(address.rpartition("/")[2] in said for address in addresses)


def test_a_picture_without_a_place_gets_its_answer(orthanc):
    nowhere = ("FrameOfReferenceUID", "ImageOrientationPatient", "ImagePositionPatient")
    kind = {"SOPClassUID": DigitalXRayImageStorageForPresentation, "Modality": "DX"}
    slices = as_series(phantom_slices(2), generate_uid(), **dict.fromkeys(nowhere), **kind)
    address = upload(orthanc, slices)
    asked = ["-p", "the lesion", "--store", "--quiet", "-o", "out"]
    assert run(["predict", f"{address}/instances/{slices[0].SOPInstanceUID}", *asked]) == 0
    (stored,) = found_in(orthanc, slices[0].StudyInstanceUID, "SEG")
    referenced = dcmread(BytesIO(stored)).ReferencedSeriesSequence[0]
    assert referenced.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == (
        slices[0].SOPInstanceUID
    )


def test_wrong_credentials_are_one_line_without_them(orthanc, monkeypatch, capsys):
    address = upload(orthanc, as_series(phantom_slices(1), generate_uid()))
    monkeypatch.setenv("LINGSEG_PACS_PASSWORD", "wr0ng-one")
    assert run(["predict", address, "-p", "the lesion", "--store"]) == 2
    shown = capsys.readouterr()
    assert "answered 401 (Unauthorized)" in shown.err
    assert "wr0ng-one" not in shown.out + shown.err


def test_what_is_not_there_is_one_line_and_the_rest_is_done(orthanc, capsys):
    address = upload(orthanc, as_series(phantom_slices(1), generate_uid()))
    missing = f"{address.rpartition('/')[0]}/1.2.3.999"
    lone = f"{address}/instances/1.2.3.999"
    assert run(["predict", missing, address, lone, "-p", "the lesion", "--store", "-q"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert sum("no pictures in this series" in line for line in said) == 1
    assert sum("answered 404" in line for line in said) == 1
    assert len(list(Path("lingseg-masks").glob("*.dcm"))) == 1
