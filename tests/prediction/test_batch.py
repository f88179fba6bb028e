import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from fake_bundle import write_fake_bundle
from PIL import Image as PillowImage

from lingseg.imaging import read_mask
from lingseg.prediction import BatchOptions, EncodedImage, Job, load, make_jobs, run_jobs

OPTIONS = BatchOptions(side="image", threshold=0.5)


@pytest.fixture
def pictures(tmp_path) -> list[Path]:
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path in paths:
        PillowImage.fromarray(rng.integers(0, 256, (30, 50), dtype=np.uint8)).save(path)
    return paths


def run(model, jobs, options=OPTIONS):
    return list(run_jobs(model, jobs, options))


def test_every_mask_is_what_the_model_says_of_picture_and_sentence(model, pictures, tmp_path):
    outcomes = run(model, make_jobs(pictures, ["left", "dark"], tmp_path / "out"))
    assert len(outcomes) == 6
    for outcome in outcomes:
        expected = model.segment(outcome.job.image, outcome.job.text)
        np.testing.assert_array_equal(read_mask(outcome.job.output).pixels, expected.mask)
        assert outcome.record["input"] == outcome.job.image.name
        record = outcome.job.output.with_suffix(".json").read_text(encoding="utf-8")
        assert json.loads(record) == json.loads(json.dumps(outcome.record))


def test_a_picture_is_encoded_once_for_all_its_sentences(model, pictures, tmp_path, encoded_images):
    jobs = list(make_jobs(pictures, ["left", "right", "dark"], tmp_path / "out"))
    run(model, jobs[::3] + jobs[1::3] + jobs[2::3])
    assert len(encoded_images) == 3


def test_one_bad_picture_is_named_and_the_rest_is_done(model, pictures, tmp_path):
    pictures[1].write_text("no picture")
    pictures.append(tmp_path / "missing.png")
    outcomes = run(model, make_jobs(pictures, ["left", "dark"], tmp_path / "out"))
    failed = {one.job.image.name for one in outcomes if one.failure}
    assert failed == {"b.png", "missing.png"}
    assert all(one.job.image.name in one.failure for one in outcomes if one.failure)
    assert len([one for one in outcomes if one.record]) == 4
    assert len(list((tmp_path / "out").iterdir())) == 8


def test_one_bad_sentence_is_told_and_the_rest_is_done(model, pictures, tmp_path):
    jobs = list(make_jobs(pictures[:1], ["left"], tmp_path / "out"))
    empty = Job(image=pictures[0], text=" ", output=tmp_path / "out" / "empty.png")
    outcomes = run(model, [empty, *jobs])
    assert "The sentence is empty" in outcomes[0].failure
    assert outcomes[1].record is not None


def test_what_is_done_is_not_done_again(model, pictures, tmp_path, encoded_images):
    jobs = list(make_jobs(pictures, ["left"], tmp_path / "out"))
    run(model, jobs[:2])
    before = jobs[0].output.stat().st_mtime_ns
    encoded_images.clear()
    outcomes = run(model, jobs)
    assert [one.was_done for one in outcomes] == [True, True, False]
    assert len(encoded_images) == 1
    assert jobs[0].output.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "change", ["threshold", "side", "overlay", "picture", "mask gone", "record gone", "record cut"]
)
def test_what_another_question_gave_is_done_again(model, pictures, tmp_path, change):
    jobs = list(make_jobs(pictures[:1], ["left"], tmp_path / "out"))
    run(model, jobs)
    record = jobs[0].output.with_suffix(".json")
    options = OPTIONS
    if change == "threshold":
        options = replace(OPTIONS, threshold=0.4)
    elif change == "side":
        options = replace(OPTIONS, side="patient")
    elif change == "overlay":
        options = replace(OPTIONS, has_overlay=True)
    elif change == "picture":
        PillowImage.new("L", (50, 30), 200).save(pictures[0])
    elif change == "mask gone":
        jobs[0].output.unlink()
    elif change == "record gone":
        record.unlink()
    else:
        record.write_text(record.read_text(encoding="utf-8")[:100], encoding="utf-8")
    (outcome,) = run(model, jobs, options)
    assert not outcome.was_done
    expected = model.segment(pictures[0], "left", threshold=options.threshold, side=options.side)
    np.testing.assert_array_equal(read_mask(jobs[0].output).pixels, expected.mask)


def test_another_model_does_it_again(model, pictures, tmp_path):
    jobs = list(make_jobs(pictures[:1], ["left"], tmp_path / "out"))
    run(model, jobs)
    other = load(write_fake_bundle(tmp_path / "other.lingseg", name="other"), threads=1)
    (outcome,) = run(other, jobs)
    assert not outcome.was_done
    assert outcome.record["model"] == "other"


