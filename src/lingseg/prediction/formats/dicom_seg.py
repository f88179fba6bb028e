"""`--format dicom-seg` and `dicom-seg-fractional`: DICOM Segmentation objects."""

from collections.abc import Sequence
from pathlib import Path

from lingseg.imaging.dicom_segmentation import write_segmentation
from lingseg.prediction.formats.answer import Answer
from lingseg.prediction.formats.coded_terms import code_of


def write(paths: Sequence[Path], answer: Answer) -> None:
    """Write the mask, of a volume a frame for every slice that has one, as a binary segment.

    Raises:
        ValueError: The picture is not DICOM, or lacks what the standard asks for.
        OSError: The file cannot be written.
    """
    write_segmentation(
        paths[0], answer.delineation(), answer.context(), code=code_of(answer.result.text)
    )


def write_fractional(paths: Sequence[Path], answer: Answer) -> None:
    """Write the probabilities, in 255 steps, as a fractional segment.

    Raises:
        ValueError: The picture is not DICOM, or lacks what the standard asks for.
        OSError: The file cannot be written.
    """
    write_segmentation(
        paths[0],
        answer.delineation(),
        answer.context(),
        code=code_of(answer.result.text),
        is_fractional=True,
    )
