"""A picture or volume that the server holds, in memory, for as long as somebody asks for it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lingseg.imaging import Image, UnreadableImage, Volume
from lingseg.web.problem import bad_request, unreadable


@dataclass(frozen=True, kw_only=True)
class Label:
    """A mask as a client of the annotation server's door saved it; it is kept and not looked at."""

    name: str
    data: bytes
    info: Mapping[str, object]


@dataclass(kw_only=True, eq=False)
class HeldImage:
    """One picture or volume."""

    id: str
    """Nobody can guess it."""
    name: str
    """What its file is called, for the person who gave it; it may tell the patient."""
    content: Image | Volume
    input_hash: str
    num_bytes: int
    folder: str = ""
    """Where its file lay in what was given."""
    alias: str | None = None
    """What a client of the annotation server's door calls it, which lists what came that way."""
    labels: dict[str, Label] = field(default_factory=dict)
    """Masks that such a client saved, by their tags."""
    last_used: float = field(default_factory=time.monotonic)

    @cached_property
    def series_uid(self) -> str | None:
        """The DICOM series that it comes from, by which viewers know it."""
        source = self.slice(0).source
        return None if source is None else str(source.header.get("SeriesInstanceUID") or "") or None

    @property
    def is_volume(self) -> bool:
        """Whether it has slices."""
        return isinstance(self.content, Volume)

    @property
    def num_slices(self) -> int:
        """Slices; one for a picture."""
        return len(self.content) if isinstance(self.content, Volume) else 1

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.content.size

    def slice(self, number: int) -> Image:
        """Return a slice; a picture is its own slice 0.

        Raises:
            Problem: There is no such slice, or its pixels cannot be decoded.
        """
        if not 0 <= number < self.num_slices:
            raise bad_request(
                f"Slice {number} was asked for; there are {self.num_slices}, counted from 0."
            )
        if not isinstance(self.content, Volume):
            return self.content
        try:
            return self.content.image(number)
        except UnreadableImage as error:
            raise unreadable(str(error)) from error
