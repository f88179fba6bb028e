"""`--format secondary-capture`: the picture with its mask drawn on it, as DICOM.

Of a volume: one Multi-frame True Color Secondary Capture of the slices in which anything was drawn.
"""

from collections.abc import Sequence
from pathlib import Path

from lingseg.imaging import LargePicture, Volume
from lingseg.imaging.dicom_capture import write_capture
from lingseg.imaging.dicom_film import write_film
from lingseg.prediction.formats.answer import Answer
from lingseg.prediction.volume_result import VolumeResult


def write(paths: Sequence[Path], answer: Answer) -> None:
    """Write the overlay.

    Raises:
        ValueError: The picture is not DICOM, or its pixels may name a patient who must not be told.
        UnreadableImage: A slice cannot be read any more.
        OSError: The file cannot be written.
    """
    if isinstance(answer.result, VolumeResult) and isinstance(answer.image, Volume):
        write_film(paths[0], answer.image, answer.result.packed, answer.context())
        return
    _, image = answer.one_picture()
    if isinstance(image, LargePicture):
        raise ValueError(  # noqa: TRY004 - the caller gave no wrong type, the person too much
            "The picture is too large for a secondary capture. Choose --format png."
        )
    write_capture(paths[0], image, answer.delineation(), answer.context())
