"""PNG, JPEG and TIFF: from bytes to pixels.

Decisions, the same for pictures and masks:

* The format is told by the content, not by the file's name.
* A picture lies as viewers show it: an EXIF orientation is applied, and a mask drawn on it has the
  upright size.
* Transparent pixels are shown on black, the background of most medical pictures.
* Grey with 16 bits, 32 bits or floating point keeps its depth. Colour comes in 8 bits a channel; of
  16 the lower 8 are dropped. CMYK and palettes become red, green and blue; colour profiles are not
  applied, since models are trained without them.
* TIFF that stores white as 0 is turned the right way round.
* A file with several pictures (a TIFF of many pages, an animated PNG) is refused: which one was
  meant is not ours to guess. Small copies of the first page, and what telephones append to a JPEG,
  do not count.
"""

import struct
import warnings
import zlib
from io import BytesIO

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from lingseg.imaging.decoding import decoding_quietly
from lingseg.imaging.formats import GZIP_MAGIC
from lingseg.imaging.image import MaskPixels, Pixels, UnreadableImage
from lingseg.imaging.limits import MAX_PIXELS, SMALLER, check_finite, check_ratio, check_size

FORMATS = ("PNG", "JPEG", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
"""The names by which pictures are found in a folder."""

_MAGICS = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
}
# What Pillow raises for files that break the rules of their format, whatever the rule.
_DECODER_ERRORS = (
    OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, ArithmeticError,
    AttributeError, RuntimeError, MemoryError, struct.error, zlib.error,
    PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning,
)  # fmt: skip

_FULL_SCALES = (1, 255, 65535)
"""The values that stand for "in" in masks as people save them."""
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_SUBFILE_TYPE, _REDUCED = 254, 1
_MAX_REDUCED_PAGES = 16
_TEXT_BYTES = 512
"""In which text, unlike voxels, has no byte of nought."""


def decode_picture(data: bytes, name: str) -> Pixels:
    """Decode the bytes of a PNG, JPEG or TIFF file; `name` is what errors call it.

    Raises:
        UnreadableImage: They are not such a file, are damaged, or break a limit.
    """
    with decoding_quietly():
        warnings.simplefilter("error", PillowImage.DecompressionBombWarning)
        try:
            with PillowImage.open(BytesIO(data), formats=FORMATS) as picture:
                return _decode(picture, len(data), name)
        except UnreadableImage:
            raise
        except (PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning) as error:
            raise UnreadableImage(
                f"{name} has far more than the {MAX_PIXELS:,} pixels that are read at most. "
                f"{SMALLER}"
            ) from error
        except _DECODER_ERRORS as error:
            raise UnreadableImage(_what_is_wrong(data, name, error)) from error


def decode_mask_pixels(data: bytes, name: str) -> MaskPixels:
    """Decode a mask: a pixel is in where it is above the middle of 0 to 1, 255 or 65,535.

    Which of the three is meant, the largest value of the file tells.

    Raises:
        UnreadableImage: It is not a picture, or has colours, or values outside of these ranges.
    """
    pixels = decode_picture(data, name)
    if pixels.ndim == 3:
        if (pixels != pixels[..., :1]).any():
            raise UnreadableImage(
                f"{name} has colours; expected a mask in black and white. Save it as grey."
            )
        pixels = pixels[..., 0]
    lowest, highest = float(pixels.min()), float(pixels.max())
    if lowest < 0 or highest > _FULL_SCALES[-1]:
        raise UnreadableImage(
            f"{name} has values from {lowest:g} to {highest:g}; expected a mask from 0 to 255. "
            f"Save it in 8 bits."
        )
    full_scale = next(top for top in _FULL_SCALES if highest <= top)
    return pixels > full_scale / 2


def _decode(picture: PillowImage.Image, stored_bytes: int, name: str) -> Pixels:
    """Check what the header says, then decode."""
    width, height = picture.size
    check_size(name, height, width)
    check_ratio(name, stored_bytes, height * width * _bits(picture) // 8)
    _refuse_many(picture, name)
    is_inverted = _is_deep_and_inverted(picture)
    picture.load()
    ImageOps.exif_transpose(picture, in_place=True)
    pixels = _pixels(picture)
    check_finite(name, pixels)
    if is_inverted:
        return 65535 - pixels if pixels.dtype == np.uint16 else -pixels
    return pixels


def _bits(picture: PillowImage.Image) -> int:
    """Return how many bits a pixel takes."""
    deep = {"1": 1, "I;16": 16, "I;16B": 16, "I;16L": 16, "I": 32, "F": 32}
    return deep.get(picture.mode, 8 * len(picture.getbands()))


def _refuse_many(picture: PillowImage.Image, name: str) -> None:
    """Refuse a file that holds several pictures of equal standing."""
    if isinstance(picture, TiffImageFile):
        is_many = _has_second_page(picture)
    else:
        is_many = picture.format == "PNG" and getattr(picture, "n_frames", 1) > 1
    if is_many:
        raise UnreadableImage(
            f"{name} holds more than one picture; expected one. "
            f"Save the page that you mean as a file of its own."
        )


def _has_second_page(picture: TiffImageFile) -> bool:
    """Tell whether a page follows that is not a small copy; only so many are looked at."""
    for page in range(1, _MAX_REDUCED_PAGES + 1):
        try:
            picture.seek(page)
        except EOFError:
            picture.seek(0)
            return False
        if not picture.tag_v2.get(_SUBFILE_TYPE, 0) & _REDUCED:
            return True
    return True


def _is_deep_and_inverted(picture: PillowImage.Image) -> bool:
    """Tell whether white is stored as 0 in a depth in which Pillow leaves it so."""
    return (
        isinstance(picture, TiffImageFile)
        and picture.mode in {"I;16", "I;16B", "F"}
        and picture.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    )


def _pixels(picture: PillowImage.Image) -> Pixels:
    """Return decoded pixels in one of the three types that an `Image` may have."""
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode in {"I", "F"}:
        return np.asarray(picture).astype(np.float32)
    is_grey = picture.mode in {"1", "L", "LA"}
    if picture.has_transparency_data:
        opaque = picture.convert("RGBA")
        black = PillowImage.new("RGBA", opaque.size, (0, 0, 0, 255))
        picture = PillowImage.alpha_composite(black, opaque)
    return np.asarray(picture.convert("L" if is_grey else "RGB"))


def _what_is_wrong(data: bytes, name: str, error: BaseException) -> str:
    """Return the sentence for bytes that Pillow could not decode."""
    for format_name, magics in _MAGICS.items():
        if data.startswith(magics):
            why = "" if isinstance(error, UnidentifiedImageError) else f" ({error})"
            return (
                f"{name} starts as {format_name} but is damaged, cut short or of a kind that is "
                f"not read{why}. Save it again, as 8-bit PNG if in doubt."
            )
    return (
        f"{name} is not a PNG, JPEG, TIFF, DICOM or NIfTI file, whatever its name. "
        f"{_what_to_do(data)}"
    )


def _what_to_do(data: bytes) -> str:
    """Return the advice for bytes that are no picture at all."""
    if data.lstrip()[:1] == b"<" and b"\0" not in data[:_TEXT_BYTES]:
        return "It looks like a saved web page, such as one to log in: fetch the picture again."
    packed = (
        "It is gzipped: unpack it" if data.startswith(GZIP_MAGIC) else "Fetch or export it again"
    )
    return f"{packed}, or convert it: a picture to PNG, a volume to NIfTI."
