"""Pictures that are looked at by windows, because they are too large to be seen or held whole."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lingseg.imaging.decoding import in_time
from lingseg.imaging.image import Affine, Image, PatientLeft, Rgb, Spacing
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.resampling import resize_rgb
from lingseg.imaging.source import Source

_BAND = 2_048
"""Rows that an overview is made of at a time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LargePicture:
    """A picture of which windows are read, in 8-bit red, green and blue."""

    size: tuple[int, int]
    """Height and width in pixels."""
    read: Callable[[int, int, int, int], Rgb]
    """Reads from top to bottom and from left to right; ask `window` instead, which checks them."""
    spacing: Spacing | None = None
    affine: Affine | None = None
    patient_left: PatientLeft | None = None
    source: Source | None = None

    def window(self, top: int, left: int, height: int, width: int) -> Rgb:
        """Read a window that lies in the picture.

        Raises:
            UnreadableImage: Its pixels cannot be decoded.
            IndexError: It does not lie in the picture.
        """
        bottom, right = top + height, left + width
        if not (0 <= top < bottom <= self.size[0] and 0 <= left < right <= self.size[1]):
            raise IndexError(
                f"The window {top}:{bottom}, {left}:{right} was asked for; the picture has "
                f"{self.size[0]} x {self.size[1]} pixels."
            )
        return in_time(
            f"The window {top}:{bottom}, {left}:{right}",
            lambda: self.read(top, bottom, left, right),
        )

    def overview(self, size: tuple[int, int]) -> Rgb:
        """Return the whole picture at (height, width) `size`, read band by band.

        A band is first shrunk to about twice that size, so that what is held is small.

        Raises:
            UnreadableImage: Its pixels cannot be decoded.
        """
        shrink = max(1, min(self.size[0] // (2 * size[0]), self.size[1] // (2 * size[1])))
        num_bands = math.ceil(self.size[0] / _BAND)
        edges = [round(number * self.size[0] / num_bands) for number in range(num_bands + 1)]
        width = max(1, self.size[1] // shrink)
        bands = []
        for top, bottom in itertools.pairwise(edges):
            height = round(bottom / shrink) - round(top / shrink)
            if height > 0:
                band = self.window(top, 0, bottom - top, self.size[1])
                bands.append(resize_rgb(band, (height, width)))
        return resize_rgb(np.concatenate(bands), size)


def windows_of(image: Image) -> LargePicture:
    """Return a picture in memory as one that is looked at by windows."""
    pixels = as_rgb(image)
    return LargePicture(
        size=image.size,
        read=lambda top, bottom, left, right: pixels[top:bottom, left:right],
        spacing=image.spacing,
        affine=image.affine,
        patient_left=image.patient_left,
        source=image.source,
    )
