"""DICOM files in a folder or an archive: one series as one volume, read slice by slice."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

from pydicom import Dataset
from pydicom.uid import UID

from lingseg.imaging.decoding import decoding_quietly
from lingseg.imaging.dicom import decode_dicom, image_of_frame, place_of_frame
from lingseg.imaging.dicom_file import (
    PARSER_ERRORS,
    DicomFile,
    NotAPicture,
    damaged,
    parse_dicom,
    whole_number,
)
from lingseg.imaging.dicom_geometry import affine_of_frame, spacing_of_frame
from lingseg.imaging.formats import BEGINNING, DICOM_SUFFIXES, format_of
from lingseg.imaging.geometry import Vector
from lingseg.imaging.image import Image, UnreadableImage
from lingseg.imaging.limits import MAX_SLICES, MAX_VOLUME_FILE_BYTES, check_file_bytes
from lingseg.imaging.stacking import Place, stack
from lingseg.imaging.volume import Volume, sharing_window

_MARK = b"DICM"
_INDEX = "DICOMDIR"


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesFile:
    """One of the files that may belong to a series."""

    name: str
    """What errors call it, and what files without a number are sorted by."""
    num_bytes: int
    read: Callable[[], bytes]
    beginning: Callable[[], bytes]
    """Reads the first 1,024 bytes or more, by which DICOM is told."""


def read_series(folder: Path) -> Volume:
    """Read the one series that lies in a folder, at any depth; other files are passed over.

    Only headers are read now; pixels when a slice is asked for.

    Raises:
        UnreadableImage: There is none, or more than one, or its slices do not make a volume.
    """
    return series_of((file_at(path) for path in _files_in(folder)), str(folder))


def series_of(files: Iterable[SeriesFile], name: str) -> Volume:
    """Return the one series that is among some files; others are passed over.

    Raises:
        UnreadableImage: There is none, or more than one, or its slices do not make a volume; or a
            file is damaged that seems to have been one of them.
    """
    slices = _headers_of(files, name)
    _refuse_mixed(slices, name)
    if len(slices) == 1 and slices[0].file.num_frames > 1:
        return decode_dicom(slices[0].read(), slices[0].name)
    return _as_volume(_in_order(slices, name))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Slice:
    """One file of a series."""

    name: str
    read: Callable[[], bytes]
    file: DicomFile
    """Without its pixels."""
    place: Place | None
    series_uid: str
    kind: str
    """Modality and SOP class, as people call them."""
    number: int
    """What pictures without a place are sorted by."""


def _headers_of(files: Iterable[SeriesFile], name: str) -> list[_Slice]:
    """Read the headers of all pictures among the files."""
    slices: list[_Slice] = []
    passed_over: UnreadableImage | None = None
    for file in files:
        try:
            found = _read_header(file)
        except NotAPicture as error:
            passed_over = error
            continue
        if found is not None:
            slices.append(found)
        if len(slices) > MAX_SLICES:
            raise UnreadableImage(
                f"{name} holds more than {MAX_SLICES:,} DICOM pictures; expected one series. "
                f"Give the folder of the one that you mean."
            )
    if slices:
        return slices
    if passed_over is not None:
        raise passed_over
    raise UnreadableImage(
        f"{name} holds no DICOM pictures; expected the files of one series. Check the folder."
    )


def _files_in(folder: Path) -> list[Path]:
    """Return all files below a folder, without hidden ones and the index of a disc."""
    paths = []
    for place, folders, names in os.walk(folder):  # links to folders are not followed
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if not name.startswith(".") and name != _INDEX and path.is_file():
                paths.append(path)
    return paths


def file_at(path: Path) -> SeriesFile:
    """Return a file of a folder, of which nothing is read yet."""
    return SeriesFile(
        name=str(path),
        num_bytes=path.stat().st_size,
        read=path.read_bytes,
        beginning=partial(_beginning_at, path),
    )


def _beginning_at(path: Path) -> bytes:
    """Read the first bytes of a file."""
    with path.open("rb") as opened:
        return opened.read(BEGINNING)


def _read_header(one: SeriesFile) -> _Slice | None:
    """Read one header; None where the file is not DICOM, nor seems to have been.

    Raises:
        UnreadableImage: It is damaged, so that the series may lack a slice.
    """
    beginning = one.beginning()
    if format_of(beginning) != "DICOM":
        _refuse_former_slice(one, beginning)
        return None
    check_file_bytes(one.name, one.num_bytes, MAX_VOLUME_FILE_BYTES)
    file = parse_dicom(one.read(), one.name, header_only=True)
    try:
        with decoding_quietly():  # a value is parsed when it is asked for first
            return _Slice(
                name=one.name,
                read=one.read,
                file=file,
                place=place_of_frame(file.dataset) if file.num_frames == 1 else None,
                series_uid=str(file.dataset.get("SeriesInstanceUID") or ""),
                kind=_kind_of(file.dataset),
                number=_instance_number(file.dataset),
            )
    except PARSER_ERRORS as error:
        raise UnreadableImage(damaged(one.name, error)) from error


def _refuse_former_slice(one: SeriesFile, beginning: bytes) -> None:
    """Refuse what is not DICOM but is called so, is empty or has its mark in another place."""
    suffix = PurePath(one.name).suffix.lower()
    is_called_dicom = suffix in DICOM_SUFFIXES
    is_empty = not beginning and not any(letter.isalpha() for letter in suffix)
    if is_called_dicom or is_empty or _MARK in beginning:
        check_file_bytes(one.name, one.num_bytes, MAX_VOLUME_FILE_BYTES)
        raise UnreadableImage(
            f"{one.name} seems to belong to the series, but its beginning is not that of DICOM. "
            f"Send or export it again, or take it out."
        )


def _refuse_mixed(slices: list[_Slice], name: str) -> None:
    """Refuse several series or kinds, several files of many frames, and different sizes."""
    num_series = len({s.series_uid for s in slices})
    if num_series > 1:
        raise UnreadableImage(
            f"{name} holds {num_series} series; expected one. "
            f"Put the files of each into a folder of its own or, where each is a picture by "
            f"itself, name the files, as by a pattern: 'folder/*'."
        )
    if len(slices) > 1 and any(s.file.num_frames > 1 for s in slices):
        raise UnreadableImage(
            f"{name} holds {len(slices)} files, some of many frames; expected one such file, or "
            f"files of one picture. Give one file."
        )
    kinds = sorted({s.kind for s in slices})
    if len(kinds) > 1:
        raise UnreadableImage(
            f"{name} holds pictures of {len(kinds)} kinds in one series, "
            f"{kinds[0]} and {kinds[-1]}; expected one kind. Name the files that you mean."
        )
    sizes = sorted({s.file.size for s in slices})
    if len(sizes) > 1:
        raise UnreadableImage(
            f"{name} has slices of different size, {sizes[0][0]} x {sizes[0][1]} and "
            f"{sizes[-1][0]} x {sizes[-1][1]}; expected one. Give one scan at a time."
        )


def _in_order(slices: list[_Slice], name: str) -> tuple[list[_Slice], Vector | None]:
    """Sort slices along their normal; pictures without a place by their number."""
    places = [s.place for s in slices if s.place is not None]
    if len(slices) == 1:
        return slices, None
    if not places:
        return sorted(slices, key=lambda s: (s.number, s.name)), None
    if len(places) < len(slices):
        raise UnreadableImage(
            f"{name} tells only of {len(places)} of its {len(slices)} slices where they lie; "
            f"expected all or none. Export the series again."
        )
    stacked = stack(places, name)
    return [slices[number] for number in stacked.order], stacked.step


def _kind_of(header: Dataset) -> str:
    """Return what a picture says that it is: its modality, and its SOP class by name."""
    modality, sop_class = str(header.get("Modality") or ""), str(header.get("SOPClassUID") or "")
    name = UID(sop_class).name
    named = name if name != sop_class else "without a name"
    return f"{modality if modality.isalnum() else ''} ({named})"


def _instance_number(header: Dataset) -> int:
    """Return which picture of its series it says that it is; 0 where it does not say."""
    try:
        return whole_number(header, "InstanceNumber", 0)
    except ValueError:
        return 0


def _as_volume(ordered: tuple[list[_Slice], Vector | None]) -> Volume:
    """Return slices that are decoded when they are asked for."""
    slices, step = ordered
    has_place = step is not None or len(slices) == 1
    try:
        with decoding_quietly():
            first = slices[0].file.dataset
            affine = affine_of_frame(first, 0, step) if has_place else None
            spacing = spacing_of_frame(first)
    except PARSER_ERRORS as error:
        raise UnreadableImage(damaged(slices[0].name, error)) from error

    def read(number: int) -> Image:
        one = slices[number]
        file = parse_dicom(one.read(), one.name)
        own = None if affine is None else affine.copy()
        if own is not None:
            own[:3, 3] += own[:3, 2] * number
        return image_of_frame(file, file.header, 0, own)

    return Volume(
        num_slices=len(slices),
        size=slices[0].file.size,
        read=sharing_window(read, len(slices)),
        spacing=spacing,
        affine=affine,
    )
