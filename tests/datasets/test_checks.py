from dataclasses import replace

import numpy as np
import pytest
from fakes import SIZE, draw_blocks, draw_ground, write_folder_dataset, write_png
from PIL import Image as PillowImage

from lingseg.datasets.checks import check_dataset, count_severities
from lingseg.datasets.duplicates import NEAR, find_near_duplicates, hash_picture
from lingseg.datasets.folder import read_folder
from lingseg.imaging.image import Image


def found(dataset, kind):
    return [finding for finding in check_dataset(dataset) if finding.kind == kind]


def with_first(dataset, split="train", **changes):
    """Return the data set with its first case of a split changed."""
    first, *others = dataset.splits[split]
    cases = (replace(first, **changes), *others)
    return replace(dataset, splits={**dataset.splits, split: cases})


@pytest.fixture
def dataset(root):
    return read_folder(root)


def test_a_sound_dataset_gives_notes_only(dataset):
    findings = check_dataset(dataset)
    known = [finding for finding in findings if finding.kind != "unknown words"]  # "block"
    assert {finding.severity for finding in known} == {"note"}
    assert count_severities(findings)["error"] == 0


def test_a_missing_file_is_found(dataset):
    dataset.split("train")[0].image.unlink()
    dataset.split("val")[1].mask.unlink()
    first, second = found(dataset, "missing file")
    assert (first.severity, first.case_ids) == ("error", ("train/train_000",))
    assert second.case_ids == ("val/val_001",)
    assert second.message.endswith("val_001.png does not exist.")


def test_an_unreadable_file_is_found_and_the_others_are_still_checked(dataset):
    train, test = dataset.split("train"), dataset.split("test")
    train[1].image.write_text("not a picture")
    train[2].image.write_bytes(train[2].image.read_bytes()[:60])
    test[0].mask.write_bytes(b"")
    names = [finding.case_ids for finding in found(dataset, "unreadable file")]
    assert names == [("train/train_001",), ("train/train_002",), ("test/test_000",)]


def test_a_folder_in_place_of_a_picture_is_found(dataset):
    image = dataset.split("train")[0].image
    image.unlink()
    image.mkdir()
    assert len(found(dataset, "unreadable file")) == 1


def test_a_mask_of_another_size_is_found(dataset):
    write_png(dataset.split("train")[0].mask, np.full((SIZE[1], SIZE[0]), 255, dtype=np.uint8))
    (finding,) = found(dataset, "size mismatch")
    assert finding.severity == "error"
    assert "has 32 x 24 pixels, its picture has 24 x 32" in finding.message


