"""`--format png`: 8-bit grey, 255 in the mask and 0 elsewhere."""

from collections.abc import Sequence
from pathlib import Path

from lingseg.imaging import Mask, write_mask
from lingseg.prediction.formats.answer import Answer


def write(paths: Sequence[Path], answer: Answer) -> None:
    """Write the mask.

    Raises:
        ValueError: It is a volume.
        OSError: The file cannot be written.
    """
    result, _ = answer.one_picture()
    write_mask(paths[0], Mask(pixels=result.mask, spacing=result.spacing))
