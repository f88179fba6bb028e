"""One file for all masks of a batch, as annotation tools import them.

It is made at the end, from the masks and records that lie on disk: a batch that was stopped and run
again gives the same file. In memory are one mask at a time, and what the file itself has to hold
together: of COCO each sentence once, of Label Studio the masks of one picture.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any, TypeAlias

from lingseg.artefact import written_atomically
from lingseg.imaging import MaskPixels, read_mask
from lingseg.imaging.deidentification import pseudonym_of


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A mask on disk, and what was asked for it."""

    image: Path
    mask_path: Path
    record: dict[str, Any]

    @property
    def text(self) -> str:
        """The sentence."""
        return str(self.record["text"])

    @property
    def image_name(self) -> str:
        """The picture's file name, or what stands for it where it may tell the patient."""
        if not self.record.get("is_deidentified"):
            return self.image.name
        return pseudonym_of(self.image) + "".join(self.image.suffixes[-1:])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture."""
        height, width = self.record["height_width"]
        return int(height), int(width)

    @property
    def confidence(self) -> float:
        """How sure the model is, 0 to 1."""
        return float(self.record["confidence"])

    @property
    def about_image(self) -> dict[str, Any]:
        """What is told of a picture that is a slice of a volume."""
        return {name: self.record[name] for name in ("volume", "slice") if name in self.record}

    @property
    def about_person(self) -> dict[str, Any]:
        """What is told of a mask that a person corrected: nobody is sure of it by so much."""
        return {"is_corrected": True} if self.record.get("is_corrected") else {}

    def read(self) -> MaskPixels:
        """Read the mask.

        Raises:
            UnreadableImage: It was changed since.
        """
        return read_mask(self.mask_path).pixels


Lines: TypeAlias = Callable[[Iterable[Drawn]], Iterator[str]]
"""Gives the text of a file, piece by piece; it may walk over the masks more than once."""


def write_collection(path: Path, drawn: Iterable[Drawn], lines: Lines) -> None:
    """Write the file, or leave the old one.

    Raises:
        OSError: It cannot be written, or a mask is gone.
        UnreadableImage: A mask was changed since it was written.
    """
    with written_atomically(path) as temporary, temporary.open("w", encoding="utf-8") as opened:
        opened.writelines(lines(drawn))


def by_image(drawn: Iterable[Drawn]) -> Iterator[tuple[Drawn, Iterator[Drawn]]]:
    """Yield for each picture its first mask, and all of them, which follow one another."""
    for _, its in groupby(drawn, key=lambda one: one.image):
        yield _with_first(its)


def _with_first(drawn: Iterator[Drawn]) -> tuple[Drawn, Iterator[Drawn]]:
    """Return the first mask, and all of them."""
    first = next(drawn)
    return first, chain([first], drawn)


def as_list(items: Iterable[object]) -> Iterator[str]:
    """Yield a JSON list, an item a line."""
    before = "[\n"
    for item in items:
        yield before + json.dumps(item, ensure_ascii=False)
        before = ",\n"
    yield "[]" if before == "[\n" else "\n]"
