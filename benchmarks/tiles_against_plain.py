"""What `--tiles` gains or costs a model. Run `python benchmarks/tiles_against_plain.py SET...`.

Pictures of the validation split are enlarged until tiles are looked at, and asked both ways; the
table tells Dice per image against the enlarged reference.
"""

from pathlib import Path
from statistics import mean

import numpy as np
from cyclopts import App
from PIL import Image as Pillow

import lingseg
from lingseg.datasets.case import Case
from lingseg.datasets.catalogue import find_dataset
from lingseg.imaging import Image, MaskPixels, as_rgb, read_image, read_mask
from lingseg.metrics.overlap import measure_overlap
from lingseg.prediction import Model

app = App()


@app.default
def compare(
    *names: str,
    model: str = "default",
    pictures: int = 25,
    long_side: int = 4_096,
    data_root: Path | None = None,
) -> None:
    """Print a line for each data set.

    Parameters
    ----------
    names
        Data sets with a validation split.
    model
        A bundle's name or path.
    pictures
        Cases of each, taken evenly from the split.
    long_side
        Pixels that the longer side of a picture is enlarged to.
    data_root
        The folder that holds the data sets; else the environment variable LINGSEG_DATA.
    """
    loaded = lingseg.load(model)
    print(f"| {pictures} pictures, {long_side} pixels | plain | `--tiles` |\n| --- | --- | --- |")
    for name in names:
        dataset = find_dataset(name, data_root=data_root)
        known = [(case, case.mask) for case in dataset.splits["val"] if case.mask is not None]
        chosen = np.linspace(0, len(known) - 1, min(pictures, len(known))).round().astype(int)
        plain, tiled = zip(
            *(_ask(loaded, *known[number], long_side) for number in chosen), strict=True
        )
        print(f"| {name} | {mean(plain):.3f} | {mean(tiled):.3f} |", flush=True)


def _ask(model: Model, case: Case, mask: Path, long_side: int) -> tuple[float, float]:
    """Return the Dice of the plain answer and of the one with tiles."""
    pixels, reference = as_rgb(read_image(case.image)), read_mask(mask).pixels
    factor = long_side / max(pixels.shape[:2])
    size = round(pixels.shape[1] * factor), round(pixels.shape[0] * factor)
    large = np.asarray(Pillow.fromarray(pixels).resize(size, Pillow.Resampling.BICUBIC))
    wanted = np.asarray(Pillow.fromarray(reference).resize(size, Pillow.Resampling.NEAREST))

    def dice(*, tiles: bool) -> float:
        answer: MaskPixels = model.segment(
            Image(pixels=large), case.text, side=case.side, tiles=tiles
        ).mask
        return measure_overlap(answer, wanted).dice

    return dice(tiles=False), dice(tiles=True)


if __name__ == "__main__":
    app()
