"""The slices of a volume with their masks drawn on them, as one DICOM object for any viewer.

A Multi-frame True Color Secondary Capture (PS3.3 A.8.5) is what the standard has for a stack of
colour pictures; only slices in which anything was drawn are in it, as pages that tell their slice.
"""

import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from lingseg.imaging.dicom_capture import capture_of, checked_burned_in
from lingseg.imaging.dicom_object import DicomContext, write_object
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.overlay import draw_overlay
from lingseg.imaging.packed_masks import PackedMasks
from lingseg.imaging.volume import Volume

if TYPE_CHECKING:
    from highdicom.sc import SCImage

MAX_FILM_BYTES = 2**31
"""Of all pages; DICOM's lengths end at twice that."""
_PAGE_NUMBERS = 0x00182001


def write_film(path: Path, volume: Volume, masks: PackedMasks, context: DicomContext) -> None:
    """Write the overlays of the slices in which anything was drawn; where none was, the middle one.

    Raises:
        ValueError: It is too much for one object; or it is to be de-identified, and the source does
            not say that its pixels are free of burned-in text.
        UnreadableImage: A slice cannot be read any more.
        OSError: The file cannot be written.
    """
    checked_burned_in(context)  # before any slice is read
    numbers = [int(number) for number in np.flatnonzero(masks.areas())] or [len(volume) // 2]
    height, width = volume.size
    num_bytes = 3 * height * width * len(numbers)
    if num_bytes > MAX_FILM_BYTES:
        raise ValueError(
            f"A secondary capture of {len(numbers)} slices has {num_bytes:,} bytes; at most "
            f"{MAX_FILM_BYTES:,} are written. Choose --format dicom-seg."
        )
    with tempfile.TemporaryFile() as pages:  # nameless: nobody else can open it
        for number in numbers:
            image = volume.image(number)
            drawn = draw_overlay(as_rgb(image), masks[number])
            pages.write(drawn.tobytes())
        made = capture_of(
            drawn, image, image.spacing, volume.affine, context.about(masks.bits), purpose="film"
        )
        if len(numbers) > 1:
            _add_pages(made, pages, numbers)
        write_object(path, made, context)


def _add_pages(made: "SCImage", pages: IO[bytes], numbers: list[int]) -> None:
    """Make a film of it: all pages, and the number of the slice that each shows, from 1 on.

    pydicom copies the pixels from the file to the object's own, piece by piece.
    """
    from pydicom.uid import MultiFrameTrueColorSecondaryCaptureImageStorage

    made.SOPClassUID = MultiFrameTrueColorSecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.NumberOfFrames = len(numbers)
    made.FrameIncrementPointer = _PAGE_NUMBERS
    made.PageNumberVector = [number + 1 for number in numbers]
    if pages.tell() % 2:
        pages.write(b"\0")
    pages.seek(0)
    made["PixelData"].value = pages