def test_overlays_are_as_large_as_the_picture(model, pictures, tmp_path):
    jobs = list(make_jobs(pictures[:1], ["left"], tmp_path / "out"))
    run(model, jobs, replace(OPTIONS, has_overlay=True))
    with PillowImage.open(jobs[0].overlay) as overlay:
        assert (overlay.mode, overlay.size) == ("RGB", (50, 30))


def test_a_full_disk_stops_the_batch_and_keeps_what_was_done(
    model, pictures, tmp_path, monkeypatch
):
    jobs = list(make_jobs(pictures, ["left"], tmp_path / "out"))
    genuine = PillowImage.Image.save

    def save(picture, target, **options):
        if len(list((tmp_path / "out").glob("*.json"))) == 2:
            Path(target).write_bytes(b"half")
            raise OSError(28, "No space left on device")
        genuine(picture, target, **options)

    monkeypatch.setattr(PillowImage.Image, "save", save)
    with pytest.raises(OSError, match="No space left"):
        run(model, jobs)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a--left.json",
        "a--left.png",
        "b--left.json",
        "b--left.png",
    ]


def files_in(folder: Path) -> dict[str, object]:
    """Return what lies in a folder, without when it was made."""
    found: dict[str, object] = {}
    for path in folder.iterdir():
        found[path.name] = path.read_bytes()
        if path.suffix == ".json":
            found[path.name] = json.loads(path.read_text(encoding="utf-8")) | {"created": ""}
    return found


def test_several_workers_give_what_one_gives_in_the_same_order(model, pictures, tmp_path):
    pictures.append(tmp_path / "missing.png")
    pictures[1].write_text("no picture")
    rng = np.random.default_rng(1)
    for number in range(12):
        pictures.append(tmp_path / f"more-{number}.png")
        pixels = rng.integers(0, 256, (20 + number, 90 - number, 3), dtype=np.uint8)
        PillowImage.fromarray(pixels).save(pictures[-1])
    told = []
    for workers in (1, 3):
        jobs = make_jobs(pictures, ["left", "dark", " "], tmp_path / f"out-{workers}")
        outcomes = run(model, jobs, replace(OPTIONS, workers=workers))
        told.append([(one.job.image, one.job.text, one.failure) for one in outcomes])
        assert len(list(jobs.done())) == len([one for one in outcomes if one.record]) == 28
    assert told[0] == told[1]
    assert files_in(tmp_path / "out-1") == files_in(tmp_path / "out-3")


def test_of_a_full_disk_several_workers_tell_at_its_turn(model, pictures, tmp_path, monkeypatch):
    genuine = PillowImage.Image.save

    def save(picture, target, **options):
        if b"full" in Path(target).parent.name.encode():
            raise OSError(28, "No space left on device")
        genuine(picture, target, **options)

    monkeypatch.setattr(PillowImage.Image, "save", save)
    jobs = [
        Job(image=picture, text="left", output=tmp_path / folder / f"{picture.stem}.png")
        for picture, folder in zip(pictures, ("out", "full", "out"), strict=True)
    ]
    outcomes = run_jobs(model, jobs, replace(OPTIONS, workers=2))
    assert next(outcomes).job == jobs[0]
    with pytest.raises(OSError, match="No space left"):
        next(outcomes)


def test_workers_hold_one_large_thing_at_a_time(model, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("lingseg.prediction.batch._ORDINARY_VALUES", 30 * 50)
    rng = np.random.default_rng(2)
    for number in range(6):
        pictures.append(tmp_path / f"large-{number}.png")
        PillowImage.fromarray(rng.integers(0, 256, (31, 50), dtype=np.uint8)).save(pictures[-1])
    at_once, most, together = Counter(), Counter(), Event()
    genuine = EncodedImage.segment

    def segment(encoded, text, **options):
        kind = encoded.size[0]
        at_once[kind] += 1
        most[kind] = max(most[kind], at_once[kind])
        if kind == 31:
            time.sleep(0.02)
        elif at_once[kind] > 1:
            together.set()
        together.wait(5 * (kind == 30))
        at_once[kind] -= 1
        return genuine(encoded, text, **options)

    monkeypatch.setattr(EncodedImage, "segment", segment)
    jobs = make_jobs(pictures, ["left"], tmp_path / "out")
    assert all(one.record for one in run(model, jobs, replace(OPTIONS, workers=4)))
    assert most[31] == 1
    assert together.is_set()


def test_a_sentence_that_cannot_be_asked_is_told_with_its_picture(model, pictures, tmp_path):
    jobs = make_jobs(pictures[:1], ["left", " "], tmp_path / "out")
    failures = [one.failure for one in run(model, jobs, OPTIONS) if one.failure]
    assert len(failures) == 1
    assert failures[0].startswith(f"{pictures[0]}: The sentence is empty")
