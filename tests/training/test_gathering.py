"""The data sets of a run, its own phantoms included."""

from dataclasses import replace

import pytest
from training.small_run import RECIPE, write_blocks

from lingseg.datasets.case import DatasetNotFound
from lingseg.training.gathering import gather_datasets, shared_side, with_one_side
from lingseg.training.recipe import with_choices


def with_sets(*names, **data):
    changed = {f"data.{name}": value for name, value in data.items()}
    return with_choices(RECIPE, {"data.sets": names, "data.height": 64, "data.width": 72} | changed)


def test_sets_come_in_the_order_of_the_recipe_and_phantoms_last(tmp_path):
    write_blocks(tmp_path / "one")
    write_blocks(tmp_path / "two")
    recipe = with_sets(str(tmp_path / "two"), str(tmp_path / "one"), num_phantoms=10)
    datasets = gather_datasets(recipe, tmp_path / "run")
    assert [dataset.info.name for dataset in datasets] == ["two", "one", "phantom"]
    assert sum(len(cases) for cases in datasets[2].splits.values()) == 10


def test_phantoms_are_drawn_once(tmp_path):
    recipe = with_sets(num_phantoms=10)
    gather_datasets(recipe, tmp_path / "run")
    table = tmp_path / "run" / "phantoms" / "train.csv"
    written = table.stat().st_mtime_ns
    gather_datasets(replace(recipe, seed=9), tmp_path / "run")
    assert table.stat().st_mtime_ns == written


def test_a_missing_set_is_named(tmp_path):
    with pytest.raises(DatasetNotFound, match="nowhere"):
        gather_datasets(with_sets(str(tmp_path / "nowhere")), tmp_path / "run")


@pytest.fixture
def sided(tmp_path):
    def write(name, side, text):
        dataset = write_blocks(tmp_path / name)
        splits = {
            split: tuple(
                replace(case, side=side, text=text, columns={"text_short": text}) for case in cases
            )
            for split, cases in dataset.splits.items()
        }
        return replace(dataset, info=replace(dataset.info, side=side), splits=splits)

    return write


def test_sets_that_disagree_are_said_with_the_pictures_left(sided):
    image = sided("image", "image", "the left lung")
    patient = sided("patient", "patient", "the left lung")
    one, other = with_one_side([image, patient])
    assert one == image
    assert {case.text for case in other.split("train")} == {"the right lung"}
    assert {case.columns["text_short"] for case in other.split("val")} == {"the right lung"}
    assert {case.side for case in other.split("test")} == {other.info.side} == {"image"}


def test_names_stay_whatever_the_side(sided):
    sets = [sided("image", "image", "the left lung"), sided("patient", "patient", "left ventricle")]
    assert {case.text for case in with_one_side(sets)[1].split("train")} == {"left ventricle"}


@pytest.mark.parametrize("sides", [("patient",), ("patient", "none"), ("none",)])
def test_sets_that_agree_stay_as_they_are(sided, sides):
    sets = [sided(f"{number}", side, "the left lung") for number, side in enumerate(sides)]
    assert with_one_side(sets) == sets
    assert shared_side(sets) == sides[0]
