"""What a file of pixels may ask of this machine, checked before anything is decoded."""

import math

import numpy as np

from lingseg.imaging.image import Pixels, UnreadableImage

MAX_FILE_BYTES = 256 * 2**20
MAX_PIXELS = 40_000_000
"""Twice the largest radiographs and dermoscopic pictures; all that is done to one fits in 1 GiB."""
MAX_LARGE_PIXELS = 150_000_000
"""Of a picture in tiles, which is read by windows; what is drawn on it fits in 2 GB."""
SMALLER = (
    f"Save a smaller version, a crop or, up to {MAX_LARGE_PIXELS:,} pixels, a TIFF in tiles of 8 "
    f"bits."
)
"""What to do about too many pixels."""
MIN_SIDE = 2
"""Rows and columns. One pixel shows nothing that a sentence could describe."""
MAX_RATIO = 1_100
"""Decoded bytes to stored bytes. Deflate, which PNG uses, cannot go beyond 1,032."""
RATIO_FREE_BYTES = 32 * 2**20
"""Decoded bytes up to which any ratio will do: other methods pack a blank page smaller still."""
MAX_VOLUME_FILE_BYTES = 768 * 2**20
"""A 512 x 512 x 600 CT of 32 bits; a file of many frames lies in memory while it is read."""
MAX_VOLUME_BYTES = 3 * 2**29
"""Decoded bytes of a volume that has to lie in memory whole: a 512 x 512 x 1,500 CT of 16 bits."""
MAX_SLICES = 10_000
"""Files of a series, or frames of a file."""
DECODE_SECONDS = 120.0
"""For one file, slice or window. The other limits keep a sound one to a few seconds."""


def check_file_bytes(name: str, file_bytes: int, most: int | None = None) -> None:
    """Refuse a file that is empty or too long to be read into memory.

    Raises:
        UnreadableImage: It is one of these.
    """
    if not file_bytes:
        raise UnreadableImage(f"{name} is empty (0 bytes); expected a picture. Save it again.")
    most = MAX_FILE_BYTES if most is None else most
    if file_bytes > most:
        raise UnreadableImage(
            f"{name} has {file_bytes:,} bytes; at most {most:,} are read. "
            f"Save a smaller or compressed version."
        )


def check_size(name: str, height: int, width: int) -> None:
    """Refuse a picture with too many pixels, or too few to show anything.

    Raises:
        UnreadableImage: It is one of these.
    """
    if height * width > MAX_PIXELS:
        raise UnreadableImage(
            f"{name} has {height:,} x {width:,} pixels; at most {MAX_PIXELS:,} in all are read. "
            f"{SMALLER}"
        )
    if min(height, width) < MIN_SIDE:
        raise UnreadableImage(
            f"{name} has {height} x {width} pixels; at least {MIN_SIDE} x {MIN_SIDE} are needed. "
            f"Give a picture that shows something."
        )


def check_ratio(name: str, stored_bytes: int, decoded_bytes: int) -> None:
    """Refuse a file that claims far more pixels than its bytes could hold.

    Raises:
        UnreadableImage: It does.
    """
    if decoded_bytes > max(RATIO_FREE_BYTES, MAX_RATIO * stored_bytes):
        raise UnreadableImage(
            f"{name} would unpack {stored_bytes:,} bytes to {decoded_bytes:,}; at most "
            f"{MAX_RATIO:,} times as many are expected. It is damaged or made to fill memory."
        )


def check_volume(name: str, shape: tuple[int, ...], bytes_per_value: int) -> None:
    """Refuse a volume that would not fit into memory, or has too many or too small slices.

    Raises:
        UnreadableImage: It is one of these.
    """
    decoded_bytes = math.prod(shape) * bytes_per_value
    if decoded_bytes > MAX_VOLUME_BYTES or max(shape) > MAX_SLICES * 10:
        raise UnreadableImage(
            f"{name} has {' x '.join(map(str, shape))} voxels, {decoded_bytes:,} bytes; at most "
            f"{MAX_VOLUME_BYTES:,} are read. Save a part of it, or fewer bytes a voxel."
        )


def check_num_slices(name: str, num_slices: int) -> None:
    """Refuse no slices, or more than any scanner takes.

    Raises:
        UnreadableImage: It is one of these.
    """
    if not 1 <= num_slices <= MAX_SLICES:
        raise UnreadableImage(
            f"{name} has {num_slices:,} slices; expected 1 to {MAX_SLICES:,}. "
            f"It is damaged, or split it."
        )


def check_finite(name: str, pixels: Pixels) -> None:
    """Refuse values that cannot be shown.

    Raises:
        UnreadableImage: There are such.
    """
    if pixels.dtype.kind != "f":
        return
    num_broken = pixels.size - int(np.isfinite(pixels).sum())
    if num_broken:
        which = "1 value that is not a finite number"
        if num_broken > 1:
            which = f"{num_broken:,} values that are not finite numbers"
        raise UnreadableImage(
            f"{name} has {which} (NaN or infinite); expected none. Replace what is not finite, "
            f"for example by the background."
        )
