"""DICOM pictures that make no volume, as radiographs and ultrasound: each is one by itself."""

from collections.abc import Iterable
from pathlib import Path

from lingseg.imaging.decoding import decoding_quietly
from lingseg.imaging.dicom import place_of_frame
from lingseg.imaging.dicom_file import PARSER_ERRORS, DicomFile, NotAPicture, parse_dicom
from lingseg.imaging.dicom_series import SeriesFile, file_at
from lingseg.imaging.formats import DICOM_SUFFIXES, format_of
from lingseg.imaging.image import UnreadableImage
from lingseg.imaging.limits import MAX_VOLUME_FILE_BYTES, check_file_bytes

_SLICED = ("CT", "MR", "PT", "NM")
"""Modalities whose series may be a volume although no slice tells where it lies."""


def films_in(folder: Path) -> list[Path]:
    """Return the DICOM files right in a folder that holds films; else nothing. See `films_among`.

    Raises:
        OSError: A file cannot be read.
    """
    paths = (path for path in sorted(folder.iterdir()) if path.name[0] != "." and path.is_file())
    return [Path(name) for name in films_among(map(file_at, paths))]


def films_among(files: Iterable[SeriesFile]) -> list[str]:
    """Return the names of the DICOM files, if they are films; else nothing.

    Films are pictures that do not tell where in the patient they lie. One that does makes all of
    them slices, and so does a single series of a modality that takes slices. A file that is damaged
    is returned as well: whoever reads it tells what is wrong.
    """
    films: list[str] = []
    series: set[str] = set()
    is_sliced = False
    for one in files:
        if format_of(one.beginning()) != "DICOM":
            films += [one.name] * one.name.lower().endswith(DICOM_SUFFIXES)
            continue
        try:
            check_file_bytes(one.name, one.num_bytes, MAX_VOLUME_FILE_BYTES)
            file = parse_dicom(one.read(), one.name, header_only=True)
        except NotAPicture:
            continue
        except UnreadableImage:
            films.append(one.name)
            continue
        if _has_place(file):
            return []
        films.append(one.name)
        try:
            series.add(str(file.dataset.get("SeriesInstanceUID") or ""))
            is_sliced |= str(file.dataset.get("Modality")) in _SLICED
        except PARSER_ERRORS:  # pydicom reads a value when it is asked for
            continue
    return films if series and (len(series) > 1 or not is_sliced) else []


def _has_place(file: DicomFile) -> bool:
    """Tell whether a picture, or the first of its frames, says where it lies."""
    try:
        with decoding_quietly():
            return place_of_frame(file.dataset) is not None
    except PARSER_ERRORS:  # numbers that are none: it says so, badly; reading it tells
        return True
