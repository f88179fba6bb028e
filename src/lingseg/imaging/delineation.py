"""What was drawn on the pictures of one file or series, with all that a format may want to know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.image import Affine, Image, MaskPixels, Probabilities, Spacing
from lingseg.imaging.large_picture import LargePicture
from lingseg.imaging.source import Source
from lingseg.imaging.volume import StoredGrid, Volume

MaskStack: TypeAlias = NDArray[np.bool_]
"""(slice, row, column), True where the structure is."""
ProbabilityStack: TypeAlias = NDArray[np.float32]
"""(slice, row, column), 0 to 1."""
ProbabilitySteps: TypeAlias = NDArray[np.uint8]
"""(slice, row, column), 0 to 255: probabilities of a volume, which has no room for more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Delineation:
    """The mask of every slice, one for a lone picture, and where the slices lie."""

    masks: MaskStack
    probabilities: ProbabilityStack | ProbabilitySteps | None = None
    """None where the format that they are for writes masks only."""
    spacing: Spacing | None = None
    affine: Affine | None = None
    """From (row, column, slice, 1) to RAS+ millimetres."""
    sources: tuple[Source, ...] = ()
    """The DICOM instance or frame of every slice; empty where the pictures are not DICOM."""
    stored: StoredGrid | None = None
    """How the NIfTI file lays out its voxels; None where the pictures are not NIfTI."""

    def __post_init__(self) -> None:
        """Refuse parts that do not belong together."""
        shape = self.masks.shape if self.probabilities is None else self.probabilities.shape
        if self.masks.ndim != 3 or self.masks.shape != shape:
            raise ValueError(
                f"The masks have shape {self.masks.shape} and the probabilities "
                f"{shape}; expected (slice, row, column) twice."
            )
        if len(self.sources) not in (0, len(self.masks)):
            raise ValueError(
                f"There are {len(self.sources)} sources for {len(self.masks)} slices; expected "
                f"one for each or none."
            )

    @property
    def slice_spacing(self) -> float | None:
        """Millimetres from one slice to the next, where more than one lies in space."""
        if self.affine is None or len(self.masks) == 1:
            return None
        return float(np.linalg.norm(self.affine[:3, 2]))

    @property
    def voxel_mm3(self) -> float | None:
        """Cubic millimetres of a voxel, slices that lean included; None where not known."""
        if self.affine is None or len(self.masks) == 1:
            return None
        return float(abs(np.linalg.det(self.affine[:3, :3])))


def delineate(
    image: Image | LargePicture, mask: MaskPixels, probabilities: Probabilities
) -> Delineation:
    """Return what was drawn on one picture."""
    return Delineation(
        masks=mask[None],
        probabilities=probabilities[None],
        spacing=image.spacing,
        affine=image.affine,
        sources=() if image.source is None else (image.source,),
    )


def delineate_volume(
    volume: Volume,
    masks: MaskStack,
    probabilities: ProbabilityStack | ProbabilitySteps | None = None,
    sources: Sequence[Source] = (),
) -> Delineation:
    """Return what was drawn on the slices of a volume; `sources` are those of its images."""
    return Delineation(
        masks=masks,
        probabilities=probabilities,
        spacing=volume.spacing,
        affine=volume.affine,
        sources=tuple(sources),
        stored=volume.stored,
    )
