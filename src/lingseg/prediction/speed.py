"""How fast a bundle is on this machine, beside what the machine could do at most."""

import json
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
from lingseg.prediction.batch import run_jobs
from lingseg.prediction.bundle import Bundle, read_bundle
from lingseg.prediction.crew import Crew
from lingseg.prediction.graphs import usable_cores
from lingseg.prediction.job import Place
from lingseg.prediction.jobs_file import make_jobs
from lingseg.prediction.multiply_adds import count_work
from lingseg.prediction.options import BatchOptions
from lingseg.prediction.predictor import Model

_WARM_UPS = 5
_COLD_STARTS = 3
_LEAST_PICTURES = 16
_MATRIX_SIZE = 1024

# Runs the command as a user would, then tells what the process needed at its peak. Linux counts
# what the process that started it had needed into getrusage's number, but not into VmHWM.
_COLD_START = """
import json, os, resource, sys
from lingseg.cli.main import run
code = run(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if os.path.exists("/proc/self/status"):
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
print(json.dumps({"code": code, "kibibytes": peak}))
"""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Milliseconds, MiB, and billions of floating point operations a second."""

    machine: str
    lingseg_version: str
    bundle: str
    precision: str
    """The numbers that its graphs multiply: fp32 or int8."""
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
    folder_pictures_per_second: float
    """A folder of pictures and a sentence, from the files to the masks on disk, warm."""
    matrix_product_gflops: float
    """Measured: fp32 products of 1024 x 1024 matrices."""
    picture_and_sentence_gmacs: float
    """Billions of multiply-adds, text encoder included, counted in a run of the graphs."""
    another_sentence_gmacs: float
    """The same, without the picture's part."""
    picture_and_sentence_utilisation: float
    """The share of the measured matrix product that these multiply-adds reach in that time."""
    another_sentence_utilisation: float
    """The same, of another sentence."""
    folder_utilisation: float
    """The same, of a folder, where the sentence is encoded once."""


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
    read = read_bundle(bundle)
    model = Model(read)
    pixels = _made_up_picture(size)
    sentences = _new_sentences()
    encoded = model.encode(pixels)
    whole = _median_ms(lambda: model.segment(pixels, next(sentences)), runs)
    another = _median_ms(lambda: encoded.segment(next(sentences)), runs)
    gflops = _matrix_product_gflops()
    per_second = _folder_pictures_per_second(read, pixels, max(_LEAST_PICTURES, 2 * runs))
    work = count_work(read, next(sentences))
    starts = [_start_cold(bundle, pixels, next(sentences)) for _ in range(_COLD_STARTS)]
    return Speed(
        machine=f"{processor_name()}, {usable_cores()} cores",
        lingseg_version=__version__,
        bundle=f"{model.name} {model.hash[:12]}",
        precision=model.manifest.precision,
        picture=f"{size[0]} x {size[1]}",
        runs=runs,
        first_mask_ms=min(milliseconds for milliseconds, _ in starts),
        picture_and_sentence_ms=whole,
        another_sentence_ms=another,
        peak_memory_mib=max(mebibytes for _, mebibytes in starts),
        folder_pictures_per_second=per_second,
        matrix_product_gflops=gflops,
        picture_and_sentence_gmacs=work.text + work.image + work.mask,
        another_sentence_gmacs=work.text + work.mask,
        picture_and_sentence_utilisation=utilisation(
            work.text + work.image + work.mask, 1e3 / whole, gflops
        ),
        another_sentence_utilisation=utilisation(work.text + work.mask, 1e3 / another, gflops),
        folder_utilisation=utilisation(work.image + work.mask, per_second, gflops),
    )


def utilisation(gmacs: float, per_second: float, gflops: float) -> float:
    """Return which share of a machine's `gflops` so many runs a second of `gmacs` each take."""
    return 2 * gmacs * per_second / gflops


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


def _folder_pictures_per_second(bundle: Bundle, pixels: Rgb, num_pictures: int) -> float:
    """Return how many pictures of a folder are done in a second, as `lingseg predict` does them."""
    crew = Crew.for_pictures(num_pictures)
    model = Model(bundle, threads=crew.threads)
    options = BatchOptions(side=model.side, threshold=model.threshold, workers=crew.workers)
    with tempfile.TemporaryDirectory() as folder:
        pictures: list[Place] = [Path(folder) / f"{number}.png" for number in range(num_pictures)]
        for picture in pictures:
            write_rgb(Path(picture), pixels)
        done = 0
        for sentence in ("the first, by which all is warm", "the mass at the left"):
            jobs = make_jobs(pictures, [sentence], Path(folder) / "masks")
            began = time.perf_counter()
            done = sum(one.record is not None for one in run_jobs(model, jobs, options))
            seconds = time.perf_counter() - began
    if done < num_pictures:
        raise RuntimeError(f"Of {num_pictures} pictures of a folder {done} were done.")
    return done / seconds


def _matrix_product_gflops() -> float:
    """Return what the cores reach on a product that does little else than multiply and add."""
    rng = np.random.default_rng(0)
    left = rng.standard_normal((_MATRIX_SIZE, _MATRIX_SIZE), dtype=np.float32)
    milliseconds = _median_ms(lambda: left @ left, runs=20)
    return 2 * _MATRIX_SIZE**3 / milliseconds / 1e6


def processor_name() -> str:
    """Return the processor's name."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
