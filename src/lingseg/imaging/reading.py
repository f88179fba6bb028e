"""The door through which every file of pixels comes in."""

import stat
from pathlib import Path

from lingseg.imaging.image import Image, Mask, UnreadableImage
from lingseg.imaging.limits import MAX_FILE_BYTES, check_file_bytes
from lingseg.imaging.raster import decode_mask_pixels, decode_picture

_LATER = {
    "DICOM": (".dcm", ".dicom", ".ima"),
    "NIfTI": (".nii", ".nii.gz"),
}
_DICOM_MAGIC = (128, b"DICM")


def read_image(path: Path) -> Image:
    """Read a picture, upright, in the depth that it was stored in.

    Raises:
        UnreadableImage: It is not one, or breaks a limit.
        FileNotFoundError: There is no such file.
    """
    return decode_image(read_file(path), str(path))


def read_mask(path: Path) -> Mask:
    """Read a mask: every value above the middle of the file's range is in.

    Raises:
        UnreadableImage: It is not a picture, or has colours.
        FileNotFoundError: There is no such file.
    """
    return decode_mask(read_file(path), str(path))


def decode_image(data: bytes, name: str) -> Image:
    """Decode the bytes of a picture file; `name` is what errors call it.

    Raises:
        UnreadableImage: They are not one, or break a limit.
    """
    check_file_bytes(name, len(data))
    _refuse_later_formats(data, name)
    return Image(pixels=decode_picture(data, name))


def decode_mask(data: bytes, name: str) -> Mask:
    """Decode the bytes of a mask file; `name` is what errors call it.

    Raises:
        UnreadableImage: They are not one, or break a limit.
    """
    check_file_bytes(name, len(data))
    _refuse_later_formats(data, name)
    return Mask(pixels=decode_mask_pixels(data, name))


def read_file(path: Path) -> bytes:
    """Return the bytes of a file of pixels, within the limits.

    Raises:
        UnreadableImage: It is no regular file, or is empty or too long.
        FileNotFoundError: There is no such file.
    """
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} does not exist. Check the spelling.") from error
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableImage(f"{path} is not a file of pixels; expected a picture file.")
    check_file_bytes(str(path), status.st_size)
    with path.open("rb") as opened:
        data = opened.read(MAX_FILE_BYTES + 1)  # it may have grown since it was measured
    check_file_bytes(str(path), len(data))
    return data


def _refuse_later_formats(data: bytes, name: str) -> None:
    """Name the formats whose readers are still to come."""
    start, magic = _DICOM_MAGIC
    is_dicom = data[start : start + len(magic)] == magic
    for format_name, suffixes in _LATER.items():
        if name.lower().endswith(suffixes) or (is_dicom and format_name == "DICOM"):
            raise UnreadableImage(
                f"{name} is {format_name}, which is not read yet. Convert it to PNG."
            )
