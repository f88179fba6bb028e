from pathlib import Path

import pytest

from lingseg.prediction import jobs_file as module
from lingseg.prediction import read_jobs


def table(folder: Path, rows: str) -> Path:
    path = folder / "jobs.csv"
    path.write_text(f"image,text,output\n{rows}", encoding="utf-8")
    return path


def outputs(folder: Path, rows: str, **options) -> list[str]:
    jobs = read_jobs(table(folder, rows), folder / "out", **options)
    return [job.output.relative_to(folder / "out").as_posix() for job in jobs]


@pytest.mark.parametrize(
    ("format", "output", "expected"),
    [
        ("nifti", "x/scan.nii.gz", "x/scan.png"),
        ("nifti", "scan.NII.GZ", "scan.png"),
        ("dicom-seg", "scan.dcm", "scan.png"),
        ("dicom-seg-fractional", "scan.fractional.dcm", "scan.png"),
        ("dicom-sr", "scan.sr.dcm", "scan.png"),
        ("coco", "scan.png", "scan.png"),
        ("dicom-seg", "scan", "scan.png"),
        ("dicom-seg", "scan.png", "scan.png"),
        (None, "scan.nii.gz", "scan.png"),
        (None, "two.words.png", "two.words.png"),
    ],
)
def test_an_output_may_end_as_the_format_does_or_in_nothing(format, output, expected, tmp_path):  # noqa: A002
    assert outputs(tmp_path, f"a.png,left,{output}\n", format=format) == [expected]


@pytest.mark.parametrize(
    ("format", "output", "wanted"),
    [
        ("nifti", "scan.dcm", ".nii.gz"),
        ("dicom-seg", "scan.nii.gz", ".dcm"),
        (None, "scan.dcm", ".png"),
        ("png", ".nii.gz", ".png"),
    ],
)
def test_an_output_that_ends_otherwise_is_refused(format, output, wanted, tmp_path):  # noqa: A002
    with pytest.raises(ValueError, match=rf"line 2: output .* does not end in {wanted}"):
        outputs(tmp_path, f"a.png,left,{output}\n", format=format)


def test_masks_of_one_format_do_not_meet_the_files_of_another_job(tmp_path):
    rows = "a.png,left,x\nb.png,left,x.sr.png\n"
    assert outputs(tmp_path, rows, format="png") == ["x.png", "x.sr.png"]
    with pytest.raises(ValueError, match=r"x\.sr\.dcm would be written twice"):
        outputs(tmp_path, rows, format="dicom-sr")


def test_the_file_for_all_masks_is_nobody_s_record(tmp_path):
    with pytest.raises(ValueError, match=r"coco\.json would be written twice"):
        outputs(tmp_path, "a.png,left,coco\n", format="coco")


def test_an_error_in_the_last_row_is_found_before_any_job_is_given(tmp_path):
    rows = "".join(f"{number}.png,left,\n" for number in range(50)) + "b.png,left,../x\n"
    with pytest.raises(ValueError, match="line 52: output"):
        read_jobs(table(tmp_path, rows), tmp_path / "out")


def test_a_table_may_not_send_anybody_to_another_machine(tmp_path):
    rows = "dicomweb://host/studies/1.2/series/1.3,left,\n"
    with pytest.raises(ValueError, match=r"line 2: .* is an address; a table names files only"):
        read_jobs(table(tmp_path, rows), tmp_path / "out")


@pytest.mark.parametrize("rows", ["a.png," + "x" * 500 + ",\n", 'a.png,"x\n' + "y\n" * 300])
def test_a_row_without_an_end_is_not_read_into_memory(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_ROW_CHARACTERS", 400)
    with pytest.raises(ValueError, match="a row of more than 400 characters"):
        read_jobs(table(tmp_path, rows), tmp_path / "out")


def test_many_short_rows_are_no_long_one(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_ROW_CHARACTERS", 400)
    rows = "".join(f"{number}.png,left,\n" for number in range(100))
    assert len(read_jobs(table(tmp_path, rows), tmp_path / "out")) == 100


def test_a_picture_whose_name_is_too_long_for_the_disk_stops_no_table(tmp_path):
    assert outputs(tmp_path, f"{'a' * 300}.png,left,x\nb.png,left,y\n") == ["x.png", "y.png"]
