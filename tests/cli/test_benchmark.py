"""`lingseg benchmark`."""

import json

import pytest
from fake_bundle import write_fake_bundle

from lingseg.cli.main import run


@pytest.mark.slow
def test_every_number_is_measured(tmp_path, capsys):
    bundle = write_fake_bundle(tmp_path / "fake.lingseg")
    assert run(["benchmark", "--model", str(bundle), "--runs", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["first_mask_ms"] > told["picture_and_sentence_ms"] > told["another_sentence_ms"] > 0
    assert told["peak_memory_mib"] > 10
    assert told["matrix_product_gflops"] > 0.1


def test_an_unknown_bundle_is_one_clear_line(capsys):
    assert run(["benchmark", "--model", "no-such-bundle"]) == 2
    assert "no-such-bundle" in capsys.readouterr().err
