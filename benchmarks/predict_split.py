"""Masks of a run for a split, zipped. Run `python benchmarks/predict_split.py RUN SET --out X.zip`.

For a split whose references are held back: the masks are 1-bit PNGs on the pictures' own grids,
named as the pictures, with the run's card beside them as card.md.
"""

import io
import sys
import zipfile
from pathlib import Path

from cyclopts import App
from PIL import Image as PillowImage
from rich.progress import track

from lingseg.artefact import written_atomically
from lingseg.datasets.catalogue import find_dataset
from lingseg.imaging.reading import read_image
from lingseg.training.run_predictor import RunPredictor

app = App()


@app.default
def predict(run: Path, dataset: str, /, *, out: Path, split: str = "test") -> int:
    """Predict every case of a split.

    Parameters
    ----------
    run
        A finished training run.
    dataset
        A data set's name or folder.
    out
        The zip that is written.
    split
        Which split.
    """
    predictor = RunPredictor(run)
    cases = find_dataset(dataset).split(split)
    with (
        written_atomically(out) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
    ):
        archive.write(run / "card.md", "card.md")
        for case in track(cases, description=f"{run.name} on {split}"):
            found = predictor.probabilities(case, read_image(case.image)) > predictor.threshold
            picture = io.BytesIO()
            PillowImage.fromarray(found).save(picture, format="PNG", optimize=True)
            archive.writestr(f"{Path(case.case_id).stem}.png", picture.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(app())