@pytest.mark.parametrize("full_scale", [1, 255])
def test_black_and_white_masks_are_binary(dataset, full_scale):
    mask = dataset.split("train")[0].mask
    write_png(mask, np.asarray(PillowImage.open(mask)) // 255 * np.uint8(full_scale))
    assert not found(dataset, "mask not binary")


@pytest.mark.parametrize("labels", [(0, 1, 2), (0, 2), (0, 128, 255), (0, 85, 170, 255)])
def test_numbered_labels_are_no_mask(dataset, labels):
    stripes = np.repeat(np.array(labels, dtype=np.uint8), SIZE[1])[: SIZE[1] * len(labels)]
    pixels = np.tile(stripes.reshape(len(labels), SIZE[1]), (SIZE[0], 1))[: SIZE[0]]
    write_png(dataset.split("train")[0].mask, pixels)
    (finding,) = found(dataset, "mask not binary")
    assert finding.severity == "error"


def test_a_mask_in_colours_is_found(dataset):
    colours = np.zeros((*SIZE, 3), dtype=np.uint8)
    colours[4:9, 3:7, 0] = 255
    write_png(dataset.split("train")[0].mask, colours)
    (finding,) = found(dataset, "mask not binary")
    assert (finding.severity, "has colours" in finding.message) == ("error", True)


def test_a_compressed_mask_is_only_warned_of(dataset):
    mask = np.zeros(SIZE, dtype=np.uint8)
    mask[3:17, 4:20] = 255
    mask[3, 4:20] = 140  # a smoothed edge
    mask[20, 20] = 6  # what lossy compression leaves
    write_png(dataset.split("train")[0].mask, mask)
    (finding,) = found(dataset, "mask not binary")
    assert finding.severity == "warning"


def test_an_empty_text_is_found(dataset):
    (finding,) = found(with_first(dataset, text=" \t"), "empty text")
    assert (finding.severity, finding.case_ids) == ("error", ("train/train_000",))


def test_a_name_given_twice_is_found(dataset):
    (finding,) = found(with_first(dataset, case_id="val/val_001"), "duplicate id")
    assert (finding.severity, finding.case_ids) == ("error", ("val/val_001",))


def test_a_row_that_is_there_twice_is_found(dataset):
    train = dataset.split("train")
    twice = replace(dataset, splits={"train": (*train, replace(train[0], case_id="train/again"))})
    (finding,) = found(twice, "duplicate row")
    assert finding.severity == "warning"
    assert finding.case_ids == ("train/train_000", "train/again")


def test_one_sentence_with_two_masks_is_an_error(dataset):
    train = dataset.split("train")
    other = replace(train[0], case_id="train/again", mask=train[1].mask)
    twice = replace(dataset, splits={"train": (*train, other)})
    (finding,) = found(twice, "duplicate row")
    assert (finding.severity, "different masks" in finding.message) == ("error", True)


def test_a_subject_in_two_splits_is_found(dataset):
    (finding,) = found(with_first(dataset, subject="subject_test_001"), "subject in two splits")
    assert finding.severity == "error"
    assert finding.message == "subject_test_001 is in train and test."
    assert finding.case_ids == ("train/train_000", "test/test_001")


def test_a_subject_with_two_cases_of_one_split_is_not_found(dataset):
    subject = dataset.split("train")[1].subject
    assert not found(with_first(dataset, subject=subject), "subject in two splits")


def test_a_picture_saved_anew_in_another_split_is_found(dataset):
    train, test = dataset.split("train")[3].image, dataset.split("test")[0].image
    with PillowImage.open(train) as picture:
        larger = picture.resize((80, 60), PillowImage.Resampling.BICUBIC)
        larger.save(test, format="JPEG", quality=85)
    (finding,) = found(dataset, "near-duplicate picture")
    assert finding.severity == "warning"
    assert finding.case_ids == ("train/train_003", "test/test_000")


def test_the_same_file_in_two_splits_is_an_error(dataset):
    image = dataset.split("train")[2].image
    (finding,) = found(with_first(dataset, "val", image=image), "near-duplicate picture")
    assert finding.severity == "error"
    assert finding.case_ids == ("train/train_002", "val/val_000")


def test_look_alikes_within_one_split_are_nobodys_concern(dataset):
    train = dataset.split("train")
    train[0].image.write_bytes(train[1].image.read_bytes())
    assert not found(dataset, "near-duplicate picture")


def test_rows_that_share_a_picture_count_once(dataset):
    train, test = dataset.split("train"), dataset.split("test")
    test[0].image.write_bytes(train[0].image.read_bytes())
    splits = {
        "train": (*train, *(replace(train[0], text=f"{number}") for number in range(5))),
        "test": (*test, *(replace(test[0], text=f"{number}") for number in range(5))),
    }
    assert len(found(replace(dataset, splits=splits), "near-duplicate picture")) == 1


def test_the_nearest_picture_is_named_in_however_many_blocks(dataset, monkeypatch):
    test = dataset.split("test")
    test[1].image.write_bytes(dataset.split("train")[2].image.read_bytes())
    monkeypatch.setattr("lingseg.datasets.duplicates._PAIRS_AT_ONCE", 1)
    (finding,) = found(dataset, "near-duplicate picture")
    assert finding.case_ids == ("train/train_002", "test/test_001")


def test_strangers_are_further_apart_than_near():
    rng = np.random.default_rng(5)
    hashes = [hash_picture(Image(pixels=draw_ground(rng, size=(60, 80)))) for _ in range(40)]
    distances = [
        int(np.bitwise_count(first ^ second).sum())
        for index, first in enumerate(hashes)
        for second in hashes[:index]
    ]
    assert min(distances) > NEAR


def test_pictures_that_cannot_be_read_are_left_out(dataset):
    assert not list(find_near_duplicates(dataset, {}))


def test_sentences_seen_in_training_are_counted(dataset):
    dataset = with_first(dataset, "val", text="something new")
    val, test = found(dataset, "sentence seen in training")
    assert val.message.startswith("1 of 2 sentences of val (50.0%)")
    assert test.message.startswith("2 of 2 sentences of test (100.0%)")


def test_sentences_are_held_against_their_masks(dataset):
    dataset = with_first(dataset, text="two lesions")
    (finding,) = found(dataset, "sentence against mask")
    assert (finding.severity, finding.case_ids) == ("warning", ("train/train_000",))


def test_a_dataset_without_masks_can_be_checked(tmp_path):
    root = write_folder_dataset(tmp_path / "set", with_masks=False)
    assert {finding.kind for finding in check_dataset(read_folder(root))} == {
        "sentence seen in training",
        "unknown words",
    }


def test_a_split_without_a_single_mark_is_warned_of(dataset):
    for case in dataset.split("test"):
        write_png(case.mask, np.zeros(SIZE, dtype=np.uint8))
    write_png(dataset.split("train")[0].mask, np.zeros(SIZE, dtype=np.uint8))
    (finding,) = found(dataset, "only empty masks")
    number = len(dataset.split("test"))
    assert finding.severity == "warning"
    assert finding.message.startswith(f"All {number} masks of test are empty")


def test_empty_sentences_are_not_seen_in_training(dataset):
    splits = {
        split: tuple(replace(case, text="") for case in cases)
        for split, cases in dataset.splits.items()
    }
    assert not found(replace(dataset, splits=splits), "sentence seen in training")


def test_misspelt_and_unknown_words_are_counted_with_examples(dataset):
    dataset = with_first(dataset, text="lesoin on the left")
    dataset = with_first(dataset, "test", text="the xyzzy on the left")
    (misspelt,) = found(dataset, "misspelt words")
    assert (misspelt.severity, misspelt.case_ids) == ("warning", ("train/train_000",))
    number = sum(map(len, dataset.splits.values()))
    assert misspelt.message.startswith(f"1 of {number} sentences")
    assert '"lesoin" read as "lesion"' in misspelt.message
    (unknown,) = found(dataset, "unknown words")
    assert unknown.severity == "warning"
    assert unknown.message.endswith('"block", "xyzzy".')


def test_every_file_is_told_once(dataset):
    told = []
    check_dataset(dataset, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 16) for done in range(1, 17)]


