"""`lingseg models bundle`."""

import json
import subprocess
import sys

from fake_bundle import write_fake_bundle

from lingseg.cli.main import run


def test_a_bundle_tells_what_it_is_made_of(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    bundle = str(write_fake_bundle(tmp_path / "fake.lingseg", precision="int8"))
    assert run(["models", "bundle", bundle, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["method"], found["precision"], found["picture"]) == (
        "Threshold",
        "int8",
        "32 x 48",
    )
    assert 0 < found["megabytes"] < 0.1
    assert run(["models", "bundle", bundle]) == 0
    shown = capsys.readouterr().out
    assert any("multiply" in line and "int8" in line for line in shown.splitlines())
    letters = "".join(letter for letter in shown if letter in "0123456789abcdef")
    assert found["model_sha256"][:8] in letters
    assert found["model_sha256"][-8:] in letters


def test_a_bundle_is_told_of_without_torch(tmp_path):
    bundle = write_fake_bundle(tmp_path / "fake.lingseg")
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from lingseg.cli.main import run\n"
        "sys.exit(run(['models', 'bundle', sys.argv[1]]))"
    )
    command = [sys.executable, "-c", code, str(bundle)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_no_bundle_is_one_line(capsys):
    assert run(["models", "bundle", "nowhere.lingseg"]) == 2
    assert "nowhere.lingseg" in capsys.readouterr().err
