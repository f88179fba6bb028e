"""What an upload holds: files, archives and the slices of series become pictures and volumes."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import PurePosixPath

from lingseg.imaging import Image, UnreadableImage, Volume, decode_pictures
from lingseg.imaging.decoding import decoding_quietly
from lingseg.imaging.formats import BEGINNING, format_of
from lingseg.imaging.limits import MAX_VOLUME_FILE_BYTES, check_file_bytes
from lingseg.imaging.reading import ZIP_MAGIC, hash_together
from lingseg.web.work import Stop

_MAX_NAME = 120


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of an upload, in memory."""

    name: str
    data: bytes
    folder: str = ""
    """Where it lay in what was given."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """A picture or volume."""

    name: str
    content: Image | Volume
    input_hash: str
    num_bytes: int
    """Of memory."""
    folder: str = ""
    """Where its first file lay."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A file that gave no picture, and why."""

    name: str
    problem: str


@dataclass(kw_only=True)
class Sorted:
    """What became of an upload."""

    found: list[Found] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def sort_pile(files: Sequence[File], most_bytes: int, stop: Stop) -> Sorted:
    """Return the pictures and volumes of an upload.

    DICOM files of one series are one volume, those of another series another; archives are opened.

    Args:
        files: What came.
        most_bytes: What the members of an archive may have together.
        stop: Ends the work when nobody waits for it any more.
    """
    whole = Sorted()
    series: dict[str, list[File]] = {}
    for file in _unpacked(files, most_bytes, whole):
        stop.check()
        try:
            uid = _series_of(file)
        except UnreadableImage as error:
            whole.refused.append(Refused(name=file.name, problem=str(error)))
            continue
        if uid is None:
            _take(whole, file.name, [file], partial(decode_pictures, file.data, file.name))
        else:
            series.setdefault(uid, []).append(file)
    for its in series.values():
        stop.check()
        name = its[0].name if len(its) == 1 else _name_of(its)
        _take(whole, name, its, partial(_decode_series, its, name))
    return whole


def plain_name(given: str | None) -> str:
    """Return the last part of a file's name, without what cannot be shown, and not too long."""
    last = PurePosixPath((given or "").replace("\\", "/")).name
    shown = "".join(letter for letter in last if letter.isprintable()).strip()
    return shown[-_MAX_NAME:] or "picture"


def plain_folder(given: str | None) -> str:
    """Return the folders of a relative path, shown as a name is; empty where there are none."""
    parts = PurePosixPath((given or "").replace("\\", "/")).parts[:-1]
    if not parts or ".." in parts or parts[0] == "/" or parts[0].endswith(":"):
        return ""  # the place of a file on somebody's disk is not what was given
    shown = "".join(letter for letter in "/".join(parts) if letter.isprintable()).strip()
    return shown[-_MAX_NAME:]


def _unpacked(files: Sequence[File], most_bytes: int, whole: Sorted) -> Iterator[File]:
    """Yield files, of archives what they hold; what cannot be opened is refused."""
    for file in files:
        if not file.data.startswith(ZIP_MAGIC):
            yield file
            continue
        try:
            yield from _members(file, most_bytes)
        except UnreadableImage as error:
            whole.refused.append(Refused(name=file.name, problem=str(error)))


def _members(file: File, most_bytes: int) -> Iterator[File]:
    """Yield the pictures of an archive.

    Raises:
        UnreadableImage: It is damaged, unsafe or too large, or holds none.
    """
    from lingseg.imaging.zipped import ZipArchive, pictures_in

    archive = ZipArchive(BytesIO(file.data), file.name)
    num_bytes = sum(map(archive.num_bytes, archive.members))
    if num_bytes > most_bytes:
        raise UnreadableImage(
            f"{file.name} would unpack to {num_bytes:,} bytes; at most {most_bytes:,} are taken. "
            f"Split it."
        )
    members = pictures_in(archive) or list(archive.members)
    if not members:
        raise UnreadableImage(f"{file.name} holds no pictures; expected at least one.")
    for member in members:
        if not member.endswith(".zip"):
            folder = "/".join(one for one in (file.folder, plain_folder(member)) if one)
            yield File(name=plain_name(member), data=archive.read(member), folder=folder)


def _series_of(file: File) -> str | None:
    """Return the series of a DICOM file, its own hash where it names none; None: no DICOM.

    Raises:
        UnreadableImage: It is empty, damaged, or no picture.
    """
    check_file_bytes(file.name, len(file.data), MAX_VOLUME_FILE_BYTES)
    if format_of(file.data) != "DICOM":
        return None
    from lingseg.imaging.dicom_file import PARSER_ERRORS, damaged, parse_dicom

    header = parse_dicom(file.data, file.name, header_only=True)
    if header.num_frames > 1:
        return _hash(file.data)
    try:
        with decoding_quietly():
            return str(header.dataset.get("SeriesInstanceUID") or _hash(file.data))
    except PARSER_ERRORS as error:
        raise UnreadableImage(damaged(file.name, error)) from error


def _take(
    whole: Sorted, name: str, files: Sequence[File], decode: Callable[[], Image | Volume]
) -> None:
    """Decode a picture or volume, or put down why not."""
    try:
        content = decode()
        num_bytes = _num_bytes(files, content)
    except UnreadableImage as error:
        whole.refused.append(Refused(name=name, problem=str(error)))
        return
    whole.found.append(
        Found(
            name=name,
            content=content,
            input_hash=_hash_all(files),
            num_bytes=num_bytes,
            folder=files[0].folder,
        )
    )


def _decode_series(files: Sequence[File], name: str) -> Image | Volume:
    """Return the slices of a series as a volume; a lone picture as a picture.

    Raises:
        UnreadableImage: They do not make one.
    """
    from lingseg.imaging.dicom_series import SeriesFile, series_of

    if len(files) == 1:
        return decode_pictures(files[0].data, files[0].name)
    volume = series_of(
        (
            SeriesFile(
                name=file.name,
                num_bytes=len(file.data),
                read=partial(bytes, file.data),
                beginning=partial(bytes, file.data[:BEGINNING]),
            )
            for file in files
        ),
        name,
    )
    return volume if len(volume) > 1 else volume.image(0)


def _num_bytes(files: Sequence[File], content: Image | Volume) -> int:
    """Return about how much memory a picture or volume takes.

    Raises:
        UnreadableImage: Its first slice cannot be decoded.
    """
    if isinstance(content, Image):
        return content.pixels.nbytes
    stored = sum(len(file.data) for file in files)
    if content.stored is None:
        return stored
    return max(stored, content.image(0).pixels.nbytes * len(content))


def _name_of(files: Sequence[File]) -> str:
    """Return what a series is called: by its first file, and how many follow."""
    return f"{files[0].name} and {len(files) - 1} more"


def _hash_all(files: Sequence[File]) -> str:
    """Return the SHA-256 of a file or, of several, as `hash_pictures` has that of a folder."""
    digests = [_hash(file.data) for file in files]
    return digests[0] if len(digests) == 1 else hash_together(digests)


def _hash(data: bytes) -> str:
    """Return a SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
