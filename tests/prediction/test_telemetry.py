"""ONNX Runtime neither numbers the machine nor writes down what is to be sent to its maker."""

import os
import subprocess
import sys


def test_predicting_leaves_no_file_outside_of_what_was_asked_for(tmp_path):
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    mine = {"HOME": str(home), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ORT_")}
    environment = {key: value for key, value in environment.items() if "XDG" not in key} | mine
    code = "import lingseg.prediction.graphs"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert list(home.rglob("*")) == []
    assert list(temporary.rglob("*")) == []
