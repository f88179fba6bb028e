"""Zip archives of pictures: read member by member into memory; nothing is ever unpacked to disk.

Everything that an archive says of itself is checked before a member is read: how many there are,
how long they get and how much they shrink, and that their names stay inside. Names are used to tell
members apart and to sort them, never as paths.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from io import BufferedIOBase, BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lingseg.imaging.formats import BEGINNING, format_of
from lingseg.imaging.image import UnreadableImage
from lingseg.imaging.limits import (
    MAX_RATIO,
    MAX_SLICES,
    MAX_VOLUME_BYTES,
    MAX_VOLUME_FILE_BYTES,
    RATIO_FREE_BYTES,
    check_file_bytes,
)
from lingseg.imaging.volume import Volume

if TYPE_CHECKING:
    from lingseg.imaging.dicom_series import SeriesFile

MAX_MEMBERS = MAX_SLICES + 1_000
"""Slices, and what lies beside them: folders, reports, previews."""
MAX_DIRECTORY_BYTES = MAX_MEMBERS * 400
"""Of the list of members, which is held in memory: a name and what is known of a file."""

_END, _END_BYTES, _MAX_COMMENT = b"PK\x05\x06", 22, 65_535
_ZIP64, _ZIP64_BYTES = b"PK\x06\x07", 20
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ", b"BZh")
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IS_ENCRYPTED = 1
_NOT_PICTURES = ("DICOMDIR", "Thumbs.db")
_ERRORS = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
    OSError, struct.error,
)  # fmt: skip
"""What zipfile raises for archives that break the rules, whatever the rule."""


class ZipArchive:
    """An archive that was checked. It stays open as long as somebody holds it."""

    def __init__(self, archive: Path | BytesIO, name: str) -> None:
        """Open and check it; `name` is what errors call it.

        Raises:
            UnreadableImage: It is damaged or unsafe, or breaks a limit.
        """
        self.name = name
        try:
            if isinstance(archive, BytesIO):
                _check_end(archive, name)
            else:
                with archive.open("rb") as opened:
                    _check_end(opened, name)
            self._zip = zipfile.ZipFile(archive)
        except UnreadableImage:
            raise
        except _ERRORS as error:
            raise UnreadableImage(_damaged(name, error)) from error
        listed = self._zip.infolist()
        _check_members(listed, name)
        self._members = {one.filename: one for one in listed if _may_be_picture(one)}

    @property
    def members(self) -> tuple[str, ...]:
        """The files that may be pictures, by name."""
        return tuple(sorted(self._members))

    def num_bytes(self, member: str) -> int:
        """Return how long a member is when it is unpacked."""
        return self._members[member].file_size

    def read(self, member: str) -> bytes:
        """Unpack a member.

        Raises:
            UnreadableImage: It is damaged or too long, or an archive itself.
        """
        check_file_bytes(f"{self.name}/{member}", self.num_bytes(member), MAX_VOLUME_FILE_BYTES)
        self.beginning(member)
        return self._unpacked(member, self.num_bytes(member))

    def beginning(self, member: str) -> bytes:
        """Unpack the first bytes of a member.

        Raises:
            UnreadableImage: It is damaged, or an archive itself.
        """
        data = self._unpacked(member, 8 * BEGINNING)
        if data.startswith(_ARCHIVES):
            raise UnreadableImage(
                f"{self.name} holds another archive ({PurePosixPath(member).name}); expected "
                f"pictures. Unpack it and give what is in it."
            )
        return data

    def has(self, member: str) -> bool:
        """Tell whether there is such a file."""
        return member in self._members

    def _unpacked(self, member: str, most: int) -> bytes:
        """Read at most so many bytes; zipfile itself never gives more than the list says."""
        try:
            with self._zip.open(self._members[member]) as opened:
                return opened.read(most)
        except _ERRORS as error:
            raise UnreadableImage(_damaged(self.name, error)) from error


def open_zip(path: Path) -> ZipArchive:
    """Open an archive.

    Raises:
        UnreadableImage: It is damaged or unsafe, or breaks a limit.
    """
    check_file_bytes(str(path), path.stat().st_size, MAX_VOLUME_FILE_BYTES)
    return ZipArchive(path, str(path))


def list_zip(path: Path) -> list[Path]:
    """Return where the pictures of an archive lie, as if it were a folder.

    Such a path is one for `read_image` and `read_volume`. The DICOM files of an archive are one
    volume, for which the path of the archive stands, unless they are films.

    Raises:
        UnreadableImage: It is damaged or unsafe, or breaks a limit.
    """
    archive = open_zip(path)
    others, holds_dicom = _sorted_out(archive)
    found = [path / member for member in others]
    return (_films_in(archive, path) or [path]) + found if holds_dicom else found


def pictures_in(archive: ZipArchive) -> list[str]:
    """Return the members that are pictures or NIfTI, none where there is DICOM as well.

    Raises:
        UnreadableImage: One is an archive itself.
    """
    others, holds_dicom = _sorted_out(archive)
    return [] if holds_dicom else others


def _sorted_out(archive: ZipArchive) -> tuple[list[str], bool]:
    """Return the members that are pictures or NIfTI, and whether there is DICOM as well."""
    found = [(member, _kind_of(archive.beginning(member))) for member in archive.members]
    others = [member for member, kind in found if kind in ("NIfTI", "picture")]
    return others, any(kind == "DICOM" for _, kind in found)


def member_of_zip(path: Path) -> bytes | None:
    """Return the bytes of `folder.zip/a/picture.png`; None where no part of the path is a zip.

    Raises:
        UnreadableImage: The archive is damaged or unsafe, or breaks a limit.
        FileNotFoundError: There is no such file in it.
    """
    for parent in path.parents:
        if not parent.exists():
            continue
        if not parent.is_file():
            return None
        archive, member = open_zip(parent), path.relative_to(parent).as_posix()
        if not archive.has(member):
            raise FileNotFoundError(f"{parent} holds no {member!r}. Check the spelling.")
        return archive.read(member)
    return None


def read_zipped_series(archive: ZipArchive) -> Volume:
    """Read the one DICOM series of an archive, slice by slice.

    Raises:
        UnreadableImage: There is none, or more than one, or its slices do not make a volume.
    """
    from lingseg.imaging.dicom_series import series_of

    return series_of(_series_files(archive), archive.name)


def _films_in(archive: ZipArchive, path: Path) -> list[Path]:
    """Return where the films of an archive lie; nothing where its DICOM files are slices."""
    from lingseg.imaging.film_folder import films_among

    films = films_among(_series_files(archive))
    return [path / name.removeprefix(f"{archive.name}/") for name in films]


def _series_files(archive: ZipArchive) -> Iterator["SeriesFile"]:
    """Yield the members of an archive as files that may belong to a series."""
    from lingseg.imaging.dicom_series import SeriesFile

    for member in archive.members:
        yield SeriesFile(
            name=f"{archive.name}/{member}",
            num_bytes=archive.num_bytes(member),
            read=partial(archive.read, member),
            beginning=partial(archive.beginning, member),
        )


def _kind_of(beginning: bytes) -> str | None:
    """Return "DICOM", "NIfTI" or "picture"; None for what is none of them."""
    found = format_of(beginning)
    if found != "picture":
        return found
    return "picture" if beginning.startswith(_PICTURES) else None


def _check_end(opened: BufferedIOBase, name: str) -> None:
    """Refuse a list of members that is too long, before zipfile reads it into memory.

    The end is looked for as zipfile does: as the last bytes, else before a comment.
    """
    opened.seek(0, 2)
    start = max(0, opened.tell() - _END_BYTES - _MAX_COMMENT - _ZIP64_BYTES)
    opened.seek(start)
    tail = opened.read()
    at = len(tail) - _END_BYTES
    if at < 0 or not (tail.startswith(_END, at) and tail.endswith(b"\0\0")):
        at = tail.rfind(_END)
    if at < 0 or at + _END_BYTES > len(tail):
        raise zipfile.BadZipFile("its end is missing")
    num_members, num_bytes = struct.unpack_from("<HI", tail, at + 10)
    is_long = at >= _ZIP64_BYTES and tail.startswith(_ZIP64, at - _ZIP64_BYTES)
    if is_long or num_members > MAX_MEMBERS or num_bytes > MAX_DIRECTORY_BYTES:
        raise UnreadableImage(_too_many(name))


def _too_many(name: str) -> str:
    """Return the sentence for an archive with too long a list."""
    return (
        f"{name} lists more files than a series has; at most {MAX_MEMBERS:,} are read, from a zip "
        f"below 4 GB. Put one series into it."
    )


def _check_members(listed: list[zipfile.ZipInfo], name: str) -> None:
    """Refuse what is unsafe in any member, and too much in all together."""
    if len(listed) > MAX_MEMBERS:
        raise UnreadableImage(_too_many(name))
    if len({one.filename for one in listed}) < len(listed):
        raise UnreadableImage(f"{name} names a file twice; expected each once. Pack it again.")
    for one in listed:
        wrong = _why_unsafe(one)
        if wrong is not None:
            raise UnreadableImage(f"{name} holds {wrong}; expected plain files. Pack it again.")
    unpacked = sum(one.file_size for one in listed)
    packed = sum(one.compress_size for one in listed)
    if unpacked > MAX_VOLUME_BYTES or unpacked > max(RATIO_FREE_BYTES, MAX_RATIO * packed):
        raise UnreadableImage(
            f"{name} would unpack to {unpacked:,} bytes; at most {MAX_VOLUME_BYTES:,}, and "
            f"{MAX_RATIO:,} times its own size, are read. Split it, or unpack it yourself."
        )


def _why_unsafe(one: zipfile.ZipInfo) -> str | None:
    """Return what is wrong with a member, in a few words, or None."""
    parts = PurePosixPath(one.filename.replace("\\", "/")).parts
    if one.filename.startswith(("/", "\\")) or ".." in parts or ":" in one.filename:
        return "a file that would lie outside of it"
    if not one.filename or not one.filename.isprintable():
        return "a file whose name is empty or cannot be shown"
    kind = stat.S_IFMT(one.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or a device"
    if one.flag_bits & _IS_ENCRYPTED:
        return "files locked by a password"
    if one.compress_type not in _METHODS:
        return "files packed in another way than zip's usual one (deflate)"
    return None


def _may_be_picture(one: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a file that is not hidden, nor the index of a disc."""
    parts = PurePosixPath(one.filename).parts
    is_hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not (one.is_dir() or is_hidden or parts[-1] in _NOT_PICTURES)


def _damaged(name: str, error: BaseException) -> str:
    """Return the sentence for an archive that zipfile could not read."""
    return (
        f"{name} starts as a zip archive but is damaged or cut short ({type(error).__name__}). "
        f"Copy or pack it again."
    )
