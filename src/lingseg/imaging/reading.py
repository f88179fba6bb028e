"""The door through which every file of pixels comes in."""

import hashlib
import stat
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from lingseg.imaging.decoding import time_boxed
from lingseg.imaging.formats import BEGINNING, format_of
from lingseg.imaging.geometry import Plane
from lingseg.imaging.image import Image, Mask, UnreadableImage
from lingseg.imaging.large_picture import LargePicture
from lingseg.imaging.limits import MAX_FILE_BYTES, MAX_VOLUME_FILE_BYTES, check_file_bytes
from lingseg.imaging.raster import decode_mask_pixels, decode_picture
from lingseg.imaging.volume import Volume, as_volume

if TYPE_CHECKING:
    from lingseg.imaging.zipped import ZipArchive

ZIP_MAGIC = b"PK\x03\x04"
_LOOKED_AT = 8
"""Files of a folder that are looked at to tell whether it holds a series."""


def read_image(path: Path | str) -> Image:
    """Read a picture, upright, in the depth that it was stored in.

    Raises:
        UnreadableImage: It is not one, or breaks a limit.
        FileNotFoundError: There is no such file.
    """
    return decode_image(read_file(Path(path)), str(path))


def read_mask(path: Path | str) -> Mask:
    """Read a mask: every value above the middle of the file's range is in.

    Raises:
        UnreadableImage: It is not a picture, or has colours.
        FileNotFoundError: There is no such file.
    """
    return decode_mask(read_file(Path(path)), str(path))


@time_boxed
def decode_image(data: bytes, name: str) -> Image:
    """Decode the bytes of a picture file; `name` is what errors call it.

    Raises:
        UnreadableImage: They are not one, or break a limit.
    """
    check_file_bytes(name, len(data))
    if format_of(data) == "picture" and not data.startswith(ZIP_MAGIC):
        return Image(pixels=decode_picture(data, name))
    volume = decode_volume(data, name)
    if len(volume) > 1:
        raise UnreadableImage(
            f"{name} holds {len(volume)} slices; expected one picture. Give it where a volume is "
            f"asked for, or save the slice that you mean."
        )
    return volume.image(0)


@time_boxed
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


def read_pictures(path: Path | str, plane: Plane | None = None) -> Image | Volume | LargePicture:
    """Read a picture or, from a folder or a file of several slices, a volume.

    A TIFF in tiles with more pixels than are read at once gives a picture that is read by windows.

    Args:
        path: A file, or a folder with the DICOM files of one series, or a zip with either.
        plane: The plane to slice a NIfTI volume along; None: the natural one.

    Raises:
        UnreadableImage: It is neither, or breaks a limit.
        FileNotFoundError: There is no such file or folder.
    """
    path = Path(path)
    if path.is_file():
        from lingseg.imaging.tiled_tiff import is_large_tiff, read_tiled_tiff

        if is_large_tiff(path):
            return read_tiled_tiff(path)
    volume = read_volume(path, plane)
    return volume if path.is_dir() or len(volume) > 1 else volume.image(0)


def decode_pictures(data: bytes, name: str, plane: Plane | None = None) -> Image | Volume:
    """Decode the bytes of a file as `read_pictures` does; `name` is what errors call it.

    Raises:
        UnreadableImage: They are no such file, or break a limit.
    """
    volume = decode_volume(data, name, plane)
    return volume if len(volume) > 1 else volume.image(0)


def read_volume(path: Path | str, plane: Plane | None = None) -> Volume:
    """Read a volume: a folder or zip with one DICOM series, a file of many frames, or NIfTI.

    A file of one picture, in any format, is a volume of one slice. See `read_pictures`.

    Raises:
        UnreadableImage: It is none of these, or breaks a limit.
        FileNotFoundError: There is no such file or folder.
    """
    path = Path(path)
    if path.is_dir():
        from lingseg.imaging.dicom_series import read_series

        return _checked_plane(read_series(path), str(path), plane)
    if is_zip(path):
        from lingseg.imaging.zipped import open_zip

        return _zipped_volume(open_zip(path), plane)
    return decode_volume(read_file(path, MAX_VOLUME_FILE_BYTES), str(path), plane)


