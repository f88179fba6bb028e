import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_bundle import write_fake_bundle
from PIL import Image as PillowImage

from lingseg.imaging import read_mask
from lingseg.prediction import BatchOptions, Job, load, make_jobs, run_jobs

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
