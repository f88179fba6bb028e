"""How fast and in how much memory `lingseg predict --jobs` goes through many rows.

    python benchmarks/jobs_at_scale.py --rows 100000 --rows-per-picture 10

The model is a stand-in that draws at once, and pictures have 8 x 12 pixels: what is measured is
everything around the model. Prints, for every count of rows, the seconds to read the table, rows a
second, and the peak of what Python and its libraries took from the system, beyond what they had
before (in a process of its own each, from /proc).
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from lingseg.imaging import Image
from lingseg.language.side import Side
from lingseg.prediction import BatchOptions, Request, Result, read_jobs, run_jobs

SIZE = (8, 12)


class StandIn:
    """Draws the left half of everything, at once."""

    name, hash, threshold, side = "stand-in", "0" * 64, 0.5, "image"

    def encode(self, image: Image, *, input_hash: str, tiles: bool) -> "Answers":  # noqa: ARG002
        """Return something that may be asked."""
        return Answers(image.size, input_hash)


class Answers:
    """An encoded picture."""

    def __init__(self, size: tuple[int, int], input_hash: str) -> None:
        """Remember what a result says of the picture."""
        self.input_hash = input_hash
        self.probabilities = np.zeros(size, dtype=np.float32)
        self.probabilities[:, : size[1] // 2] = 1

    def segment(self, text: str, *, threshold: float, side: Side) -> Result:
        """Return the left half."""
        return Result(
            request=Request(text=text, side=side, threshold=threshold),
            mask=self.probabilities >= threshold,
            probabilities=self.probabilities,
            presence=None,
            spacing=None,
            model_name="stand-in",
            model_hash="0" * 64,
            input_hash=self.input_hash,
        )


def write_table(folder: Path, rows: int, rows_per_picture: int) -> None:
    """Write the pictures, a thousand to a folder, and a table whose rows are well mixed."""
    num_pictures = -(-rows // rows_per_picture)
    pixels = np.arange(SIZE[0] * SIZE[1], dtype=np.uint8).reshape(SIZE)
    for number in range(num_pictures):
        path = folder / "pictures" / f"{number // 1000:03d}" / f"{number:06d}.png"
        if number % 1000 == 0:
            path.parent.mkdir(parents=True)
        PillowImage.fromarray(pixels + np.uint8(number % 100)).save(path)
    with (folder / "jobs.csv").open("w", newline="", encoding="utf-8") as opened:
        table = csv.writer(opened)
        table.writerow(["image", "text", "output"])
        for row in range(rows):
            picture = row % num_pictures  # the rows of a picture lie far apart
            name = f"pictures/{picture // 1000:03d}/{picture:06d}.png"
            output = f"{picture // 1000:03d}/{picture:06d}-{row // num_pictures}"
            table.writerow([name, f"the lesion number {row // num_pictures}", output])


def resident_mib(field: str = "VmHWM") -> float:
    """Return the process's memory: its peak, or what it is now (VmRSS)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def measure(folder: Path, *, syncs: bool) -> dict[str, float]:
    """Run the table of `folder` in this process; return what was measured."""
    if not syncs:
        os.fsync = lambda _descriptor: None
    before, started = resident_mib("VmRSS"), time.perf_counter()
    jobs = read_jobs(folder / "jobs.csv", folder / "masks")
    read = time.perf_counter()
    options = BatchOptions(side="image", threshold=0.5)
    done = sum(outcome.record is not None for outcome in run_jobs(StandIn(), jobs, options))
    ended = time.perf_counter()
    return {
        "rows": done,
        "seconds_to_read_the_table": round(read - started, 2),
        "rows_a_second": round(done / (ended - read)),
        "peak_mib": round(resident_mib() - before, 1),
    }


def main() -> None:
    """Measure every count of rows that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rows-per-picture", type=int, default=10)
    parser.add_argument("--sync", action="store_true", help="wait for the disk after every file")
    parser.add_argument("--in-folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.in_folder:
        print(json.dumps(measure(arguments.in_folder, syncs=arguments.sync)))
        return
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            write_table(Path(folder), rows, arguments.rows_per_picture)
            call = [sys.executable, __file__, "--in-folder", folder]
            call += ["--sync"] if arguments.sync else []
            done = subprocess.run(call, capture_output=True, text=True, check=True)
            print(done.stdout.strip(), flush=True)


if __name__ == "__main__":
    main()
