import subprocess
import sys

import numpy as np
import pytest
from fake_bundle import write_fake_bundle
from PIL import Image as PillowImage

import lingseg

HEAVY = (
    "torch", "scipy", "rich.progress", "openpyxl", "imagehash", "transformers", "accelerate",
    "pydicom", "nibabel", "highdicom", "urllib3",
)  # fmt: skip
SCRIPT = """
import sys
from lingseg.cli.main import run
code = run(sys.argv[1:])
print("LOADED", *[name for name in {heavy!r} if name in sys.modules])
sys.exit(code)
"""


def loaded_after(*arguments: str) -> set[str]:
    """Return which heavy packages a command has imported when it is done."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(heavy=HEAVY), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["predict", "--help"]])
def test_asking_what_it_is_loads_nothing_heavy(arguments):
    assert loaded_after(*arguments) <= {"rich.progress"}


def test_predicting_loads_nothing_heavy(tmp_path):
    bundle = write_fake_bundle(tmp_path / "fake.lingseg")
    PillowImage.fromarray(np.eye(20, 30, dtype=np.uint8) * 255).save(tmp_path / "a.png")
    call = ["predict", tmp_path / "a.png", "-p", "left", "-m", bundle, "-o", tmp_path / "out"]
    assert loaded_after(*map(str, call), "--overlay") == set()
    assert (tmp_path / "out" / "a--left.png").is_file()


def test_importing_the_package_loads_not_even_numpy():
    code = "import sys, lingseg; print('numpy' in sys.modules, lingseg.load.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "load"]


def test_the_public_face_names_what_it_has():
    assert dir(lingseg) == sorted(lingseg.__all__)
    assert lingseg.load.__module__ == "lingseg.prediction.predictor"
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        lingseg.lode  # noqa: B018
