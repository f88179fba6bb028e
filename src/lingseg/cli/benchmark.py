"""`lingseg benchmark`: how fast a bundle is here."""

import json as json_format
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from lingseg.prediction.predictor import find_bundle
from lingseg.prediction.speed import measure_speed

_ROWS = {
    "first_mask_ms": "process start to the mask on disk, ms",
    "picture_and_sentence_ms": "picture and sentence, warm, median ms",
    "another_sentence_ms": "another sentence on an encoded picture, median ms",
    "peak_memory_mib": "peak memory, MiB",
    "folder_pictures_per_second": "a folder and a sentence, warm, pictures a second",
    "matrix_product_gflops": "this machine's fp32 matrix product, GFLOP/s",
    "picture_and_sentence_gmacs": "multiply-adds of picture and sentence, billions",
    "another_sentence_gmacs": "multiply-adds of another sentence, billions",
    "picture_and_sentence_utilisation": "of the matrix product's rate: picture and sentence",
    "another_sentence_utilisation": "of the matrix product's rate: another sentence",
    "folder_utilisation": "of the matrix product's rate: a folder",
}


def benchmark(
    *,
    model: str = "default",
    height: int = 224,
    width: int = 224,
    runs: int = 50,
    json: bool = False,
) -> int:
    """Measure speed and memory of a bundle on this machine, beside the machine's measured limit.

    Parameters
    ----------
    model
        The name of a shipped model, or the path of a bundle.
    height
        Rows of the picture, which is made up.
    width
        Its columns.
    runs
        How often each warm time is taken.
    json
        Print the numbers as JSON.
    """
    console = Console(stderr=True)
    with console.status("Measuring"):
        speed = measure_speed(find_bundle(model), size=(height, width), runs=runs)
    if json:
        print(json_format.dumps(asdict(speed)))
        return 0
    title = f"{speed.bundle}, {speed.precision}, {speed.picture}: {speed.machine}"
    table = Table("measured", "value", title=title)
    for name, label in _ROWS.items():
        table.add_row(label, _shown(name, getattr(speed, name)))
    Console().print(table)
    return 0


def _shown(name: str, value: float) -> str:
    """Return a number as a person reads it: shares in per cent, multiply-adds in two digits."""
    if name.endswith("_utilisation"):
        return f"{value:.0%}"
    return f"{value:.2f}" if name.endswith("_gmacs") else f"{value:.1f}"
