"""The door through which every file of pixels comes in."""

import stat
from pathlib import Path

from lingseg.imaging.formats import format_of
from lingseg.imaging.geometry import Plane
from lingseg.imaging.image import Image, Mask, UnreadableImage
from lingseg.imaging.limits import MAX_FILE_BYTES, MAX_VOLUME_FILE_BYTES, check_file_bytes
from lingseg.imaging.raster import decode_mask_pixels, decode_picture
from lingseg.imaging.volume import Volume


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
    if format_of(data) == "picture":
        return Image(pixels=decode_picture(data, name))
    volume = decode_volume(data, name)
    if len(volume) > 1:
        raise UnreadableImage(
            f"{name} holds {len(volume)} slices; expected one picture. Give it where a volume is "
            f"asked for, or save the slice that you mean."
        )
    return volume.image(0)


def decode_mask(data: bytes, name: str) -> Mask:
    """Decode the bytes of a mask file; `name` is what errors call it.

    Raises:
        UnreadableImage: They are not one, or break a limit.
    """
    check_file_bytes(name, len(data))
    found = format_of(data)
    if found != "picture":
        raise UnreadableImage(
            f"{name} is {found}; expected a mask as PNG, TIFF or JPEG. Convert it to PNG."
        )
    return Mask(pixels=decode_mask_pixels(data, name))


def read_pictures(path: Path, plane: Plane | None = None) -> Image | Volume:
    """Read a picture or, from a folder or a file of several slices, a volume.

    Args:
        path: A file, or a folder with the DICOM files of one series.
        plane: The plane to slice a NIfTI volume along; None: the natural one.

    Raises:
        UnreadableImage: It is neither, or breaks a limit.
        FileNotFoundError: There is no such file or folder.
    """
    volume = read_volume(path, plane)
    return volume if path.is_dir() or len(volume) > 1 else volume.image(0)


def read_volume(path: Path, plane: Plane | None = None) -> Volume:
    """Read a volume: a folder with one DICOM series, a file of many frames, or NIfTI.

    A file of one picture, in any format, is a volume of one slice. See `read_pictures`.

    Raises:
        UnreadableImage: It is none of these, or breaks a limit.
        FileNotFoundError: There is no such file or folder.
    """
    if path.is_dir():
        from lingseg.imaging.dicom_series import read_series

        return _checked_plane(read_series(path), str(path), plane)
    return decode_volume(read_file(path, MAX_VOLUME_FILE_BYTES), str(path), plane)


def decode_volume(data: bytes, name: str, plane: Plane | None = None) -> Volume:
    """Decode the bytes of a file as `read_volume` does; `name` is what errors call it.

    Raises:
        UnreadableImage: They are no such file, or break a limit.
    """
    found = format_of(data)
    if found == "NIfTI":
        from lingseg.imaging.nifti import decode_nifti

        return decode_nifti(data, name, plane)
    if found == "DICOM":
        from lingseg.imaging.dicom import decode_dicom

        return _checked_plane(decode_dicom(data, name), name, plane)
    image = decode_image(data, name)
    return Volume(num_slices=1, size=image.size, read=lambda _: image, spacing=image.spacing)


def read_file(path: Path, most: int | None = None) -> bytes:
    """Return the bytes of a file of pixels, within the limits.

    Args:
        path: The file.
        most: How many bytes are read; None: what one picture may have.

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
    most = MAX_FILE_BYTES if most is None else most
    check_file_bytes(str(path), status.st_size, most)
    with path.open("rb") as opened:
        data = opened.read(most + 1)  # it may have grown since it was measured
    check_file_bytes(str(path), len(data), most)
    return data


def _checked_plane(volume: Volume, name: str, plane: Plane | None) -> Volume:
    """Refuse a plane other than that of the scanner: DICOM slices are not cut anew."""
    if plane is None or volume.plane == plane:
        return volume
    raise UnreadableImage(
        f"{name} has {volume.plane or 'unplaced'} slices; {plane} ones were asked for. Leave the "
        f"plane out, or convert the series to NIfTI."
    )
