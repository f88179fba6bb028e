"""A batch that is killed in the middle, for real, and run again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fake_bundle import write_fake_bundle
from PIL import Image as PillowImage

from lingseg.artefact import _mark
from lingseg.imaging import read_mask


@pytest.fixture
def call(tmp_path, request) -> list[str]:
    """Return a command for so many pictures."""
    bundle = write_fake_bundle(tmp_path / "fake.lingseg")
    (tmp_path / "scans").mkdir()
    rng = np.random.default_rng(0)
    for number in range(request.param):
        pixels = rng.integers(0, 256, (12, 20), dtype=np.uint8)
        PillowImage.fromarray(pixels).save(tmp_path / "scans" / f"{number:04d}.png")
    start = [sys.executable, "-m", "lingseg", "predict", str(tmp_path / "scans"), "-p", "left"]
    return [*start, "-m", str(bundle), "-o", str(tmp_path / "out"), "--json"]


def kill_when(call: list[str], out: Path, num_done: int) -> None:
    """Start a command and kill it, as the system does, once so many masks are there."""
    started = subprocess.Popen(
        call, stdout=subprocess.DEVNULL, start_new_session=True, env=os.environ | ONE_CORE
    )
    while started.poll() is None and len(list(out.glob("[!.]*.json"))) < num_done:
        time.sleep(0.005)
    os.killpg(started.pid, signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL


ONE_CORE = {"OMP_NUM_THREADS": "1"}


def finished(out: Path) -> dict[str, tuple[int, int]]:
    """Return which file, made when, each mask with a record is."""
    masks = [path.with_suffix(".png") for path in out.glob("[!.]*.json")]
    return {mask.name: (mask.stat().st_ino, mask.stat().st_mtime_ns) for mask in masks}


def assert_whole(out: Path) -> None:
    """Every file that is there by its name can be read to its end."""
    for path in out.iterdir():
        if path.name.startswith("."):
            continue
        if path.suffix == ".json":
            assert json.loads(path.read_text(encoding="utf-8"))["height_width"] == [12, 20]
        else:
            assert read_mask(path).pixels.shape == (12, 20)


def check_kills(call: list[str], out: Path, moments: list[int], num_pictures: int) -> None:
    """Kill a batch at some moments and let it end: nothing is lost, nothing done twice."""
    for moment in moments:
        before = finished(out) if out.exists() else {}
        kill_when(call, out, moment)
        after = finished(out)
        assert {name: after[name] for name in before} == before
        assert_whole(out)
    before = finished(out)
    assert 0 < len(before) < num_pictures
    leftover = out / f".{_mark('0000--left.png')}.abcdefgh.part.png"  # as a kill leaves them
    leftover.write_bytes(b"\x89PNG half")

    done = subprocess.run(
        call, capture_output=True, text=True, check=True, env=os.environ | ONE_CORE
    )
    said = json.loads(done.stdout)
    assert sum(one["was_done"] for one in said["masks"]) == len(before)
    after = finished(out)
    assert {name: after[name] for name in before} == before
    assert len(after) == num_pictures
    assert_whole(out)
    assert len(list(out.iterdir())) == 2 * num_pictures  # no leftovers, hidden or not


@pytest.mark.slow
@pytest.mark.parametrize("call", [60], indirect=True)
def test_a_batch_may_be_killed_again_and_again(call, tmp_path):
    check_kills(call, tmp_path / "out", [1, 15, 30], 60)


@pytest.mark.slow
@pytest.mark.parametrize("call", [1000], indirect=True)
def test_a_thousand_pictures_killed_in_the_middle_are_done_once_each(call, tmp_path):
    check_kills(call, tmp_path / "out", [400], 1000)