def test_a_mask_that_several_cases_share_is_one_finding(dataset):
    train = dataset.split("train")
    again = replace(train[0], case_id="train/other", text="the brightest block on the left")
    train[0].mask.unlink()
    shared = replace(dataset, splits={"train": (*train, again)})
    (finding,) = found(shared, "missing file")
    assert finding.case_ids == ("train/train_000", "train/other")


def test_an_empty_mask_is_no_fault(dataset):
    write_png(dataset.split("train")[0].mask, np.zeros(SIZE, dtype=np.uint8))
    assert count_severities(check_dataset(dataset))["error"] == 0


def test_blocks_lie_in_their_half():
    for half, columns in (("left", slice(16, None)), ("right", slice(0, 16))):
        _, mask = draw_blocks(np.random.default_rng(1), half=half)
        assert mask.any()
        assert not mask[:, columns].any()


def test_a_mirrored_copy_in_another_split_is_found(dataset):
    original, copy = dataset.split("train")[1].image, dataset.split("test")[0].image
    write_png(copy, np.asarray(PillowImage.open(original))[:, ::-1])
    (finding,) = found(dataset, "near-duplicate picture")
    assert finding.severity == "warning"
    assert finding.case_ids == ("train/train_001", "test/test_000")
    assert "when mirrored" in finding.message
