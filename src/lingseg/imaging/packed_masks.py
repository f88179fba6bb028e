"""Masks of many slices in an eighth of a byte a pixel: those of a long CT take 20 MB a sentence."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.delineation import MaskStack
from lingseg.imaging.image import MaskPixels


class PackedMasks:
    """A stack of masks, (slice, row, column), a bit a pixel."""

    def __init__(self, num_slices: int, size: tuple[int, int]) -> None:
        """Make empty masks."""
        self.size = size
        num_bytes = (size[0] * size[1] + 7) // 8
        self._bits: NDArray[np.uint8] = np.zeros((num_slices, num_bytes), dtype=np.uint8)

    @property
    def bits(self) -> NDArray[np.uint8]:
        """(slice, byte): the masks as they are kept, row after row."""
        return self._bits

    def __len__(self) -> int:
        """Return the number of slices."""
        return len(self._bits)

    def __getitem__(self, number: int) -> MaskPixels:
        """Return one mask."""
        return _unpacked(self._bits[number], self.size)

    def __setitem__(self, number: int, mask: MaskPixels) -> None:
        """Put one mask."""
        self._bits[number] = np.packbits(mask)

    def whole(self) -> MaskStack:
        """Return all masks, a byte a pixel."""
        masks = np.empty((len(self), *self.size), dtype=np.bool_)
        for number in range(len(self)):
            masks[number] = self[number]
        return masks

    def areas(self) -> NDArray[np.int64]:
        """Return the pixels in the mask of every slice."""
        return np.bitwise_count(self._bits).sum(axis=1, dtype=np.int64)


def _unpacked(bits: NDArray[Any], size: tuple[int, int]) -> MaskPixels:
    """Return a mask, a byte a pixel."""
    pixels = np.unpackbits(bits, count=size[0] * size[1])
    return pixels.view(np.bool_).reshape(size)
