from dataclasses import replace

import numpy as np
import pytest
from fakes import SIZE, write_folder_dataset, write_png

from lingseg.datasets.folder import read_folder
from lingseg.datasets.statistics import describe_dataset


@pytest.fixture
def dataset(root):
    return read_folder(root)


def test_everything_is_counted(dataset):
    for index, case in enumerate(dataset.split("train")):
        mask = np.zeros(SIZE, dtype=np.uint8)
        mask[: 6 * index] = 255
        write_png(case.mask, mask)
    write_png(dataset.split("train")[3].image, np.zeros((30, 20), dtype=np.uint8))
    train = describe_dataset(dataset)["train"]
    assert (train.cases, train.pictures, train.subjects, train.distinct_texts) == (4, 4, 4, 2)
    assert (train.masks, train.empty_masks, train.unreadable_files) == (4, 1, 0)
    assert train.picture_sizes == {"24 x 32": 3, "30 x 20": 1}
    assert train.words_per_text.median == 6
    area = train.mask_area_share
    assert (area.smallest, area.median, area.largest) == pytest.approx((0.25, 0.5, 0.75))
    assert (area.lower_quartile, area.upper_quartile) == pytest.approx((0.375, 0.625))


def test_a_file_that_cases_share_counts_once(dataset):
    (first, *_) = dataset.split("train")
    twice = replace(dataset, splits={"train": (first, replace(first, text="that one"))})
    train = describe_dataset(twice)["train"]
    assert (train.cases, train.pictures, train.masks, train.distinct_texts) == (2, 1, 1, 2)


def test_what_cannot_be_read_is_counted_apart(dataset):
    dataset.split("val")[0].image.unlink()
    dataset.split("val")[1].mask.write_text("not a mask")
    val = describe_dataset(dataset)["val"]
    assert (val.unreadable_files, val.picture_sizes) == (2, {"24 x 32": 1})
    assert val.cases == 2


def test_an_empty_split_has_no_spreads(tmp_path):
    root = write_folder_dataset(tmp_path / "set", num_cases={"train": 0})
    train = describe_dataset(read_folder(root))["train"]
    assert (train.cases, train.words_per_text, train.mask_area_share) == (0, None, None)


def test_every_file_is_told_once(dataset):
    told = []
    describe_dataset(dataset, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 16) for done in range(1, 17)]
