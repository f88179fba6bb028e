"""`lingseg models`."""

import json

import pytest
import torch

import lingseg.models.cost as cost_module
from lingseg.cli.main import run
from lingseg.models import MODELS
from lingseg.nn.pretrained import MissingWeights


def listed(capsys):
    assert run(["models", "list", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def told(capsys, *arguments):
    assert run(["models", "info", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_model_is_listed(capsys):
    assert len(listed(capsys)) == len(MODELS)


def test_the_list_tells_the_idea_whether_it_reads_and_the_sizes(capsys):
    rows = listed(capsys)
    assert rows["unet"]["idea"].startswith("Down by halves")
    assert (rows["unet"]["reads"], rows["tiny"]["reads"]) == (False, True)
    assert (rows["unet"]["is_one_size"], rows["tiny"]["is_one_size"]) == (False, True)
    assert all(row["sizes"] == ["paper", "small"] and row["idea"] for row in rows.values())


def test_a_table_is_printed_for_people(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert run(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("unet" in line and "no" in line and "paper, small" in line for line in lines)
    assert any("tiny" in line and "yes" in line and "paper = small" in line for line in lines)


def test_the_costs_of_a_model_are_counted(capsys):
    found = told(capsys, "tiny", "--height", "32", "--width", "48")
    assert found["dead"] == 0
    assert found["trainable"] == found["parameters"] == found["at_inference"]
    assert found["gmacs"] < found["gmacs_with_text_encoder"]
    assert found["longest_text_in_tokens"] == 64
    assert found["longer_text"].startswith("is cut; `lingseg predict` names")
    assert found["random_parts"] == []


def test_a_model_that_reads_nothing_says_so(capsys):
    found = told(capsys, "unet", "--size", "small", "--height", "32", "--width", "48")
    assert found["longest_text_in_tokens"] is None
    assert found["longer_text"] == "no text is read"
    assert found["of_text_encoder"] == 0


def test_the_costs_are_shown_to_people(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert run(["models", "info", "tiny", "--height", "32", "--width", "48"]) == 0
    shown = capsys.readouterr().out
    for line in ("104,289", "32 x 48", "dead (no loss reaches them)", "a longer text"):
        assert line in shown
    assert "random weights" not in shown


def test_convolutions_are_counted_as_multiply_adds(capsys):
    low, high = (
        told(capsys, "unet", "--size", "small", "--height", height, "--width", "32")["gmacs"]
        for height in ("32", "64")
    )
    assert high == pytest.approx(2 * low)


def test_the_small_size_is_another_one(capsys):
    paper = told(capsys, "unet", "--height", "32", "--width", "32")
    small = told(capsys, "unet", "--size", "small", "--height", "32", "--width", "32")
    assert (paper["size"], small["size"]) == ("paper", "small")
    assert small["parameters"] < paper["parameters"]


def test_absent_weights_are_stood_in_for_and_one_line_says_so(capsys, monkeypatch):
    build = cost_module.build_model

    def without_weights(config):
        if config.text_weights != "random":
            raise MissingWeights("They are not here.")
        return build(config)

    monkeypatch.setattr(cost_module, "build_model", without_weights)
    arguments = ["tiny", "--height", "32", "--width", "48"]
    assert told(capsys, *arguments)["random_parts"] == ["text encoder"]
    assert run(["models", "info", *arguments]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("Counted from random weights")
    assert line.endswith("not on this machine: text encoder.")


@pytest.mark.parametrize("arguments", [["nope"], ["tiny", "--size", "large"]])
def test_an_unknown_model_or_size_is_refused(capsys, arguments):
    assert run(["models", "info", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "hoose" in error


def test_a_pickled_checkpoint_is_converted_beside_itself(tmp_path, capsys):
    torch.save({"a": torch.zeros(2)}, tmp_path / "held.pt")
    assert run(["models", "convert", str(tmp_path / "held.pt")]) == 0
    assert (tmp_path / "held.safetensors").is_file()
    assert capsys.readouterr().out.startswith("1 tensors are in")
