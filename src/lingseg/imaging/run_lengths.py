"""Masks as the lengths of their runs, the way the annotation tools spell them."""

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.image import MaskPixels

_WORD_BITS = 8
_LENGTH_BITS = (3, 4, 8, 16)
"""Bits in which Label Studio's coder may write the length of a run, less one."""


def run_lengths(values: NDArray[np.bool_]) -> list[int]:
    """Return how many False, then True, then False ... follow one another; the first may be 0."""
    flat = values.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0], changes, [flat.size]]) if flat.size else np.zeros(1, int)
    lengths: list[int] = np.diff(ends).tolist()
    return [0, *lengths] if flat.size and flat[0] else lengths


def coco_run_lengths(mask: MaskPixels) -> dict[str, object]:
    """Return a mask as COCO's packed runs: down the columns, lengths in letters."""
    lengths = run_lengths(mask.T)
    steps = lengths[:3] + [
        length - before for length, before in zip(lengths[3:], lengths[1:], strict=False)
    ]
    return {"size": list(mask.shape), "counts": "".join(map(_as_letters, steps))}


def _as_letters(number: int) -> str:
    """Spell a whole number as COCO does: five bits a letter, the lowest first, more if bit 6."""
    letters = ""
    while True:
        low, number = number & 0x1F, number >> 5
        is_last = number == (-1 if low & 0x10 else 0)
        letters += chr(48 + low + (0 if is_last else 0x20))
        if is_last:
            return letters


def cvat_run_lengths(mask: MaskPixels) -> tuple[list[int], tuple[int, int, int, int]] | None:
    """Return the runs along the rows of a mask's box, and left, top, width and height of the box.

    None where the mask is empty: CVAT has no such thing.
    """
    box = bounding_box(mask)
    if box is None:
        return None
    left, top, width, height = box
    return run_lengths(mask[top : top + height, left : left + width]), box


def bounding_box(mask: MaskPixels) -> tuple[int, int, int, int] | None:
    """Return left, top, width and height of what a mask holds; None where it is empty."""
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    return left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1


def label_studio_run_lengths(mask: MaskPixels) -> list[int]:
    """Return a mask as Label Studio's brush spells it: bytes of red, green, blue and opacity.

    All four are 255 in the mask and 0 elsewhere, so every run is four times as long. The coder is
    that of the JavaScript package rle-pack: a head, then runs of equal bytes.
    """
    lengths = [4 * length for length in run_lengths(mask)]
    bits = [f"{sum(lengths):032b}{_WORD_BITS - 1:05b}"]
    bits += [f"{size - 1:04b}" for size in _LENGTH_BITS]
    for number, length in enumerate(lengths):
        bits += _as_runs(length, 255 if number % 2 else 0)
    whole = "".join(bits)
    whole += "0" * (-len(whole) % 8)
    return list(int(whole, 2).to_bytes(len(whole) // 8, "big"))


def _as_runs(length: int, value: int) -> list[str]:
    """Return the bits of a run: a one, which size of length follows, the length less one, value."""
    runs = []
    longest = 1 << _LENGTH_BITS[-1]
    while length:
        part = min(length, longest)
        size = next(number for number, bits in enumerate(_LENGTH_BITS) if part <= 1 << bits)
        runs.append(f"1{size:02b}{part - 1:0{_LENGTH_BITS[size]}b}{value:0{_WORD_BITS}b}")
        length -= part
    return runs
