"""`--format nifti`: 0 and 1 in 8 bits, with the affine of the picture or volume."""

from collections.abc import Sequence
from pathlib import Path

from lingseg.prediction.formats.answer import Answer


def write(paths: Sequence[Path], answer: Answer) -> None:
    """Write the mask, or those of a volume on the grid of its own file.

    Raises:
        OSError: The file cannot be written.
    """
    from lingseg.imaging.nifti_writing import write_nifti_mask

    write_nifti_mask(paths[0], answer.delineation())
