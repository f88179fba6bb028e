"""`lingseg models`."""

import json

import pytest

from lingseg.cli.main import run
from lingseg.models import MODELS


def test_every_model_is_listed(capsys):
    assert run(["models", "list", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(MODELS)


def test_a_table_is_printed_for_people(capsys):
    assert run(["models", "list"]) == 0
    assert "unet" in capsys.readouterr().out


def test_the_costs_of_a_model_are_counted(capsys):
    assert run(["models", "info", "tiny", "--height", "32", "--width", "48", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["dead"] == 0
    assert told["trainable"] == told["parameters"]
    assert told["longest_text_in_tokens"] == 64


def test_convolutions_are_counted_as_multiply_adds(capsys):
    assert run(["models", "info", "unet", "--height", "32", "--width", "32", "--json"]) == 0
    small = json.loads(capsys.readouterr().out)["gmacs"]
    assert run(["models", "info", "unet", "--height", "64", "--width", "32", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gmacs"] == pytest.approx(2 * small)


def test_an_unknown_model_is_refused(capsys):
    assert run(["models", "info", "nope"]) == 2
    assert "choose one of" in capsys.readouterr().err
