"""Pixels that know where they lie."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

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


class UnreadableImage(ValueError):
    """A file that is not a picture lingseg can read, or that breaks a limit."""


@dataclass(frozen=True, eq=False)
class Image:
    """A picture as it was stored."""

    pixels: Pixels
    spacing: Spacing | None = None
    """None where the file does not tell, as in PNG, JPEG and TIFF."""

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
