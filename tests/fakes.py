"""Small data sets made to order: a data set's real layout, with pictures that cost nothing.

Every picture has two bright blocks, one in each half, on a ground that differs from picture to
picture; the sentence says which block is meant, so a model can only be right if it reads.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

NUM_CASES = {"train": 4, "val": 2, "test": 2}
SIZE = (24, 32)
"""Height and width; never square."""


def write_folder_dataset(
    root: Path,
    *,
    num_cases: Mapping[str, int] | None = None,
    size: tuple[int, int] = SIZE,
    side: str = "image",
    declared: Mapping[str, object] | None = None,
    with_masks: bool = True,
    seed: int = 0,
) -> Path:
    """Write a data set in the folder format and return `root`.

    Args:
        root: Made if it is not there.
        num_cases: Cases of each split, at any number; 4, 2 and 2 if left out.
        size: Height and width of the pictures.
        side: Whose left and right the sentences mean; they are true under it.
        declared: What else `dataset.json` says, say `{"symmetry": "horizontal"}`.
        with_masks: Whether the tables have a column `mask`, and the masks are there.
        seed: Which pictures are drawn.
    """
    rng = np.random.default_rng(seed)
    write_declaration(root, {"name": root.name, "side": side} | dict(declared or {}))
    for split, number in (NUM_CASES if num_cases is None else num_cases).items():
        rows = []
        for index in range(number):
            half = ("left", "right")[index % 2]
            image, mask = draw_blocks(rng, size=size, half=half)
            stem = f"{split}_{index:03d}"
            row = {"image": f"images/{stem}.png", "text": sentence(half, side=side)}
            row |= {"label": "block", "subject": f"subject_{stem}"}
            write_png(root / row["image"], image)
            if with_masks:
                row["mask"] = f"masks/{stem}.png"
                write_png(root / row["mask"], mask)
            rows.append(row)
        write_table(root / f"{split}.csv", rows)
    return root


def write_lvit_dataset(
    root: Path,
    *,
    num_cases: Mapping[str, int] | None = None,
    size: tuple[int, int] = SIZE,
    mask_prefix: str = "",
    joint_texts: bool = False,
    seed: int = 0,
) -> Path:
    """Write a data set in LViT's layout, its sentences true under side "image"; return `root`.

    Args:
        root: Made if it is not there.
        num_cases: Cases of each split; 4, 2 and 2 if left out.
        size: Height and width of the pictures.
        mask_prefix: What masks' names have before the picture's: "mask_" in QaTa-COV19, whose
            tables name masks; nothing in MoNuSeg.
        joint_texts: Whether train and val share a `Train_Val_text.xlsx`, as in QaTa-COV19.
        seed: Which pictures are drawn.
    """
    rng = np.random.default_rng(seed)
    tables: dict[Path, list[tuple[str, str]]] = {}
    for split, number in (NUM_CASES if num_cases is None else num_cases).items():
        folder = root / f"{split.capitalize()}_Folder"
        table = folder / f"{split.capitalize()}_text.xlsx"
        if joint_texts and split in {"train", "val"}:
            table = root / "Train_Val_text.xlsx"
        for index in range(number):
            half = ("left", "right")[index % 2]
            image, mask = draw_blocks(rng, size=size, half=half)
            name = f"{split}_{index:03d}.png"
            write_png(folder / "img" / name, image)
            write_png(folder / "labelcol" / (mask_prefix + name), mask)
            tables.setdefault(table, []).append((mask_prefix + name, sentence(half, side="image")))
    for table, rows in tables.items():
        write_workbook(table, rows)
    return root


def write_declaration(root: Path, declared: Mapping[str, object]) -> None:
    """Write `dataset.json`."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "dataset.json").write_text(json.dumps(declared), encoding="utf-8")


def write_table(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write one split's CSV; its columns are those of the first row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, fieldnames=list(rows[0]) if rows else ["image", "text"])
        writer.writeheader()
        writer.writerows(rows)


def write_workbook(path: Path, rows: Iterable[tuple[str, str]]) -> None:
    """Write one of LViT's text tables."""
    import openpyxl

    path.parent.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    book.active.append(("Image", "Description"))
    for row in rows:
        book.active.append(row)
    book.save(path)


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a picture, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    PillowImage.fromarray(pixels).save(path)


def draw_blocks(
    rng: np.random.Generator, *, size: tuple[int, int] = SIZE, half: str = "left"
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a picture with a block in each half, and the mask (0, 255) of that in `half`."""
    image = draw_ground(rng, size=size)
    mask = np.zeros(size, dtype=np.uint8)
    middle = size[1] // 2
    for name, start in (("left", 0), ("right", middle)):
        rows = _extent(rng, 0, size[0])
        columns = _extent(rng, start, start + middle)
        image[rows, columns] = 255
        if name == half:
            mask[rows, columns] = 255
    return image, mask


def draw_ground(rng: np.random.Generator, *, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """Return a dark picture of soft blobs, none like another."""
    coarse = PillowImage.fromarray(rng.integers(0, 160, size=(6, 8), dtype=np.uint8))
    return np.array(coarse.resize((size[1], size[0]), PillowImage.Resampling.BICUBIC))


def sentence(half: str, *, side: str = "image") -> str:
    """Return the sentence for the block in one half of the picture, true under `side`."""
    opposite = {"left": "right", "right": "left"}
    return f"the bright block on the {opposite[half] if side == 'patient' else half}"


def _extent(rng: np.random.Generator, start: int, stop: int) -> slice:
    """Return where a block starts and stops, within a border of one pixel."""
    length = (stop - start) // 3
    first = int(rng.integers(start + 1, stop - length - 1))
    return slice(first, first + length + 1)
