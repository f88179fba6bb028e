"""What was measured, as a DICOM Structured Report (TID 1500), which refers to the segmentation."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lingseg.imaging.delineation import Delineation
from lingseg.imaging.dicom_object import MANUFACTURER, DicomContext, write_object
from lingseg.imaging.dicom_segmentation import UNKNOWN_SEGMENT, SegmentCode
from lingseg.imaging.outline import measure_diameters

if TYPE_CHECKING:
    from highdicom.seg import Segmentation
    from highdicom.sr import (
        Measurement,
        ObservationContext,
        PlanarROIMeasurementsAndQualitativeEvaluations,
        SourceImageForSegmentation,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )
    from pydicom.sr.coding import Code

SERIES_NUMBER = 9002
_PROCEDURE = ("363679005", "SCT", "Imaging procedure")
"""Which examination it was is not ours to say."""
_DIGITS = 9
"""Significant digits of a measurement; DICOM's decimal strings hold 16 letters."""


def write_report(
    path: Path,
    delineation: Delineation,
    segmentation: "Segmentation",
    context: DicomContext,
    *,
    code: SegmentCode = UNKNOWN_SEGMENT,
) -> None:
    """Write the area and diameters of a mask, or the volume of a stack of them.

    Where the spacing is not known the area is in pixels, and there are no diameters.

    Raises:
        ValueError: The sources lack what the standard asks for.
        OSError: The file cannot be written.
    """
    from highdicom.sr import Comprehensive3DSR, MeasurementReport
    from pydicom.sr.coding import Code

    context = context.about(delineation.masks)
    report = MeasurementReport(
        observation_context=_observer(context),
        procedure_reported=Code(*_PROCEDURE),
        imaging_measurements=[_measured(delineation, segmentation, context, code)],
    )
    made = Comprehensive3DSR(
        evidence=[*context.headers, segmentation],
        content=report[0],
        is_complete=True,
        is_final=False,
        is_verified=False,
        **context.maker("report", series_number=SERIES_NUMBER),
    )
    write_object(path, made, context)


def _observer(context: DicomContext) -> "ObservationContext":
    """Return the model as the device that observed."""
    from highdicom.sr import (
        DeviceObserverIdentifyingAttributes,
        ObservationContext,
        ObserverContext,
    )
    from pydicom.sr.codedict import codes

    authorship = context.authorship
    has_model = authorship.has_model
    return ObservationContext(
        observer_device_context=ObserverContext(
            observer_type=codes.DCM.Device,
            observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
                uid=context.uid("observer"),
                name=MANUFACTURER,
                manufacturer_name=MANUFACTURER,
                model_name=authorship.model_name if has_model else None,
                serial_number=authorship.model_hash if has_model else None,
            ),
        )
    )


def _measured(
    delineation: Delineation,
    segmentation: "Segmentation",
    context: DicomContext,
    code: SegmentCode,
) -> (
    "PlanarROIMeasurementsAndQualitativeEvaluations | "
    "VolumetricROIMeasurementsAndQualitativeEvaluations"
):
    """Return the group of measurements, of one plane or of a volume."""
    from highdicom.sr import (
        AlgorithmIdentification,
        CodedConcept,
        PlanarROIMeasurementsAndQualitativeEvaluations,
        ReferencedSegment,
        ReferencedSegmentationFrame,
        TrackingIdentifier,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )

    authorship = context.authorship
    common: dict[str, Any] = {
        "tracking_identifier": TrackingIdentifier(
            uid=context.uid("tracking"), identifier=authorship.full_label()
        ),
        "finding_type": CodedConcept(code.type.value, code.type.scheme, code.type.meaning),
        "finding_category": CodedConcept(
            code.category.value, code.category.scheme, code.category.meaning
        ),
        "algorithm_id": AlgorithmIdentification(
            name=f"{MANUFACTURER} {authorship.model_name}",
            version=authorship.version,
            parameters=[f"{name}={value}" for name, value in authorship.parameters().items()],
        )
        if authorship.has_model
        else None,
        "measurements": _measurements(delineation),
    }
    uids: dict[str, Any] = {
        "sop_class_uid": segmentation.SOPClassUID,
        "sop_instance_uid": segmentation.SOPInstanceUID,
        "segment_number": 1,
    }
    sources = _source_images(context)
    if len(delineation.masks) == 1:
        frame = ReferencedSegmentationFrame(
            **uids, frame_number=_drawn_frame(segmentation, context), source_image=sources[0]
        )
        # PS3.3, table 10-3: the number of a frame and that of a segment exclude one another.
        del frame[0].ReferencedSOPSequence[0].ReferencedSegmentNumber
        return PlanarROIMeasurementsAndQualitativeEvaluations(referenced_segment=frame, **common)
    return VolumetricROIMeasurementsAndQualitativeEvaluations(
        referenced_segment=ReferencedSegment(**uids, source_images=sources), **common
    )


def _drawn_frame(segmentation: "Segmentation", context: DicomContext) -> int:
    """Return the frame of the segmentation that holds a lone mask.

    An empty mask on one frame of several leaves all frames in the segmentation.
    """
    return (context.frames[0] or 1) if segmentation.NumberOfFrames > 1 else 1


def _source_images(context: DicomContext) -> list["SourceImageForSegmentation"]:
    """Return references to the sources, and of a file with many frames to those that were asked."""
    from highdicom.sr import SourceImageForSegmentation

    asked = [frame for frame in context.frames if frame is not None]
    return [
        SourceImageForSegmentation(header.SOPClassUID, header.SOPInstanceUID, asked or None)
        for header in context.headers
    ]


def _measurements(delineation: Delineation) -> list["Measurement"]:
    """Return what can be measured with what is known of the spacing."""
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    pixels, spacing = float(delineation.masks.sum()), delineation.spacing
    if len(delineation.masks) > 1:
        if delineation.voxel_mm3 is None:
            return [_measurement(codes.SCT.Volume, pixels, Code("{voxels}", "UCUM", "voxels"))]
        cubic = pixels * delineation.voxel_mm3
        return [_measurement(codes.SCT.Volume, cubic, codes.UCUM.CubicMillimeter)]
    if spacing is None:
        return [_measurement(codes.SCT.Area, pixels, Code("{pixels}", "UCUM", "pixels"))]
    square = pixels * spacing[0] * spacing[1]
    found = [_measurement(codes.SCT.Area, square, codes.UCUM.SquareMillimeter)]
    diameters = measure_diameters(delineation.masks[0], spacing)
    if diameters is not None:
        names = codes.SCT.LongAxis, codes.SCT.ShortAxis
        found += [
            _measurement(name, length, codes.UCUM.Millimeter)
            for name, length in zip(names, diameters, strict=True)
        ]
    return found


def _measurement(name: "Code", value: float, unit: "Code") -> "Measurement":
    """Return one measurement."""
    from highdicom.sr import Measurement

    rounded = float(f"{value:.{_DIGITS}g}")
    return Measurement(name=name, value=rounded, unit=unit)
