"""Where the time of a folder goes. Run `python benchmarks/folder_speed.py FOLDER`.

All workers do the pictures as `lingseg predict` does. Then one does them alone on one core, and
each part's processor time is taken: where a machine is not idle it says more than the clock.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cyclopts import App

from lingseg import artefact
from lingseg.imaging import writing
from lingseg.prediction import (
    BatchOptions,
    Crew,
    batch,
    find_images,
    graphs,
    load,
    make_jobs,
    opening,
    predictor,
    questions,
    run_jobs,
)
from lingseg.prediction.formats import png
from lingseg.prediction.job import Place

PARTS: dict[str, tuple[Any, str]] = {
    "read the file": (opening, "read_file"),
    "decode": (opening, "decode_pictures"),
    "to 8-bit colour": (predictor, "as_rgb"),
    "resize": (predictor, "resize_rgb"),
    "to numbers": (predictor, "_as_input"),
    "tokenise and text graph": (predictor.Model, "_encode_text"),
    "image graph": (graphs.Graphs, "encode_image"),
    "mask graph": (graphs.Graphs, "segment"),
    "resize back": (predictor, "resize_probabilities"),
    "mask on disk": (png, "write_mask"),
    "  of it PNG": (writing, "_save"),
    "record": (questions.Questions, "_record"),
    "record on disk": (questions, "write_record"),
    "wait for the disk, of both": (artefact.os, "fsync"),
    "look for an earlier run": (batch, "earlier_outcome"),
}

app = App()


@app.default
def measure(folder: Path, /, *, prompt: str = "the mass at the left") -> int:
    """Print the parts of a picture's time, and how many pictures are done in a second.

    Parameters
    ----------
    folder
        Pictures.
    prompt
        What is asked of each.
    """
    images = find_images([str(folder)], is_recursive=False, out=Path("masks"))
    crew = Crew.for_pictures(len(images))
    seconds = _run(images, prompt, workers=crew.workers, threads=crew.threads)
    _print(f"{crew.workers} workers", seconds, len(images))
    spent: Counter[str] = Counter()
    for name, (owner, function) in PARTS.items():
        setattr(owner, function, _timed(getattr(owner, function), name, spent))
    seconds = _run(images, prompt, workers=1, threads=1)
    _print("one worker", seconds, len(images))
    for name in PARTS:
        print(f"  {name:28} {1e3 * spent[name] / len(images):6.2f} ms")
    return 0


def _run(images: list[Place], prompt: str, *, workers: int, threads: int) -> tuple[float, float]:
    """Return the seconds by the clock, and those of processors, that the pictures took."""
    model = load(threads=threads)
    options = BatchOptions(side=model.side, threshold=model.threshold, workers=workers)
    with tempfile.TemporaryDirectory() as out:
        began, spent = time.perf_counter(), time.process_time()
        for _ in run_jobs(model, make_jobs(images, [prompt], Path(out)), options):
            pass
        return time.perf_counter() - began, time.process_time() - spent


def _print(what: str, seconds: tuple[float, float], num_pictures: int) -> None:
    """Print what some pictures took."""
    print(
        f"{what}: {num_pictures / seconds[0]:.1f} pictures/s, "
        f"{1e3 * seconds[1] / num_pictures:.2f} ms of processor time a picture"
    )


def _timed(function: Callable[..., Any], name: str, spent: Counter[str]) -> Callable[..., Any]:
    """Return `function` with its processor time added to what was spent."""

    def timed(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever it takes and returns
        began = time.process_time()
        try:
            return function(*given, **named)
        finally:
            spent[name] += time.process_time() - began

    return timed


if __name__ == "__main__":
    sys.exit(app())
