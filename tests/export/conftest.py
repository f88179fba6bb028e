"""One small run that is exported."""

from dataclasses import replace

import pytest
from training.small_run import RECIPE, run_small


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    recipe = replace(RECIPE, data=replace(RECIPE.data, height=32, width=40))
    return run_small(folder, recipe)
