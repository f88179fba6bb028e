"""Pixels that know where they lie."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.source import Source

Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
"""Grey (height, width) or colour (height, width, 3)."""
Rgb: TypeAlias = NDArray[np.uint8]
"""What models are shown: (height, width, 3), 0 to 255."""
MaskPixels: TypeAlias = NDArray[np.bool_]
"""(height, width), True where the structure is."""
Probabilities: TypeAlias = NDArray[np.float32]
"""(height, width), 0 to 1."""

Spacing: TypeAlias = tuple[float, float]
"""Millimetres from one row to the next, and from one column to the next."""
Affine: TypeAlias = NDArray[np.float64]
"""(4, 4): from (row, column, slice, 1) to millimetres in the patient, RAS+ as nibabel has it.

x grows towards the patient's right, y to the front, z to the head; DICOM's x and y point the other
way. Its first column is the step from one row to the next, its second that to the next column."""
Window: TypeAlias = tuple[float, float]
"""The values shown black and white; the first is the larger one where white is stored as low."""
PatientLeft: TypeAlias = Literal["left", "right", "neither"]
"""The edge of the picture at which the patient's left lies; "neither": seen from the side."""
Direction: TypeAlias = Literal["R", "L", "A", "P", "S", "I"]
"""Of the patient: right, left, front, back, head, feet."""


class Edges(NamedTuple):
    """Which side of the patient lies at each edge of a picture."""

    left: Direction
    right: Direction
    top: Direction
    bottom: Direction


class UnreadableImage(ValueError):
    """A file that is not a picture lingseg can read, or that breaks a limit."""


@dataclass(frozen=True, eq=False)
class Image:
    """A picture as it was stored."""

    pixels: Pixels
    spacing: Spacing | None = None
    """None where the file does not tell, as in PNG, JPEG and TIFF."""
    affine: Affine | None = None
    """None where the file does not tell where in the patient the picture lies, as in films."""
    window: Window | None = None
    """None: 8-bit values are shown as they are, deeper ones by percentiles."""
    padding: Window | None = None
    """The lowest and highest value of what fills the place beside the picture, if anything does.

    Percentiles leave it out. A picture with a window of its own needs it not."""
    patient_left: PatientLeft | None = None
    """None where the file does not tell. Films hang with the patient's left on the right."""
    edges: Edges | None = None
    """None where the file does not tell."""
    source: Source | None = None
    """None where the picture does not come from DICOM."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True, eq=False)
class Mask:
    """Where a structure is, on the grid of its image."""

    pixels: MaskPixels
    spacing: Spacing | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]
