"""A batch of volumes, in folders and zips, beside ordinary pictures."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from clinical_files import ct_slice, film, save_series, saved
from loopback_archive import running_archive
from PIL import Image as PillowImage

from lingseg.imaging import read_volume
from lingseg.imaging.parts import CleanUp
from lingseg.prediction import BatchOptions, find_images, make_jobs, run_jobs

OPTIONS = BatchOptions(side="image", threshold=0.5)


@pytest.fixture
def series(tmp_path) -> Path:
    """A folder with a CT of three slices, each with a bright spot somewhere else."""
    folder = tmp_path / "scans" / "CT"
    slices = []
    for number in range(3):
        pixels = np.full((6, 10), 800, dtype=np.int16)
        pixels[1 + number : 3 + number, 2:5] = 1500
        slices.append(ct_slice(number, pixels=pixels))
    folder.parent.mkdir()
    save_series(folder, slices)
    return folder


def run(model, images, texts, out, options=OPTIONS, **more):
    jobs = make_jobs(images, texts, out, format=options.format)
    return list(run_jobs(model, jobs, options, **more))


def find(*inputs, out, is_recursive=False):
    return find_images([str(name) for name in inputs], is_recursive=is_recursive, out=out)


def test_masks_of_a_series_are_nifti_on_its_grid_and_each_slice_is_encoded_once(
    model, series, tmp_path, encoded_images
):
    seen = []
    outcomes = run(
        model,
        [series],
        ["left", "dark"],
        tmp_path / "out",
        on_slice=lambda *numbers: seen.append(numbers),
    )
    assert [one.failure for one in outcomes] == [None, None]
    assert len(encoded_images) == 3
    assert seen == [(1, 3), (2, 3), (3, 3)]
    expected = model.segment_volume(read_volume(series), "left")
    (mask,) = outcomes[0].files()
    assert mask.name == "CT--left.nii.gz"
    read = nibabel.load(mask)
    assert np.asarray(read.dataobj).sum() == expected.masks.sum() > 0
    record = json.loads((tmp_path / "out" / "CT--left.json").read_text(encoding="utf-8"))
    assert (record["format"], record["input"], record["num_slices"]) == ("nifti", "CT", 3)


def test_what_is_done_of_a_volume_is_not_done_again(model, series, tmp_path, encoded_images):
    run(model, [series], ["left"], tmp_path / "out")
    encoded_images.clear()
    again = run(model, [series], ["left", "dark"], tmp_path / "out")
    assert [one.was_done for one in again] == [True, False]
    assert len(encoded_images) == 3
    cleaned = replace(OPTIONS, clean_up=CleanUp(keep_largest=True))
    (other,) = run(model, [series], ["left"], tmp_path / "out", cleaned)
    assert not other.was_done
    assert other.record["clean_up"]["keep_largest"]
    max(series.iterdir()).unlink()
    (changed,) = run(model, [series], ["left"], tmp_path / "out", cleaned)
    assert not changed.was_done


def test_a_folder_may_hold_pictures_and_folders_with_a_series(model, series, tmp_path):
    scans = series.parent
    PillowImage.new("L", (10, 7), 200).save(scans / "film.png")
    found = find(scans, out=tmp_path / "out", is_recursive=True)
    assert found == [series, scans / "film.png"]
    assert find(series, out=tmp_path / "out") == [series]
    outcomes = run(model, found, ["dark"], tmp_path / "out")
    assert [one.record["format"] for one in outcomes] == ["nifti", "png"]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_what_is_wrong_with_a_fetched_series_is_said_by_its_address(model, tmp_path, monkeypatch):
    for name in ("USER", "PASSWORD", "TOKEN", "TIMEOUT"):
        monkeypatch.delenv(f"LINGSEG_PACS_{name}", raising=False)
    with running_archive() as archive:
        archive.files = {f"1.2.3.4.{n + 1}": saved(ct_slice(n)) for n in (0, 1, 3)}
        (lacking,) = run(model, [archive.address], ["left"], tmp_path / "out")
        archive.files["1.2.3.4.2"] = archive.files["1.2.3.4.2"][:500]
        (damaged,) = run(model, [archive.address], ["left"], tmp_path / "out")
    assert lacking.failure.startswith(f"{archive.address} has slices 3 to 6 mm apart")
    assert f"{archive.address}/instances/UID" in lacking.failure
    assert damaged.failure.startswith(f"{archive.address}/instances/1.2.3.4.2 starts as DICOM but")


def test_films_of_several_series_are_pictures_each(model, tmp_path):
    folder = tmp_path / "films"
    films = [film(SeriesInstanceUID=f"1.2.3.{n % 2}", SOPInstanceUID=f"1.2.{n}") for n in range(3)]
    save_series(folder, films)
    (folder / "damaged").write_bytes(saved(films[0])[:300])
    (folder / "notes.txt").write_text("not a picture")
    found = find(folder, out=tmp_path / "out")
    assert [path.name for path in found] == ["000", "003", "007", "damaged"]
    outcomes = run(model, found, ["left"], tmp_path / "out")
    assert [one.failure is None for one in outcomes] == [True, True, True, False]
    assert "damaged" in outcomes[-1].failure


def test_slices_of_several_series_stay_refused(model, series, tmp_path):
    other = ct_slice(1, SeriesInstanceUID="1.2.3.99")
    (series / "other").write_bytes(saved(other))
    assert find(series, out=tmp_path / "out") == [series]
    (outcome,) = run(model, [series], ["left"], tmp_path / "out")
    assert "2 series" in outcome.failure


def test_films_of_one_series_are_pictures_each_and_slices_without_a_place_one_input(tmp_path):
    for modality, count in (("DX", 2), ("MR", 1)):
        folder = tmp_path / modality
        films = [film(SOPInstanceUID=f"1.2.{n}", Modality=modality) for n in range(2)]
        save_series(folder, films)
        assert len(find(folder, out=tmp_path / "out")) == count


def test_a_side_that_slices_do_not_show_is_warned_of_once(model, tmp_path):
    folder = tmp_path / "sagittal"
    facing = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]
    slices = [
        ct_slice(n, ImageOrientationPatient=facing, ImagePositionPatient=[3.0 * n, 0.0, 0.0])
        for n in range(2)
    ]
    save_series(folder, slices)
    options = replace(OPTIONS, side="patient")
    said, silent = run(model, [folder], ["left", "dark"], tmp_path / "out", options)
    (line,) = said.record["warnings"]
    assert "shows the patient's left at neither side" in line
    assert "warnings" not in silent.record
    (by_picture,) = run(model, [folder], ["left"], tmp_path / "out2")
    assert "warnings" not in by_picture.record


def test_one_dicom_file_of_one_picture_is_a_picture(model, tmp_path):
    path = tmp_path / "chest.dcm"
    path.write_bytes(saved(film()))
    (outcome,) = run(model, find(path, out=tmp_path / "out"), ["left"], tmp_path / "out")
    assert outcome.files()[0].name == "chest--left.png"


def test_zips_are_a_series_or_pictures(model, series, tmp_path):
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for path in series.iterdir():
            archive.write(path, f"study/{path.name}")
    PillowImage.new("L", (10, 7), 200).save(tmp_path / "film.png")
    with zipfile.ZipFile(tmp_path / "films.zip", "w") as archive:
        archive.write(tmp_path / "film.png", "a/one.png")
        archive.write(tmp_path / "film.png", "a/two.png")
    found = find(tmp_path / "study.zip", tmp_path / "films.zip", out=tmp_path / "out")
    assert len(found) == 3
    outcomes = run(model, found, ["left"], tmp_path / "out")
    assert [one.failure for one in outcomes] == [None] * 3
    names = [one.files()[0].name for one in outcomes]
    assert names == ["study--left.nii.gz", "one--left.png", "two--left.png"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"format": "png"}, "It is a volume, and the format holds one picture"),
        ({"format": "coco"}, "Choose --format nifti"),
        ({"has_overlay": True}, "--overlay is for ordinary pictures, and this is a volume"),
        ({"has_check": True}, "--check is for ordinary pictures"),
    ],
)
def test_what_makes_no_sense_for_a_volume_is_told_before_anything_is_predicted(
    model, series, tmp_path, encoded_images, change, line
):
    (outcome,) = run(model, [series], ["left"], tmp_path / "out", replace(OPTIONS, **change))
    assert line in outcome.failure
    assert str(series) in outcome.failure
    assert encoded_images == []
    assert not (tmp_path / "out").exists()


def test_a_sentence_that_cannot_be_asked_fails_alone(model, series, tmp_path):
    outcomes = run(model, [series], ["left", " ", "dark"], tmp_path / "out")
    assert [one.failure is None for one in outcomes] == [True, False, True]
    assert "The sentence is empty" in outcomes[1].failure
    assert outcomes[2].record["text"] == "dark"


def test_a_slice_that_cannot_be_read_fails_the_volume_and_the_rest_is_done(model, series, tmp_path):
    broken = sorted(series.iterdir())[1]
    broken.write_bytes(broken.read_bytes()[:-40])
    sound = tmp_path / "film.png"
    PillowImage.new("L", (10, 7), 200).save(sound)
    outcomes = run(model, [series, sound], ["left", "dark"], tmp_path / "out")
    assert [one.failure is None for one in outcomes] == [False, False, True, True]
    assert outcomes[0].failure == outcomes[1].failure
    assert not list((tmp_path / "out").glob("CT--*"))


def test_a_segmentation_of_a_series_refers_to_every_slice_of_it(model, series, tmp_path):
    options = replace(OPTIONS, format="dicom-seg")
    (outcome,) = run(model, [series], ["left"], tmp_path / "out", options)
    read = pydicom.dcmread(outcome.files()[0])
    expected = model.segment_volume(read_volume(series), "left").masks
    assert int(read.NumberOfFrames) == expected.any(axis=(1, 2)).sum()
    assert (read.pixel_array > 0).sum() == expected.sum() > 0
