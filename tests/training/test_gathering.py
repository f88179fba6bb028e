"""The data sets of a run, its own phantoms included."""

from dataclasses import replace

import pytest
from training.small_run import RECIPE, write_blocks

from lingseg.datasets.case import DatasetNotFound
from lingseg.training.gathering import gather_datasets
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
