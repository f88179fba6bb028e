"""A picture with its mask drawn on it, as a DICOM Secondary Capture, for any viewer."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.delineation import Delineation
from lingseg.imaging.dicom_object import DicomContext, write_object
from lingseg.imaging.image import Affine, Image, Spacing
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.overlay import draw_overlay

if TYPE_CHECKING:
    from highdicom.sc import SCImage

SERIES_NUMBER = 9003
_ANY_ORIENTATION = ("L", "F")
"""highdicom wants one to be given; the standard lets it be empty where it is not known."""
_TOWARDS = ("LR", "PA", "FH")
"""What DICOM calls the two ends of the axes of RAS+, first the lower."""


def write_capture(
    path: Path, image: Image, delineation: Delineation, context: DicomContext
) -> None:
    """Write the overlay in red, green and blue.

    Raises:
        ValueError: It is a stack of pictures; or it is to be de-identified, and the source does not
            say that its pixels are free of burned-in text.
        OSError: The file cannot be written.
    """
    if len(delineation.masks) != 1:
        raise ValueError(
            f"A secondary capture shows one picture; {len(delineation.masks)} were given. "
            f"Choose --format dicom-seg for volumes."
        )
    checked_burned_in(context)  # before it is drawn
    made = capture_of(
        draw_overlay(as_rgb(image), delineation.masks[0]),
        image,
        delineation.spacing,
        delineation.affine,
        context.about(delineation.masks),
        purpose="capture",
    )
    write_object(path, made, context)


def capture_of(
    pixels: NDArray[np.uint8],
    image: Image,
    spacing: Spacing | None,
    affine: Affine | None,
    context: DicomContext,
    *,
    purpose: str,
) -> "SCImage":
    """Return the object that shows `pixels`, drawn over `image`.

    Raises:
        ValueError: A copy of the pixels is to be de-identified, and text may be burned into them.
    """
    from highdicom.sc import SCImage

    made = SCImage.from_ref_dataset(
        ref_dataset=context.first,
        pixel_array=pixels,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        pixel_spacing=spacing,  # type: ignore[arg-type]  # highdicom's hint is too narrow
        patient_orientation=_ANY_ORIENTATION,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        **context.maker(purpose, series_number=SERIES_NUMBER),
    )
    made["PatientOrientation"].value = orientation_of(affine, context)
    made.Laterality = laterality_of(image)
    made.BurnedInAnnotation = checked_burned_in(context) or "YES"
    made.DerivationDescription = context.authorship.label()
    return made


def laterality_of(image: Image) -> str:
    """Return the side of a paired structure as the standard abbreviates it; empty if not known."""
    known = None if image.source is None else image.source.laterality
    return {"left": "L", "right": "R"}.get(known or "", "")


def checked_burned_in(context: DicomContext) -> str:
    """Return whether the sources say that text is burned into their pixels; empty: not told.

    Raises:
        ValueError: A copy of the pixels is to be de-identified, and text may be burned into them.
    """
    burned_in = str(context.first.get("BurnedInAnnotation", "") or "")
    if context.is_deidentified and burned_in != "NO":
        raise ValueError(
            "The pixels may show the patient's name (BurnedInAnnotation is "
            f"{burned_in or 'not given'}; expected NO), and a secondary capture copies them. "
            "Choose --format dicom-seg, which holds no pixels of the source."
        )
    return burned_in


def orientation_of(affine: Affine | None, context: DicomContext) -> list[str] | None:
    """Return to where in the patient the rows and the columns run; None if it is not known."""
    if affine is None:
        known = context.first.get("PatientOrientation")
        return [str(value) for value in known] if known else None
    letters = []
    for step in (affine[:3, 1], affine[:3, 0]):
        axis = int(np.abs(step).argmax())
        letters.append(_TOWARDS[axis][int(step[axis] > 0)])
    return letters
