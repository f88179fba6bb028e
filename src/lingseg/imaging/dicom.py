"""DICOM files of one picture or many frames: from bytes to pictures that know where they lie."""

import numpy as np
from pydicom import Dataset

from lingseg.imaging.decoding import decoding_quietly
from lingseg.imaging.dicom_file import PARSER_ERRORS, DicomFile, damaged, parse_dicom
from lingseg.imaging.dicom_geometry import (
    affine_of_frame,
    directions_of,
    edges_of_frame,
    laterality_of,
    patient_left_of_frame,
    position_of,
    spacing_of_frame,
    view_of,
)
from lingseg.imaging.dicom_pixels import read_frame
from lingseg.imaging.geometry import Vector
from lingseg.imaging.image import Affine, Image, UnreadableImage
from lingseg.imaging.source import Source
from lingseg.imaging.stacking import Place, stack
from lingseg.imaging.volume import Volume, sharing_window


def decode_dicom(data: bytes, name: str) -> Volume:
    """Decode the bytes of a DICOM file of one picture or many; `name` is what errors call it.

    Frames that lie in the patient are sorted along their normal and must be evenly spaced; others,
    such as those of a film in time, keep their order.

    Raises:
        UnreadableImage: They are not such a file, are damaged, or break a limit.
    """
    file = parse_dicom(data, name)
    try:
        with decoding_quietly():
            return _as_volume(file)
    except UnreadableImage:
        raise
    except PARSER_ERRORS as error:
        raise UnreadableImage(damaged(name, error)) from error


def image_of_frame(
    file: DicomFile, header: Dataset, frame: int = 0, affine: Affine | None = None
) -> Image:
    """Decode a frame, counted from 0; `affine` stands for what the frame says of itself.

    Raises:
        UnreadableImage: Its pixels are damaged, or of a kind that is not read.
    """
    decoded = read_frame(file, frame)
    try:
        with decoding_quietly():
            return Image(
                pixels=decoded.pixels,
                spacing=spacing_of_frame(header, frame),
                affine=affine_of_frame(header, frame) if affine is None else affine,
                window=decoded.window,
                padding=decoded.padding,
                patient_left=patient_left_of_frame(header, frame),
                edges=edges_of_frame(header, frame),
                source=_source_of(file, header, frame),
            )
    except PARSER_ERRORS as error:
        raise UnreadableImage(damaged(file.name, error)) from error


def place_of_frame(header: Dataset, frame: int = 0) -> Place | None:
    """Return where a frame lies; None where the file does not tell position or directions.

    Raises:
        ValueError: A number is none.
    """
    position, directions = position_of(header, frame), directions_of(header, frame)
    if position is None or directions is None:
        return None
    return Place(
        position=position,
        row_direction=directions[0],
        column_direction=directions[1],
        spacing=spacing_of_frame(header, frame),
    )


def _as_volume(file: DicomFile) -> Volume:
    """Put the frames in order."""
    header = file.header
    order, step = _order_of(file, header)
    has_place = step is not None or file.num_frames == 1
    affine = affine_of_frame(header, order[0], step) if has_place else None

    def read(number: int) -> Image:
        own = None if affine is None else affine.copy()
        if own is not None and affine is not None:
            own[:3, 3] += affine[:3, 2] * number
        return image_of_frame(file, header, order[number], own)

    return Volume(
        num_slices=file.num_frames,
        size=file.size,
        read=sharing_window(read, file.num_frames),
        spacing=spacing_of_frame(header),
        affine=affine,
    )


def _order_of(file: DicomFile, header: Dataset) -> tuple[list[int], Vector | None]:
    """Return the frames from one end to the other, and the step between; None: not in space."""
    frames = list(range(file.num_frames))
    if file.num_frames == 1 or "PerFrameFunctionalGroupsSequence" not in header:
        return frames, None
    places = [place_of_frame(header, frame) for frame in frames]
    known = [place for place in places if place is not None]
    if len(known) < len(places):
        return frames, None
    if all(np.allclose(place.position, known[0].position) for place in known):
        return frames, None  # a film in time
    stacked = stack(known, file.name)
    return list(stacked.order), stacked.step


def _source_of(file: DicomFile, header: Dataset, frame: int) -> Source:
    """Gather what the file says of itself."""
    reference = str(header.get("FrameOfReferenceUID") or "")
    return Source(
        sop_class_uid=str(header.get("SOPClassUID") or ""),
        sop_instance_uid=str(header.get("SOPInstanceUID") or ""),
        modality=str(header.get("Modality") or ""),
        header=header,
        frame=frame + 1 if file.is_numbered else None,
        frame_of_reference_uid=reference or None,
        laterality=laterality_of(header, frame),
        view=view_of(header),
    )
