import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from clinical_files import FRAME_OF_REFERENCE, SERIES, SPACING, STUDY, ct_source, position
from imaging_texts import AUTHORSHIP
from pydicom.uid import UID

from lingseg.imaging.deidentification import (
    KEY_VARIABLE,
    MIN_KEY_BYTES,
    _key_at,
    _new_key,
    need_deidentification,
    pseudonym_of,
    pseudonym_of_uid,
)
from lingseg.imaging.delineation import Delineation
from lingseg.imaging.dicom_object import dicom_context
from lingseg.imaging.dicom_report import write_report
from lingseg.imaging.dicom_segmentation import write_segmentation

IDENTIFYING = (
    "Doe", "Jane", "P-4711", "19501231", "20240229", "101112", "S-4712", "A-4713", "House",
    "Secret", "SECRET", STUDY, SERIES, FRAME_OF_REFERENCE, "1.2.3.4.1", "cd" * 32,
)  # fmt: skip


@pytest.fixture
def written(tmp_path):
    sources = [ct_source(number) for number in range(2)]
    masks = np.ones((2, 7, 10), bool)
    drawn = Delineation(masks=masks, probabilities=masks.astype(np.float32), spacing=SPACING)
    context = dicom_context(sources, AUTHORSHIP, is_deidentified=True)
    segmentation = write_segmentation(tmp_path / "seg.dcm", drawn, context)
    write_report(tmp_path / "sr.dcm", drawn, segmentation, context)
    return tmp_path


@pytest.mark.parametrize("name", ["seg.dcm", "sr.dcm"])
def test_nothing_that_tells_the_patient_is_in_the_file(written, name):
    data = (written / name).read_bytes()
    for told in IDENTIFYING:
        assert told.encode() not in data


@pytest.mark.parametrize("name", ["seg.dcm", "sr.dcm"])
def test_no_date_is_left_but_the_profiles_dummy(written, name):
    found = []
    pydicom.dcmread(written / name).walk(
        lambda _, element: found.append(str(element.value)) if element.VR in ("DA", "DT") else None
    )
    assert found
    assert {date[:8] for date in found if date} == {"19000101"}


def test_the_object_says_that_and_how_it_was_deidentified(written):
    read = pydicom.dcmread(written / "seg.dcm")
    assert read.PatientIdentityRemoved == "YES"
    assert read.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert read.LongitudinalTemporalInformationModified == "REMOVED"
    assert read.PatientName == ""


def test_objects_of_one_answer_stay_together(written):
    segmentation, report = (pydicom.dcmread(written / name) for name in ("seg.dcm", "sr.dcm"))
    assert segmentation.StudyInstanceUID == report.StudyInstanceUID != STUDY
    (evidence,) = report.CurrentRequestedProcedureEvidenceSequence
    named = {
        one.ReferencedSOPInstanceUID
        for series in evidence.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }
    assert segmentation.SOPInstanceUID in named
    assert len(named) == 3


def test_patients_stay_apart_and_without_a_name(written):
    ids = set()
    for patient in ("P-4711", "P-4711", "P-4712"):
        source = ct_source(PatientID=patient)
        ids.add(dicom_context([source], AUTHORSHIP, is_deidentified=True).first.PatientID)
    assert len(ids) == 2
    assert pydicom.dcmread(written / "seg.dcm").PatientID in ids
    assert all(re.fullmatch("patient-[0-9a-f]{16}", one) for one in ids)
    nobody = dicom_context([ct_source(PatientID="")], AUTHORSHIP, is_deidentified=True)
    assert not nobody.first.PatientID


def test_geometry_and_mask_are_kept(written):
    read = pydicom.dcmread(written / "seg.dcm")
    positions = [
        [float(value) for value in item.PlanePositionSequence[0].ImagePositionPatient]
        for item in read.PerFrameFunctionalGroupsSequence
    ]
    np.testing.assert_allclose(
        sorted(positions), sorted([position(0), position(1)], key=list), atol=1e-4
    )
    assert read.pixel_array.all()


def test_another_answer_of_the_same_process_keeps_the_study(written):
    context = dicom_context([ct_source(1)], AUTHORSHIP, is_deidentified=True)
    assert context.first.StudyInstanceUID == pydicom.dcmread(written / "seg.dcm").StudyInstanceUID


def test_another_process_with_the_same_key_gives_the_same_uids(written, tmp_path):
    script = (
        "from lingseg.imaging.deidentification import *;"
        f"print(pseudonym_of_uid({STUDY!r}), pseudonym_of({str(tmp_path / 'a.dcm')!r}))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    uid, pseudonym = ran.stdout.split()
    assert uid == pydicom.dcmread(written / "seg.dcm").StudyInstanceUID
    assert pseudonym == pseudonym_of(tmp_path / "a.dcm")


def test_another_key_gives_other_uids_and_names(tmp_path, monkeypatch):
    told = pseudonym_of_uid(STUDY), pseudonym_of(tmp_path / "a.dcm")
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "other.key"))
    others = pseudonym_of_uid(STUDY), pseudonym_of(tmp_path / "a.dcm")
    assert set(told).isdisjoint(others)
    assert re.fullmatch(r"picture-[0-9a-f]{16}", others[1])
    assert UID(others[0]).is_valid


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path, monkeypatch):
    path = tmp_path / "settings" / "lingseg" / "deidentification.key"
    monkeypatch.delenv(KEY_VARIABLE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    before = pseudonym_of_uid(STUDY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    _key_at.cache_clear()
    assert pseudonym_of_uid(STUDY) == before


def test_a_key_that_another_process_made_meanwhile_is_taken(tmp_path):
    path = tmp_path / "deidentification.key"
    path.write_bytes(b"k" * MIN_KEY_BYTES)
    assert _new_key(path) == b"k" * MIN_KEY_BYTES
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_that_is_no_secret_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "short.key"
    path.write_bytes(b"secret")
    monkeypatch.setenv(KEY_VARIABLE, str(path))
    with pytest.raises(ValueError, match="has 6 bytes; expected a secret of 16 to 4096"):
        pseudonym_of_uid(STUDY)


def test_a_picture_has_one_pseudonym_however_its_path_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert pseudonym_of(Path("a.dcm")) == pseudonym_of(tmp_path / "folder" / ".." / "a.dcm")
    assert pseudonym_of(Path("a.dcm")) != pseudonym_of(Path("b.dcm"))
    assert pseudonym_of("dicomweb://host/a") == pseudonym_of("dicomweb://host/a")


def test_the_source_itself_is_not_changed():
    source = ct_source()
    dicom_context([source], AUTHORSHIP, is_deidentified=True)
    assert source.header == ct_source().header


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("lingseg.imaging.deidentification.find_spec", lambda _: None)
    with pytest.raises(ValueError, match="pip install"):
        need_deidentification()
