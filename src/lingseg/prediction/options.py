"""What holds for every job of a batch."""

from dataclasses import dataclass

from lingseg.imaging.parts import CleanUp
from lingseg.language.side import Side
from lingseg.prediction.formats import FORMATS, FormatName
from lingseg.prediction.volume_result import NO_CLEAN_UP

BY_INPUT: tuple[FormatName, FormatName] = ("png", "nifti")
"""How masks are written where no format is asked for: of a picture, of a volume."""


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """What holds for every job of a batch."""

    side: Side
    threshold: float
    has_overlay: bool = False
    has_check: bool = False
    """Whether each record says where sentence and mask disagree."""
    format: FormatName | None = None
    """None: PNG for a picture, NIfTI for a volume."""
    is_deidentified: bool = False
    """Whether nothing that is written may tell the patient."""
    clean_up: CleanUp = NO_CLEAN_UP
    """Which parts of a volume's mask stay."""
    has_tiles: bool = False
    """Whether pictures are looked at piece by piece."""
    workers: int = 1
    """Pictures, or slices of a volume, that are worked on at once."""
    has_store: bool = False
    """Whether DICOM objects are sent to where their pictures came from."""

    def format_of(self, *, is_volume: bool) -> FormatName:
        """Return the format for a picture or a volume."""
        return BY_INPUT[is_volume] if self.format is None else self.format


def formats_of(asked: FormatName | None) -> tuple[FormatName, ...]:
    """Return the formats that masks may be written in: None means "as suits the input"."""
    return BY_INPUT if asked is None else (asked,)


def written_as(name: FormatName) -> FormatName:
    """Return how each mask lies on disk: the files for a whole batch are made from PNG."""
    return "png" if FORMATS[name].collection else name
