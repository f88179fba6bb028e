"""Every choice of a run: to JSON and back, changed by name, refused when it cannot be run."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lingseg.models import LingNetConfig, TinyConfig, UNetConfig
from lingseg.training.recipe import (
    Data,
    Optimizer,
    Recipe,
    recipe_from_json,
    recipe_to_json,
    with_choices,
)

DATA = Data(sets=("busi",))


@settings(max_examples=30)
@given(
    model=st.sampled_from([LingNetConfig(), TinyConfig(dim=8), UNetConfig(base_dim=3)]),
    learning_rate=st.floats(1e-6, 1),
    sets=st.lists(st.text(min_size=1), min_size=1, max_size=3).map(tuple),
    seed=st.integers(0, 2**40),
)
def test_any_recipe_survives_json(model, learning_rate, sets, seed):
    recipe = Recipe(
        model=model,
        data=Data(sets=sets),
        optimizer=Optimizer(learning_rate=learning_rate),
        seed=seed,
    )
    assert recipe_from_json(recipe_to_json(recipe)) == recipe


def test_an_unknown_choice_is_refused():
    written = json.loads(recipe_to_json(Recipe(model=TinyConfig(), data=DATA)))
    written["optimizer"]["learning_rte"] = 1
    with pytest.raises(ValueError, match="Not a recipe of this version"):
        recipe_from_json(json.dumps(written))


def test_choices_are_changed_by_their_dotted_names():
    recipe = Recipe(model=TinyConfig(), data=DATA)
    changed = with_choices(recipe, {"optimizer.learning_rate": 0.5, "model.dim": 8, "seed": 3})
    assert changed.optimizer.learning_rate == 0.5
    assert changed.model.dim == 8
    assert changed.seed == 3
    assert changed.data == recipe.data


def test_a_recipe_without_data_is_refused():
    with pytest.raises(ValueError, match="names no data"):
        Recipe(model=TinyConfig(), data=Data())


def test_shares_must_fit_the_sets():
    with pytest.raises(ValueError, match="one number a set"):
        Recipe(model=TinyConfig(), data=replace(DATA, shares=(1.0, 2.0)))
