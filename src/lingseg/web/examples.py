"""The pictures that ship with the package."""

import csv
from functools import lru_cache

from lingseg.imaging import as_rgb, decode_image, resize_rgb
from lingseg.imaging.writing import encode_png
from lingseg.prediction.demo import PICTURES, TABLE
from lingseg.web.messages import Example
from lingseg.web.pile import File
from lingseg.web.problem import Problem

_THUMBNAIL = 160
_KINDS = {
    "busi": ("Breast ultrasound", "CC0-1.0 (BUSI, Al-Dhabyani et al. 2020)"),
    "isic": ("Dermoscopy", "CC0-1.0 (ISIC 2017, Codella et al.)"),
    "phantom": ("Phantom, drawn by lingseg", "CC0-1.0"),
}


@lru_cache(maxsize=1)
def list_examples() -> tuple[Example, ...]:
    """Return the pictures with the sentences that go with them."""
    sentences: dict[str, list[str]] = {}
    with (PICTURES / TABLE).open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            sentences.setdefault(row["image"], []).append(row["text"])
    return tuple(_example(name, texts) for name, texts in sentences.items())


def example_file(name: str) -> File:
    """Return the file of an example.

    Raises:
        Problem: There is none of that name.
    """
    if name not in {one.name for one in list_examples()}:
        raise Problem(404, "unknown-example", "There is no such example; GET /v1/examples.")
    return File(name=name, data=(PICTURES / name).read_bytes())


@lru_cache(maxsize=64)
def thumbnail(name: str) -> bytes:
    """Return a small PNG of an example.

    Raises:
        Problem: There is none of that name.
    """
    file = example_file(name)
    pixels = as_rgb(decode_image(file.data, file.name))
    height, width = pixels.shape[:2]
    shrink = max(1.0, max(height, width) / _THUMBNAIL)
    return encode_png(resize_rgb(pixels, (round(height / shrink), round(width / shrink))))


def _example(name: str, sentences: list[str]) -> Example:
    """Return what is told of an example."""
    kind, licence = _KINDS[name.partition("-")[0]]
    height, width = decode_image((PICTURES / name).read_bytes(), name).size
    return Example(
        name=name,
        title=f"{kind}: {name.rpartition('.')[0].partition('-')[2]}",
        sentences=sentences,
        licence=licence,
        width=width,
        height=height,
        thumbnail=f"/v1/examples/{name}/thumbnail",
    )
