"""The noun that every data set is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from lingseg.language.side import Side

Symmetry: TypeAlias = Literal["none", "horizontal", "any"]
"""Which mirrored pictures could have been taken as well: none (heart, abdomen), left-right only
(breast ultrasound), or any flip and quarter turn (skin, colon)."""

SYMMETRIES: tuple[Symmetry, ...] = get_args(Symmetry)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One example: an image, a text and, if known, the reference mask. Paths, not pixels."""

    case_id: str
    """Unique in its data set."""
    image: Path
    text: str
    mask: Path | None
    subject: str
    """The patient, or the group of pictures that belong together; scores are clustered by it."""
    side: Side
    label: str = ""
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Whatever else the table says of the case."""


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """What `dataset.json` declares."""

    name: str
    title: str = ""
    modality: str = ""
    side: Side
    licence: str = ""
    citation: str = ""
    ship_weights: bool = False
    """Whether weights trained on it may be passed on."""
    ship_images: bool = False
    symmetry: Symmetry = "none"


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Cases in splits, and what is known of them as a whole."""

    root: Path
    info: DatasetInfo
    splits: Mapping[str, tuple[Case, ...]]

    def split(self, name: str) -> tuple[Case, ...]:
        """Return the cases of one split.

        Raises:
            ValueError: There is no such split.
        """
        if name not in self.splits:
            raise ValueError(
                f"{self.info.name} has no split {name!r}; it has {', '.join(self.splits)}. "
                f"Ask for one of these."
            )
        return self.splits[name]


class DatasetNotFound(FileNotFoundError):
    """A data set is not where it was looked for; the message says where to get it."""
