"""Every recipe trains a step on fake data, and says what it is."""

from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules

import pytest
from fakes import write_folder_dataset
from models.small import SMALL

from lingseg import recipes
from lingseg.datasets.catalogue import CATALOGUE
from lingseg.datasets.folder import read_folder
from lingseg.models import MODELS, LViTConfig, TinyConfig
from lingseg.recipes.sets import SETS
from lingseg.training.loop import train
from lingseg.training.recipe import Recipe, recipe_from_json, recipe_to_json, with_choices

PAGES = {
    module.name: import_module(f"lingseg.recipes.{module.name}")
    for module in iter_modules(recipes.__path__)
    if module.name != "sets"
}
RECIPES = {name: recipe for page in PAGES.values() for name, recipe in page.RECIPES.items()}
METHODS = {config: config.__name__.removesuffix("Config").lower() for config in MODELS}


def test_every_method_has_a_page_but_the_one_for_tests():
    assert set(PAGES) == set(METHODS.values()) - {METHODS[TinyConfig]}


@pytest.mark.parametrize("method", PAGES)
def test_every_method_has_a_recipe_on_every_set(method):
    assert {f"{method}-on-{name}" for name in SETS} <= set(PAGES[method].RECIPES)
    assert all(name.startswith(f"{method}-") for name in PAGES[method].RECIPES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_how_its_recipes_are_run(name):
    page = PAGES[name].__doc__
    assert f"lingseg train {name}-on-" in page
    for word in ("Command", "Hardware", "Paper"):
        assert f"\n{word} " in page


def test_sizes_are_what_names_say():
    for name, recipe in RECIPES.items():
        if "-small-on-" in name:
            small = type(recipe.model).small()
            longer = {"max_words": recipe.model.max_words} if hasattr(small, "max_words") else {}
            assert recipe.model == replace(small, **longer), name


def test_no_recipe_cuts_a_sentence_but_those_as_published():
    for name, recipe in RECIPES.items():
        longest = 46 if isinstance(recipe.model, LViTConfig) else 48
        is_short = getattr(recipe.model, "max_words", longest) < longest
        assert is_short is name.endswith("as-published"), name


def test_only_a_recipe_as_published_leaves_sentences_that_it_makes_false():
    false = {name for name, recipe in RECIPES.items() if recipe.augmentation.text_stays}
    assert false == {f"{method}-on-qata-cov19-as-published" for method in ("lvit", "reclmis")}


AS_PUBLISHED = {
    "languidemedseg": ("adamw", 3e-4, 0.01, 32, 100, "cosine", 200, 20, 224, 24),
    "lavt": ("adamw", 5e-5, 0.01, 32, 40, "poly", 0, 0, 480, 20),
    "lsms": ("adamw", 3e-5, 0.01, 8, 60, "poly", 0, 0, 480, 20),
    "lvit": ("adam", 3e-4, 0.0, 2, 2000, "restarts", 0, 50, 224, 10),
    "mmiunet": ("adamw", 3e-4, 0.01, 32, 100, "constant", 0, 20, 224, 24),
    "reclmis": ("adam", 3e-4, 0.0, 32, 2000, "restarts", 0, 100, 224, 18),
    "tmca": ("adamw", 3e-4, 0.01, 32, 100, "cosine", 200, 20, 224, 24),
}
"""What the papers' code says; for LSMS and TMCA, that of their authors' earlier work. In order:
optimizer, learning rate, weight decay, batch, epochs, schedule, the epochs that it is drawn for,
patience, height and width, longest text."""


@pytest.mark.parametrize("method", AS_PUBLISHED)
def test_what_is_called_as_published_has_the_published_settings(method):
    recipe = RECIPES[f"{method}-on-qata-cov19-as-published"]
    optimizer, schedule = recipe.optimizer, recipe.schedule
    assert (
        *(optimizer.name, optimizer.learning_rate, optimizer.weight_decay),
        *(schedule.batch_size, schedule.num_epochs, schedule.shape, schedule.shape_epochs),
        *(schedule.patience, recipe.data.height, recipe.model.max_words),
    ) == AS_PUBLISHED[method]
    assert recipe.data.width == recipe.data.height
    assert optimizer.max_gradient_norm == 0
    assert (recipe.precision, recipe.data.sets) == ("fp32", ("qata_cov19",))


def test_every_method_with_a_paper_of_its_own_set_has_a_recipe_as_published():
    found = {name.partition("-on-")[0] for name in RECIPES if name.endswith("-as-published")}
    assert found == set(AS_PUBLISHED)


def test_small_models_are_trained_alike():
    settings = {
        repr((recipe.augmentation, recipe.optimizer, recipe.schedule))
        for name, recipe in RECIPES.items()
        if "-small-on-" in name
    }
    assert len(settings) == 1


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_data_that_survives_json(name):
    recipe = RECIPES[name]
    assert isinstance(recipe, Recipe)
    assert recipe_from_json(recipe_to_json(recipe)) == recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_names_only_sets_of_the_catalogue(name):
    assert set(RECIPES[name].data.sets) <= set(CATALOGUE)


SETTINGS = {
    repr((type(recipe.model), recipe.augmentation, recipe.optimizer, recipe.schedule)): name
    for name, recipe in reversed(RECIPES.items())
}
"""One name for each way of training a method: on which set makes no difference to the step."""


@pytest.mark.parametrize("name", SETTINGS.values())
def test_a_recipe_trains_a_step(name, tmp_path):
    recipe = RECIPES[name]
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
