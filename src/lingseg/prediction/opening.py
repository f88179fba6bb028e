"""Where the pictures of a job come from: the one place that opens an input."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from lingseg.imaging import (
    Image,
    LargePicture,
    Volume,
    decode_pictures,
    hash_pictures,
    read_file,
    read_pictures,
)
from lingseg.imaging.limits import MAX_FILE_BYTES
from lingseg.imaging.tiled_tiff import is_large_tiff
from lingseg.prediction.job import Place

Content: TypeAlias = Image | Volume | LargePicture


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An input that is at hand but not decoded: its hash may tell that all is done."""

    hash: str
    decode: Callable[[], Content]
    """Gives the picture or volume; it may raise UnreadableImage or OSError."""
    named: Callable[[str], str] = str
    """Returns what was said of the input by the name that the person gave it."""


@contextmanager
def open_input(image: Place) -> Iterator[Opened]:
    """Yield an input for as long as the block runs.

    Raises:
        UnreadableImage: It is no file of pixels, or breaks a limit.
        OSError: It is not there, or cannot be fetched.
        ValueError: Its address is wrong.
    """
    if isinstance(image, Path):
        yield _opened(image)
        return
    from lingseg.imaging.dicomweb import fetched_series, named_by_address

    with fetched_series(image) as path:
        yield replace(_opened(path), named=lambda line: named_by_address(line, path, image))


def _opened(path: Path) -> Opened:
    """Return a file or folder; what is short is read once, for its hash and its pixels."""
    if path.is_dir() or _is_long(path) or is_large_tiff(path):
        return Opened(hash=hash_pictures(path), decode=lambda: read_pictures(path))
    data = read_file(path)
    return Opened(
        hash=hashlib.sha256(data).hexdigest(), decode=lambda: decode_pictures(data, str(path))
    )


def _is_long(path: Path) -> bool:
    """Tell whether a file has more bytes than one ordinary picture may have."""
    try:
        return path.stat().st_size > MAX_FILE_BYTES
    except OSError:  # it is not there, or lies in a zip: reading it tells
        return False