@time_boxed
def decode_volume(data: bytes, name: str, plane: Plane | None = None) -> Volume:
    """Decode the bytes of a file as `read_volume` does; `name` is what errors call it.

    Raises:
        UnreadableImage: They are no such file, or break a limit.
    """
    if data.startswith(ZIP_MAGIC):
        from lingseg.imaging.zipped import ZipArchive

        return _zipped_volume(ZipArchive(BytesIO(data), name), plane)
    found = format_of(data)
    if found == "NIfTI":
        from lingseg.imaging.nifti import decode_nifti

        return decode_nifti(data, name, plane)
    if found == "DICOM":
        from lingseg.imaging.dicom import decode_dicom

        return _checked_plane(decode_dicom(data, name), name, plane)
    return as_volume(decode_image(data, name))


def _zipped_volume(archive: "ZipArchive", plane: Plane | None) -> Volume:
    """Read the one series, NIfTI volume or picture of an archive."""
    from lingseg.imaging.zipped import pictures_in, read_zipped_series

    members = pictures_in(archive)
    if not members:
        return _checked_plane(read_zipped_series(archive), archive.name, plane)
    if len(members) > 1:
        raise UnreadableImage(
            f"{archive.name} holds {len(members)} pictures; expected one, or one DICOM series. "
            f"Name the one that you mean: {archive.name}/{members[0]}."
        )
    return decode_volume(archive.read(members[0]), f"{archive.name}/{members[0]}", plane)


def is_zip(path: Path) -> bool:
    """Tell, by its first bytes, whether a file is a zip archive."""
    return path.is_file() and _beginning(path).startswith(ZIP_MAGIC)


def is_series_folder(path: Path) -> bool:
    """Tell whether a folder is one of DICOM files: one of the first few that lie in it is DICOM."""
    if not path.is_dir():
        return False
    files = (one for one in sorted(path.iterdir()) if one.is_file() and one.name[0] != ".")
    looked_at = [one for one, _ in zip(files, range(_LOOKED_AT), strict=False)]
    return any(map(is_dicom, looked_at))


def is_dicom(path: Path) -> bool:
    """Tell, by its first bytes, whether a file is DICOM."""
    return format_of(_beginning(path)) == "DICOM"


def hash_pictures(path: Path) -> str:
    """Return the SHA-256 of a file or, of a folder, that of the sorted ones of its files.

    What files are called does not count, nor do hidden ones.

    Raises:
        FileNotFoundError: There is no such file or folder.
        OSError: A file cannot be read.
    """
    if not path.is_dir():
        return _hash_file(path)
    files = [one for one in path.rglob("*") if one.is_file() and not _is_hidden(one, path)]
    return hash_together(map(_hash_file, files))


def hash_together(digests: Iterable[str]) -> str:
    """Return the SHA-256 of several files, in whatever order, by that of each."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _is_hidden(path: Path, folder: Path) -> bool:
    """Tell whether a file is hidden, or lies in a hidden folder."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, be it in a zip, without reading all of it at once."""
    if not path.exists():
        return hashlib.sha256(read_file(path, MAX_VOLUME_FILE_BYTES)).hexdigest()
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _beginning(path: Path) -> bytes:
    """Read the first bytes of a file, those that tell its format."""
    with path.open("rb") as opened:
        return opened.read(8 * BEGINNING)


def read_file(path: Path, most: int | None = None) -> bytes:
    """Return the bytes of a file of pixels, within the limits.

    Args:
        path: The file. One in a zip is named as if the zip were a folder.
        most: How many bytes are read; None: what one picture may have.

    Raises:
        UnreadableImage: It is no regular file, or is empty or too long.
        FileNotFoundError: There is no such file.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        zipped = _member_of_zip(path)
        if zipped is not None:
            check_file_bytes(str(path), len(zipped), most)
            return zipped
        raise FileNotFoundError(f"{path} does not exist. Check the spelling.") from error
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableImage(f"{path} is not a file of pixels; expected a picture file.")
    most = MAX_FILE_BYTES if most is None else most
    check_file_bytes(str(path), status.st_size, most)
    with path.open("rb") as opened:
        data = opened.read(most + 1)  # it may have grown since it was measured
    check_file_bytes(str(path), len(data), most)
    return data


def _member_of_zip(path: Path) -> bytes | None:
    """Return the bytes of a file in a zip; None where no part of the path is one."""
    if not any(parent.is_file() for parent in path.parents):
        return None
    from lingseg.imaging.zipped import member_of_zip

    return member_of_zip(path)


def _checked_plane(volume: Volume, name: str, plane: Plane | None) -> Volume:
    """Refuse a plane other than that of the scanner: DICOM slices are not cut anew."""
    if plane is None or volume.plane == plane:
        return volume
    raise UnreadableImage(
        f"{name} has {volume.plane or 'unplaced'} slices; {plane} ones were asked for. Leave the "
        f"plane out, or convert the series to NIfTI."
    )
