"""Cases and predictors whose scores a reader can work out, in a few lines each."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from fakes import write_png

from lingseg.datasets.case import Case, Dataset, DatasetInfo
from lingseg.imaging.reading import read_mask

SIZE = (12, 20)


def box(top, left, height, width, size=SIZE):
    mask = np.zeros(size, dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


def write_case(root: Path, name: str, pixels, **changes) -> Case:
    """Write a grey picture and its mask; None for a case without a reference."""
    size = SIZE if pixels is None else pixels.shape
    write_png(root / "images" / f"{name}.png", np.full(size, 90, dtype=np.uint8))
    path = None
    if pixels is not None:
        path = root / "masks" / f"{name}.png"
        write_png(path, pixels.astype(np.uint8) * 255)
    values = {
        "case_id": name,
        "image": root / "images" / f"{name}.png",
        "text": "the box",
        "mask": path,
        "subject": name,
        "side": "image",
    }
    return Case(**(values | changes))


def make_dataset(root: Path, **splits) -> Dataset:
    info = DatasetInfo(name="boxes", side="image")
    return Dataset(root=root, info=info, splits={k: tuple(v) for k, v in splits.items()})


@dataclass
class Oracle:
    """Answers with the reference, at some probability, and remembers what it was asked."""

    name: str = "oracle"
    threshold: float = 0.5
    probability: float = 0.9
    asked: list[tuple[str, str]] = field(default_factory=list)

    def probabilities(self, case, image):
        self.asked.append((case.case_id, case.text))
        if case.text == "":
            return np.zeros(image.size, dtype=np.float32)
        return read_mask(case.mask).pixels * np.float32(self.probability)


@dataclass
class Fixed:
    """Answers with the same map whatever it is asked."""

    answer: np.ndarray
    name: str = "fixed"
    threshold: float = 0.5

    def probabilities(self, case, image):  # noqa: ARG002
        return self.answer.astype(np.float32)
