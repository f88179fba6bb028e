"""Folders of DICOM pictures that make no volume, as radiographs are exported: each by itself."""

from pathlib import Path

from lingseg.imaging.decoding import decoding_quietly
from lingseg.imaging.dicom import place_of_frame
from lingseg.imaging.dicom_file import PARSER_ERRORS, DicomFile, NotAPicture, parse_dicom
from lingseg.imaging.image import UnreadableImage
from lingseg.imaging.limits import MAX_VOLUME_FILE_BYTES
from lingseg.imaging.reading import is_dicom, read_file


def films_in(folder: Path) -> list[Path]:
    """Return the DICOM files right in a folder that holds films of several series; else nothing.

    Films are pictures that do not tell where in the patient they lie. One that does makes the
    folder one of slices, and so does a single series. A file that is damaged is returned as well:
    whoever reads it tells what is wrong.
    """
    films: list[Path] = []
    series: set[str] = set()
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_file() or not is_dicom(path):
            continue
        try:
            file = parse_dicom(read_file(path, MAX_VOLUME_FILE_BYTES), str(path), header_only=True)
        except NotAPicture:
            continue
        except UnreadableImage:
            films.append(path)
            continue
        if _has_place(file):
            return []
        films.append(path)
        series.add(str(file.dataset.get("SeriesInstanceUID") or ""))
    return films if len(series) > 1 else []


def _has_place(file: DicomFile) -> bool:
    """Tell whether a picture, or the first of its frames, says where it lies."""
    try:
        with decoding_quietly():
            return place_of_frame(file.dataset) is not None
    except PARSER_ERRORS:  # numbers that are none: it says so, badly; reading it tells
        return True
