"""What the reference of the interface shows works as it stands there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image as PillowImage
from web_server import png, running, two_squares

from lingseg.web import create_app
from lingseg.web.problem import Code

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "http.md").read_text(encoding="utf-8")
pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]


def block(language, port):
    """The page's block in a language, for the server at hand."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found.replace("127.0.0.1:8000", f"127.0.0.1:{port}")


def test_the_client_in_python_works_and_has_ten_lines(model, tmp_path):
    (tmp_path / "film.png").write_bytes(png(two_squares()))
    with running(model) as port:
        code = block("python", port)
        command = [sys.executable, "-c", code]
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert re.search(r"[Ff]ound.* \d+ pixels", told.stdout)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_client_in_curl_gets_the_mask(model, tmp_path):
    (tmp_path / "film.png").write_bytes(png(two_squares()))
    with running(model) as port:
        command = ["/bin/bash", "-c", block("bash", port)]
        subprocess.run(command, cwd=tmp_path, check=True, timeout=30)
    mask = np.asarray(PillowImage.open(tmp_path / "mask.png"))
    assert set(np.unique(mask)) == {0, 255}


def test_every_route_and_code_of_the_page_is_the_server_s(model):
    told = set(create_app(model).openapi()["paths"])
    named = set(re.findall(r"(/v1/[a-z]+|/health|/metrics)", PAGE))
    assert named <= {re.match(r"(/v1/[a-z]+|/[a-z]+)", path)[1] for path in told}
    codes = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", PAGE.split("## Problems")[1].split("##")[0]))
    assert codes <= set(get_args(Code))
    assert {"busy", "timeout", "full", "too-large"} <= codes
