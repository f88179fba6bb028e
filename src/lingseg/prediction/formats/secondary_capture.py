"""`--format secondary-capture`: the picture with its mask drawn on it, as DICOM."""

from collections.abc import Sequence
from pathlib import Path

from lingseg.imaging.dicom_capture import write_capture
from lingseg.prediction.formats.answer import Answer


def write(paths: Sequence[Path], answer: Answer) -> None:
    """Write the overlay.

    Raises:
        ValueError: The picture is not DICOM, or its pixels may name a patient who must not be told.
        OSError: The file cannot be written.
    """
    write_capture(paths[0], answer.image, answer.delineation(), answer.context())
