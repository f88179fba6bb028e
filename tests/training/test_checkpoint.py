"""What a run keeps is enough to load it, on this machine or another."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from models.small import SMALL, batch
from nn.bert_folder import write_bert_folder
from training.small_run import RECIPE, run_small

from lingseg.models import LanGuideMedSegConfig
from lingseg.nn.pretrained import MissingWeights
from lingseg.training.checkpoint import RECIPE as RECIPE_FILE
from lingseg.training.checkpoint import TEXT, load_run
from lingseg.training.recipe import with_choices


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run whose text encoder was read from a folder, and what it says while that is there."""
    folder = tmp_path_factory.mktemp("trained")
    bert = folder / "bert"
    write_bert_folder(bert)
    model = replace(SMALL[LanGuideMedSegConfig], text_encoder="bert", text_weights=str(bert))
    choices = {"data.height": 32, "data.width": 40, "schedule.num_epochs": 1}
    run = run_small(folder, with_choices(replace(RECIPE, model=model), choices))
    said = answer(load_run(run)[0])
    shutil.rmtree(bert)
    return run, said


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained[0], tmp_path / "moved")


def answer(model):
    with torch.no_grad():
        return model(**batch(model, texts=("upper left lung", "no mass"))).mask_logits


def test_a_run_loads_without_the_folder_that_its_text_encoder_was_read_from(trained, run):
    assert torch.equal(answer(load_run(run)[0]), trained[1])


def test_a_run_loads_without_the_image_encoders_pretrained_weights(trained, run):
    recipe = json.loads((run / RECIPE_FILE).read_text())
    recipe["model"]["image_weights"] = "not/here"
    (run / RECIPE_FILE).write_text(json.dumps(recipe))
    assert torch.equal(answer(load_run(run)[0]), trained[1])


def test_a_loaded_run_has_the_recipe_that_it_was_trained_with(run):
    _, recipe = load_run(run)
    assert recipe.model.text_weights.endswith("bert")
    assert recipe.model.text_encoder == "bert"


def test_a_run_that_kept_no_tokenizer_says_what_to_do(run):
    shutil.rmtree(run / TEXT)
    with pytest.raises(
        MissingWeights, match=r"holds no copy of its tokenizer: .* text_weights in "
    ):
        load_run(run)
