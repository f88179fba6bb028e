"""`--format dicom-sr`: a structured report of what was measured, and the segmentation it is of.

Of a picture: area and diameters. Of a volume: cubic millimetres, where the spacing is known.
"""

from collections.abc import Sequence
from pathlib import Path

from lingseg.imaging.dicom_report import write_report
from lingseg.imaging.dicom_segmentation import write_segmentation
from lingseg.prediction.formats.answer import Answer
from lingseg.prediction.formats.coded_terms import code_of


def write(paths: Sequence[Path], answer: Answer) -> None:
    """Write the segmentation, then the report that refers to it.

    Raises:
        ValueError: The picture is not DICOM, or lacks what the standard asks for.
        OSError: A file cannot be written.
    """
    drawn, context, code = answer.delineation(), answer.context(), code_of(answer.result.text)
    segmentation = write_segmentation(paths[0], drawn, context, code=code)
    write_report(paths[1], drawn, segmentation, context, code=code)
