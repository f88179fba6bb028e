"""What a file of pixels may ask of this machine, checked before anything is decoded."""

from lingseg.imaging.image import UnreadableImage

MAX_FILE_BYTES = 256 * 2**20
MAX_PIXELS = 40_000_000
"""Twice the largest radiographs and dermoscopic pictures; all that is done to one fits in 1 GiB."""
MIN_SIDE = 2
"""Rows and columns. One pixel shows nothing that a sentence could describe."""
MAX_RATIO = 1_100
"""Decoded bytes to stored bytes. Deflate, which PNG uses, cannot go beyond 1,032."""
RATIO_FREE_BYTES = 32 * 2**20
"""Decoded bytes up to which any ratio will do: other methods pack a blank page smaller still."""


def check_file_bytes(name: str, file_bytes: int) -> None:
    """Refuse a file that is empty or too long to be read into memory.

    Raises:
        UnreadableImage: It is one of these.
    """
    if not file_bytes:
        raise UnreadableImage(f"{name} is empty (0 bytes); expected a picture. Save it again.")
    if file_bytes > MAX_FILE_BYTES:
        raise UnreadableImage(
            f"{name} has {file_bytes:,} bytes; at most {MAX_FILE_BYTES:,} are read. "
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
            f"Save a smaller version or a crop."
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
