"""Every recipe trains a step on fake data."""

from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules

import pytest
from fakes import write_folder_dataset
from models.small import SMALL

from lingseg import recipes
from lingseg.datasets.catalogue import CATALOGUE
from lingseg.datasets.folder import read_folder
from lingseg.training.loop import train
from lingseg.training.recipe import Recipe, recipe_from_json, recipe_to_json, with_choices

NAMES = sorted(module.name for module in iter_modules(recipes.__path__))


def load(name):
    return import_module(f"lingseg.recipes.{name}")


def test_all_recipes_are_found():
    assert {"lingnet_on_open_sets", "unet_on_open_sets"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_says_how_it_is_run(name):
    page = load(name).__doc__
    assert f"lingseg train {name.replace('_', '-')}" in page
    for word in ("Command", "Hardware", "Paper"):
        assert word in page


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_data_that_survives_json(name):
    recipe = load(name).RECIPE
    assert isinstance(recipe, Recipe)
    assert recipe_from_json(recipe_to_json(recipe)) == recipe


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_names_only_sets_of_the_catalogue(name):
    assert set(load(name).RECIPE.data.sets) <= set(CATALOGUE)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_trains_a_step(name, tmp_path):
    recipe = load(name).RECIPE
    recipe = replace(recipe, model=SMALL[type(recipe.model)])
    recipe = with_choices(
        recipe,
        {
            "data.num_phantoms": 0,
            "data.shares": recipe.data.shares[: len(recipe.data.sets)],
            "data.height": 48,
            "data.width": 32,
            "schedule.batch_size": 2,
            "schedule.steps_per_epoch": 1,
            "schedule.num_epochs": 1,
        },
    )
    datasets = [
        read_folder(write_folder_dataset(tmp_path / known, num_cases={"train": 3, "val": 1}))
        for known in recipe.data.sets
    ]
    train(recipe, datasets, tmp_path / "run")
    assert (tmp_path / "run" / "weights.safetensors").is_file()
    assert (tmp_path / "run" / "run.json").is_file()
