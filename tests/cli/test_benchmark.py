"""`lingseg benchmark`."""

import json
from dataclasses import fields

import pytest
from fake_bundle import write_fake_bundle

from lingseg.cli import benchmark as command
from lingseg.cli.main import run
from lingseg.prediction.speed import Speed


@pytest.mark.slow
def test_every_number_is_measured(tmp_path, capsys):
    bundle = write_fake_bundle(tmp_path / "fake.lingseg")
    assert run(["benchmark", "--model", str(bundle), "--runs", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["precision"] == "fp32"
    assert min(told[f"{name}_ms"] for name in ("first_mask", "picture_and_sentence")) > 0
    assert told["another_sentence_ms"] > 0
    assert told["peak_memory_mib"] > 10
    assert told["matrix_product_gflops"] > 0.1
    assert told["folder_pictures_per_second"] > 0
    limit = told["matrix_product_gflops"] * told["picture_and_sentence_ms"] / 1e3
    used = 2 * told["picture_and_sentence_gmacs"]
    assert told["picture_and_sentence_utilisation"] == pytest.approx(used / limit)


def test_shares_are_shown_in_per_cent_and_every_row_has_a_number():
    names = {field.name for field in fields(Speed)}
    assert set(command._ROWS) <= names
    assert command._shown("folder_utilisation", 0.512) == "51%"
    assert command._shown("another_sentence_gmacs", 0.708) == "0.71"
    assert command._shown("first_mask_ms", 593.96) == "594.0"


def test_an_unknown_bundle_is_one_clear_line(capsys):
    assert run(["benchmark", "--model", "no-such-bundle"]) == 2
    assert "no-such-bundle" in capsys.readouterr().err
