"""One file for all masks of a batch, as annotation tools import them.

It is made at the end, from the masks and records that lie on disk: a batch that was stopped and run
again gives the same file, and what is in memory at a time is one mask.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from lingseg.artefact import written_atomically
from lingseg.imaging import MaskPixels, read_mask


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
    def size(self) -> tuple[int, int]:
        """Height and width of the picture."""
        height, width = self.record["height_width"]
        return int(height), int(width)

    @property
    def confidence(self) -> float:
        """How sure the model is, 0 to 1."""
        return float(self.record["confidence"])

    def read(self) -> MaskPixels:
        """Read the mask.

        Raises:
            UnreadableImage: It was changed since.
        """
        return read_mask(self.mask_path).pixels


Lines: TypeAlias = Callable[[Sequence[Drawn]], Iterator[str]]
"""Gives the text of a file, piece by piece."""


def write_collection(path: Path, drawn: Sequence[Drawn], lines: Lines) -> None:
    """Write the file, or leave the old one.

    Raises:
        OSError: It cannot be written, or a mask is gone.
        UnreadableImage: A mask was changed since it was written.
    """
    with written_atomically(path) as temporary, temporary.open("w", encoding="utf-8") as opened:
        opened.writelines(lines(drawn))


def by_image(drawn: Sequence[Drawn]) -> dict[Path, list[Drawn]]:
    """Return the masks of every picture, pictures in their order."""
    grouped: dict[Path, list[Drawn]] = {}
    for one in drawn:
        grouped.setdefault(one.image, []).append(one)
    return grouped


def as_list(items: Iterable[object]) -> Iterator[str]:
    """Yield a JSON list, an item a line."""
    before = "[\n"
    for item in items:
        yield before + json.dumps(item, ensure_ascii=False)
        before = ",\n"
    yield "[]" if before == "[\n" else "\n]"
