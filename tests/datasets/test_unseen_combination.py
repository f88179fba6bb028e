from dataclasses import replace

import pytest
from fakes import write_folder_dataset

from lingseg.datasets.folder import read_folder
from lingseg.datasets.unseen_combination import hold_out, write_dataset
from lingseg.imaging.reading import read_image, read_mask

TEXTS = {
    # split: (subject, sentence) of every case
    "train": [("a", "one spot, upper left"), ("b", "the Right spot at the UPPER edge"),
              ("b", "one spot, lower left"), ("c", "one spot, lower right"),
              ("d", "brightest spot, uppermost right")],
    "val": [("e", "upper left"), ("f", "upper right")],
    "test": [("g", "lower left"), ("h", "right, upper"), ("h", "lower left")],
}  # fmt: skip


@pytest.fixture
def dataset(tmp_path):
    """Blocks whose sentences and subjects are those above."""
    numbers = {split: len(texts) for split, texts in TEXTS.items()}
    found = read_folder(write_folder_dataset(tmp_path / "blocks", num_cases=numbers))
    splits = {
        split: tuple(
            replace(case, subject=subject, text=text)
            for case, (subject, text) in zip(found.split(split), texts, strict=True)
        )
        for split, texts in TEXTS.items()
    }
    return replace(found, splits=splits)


def told(dataset, split):
    return [(case.subject, case.text) for case in dataset.split(split)]


def test_what_states_the_combination_is_tested_and_nothing_else_of_its_subjects_is_seen(dataset):
    unseen = hold_out(dataset, "upper right")
    assert told(unseen.dataset, "test") == [
        ("b", "the Right spot at the UPPER edge"),
        ("f", "upper right"),
        ("h", "right, upper"),
    ]
    assert told(unseen.dataset, "train") == [TEXTS["train"][at] for at in (0, 3, 4)]
    assert told(unseen.dataset, "val") == [("e", "upper left")]
    assert (unseen.num_of_tested_subjects, unseen.num_of_old_test) == (2, 1)


def test_a_place_is_known_by_what_is_meant_not_by_its_words(dataset):
    texts = ("top right nodule", "upper left and lower right nodules", "right upper lung mass")
    texts += ("no cyst in the upper lobe of both lungs", "nodule at the lower right")
    cases = dataset.split("train")
    changed = [replace(case, text=text) for case, text in zip(cases, texts, strict=True)]
    unseen = hold_out(replace(dataset, splits={"train": tuple(changed)}), "upper right").dataset
    tested = {text for _, text in told(unseen, "test")}
    assert tested == {texts[0], texts[2], texts[3]}
    assert {text for _, text in told(unseen, "train")} == {texts[4]}  # texts[1] is of subject b


def test_no_case_is_lost_or_doubled(dataset):
    unseen = hold_out(dataset, "lower left")
    kept = [case.case_id for cases in unseen.dataset.splits.values() for case in cases]
    assert len(set(kept)) == len(kept)
    left_out = unseen.num_of_tested_subjects + unseen.num_of_old_test
    assert len(kept) + left_out == sum(map(len, TEXTS.values()))


def test_a_split_that_is_left_empty_is_left_out(dataset):
    without = replace(dataset, splits={**dataset.splits, "val": dataset.splits["val"][1:]})
    assert set(hold_out(without, "upper right").dataset.splits) == {"train", "test"}


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        ("upper green", "states all of green, upper; green is in 0, upper is in 5"),
        ("spot", "nothing is left to train on"),
        (" ,", "has no word"),
    ],
)
def test_a_side_that_would_be_empty_is_refused(dataset, phrase, message):
    if phrase == "spot":
        train = tuple(case for case in dataset.split("train") if "spot" in case.text)
        dataset = replace(dataset, splits={**dataset.splits, "train": train})
    with pytest.raises(ValueError, match=message):
        hold_out(dataset, phrase)


@pytest.mark.parametrize("copy", [False, True])
def test_what_is_written_is_a_data_set_like_any_other(dataset, tmp_path, copy):
    unseen = hold_out(dataset, "upper right").dataset
    write_dataset(unseen, tmp_path / "new", copy=copy)
    found = read_folder(tmp_path / "new")
    assert found.info.name == "blocks without upper right"
    assert found.info == unseen.info
    for split, cases in unseen.splits.items():
        for case, again in zip(cases, found.split(split), strict=True):
            assert again.image.is_symlink() != copy
            assert (again.text, again.subject, again.label) == (
                case.text,
                case.subject,
                case.label,
            )
            assert (read_image(again.image).pixels == read_image(case.image).pixels).all()
            assert (read_mask(again.mask).pixels == read_mask(case.mask).pixels).all()


def test_links_lead_to_their_pictures_from_wherever_the_set_was_named(
    dataset, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_dataset(read_folder(dataset.root.relative_to(tmp_path)), tmp_path / "new" / "deep")
    assert read_image(read_folder(tmp_path / "new" / "deep").split("train")[0].image).pixels.any()


def test_columns_and_missing_masks_survive(dataset, tmp_path):
    first, *others = dataset.split("train")
    first = replace(first, mask=None, columns={"text_short": "spot, small"})
    changed = replace(dataset, splits={**dataset.splits, "train": (first, *others)})
    write_dataset(changed, tmp_path / "new")
    found = read_folder(tmp_path / "new").split("train")
    assert (found[0].mask, found[0].columns["text_short"]) == (None, "spot, small")
    assert found[1].columns["text_short"] == ""


def test_files_outside_of_the_folder_find_their_place(dataset, tmp_path):
    write_dataset(replace(dataset, root=tmp_path / "blocks" / "images"), tmp_path / "new")
    case = read_folder(tmp_path / "new").split("train")[0]
    assert case.mask.parts[len((tmp_path / "new").parts)] == "elsewhere"
    assert read_mask(case.mask).pixels.any()


def test_a_folder_in_use_and_a_missing_picture_are_refused(dataset, tmp_path):
    with pytest.raises(ValueError, match="is not empty"):
        write_dataset(dataset, dataset.root)
    dataset.split("train")[0].image.unlink()
    with pytest.raises(ValueError, match="1 files of blocks are missing"):
        write_dataset(dataset, tmp_path / "new")
    assert not (tmp_path / "new").exists()
