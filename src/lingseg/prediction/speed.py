"""How fast a bundle is on this machine, beside what the machine could do at most."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

import numpy as np

from lingseg import __version__
from lingseg.imaging.image import Rgb
from lingseg.imaging.writing import write_rgb
from lingseg.prediction.predictor import load

_WARM_UPS = 5
_COLD_STARTS = 3
_MATRIX_SIZE = 1024

# Runs the command as a user would, then tells what the process needed at its peak.
_COLD_START = """
import json, resource, sys
from lingseg.cli.main import run
code = run(sys.argv[1:])
print(json.dumps({"code": code, "kibibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Milliseconds, MiB, and billions of floating point operations a second."""

    machine: str
    lingseg_version: str
    bundle: str
    picture: str
    runs: int
    first_mask_ms: float
    """From the start of a process to the mask on disk; the best of three."""
    picture_and_sentence_ms: float
    """Median, warm: from the pixels of a new picture and a new sentence to the mask."""
    another_sentence_ms: float
    """Median, warm: a new sentence on an encoded picture."""
    peak_memory_mib: float
    """Of the process that made the first mask."""
    matrix_product_gflops: float
    """Measured: fp32 products of 1024 x 1024 matrices."""


def measure_speed(bundle: Path, *, size: tuple[int, int], runs: int) -> Speed:
    """Time a bundle, warm and from a cold start.

    Args:
        bundle: Its path.
        size: Height and width of the picture, which is made up.
        runs: How often each warm time is taken.

    Raises:
        ValueError: The bundle cannot be used.
        RuntimeError: The process of its own failed.
    """
    model = load(bundle)
    pixels = _made_up_picture(size)
    sentences = _new_sentences()
    encoded = model.encode(pixels)
    whole = _median_ms(lambda: model.segment(pixels, next(sentences)), runs)
    another = _median_ms(lambda: encoded.segment(next(sentences)), runs)
    starts = [_start_cold(bundle, pixels, next(sentences)) for _ in range(_COLD_STARTS)]
    return Speed(
        machine=f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        lingseg_version=__version__,
        bundle=f"{model.name} {model.hash[:12]}",
        picture=f"{size[0]} x {size[1]}",
        runs=runs,
        first_mask_ms=min(milliseconds for milliseconds, _ in starts),
        picture_and_sentence_ms=whole,
        another_sentence_ms=another,
        peak_memory_mib=max(mebibytes for _, mebibytes in starts),
        matrix_product_gflops=_matrix_product_gflops(),
    )


def _made_up_picture(size: tuple[int, int]) -> Rgb:
    """Return a picture of noise: what is in it does not change what it costs."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (*size, 3), dtype=np.uint8)


def _new_sentences() -> Iterator[str]:
    """Yield sentences that were not read before, since the words of a known one are kept."""
    return (f"one oval mass of {size} mm at the left in the image" for size in count(1))


def _median_ms(action: Callable[[], object], runs: int) -> float:
    """Return the median time of an action, once it is warm."""
    for _ in range(_WARM_UPS):
        action()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return 1e3 * median(times)


def _start_cold(bundle: Path, pixels: Rgb, sentence: str) -> tuple[float, float]:
    """Return milliseconds and MiB of a process that draws one mask."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "picture.png"
        write_rgb(picture, pixels)
        command = [sys.executable, "-c", _COLD_START, "predict", str(picture), "-p", sentence]
        command += ["--model", str(bundle), "-o", str(Path(folder) / "out"), "--quiet"]
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        milliseconds = 1e3 * (time.perf_counter() - began)
    told = done.stdout.strip().splitlines()
    if done.returncode or not told or json.loads(told[-1])["code"]:
        raise RuntimeError(f"A process of its own could not predict: {done.stderr.strip()[-300:]}")
    return milliseconds, json.loads(told[-1])["kibibytes"] / 1024


def _matrix_product_gflops() -> float:
    """Return what the cores reach on a product that does little else than multiply and add."""
    rng = np.random.default_rng(0)
    left = rng.standard_normal((_MATRIX_SIZE, _MATRIX_SIZE), dtype=np.float32)
    milliseconds = _median_ms(lambda: left @ left, runs=20)
    return 2 * _MATRIX_SIZE**3 / milliseconds / 1e6


def _processor() -> str:
    """Return the processor's name."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
