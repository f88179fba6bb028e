"""Masks that were made elsewhere, in a folder: another program is scored by the same code."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lingseg.datasets.case import Case
from lingseg.imaging.image import Image, Probabilities
from lingseg.imaging.reading import read_mask

SUFFIXES = (".png", ".tif", ".tiff", ".bmp")


@dataclass(frozen=True)
class SavedPredictions:
    """A folder of masks as a predictor; made by `find_predictions`."""

    name: str
    paths: Mapping[str, Path]
    """By case id."""
    threshold: float = 0.5

    def probabilities(self, case: Case, image: Image) -> Probabilities:
        """Return 1 where the saved mask is, 0 elsewhere.

        Raises:
            ValueError: The mask has not the image's size, or is no mask.
        """
        path = self.paths[case.case_id]
        mask = read_mask(path)
        if mask.size != image.size:
            raise ValueError(
                f"{path} is {mask.size[0]} x {mask.size[1]}, the image {case.image} "
                f"{image.size[0]} x {image.size[1]}. Save predictions at the image's own size."
            )
        return mask.pixels.astype(np.float32)


def find_predictions(folder: Path, cases: Sequence[Case]) -> SavedPredictions:
    """Find the saved mask of every case.

    It has the name of the case id ("/" as a folder, or as "_"), of the reference mask, or of the
    image if no other case has that image; and it ends in .png, .tif, .tiff or .bmp.

    Raises:
        ValueError: A mask is missing; the message lists the first.
        FileNotFoundError: There is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is not a folder; saved predictions are a folder of masks. "
            f"Check the spelling."
        )
    images = Counter(case.image for case in cases)
    found = {
        case.case_id: _find(folder, list(_names(case, is_alone=images[case.image] == 1)))
        for case in cases
    }
    paths = {case_id: path for case_id, path in found.items() if path is not None}
    missing = [case for case in cases if case.case_id not in paths]
    if missing:
        listed = "; ".join(
            " or ".join(_names(case, is_alone=images[case.image] == 1)) for case in missing[:5]
        )
        raise ValueError(
            f"{folder} lacks the masks of {len(missing)} of {len(cases)} cases: {listed}"
            f"{'; …' if len(missing) > 5 else ''}. Save every prediction as a PNG of that name, "
            f"all black where nothing was found."
        )
    return SavedPredictions(folder.name, paths)


def _names(case: Case, *, is_alone: bool) -> Iterator[str]:
    """Yield the names, without suffix, that the case's mask may have, the surest first."""
    names = [case.case_id, case.case_id.replace("/", "_")]
    if case.mask:
        names.append(case.mask.stem)
    if is_alone:
        names.append(case.image.stem)
    yield from dict.fromkeys(names)


def _find(folder: Path, names: Sequence[str]) -> Path | None:
    """Return the first file there is."""
    candidates = (folder / f"{name}{suffix}" for name in names for suffix in SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)
