"""A folder of DICOM files: one series as one volume, read slice by slice."""

import os
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from lingseg.imaging.decoding import decoding_quietly
from lingseg.imaging.dicom import decode_dicom, image_of_frame, place_of_frame
from lingseg.imaging.dicom_file import (
    PARSER_ERRORS,
    DicomFile,
    NotAPicture,
    damaged,
    parse_dicom,
)
from lingseg.imaging.dicom_geometry import affine_of_frame, spacing_of_frame
from lingseg.imaging.formats import format_of
from lingseg.imaging.geometry import Vector
from lingseg.imaging.image import Image, UnreadableImage
from lingseg.imaging.limits import MAX_SLICES, MAX_VOLUME_FILE_BYTES, check_file_bytes
from lingseg.imaging.stacking import Place, stack
from lingseg.imaging.volume import Volume, sharing_window

_BEGINNING = 132
_INDEX = "DICOMDIR"


def read_series(folder: Path) -> Volume:
    """Read the one series that lies in a folder, at any depth; other files are passed over.

    Only headers are read now; pixels when a slice is asked for.

    Raises:
        UnreadableImage: There is none, or more than one, or its slices do not make a volume.
    """
    slices = _headers_in(folder)
    _refuse_mixed(slices, folder)
    if len(slices) == 1 and slices[0].file.num_frames > 1:
        return decode_dicom(slices[0].path.read_bytes(), str(slices[0].path))
    return _as_volume(_in_order(slices, folder))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Slice:
    """One file of a series."""

    path: Path
    file: DicomFile
    """Without its pixels."""
    place: Place | None

    @property
    def header(self) -> Dataset:
        """What the file says."""
        return self.file.dataset


def _headers_in(folder: Path) -> list[_Slice]:
    """Read the headers of all pictures in a folder."""
    slices: list[_Slice] = []
    passed_over: UnreadableImage | None = None
    for path in _files_in(folder):
        try:
            found = _read_header(path)
        except NotAPicture as error:
            passed_over = error
            continue
        if found is not None:
            slices.append(found)
        if len(slices) > MAX_SLICES:
            raise UnreadableImage(
                f"{folder} holds more than {MAX_SLICES:,} DICOM pictures; expected one series. "
                f"Give the folder of the one that you mean."
            )
    if slices:
        return slices
    if passed_over is not None:
        raise passed_over
    raise UnreadableImage(
        f"{folder} holds no DICOM pictures; expected the files of one series. Check the folder."
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


def _read_header(path: Path) -> _Slice | None:
    """Read one header; None where the file is not DICOM."""
    with path.open("rb") as opened:
        if format_of(opened.read(_BEGINNING)) != "DICOM":
            return None
    check_file_bytes(str(path), path.stat().st_size, MAX_VOLUME_FILE_BYTES)
    file = parse_dicom(path.read_bytes(), str(path), header_only=True)
    try:
        with decoding_quietly():
            place = place_of_frame(file.dataset) if file.num_frames == 1 else None
    except PARSER_ERRORS as error:
        raise UnreadableImage(damaged(str(path), error)) from error
    return _Slice(path=path, file=file, place=place)


def _refuse_mixed(slices: list[_Slice], folder: Path) -> None:
    """Refuse several series, several files of many frames, and pictures of different size."""
    num_series = len({str(s.header.get("SeriesInstanceUID") or "") for s in slices})
    if num_series > 1:
        raise UnreadableImage(
            f"{folder} holds {num_series} series; expected one. "
            f"Put the files of each into a folder of its own."
        )
    if len(slices) > 1 and any(s.file.num_frames > 1 for s in slices):
        raise UnreadableImage(
            f"{folder} holds {len(slices)} files, some of many frames; expected one such file, or "
            f"files of one picture. Give one file."
        )
    sizes = sorted({s.file.size for s in slices})
    if len(sizes) > 1:
        raise UnreadableImage(
            f"{folder} has slices of different size, {sizes[0][0]} x {sizes[0][1]} and "
            f"{sizes[-1][0]} x {sizes[-1][1]}; expected one. Give one scan at a time."
        )


def _in_order(slices: list[_Slice], folder: Path) -> tuple[list[_Slice], Vector | None]:
    """Sort slices along their normal; pictures without a place by their number."""
    places = [s.place for s in slices if s.place is not None]
    if len(slices) == 1:
        return slices, None
    if not places:
        return sorted(slices, key=_instance_number), None
    if len(places) < len(slices):
        raise UnreadableImage(
            f"{folder} has {len(slices) - len(places)} slices of {len(slices)} that do not tell "
            f"where they lie; expected all or none. Export the series again."
        )
    stacked = stack(places, str(folder))
    return [slices[number] for number in stacked.order], stacked.step


def _instance_number(one: _Slice) -> tuple[int, str]:
    """Return what pictures without a place are sorted by."""
    try:
        return int(one.header.get("InstanceNumber") or 0), one.path.name
    except (TypeError, ValueError):
        return 0, one.path.name


def _as_volume(ordered: tuple[list[_Slice], Vector | None]) -> Volume:
    """Return slices that are decoded when they are asked for."""
    slices, step = ordered
    first = slices[0].header
    affine = affine_of_frame(first, 0, step) if step is not None or len(slices) == 1 else None

    def read(number: int) -> Image:
        one = slices[number]
        file = parse_dicom(one.path.read_bytes(), str(one.path))
        own = None if affine is None else affine.copy()
        if own is not None:
            own[:3, 3] += own[:3, 2] * number
        return image_of_frame(file, file.header, 0, own)

    return Volume(
        num_slices=len(slices),
        size=slices[0].file.size,
        read=sharing_window(read, len(slices)),
        spacing=spacing_of_frame(first),
        affine=affine,
    )
