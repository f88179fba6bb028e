"""Corrected masks become a data set that is read, checked and added to; no name gets into it."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from fakes import write_folder_dataset

from lingseg.cli.main import run
from lingseg.datasets import annotation, check_dataset, read_folder
from lingseg.datasets.annotation import (
    AnnotatedPicture,
    Annotation,
    annotated_slices,
    save_annotations,
)
from lingseg.datasets.progress import no_progress
from lingseg.imaging import Image, Volume, as_rgb, read_image, read_mask
from lingseg.imaging.volume import sharing_window

HEIGHT, WIDTH = 20, 30
NAME, UID = "Doe^Jane", "1.2.840.113619.2.55"


def pixels(seed=0, dtype=np.uint8, shape=(HEIGHT, WIDTH), high=256):
    return np.random.default_rng(seed).integers(0, high, shape).astype(dtype)


def box(where=np.s_[5:15, 3:12]):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[where] = True
    return mask


def said(text="the left lesion", mask=None, side="image", **more):
    return Annotation(text=text, mask=box() if mask is None else mask, side=side, **more)


def picture(seed=0, *annotations, **more):
    image = Image(pixels=pixels(seed), spacing=(0.5, 0.25))
    return AnnotatedPicture(
        **{"image": image, "annotations": annotations or (said(),), "subject": NAME, **more}
    )


def rows(root, split="train"):
    with (root / f"{split}.csv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def files(root):
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_what_is_saved_is_read_back(tmp_path):
    out = tmp_path / "set"
    saved = save_annotations(
        out, [picture(0, said(is_corrected=True, note="by hand")), picture(1)], name="mine"
    )
    assert (saved.num_cases, saved.num_already_there, saved.num_in_folder) == (2, 0, 2)
    dataset = read_folder(out)
    assert (dataset.info.name, dataset.info.side) == ("mine", "image")
    first, second = dataset.split("train")
    assert first.text == "the left lesion"
    assert first.subject == second.subject
    np.testing.assert_array_equal(read_image(first.image).pixels, pixels(0))
    np.testing.assert_array_equal(read_mask(first.mask).pixels, box())
    assert dict(first.columns) == {
        "is_corrected": "yes",
        "note": "by hand",
        "spacing_row_mm": "0.5",
        "spacing_column_mm": "0.25",
    }
    assert second.columns["is_corrected"] == "no"


def test_the_check_of_data_sets_finds_nothing_wrong(tmp_path):
    out = tmp_path / "set"
    save_annotations(out, [picture(seed) for seed in range(6)])
    found = check_dataset(read_folder(out), progress=no_progress)
    assert [one for one in found if one.severity != "note"] == []


@pytest.mark.parametrize(
    "image",
    [
        Image(pixels=pixels(high=4096, dtype=np.uint16), window=(100.0, 900.0)),
        Image(pixels=pixels(high=4096, dtype=np.uint16)),
        Image(pixels=pixels(dtype=np.float32) - 1000),
        Image(pixels=pixels(), window=(200.0, 20.0)),
        Image(pixels=pixels(shape=(HEIGHT, WIDTH, 3))),
    ],
    ids=["window", "16 bits", "float", "inverted", "colour"],
)
def test_a_model_is_shown_the_same_picture_as_before(tmp_path, image):
    save_annotations(tmp_path / "set", [picture(image=image)])
    (case,) = read_folder(tmp_path / "set").split("train")
    read = read_image(case.image)
    assert read.pixels.ndim == image.pixels.ndim
    np.testing.assert_array_equal(as_rgb(read), as_rgb(image))


def test_no_name_of_a_patient_or_an_instance_gets_into_the_folder(tmp_path):
    out = tmp_path / "set"
    save_annotations(out, [picture(0), picture(1, subject=UID), picture(2, subject="")])
    for path, content in files(out).items():
        for secret in (NAME, "Doe", "Jane", UID):
            assert secret not in path
            assert secret.encode() not in content
    subjects = [row["subject"] for row in rows(out)]
    assert len(set(subjects)) == 3
    assert all(one.startswith("subject-") for one in subjects)


def test_what_is_added_leaves_what_was_there(tmp_path):
    out = tmp_path / "set"
    save_annotations(out, [picture(0)])
    before = files(out)
    saved = save_annotations(out, [picture(0, said("the whole picture", box(np.s_[:])), said())])
    assert (saved.num_cases, saved.num_already_there, saved.num_in_folder) == (1, 1, 2)
    after = files(out)
    assert {path: after[path] for path in before if path != "train.csv"} == {
        path: content for path, content in before.items() if path != "train.csv"
    }
    assert after["train.csv"].startswith(before["train.csv"])
    assert len(list((out / "images").iterdir())) == 1


def test_saving_the_same_again_changes_nothing(tmp_path):
    out = tmp_path / "set"
    save_annotations(out, [picture(0), picture(1)])
    before = files(out)
    assert save_annotations(out, [picture(0), picture(1)]).num_already_there == 2
    assert files(out) == before


def test_another_mask_of_the_same_sentence_is_refused_and_nothing_overwritten(tmp_path):
    out = tmp_path / "set"
    save_annotations(out, [picture(0)])
    before = files(out)
    with pytest.raises(ValueError, match="another mask of 'the left lesion' for the same picture"):
        save_annotations(out, [picture(0, said(mask=box(np.s_[0:2, 0:2])))])
    assert files(out) == before
    with pytest.raises(ValueError, match="would contradict each other"):
        save_annotations(tmp_path / "new", [picture(0, said(), said(mask=box(np.s_[0:2, 0:2])))])


def test_a_data_set_of_ones_own_is_added_to_with_its_columns(tmp_path):
    out = write_folder_dataset(tmp_path / "blocks")
    before = rows(out)
    save_annotations(out, [picture(0)], side="patient", name="other")
    dataset = read_folder(out)
    after = rows(out)
    assert [{name: row[name] for name in before[0]} for row in after[:-1]] == before
    assert after[-1]["text"] == "the left lesion"
    assert dataset.info.name != "other"
    assert set(before[0]) < set(after[0])


def test_sentences_are_told_by_the_sides_of_the_data_set(tmp_path):
    hangs_as_film = Image(pixels=pixels(), patient_left="right")
    stands_otherwise = Image(pixels=pixels(1), patient_left="left")
    shown = [
        picture(image=image, annotations=(said(side="patient"),))
        for image in (hangs_as_film, stands_otherwise)
    ]
    save_annotations(tmp_path / "image", shown, side="image")
    assert [row["text"] for row in rows(tmp_path / "image")] == [
        "the right lesion",
        "the left lesion",
    ]
    save_annotations(tmp_path / "patient", shown[:1], side="patient")
    assert [row["text"] for row in rows(tmp_path / "patient")] == ["the left lesion"]
    unknown = picture(0, said("the left lesion at 3 o'clock", side="patient"))
    with pytest.raises(ValueError, match="a word of place without a known opposite"):
        save_annotations(tmp_path / "image", [unknown])


def test_a_subject_stays_in_one_split(tmp_path):
    out = tmp_path / "set"
    save_annotations(out, [picture(0)])
    with pytest.raises(ValueError, match="is in 'train' already"):
        save_annotations(out, [picture(1)], split="val")
    save_annotations(out, [picture(1, subject="another")], split="val")
    assert set(read_folder(out).splits) == {"train", "val"}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (said(text="  "), "A mask has no sentence"),
        (said(mask=np.zeros((3, 4), bool)), r"expected \(20, 30\), as its picture has"),
    ],
)
def test_what_is_no_case_is_refused(tmp_path, wrong, why):
    with pytest.raises(ValueError, match=why):
        save_annotations(tmp_path / "set", [picture(0, wrong)])
    assert not (tmp_path / "set" / "dataset.json").exists()


def test_nothing_to_save_is_refused(tmp_path):
    with pytest.raises(ValueError, match="There is nothing to save"):
        save_annotations(tmp_path / "set", [])


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"holds 'thesis.tex'"):
        save_annotations(tmp_path, [picture(0)])
    assert list(files(tmp_path)) == ["thesis.tex"]


def test_what_was_interrupted_can_be_done_again(tmp_path, monkeypatch):
    out = tmp_path / "set"

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(annotation, "write_text", full_disk)
        with pytest.raises(OSError, match="No space left"):
            save_annotations(out, [picture(0)])
    assert not (out / "dataset.json").exists()
    other = said(mask=box(np.s_[0:2, 0:2]))
    assert save_annotations(out, [picture(0, other)]).num_cases == 1
    (case,) = read_folder(out).split("train")
    np.testing.assert_array_equal(read_mask(case.mask).pixels, other.mask)


def volume():
    voxels = pixels(dtype=np.float32, shape=(5, HEIGHT, WIDTH), high=2000) - 1000
    read = sharing_window(lambda number: Image(pixels=voxels[number]), 5)
    return Volume(num_slices=5, size=(HEIGHT, WIDTH), read=read)


def drawn(*numbers, text="the left lesion"):
    masks = np.zeros((5, HEIGHT, WIDTH), bool)
    for number in numbers:
        masks[number, 3:9, 4 + number : 12] = True
    return Annotation(text=text, mask=masks, side="image", is_corrected=True)


def test_slices_on_which_anything_is_drawn_become_pictures_as_they_are_shown(tmp_path):
    out = tmp_path / "set"
    annotations = [drawn(1, 3), drawn(3, text="another thing")]
    save_annotations(out, annotated_slices(volume(), annotations))
    cases = read_folder(out).split("train")
    assert [case.text for case in cases] == ["the left lesion", "the left lesion", "another thing"]
    assert len({case.subject for case in cases}) == 1
    for case, number in zip(cases, (1, 3, 3), strict=True):
        shown = as_rgb(volume().image(number))
        np.testing.assert_array_equal(as_rgb(read_image(case.image)), shown)
    np.testing.assert_array_equal(read_mask(cases[0].mask).pixels, annotations[0].mask[1])


def test_the_slices_of_a_volume_stand_together_the_next_day_too(tmp_path):
    save_annotations(tmp_path / "set", annotated_slices(volume(), [drawn(1)]))
    save_annotations(tmp_path / "set", annotated_slices(volume(), [drawn(3)]))
    assert len({row["subject"] for row in rows(tmp_path / "set")}) == 1


def test_masks_of_another_shape_than_the_volume_are_refused():
    other = replace(drawn(1), mask=np.zeros((4, HEIGHT, WIDTH), bool))
    with pytest.raises(ValueError, match=r"expected \(5, 20, 30\)"):
        list(annotated_slices(volume(), [other]))


@pytest.mark.slow
def test_what_is_saved_is_checked_and_trained_on_from_the_command_line(tmp_path, monkeypatch):
    out, trained = tmp_path / "set", tmp_path / "run"
    save_annotations(out, [picture(seed) for seed in range(6)])
    monkeypatch.chdir(tmp_path)
    assert run(["datasets", "check", str(out)]) == 0
    small = {
        "data.height": 32,
        "data.width": 48,
        "schedule.batch-size": 2,
        "schedule.num-epochs": 1,
    }
    small |= {"schedule.steps-per-epoch": 2, "schedule.warmup-steps": 1}
    options = [word for name, value in small.items() for word in (f"--{name}", str(value))]
    command = ["train", "unet-small-on-busi", "--out", str(trained), "--data.sets", str(out)]
    assert run([*command, *options]) == 0
    assert (trained / "weights.safetensors").exists()
