"""Masks as DICOM Segmentation objects (PS3.3, A.51), which PACS and viewers lay over the source."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.delineation import Delineation, ProbabilitySteps
from lingseg.imaging.dicom_object import (
    MAX_TEXT,
    DicomContext,
    DrawnBy,
    cut,
    identify_algorithm,
    write_object,
)

if TYPE_CHECKING:
    from highdicom.seg import Segmentation, SegmentDescription

SERIES_NUMBER = 9001
"""Far from what scanners count, so that viewers list it last."""
_ALGORITHM_TYPES: Mapping[DrawnBy, str] = MappingProxyType(
    {"model": "AUTOMATIC", "model and person": "SEMIAUTOMATIC", "person": "MANUAL"}
)


@dataclass(frozen=True, kw_only=True)
class CodedTerm:
    """A term of a code system, such as (10200004, SCT, "Liver")."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class SegmentCode:
    """What a segment is of: its category and its type, in codes."""

    category: CodedTerm
    type: CodedTerm


TISSUE = CodedTerm(value="85756007", scheme="SCT", meaning="Tissue")
UNKNOWN_SEGMENT = SegmentCode(category=TISSUE, type=TISSUE)
"""Says nothing that could be wrong; for sentences without a word that has a code."""


def write_segmentation(
    path: Path,
    delineation: Delineation,
    context: DicomContext,
    *,
    code: SegmentCode = UNKNOWN_SEGMENT,
    is_fractional: bool = False,
) -> "Segmentation":
    """Write the masks (or, fractional, the probabilities in 255 steps) as one segment.

    Raises:
        ValueError: The sources lack what the standard asks for.
        OSError: The file cannot be written.
    """
    made = make_segmentation(delineation, context, code=code, is_fractional=is_fractional)
    write_object(path, made, context)
    return made


def make_segmentation(
    delineation: Delineation,
    context: DicomContext,
    *,
    code: SegmentCode = UNKNOWN_SEGMENT,
    is_fractional: bool = False,
) -> "Segmentation":
    """Return the object that `write_segmentation` writes.

    Raises:
        ValueError: The sources lack what the standard asks for.
    """
    from highdicom.seg import Segmentation

    _refuse_stack_without_place(context)
    drawn = _steps_of(delineation) if is_fractional else delineation.masks
    context = context.about(drawn)
    if len(context.headers) == 1 and context.frames[0] is not None:
        drawn = _on_all_frames(drawn, context)
    kind = "FRACTIONAL" if is_fractional else "BINARY"
    try:
        made = Segmentation(
            source_images=context.headers,
            pixel_array=drawn != 0,  # read without a copy, which a CT has no room for
            segmentation_type=kind,
            segment_descriptions=[_describe(context, code)],
            content_description=context.authorship.label(),
            content_label="LINGSEG",
            omit_empty_frames=bool(drawn.any()),
            **context.maker(f"segmentation {kind}", series_number=SERIES_NUMBER),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"The DICOM file lacks what a segmentation of it needs ({str(error).rstrip('.')}). "
            f"Choose --format png or nifti."
        ) from error
    if is_fractional:
        _put_steps(made, drawn, context)
    if len(context.headers) == 1 and context.frames[0] is None:
        _forget_slice_spacing(made)
    if "FrameOfReferenceUID" not in context.first:  # type 2C: it must stand there, and may be empty
        made.PatientOrientation = context.first.get("PatientOrientation")
    return made


def _refuse_stack_without_place(context: DicomContext) -> None:
    """Refuse pictures that no common frame of reference lays out, such as the frames of a film."""
    num_frames = int(context.first.get("NumberOfFrames", 1) or 1)
    if "FrameOfReferenceUID" not in context.first and max(num_frames, len(context.headers)) > 1:
        raise ValueError(
            f"A segmentation of {max(num_frames, len(context.headers))} pictures needs their place "
            f"in space, which the DICOM files do not tell (no FrameOfReferenceUID). "
            f"Give one picture at a time, or choose --format nifti."
        )


def _steps_of(delineation: Delineation) -> ProbabilitySteps:
    """Return the probabilities in 255 steps, by which is told whether anything was drawn at all."""
    probabilities = delineation.probabilities
    if probabilities is None:
        raise ValueError("A fractional segmentation was asked for, and no probabilities were kept.")
    if probabilities.dtype == np.uint8:
        return probabilities.astype(np.uint8, copy=False)
    return np.rint(probabilities * np.float32(255)).astype(np.uint8)


def _put_steps(made: "Segmentation", steps: NDArray[Any], context: DicomContext) -> None:
    """Put the values of every frame in: highdicom was told where they are not zero.

    It sorts frames, and each tells its source.
    """
    if len(context.headers) == 1:
        places = [(str(context.first.SOPInstanceUID), frame + 1) for frame in range(len(steps))]
    else:
        places = [(str(header.SOPInstanceUID), 1) for header in context.headers]
    planes = dict(zip(places, steps, strict=True))
    values = bytearray()
    for group in made.PerFrameFunctionalGroupsSequence:
        source = group.DerivationImageSequence[0].SourceImageSequence[0]
        place = str(source.ReferencedSOPInstanceUID), int(source.get("ReferencedFrameNumber") or 1)
        values += planes[place].tobytes()
    made.PixelData = bytes(values) + b"\0" * (len(values) % 2)


def _forget_slice_spacing(made: "Segmentation") -> None:
    """Take back the distance to the next slice that highdicom makes up for a lone picture."""
    for item in made.SharedFunctionalGroupsSequence:
        for measures in item.get("PixelMeasuresSequence", ()):
            if "SpacingBetweenSlices" in measures:
                del measures.SpacingBetweenSlices


def _on_all_frames(drawn: NDArray[Any], context: DicomContext) -> NDArray[Any]:
    """Return one plane for every frame of the source's file, empty where nothing was asked."""
    num_frames = int(context.first.get("NumberOfFrames", 1) or 1)
    planes = np.zeros((num_frames, *drawn.shape[1:]), dtype=drawn.dtype)
    for frame, plane in zip(context.frames, drawn, strict=True):
        planes[(frame or 1) - 1] = plane
    return planes


def _describe(context: DicomContext, code: SegmentCode) -> "SegmentDescription":
    """Return the segment's description, which holds the sentence."""
    from highdicom.seg import SegmentDescription
    from highdicom.sr.coding import CodedConcept

    category, kind = (
        CodedConcept(term.value, term.scheme, term.meaning) for term in (code.category, code.type)
    )
    authorship = context.authorship
    described = SegmentDescription(
        segment_number=1,
        segment_label=authorship.label(),
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type=_ALGORITHM_TYPES[authorship.drawn_by],
        algorithm_identification=identify_algorithm(authorship) if authorship.has_model else None,
        tracking_uid=context.uid("tracking"),
        tracking_id=authorship.label(),
    )
    described.SegmentDescription = cut(authorship.text, MAX_TEXT)
    return described
