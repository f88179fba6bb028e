"""What is told of an image that is held."""

from lingseg.imaging import Image, Volume
from lingseg.imaging.dicom_object import has_burned_in_annotation, may_show_a_name
from lingseg.web.held_image import HeldImage
from lingseg.web.messages import Edges, ImageInfo, Scale, Window
from lingseg.web.png import deep_scale, shown_depth
from lingseg.web.service import Service

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7."
"""What all its SOP classes begin with, a point added to theirs."""


def info_of(service: Service, image: HeldImage) -> ImageInfo:
    """Return what is told of an image.

    Raises:
        Problem: Its first slice cannot be decoded.
    """
    first = image.slice(image.num_slices // 2)
    source = first.source
    height, width = image.size
    return ImageInfo(
        id=image.id,
        name=image.name,
        folder=image.folder,
        input_hash=image.input_hash,
        kind="volume" if image.is_volume else "picture",
        width=width,
        height=height,
        slices=image.num_slices,
        plane=image.content.plane if isinstance(image.content, Volume) else None,
        spacing_mm=_spacing_of(image),
        patient_left=first.patient_left,
        edges=Edges(**first.edges._asdict()) if first.edges else None,
        modality=(source.modality or None) if source else None,
        view=source.view if source else None,
        bits=16 if shown_depth(first) == 16 else 8,
        window=_window_of(first),
        scale=_scale_of(first),
        is_dicom=source is not None,
        warnings=_warnings_of(first),
        expires_in_s=service.images.expires_in(image),
        is_encoded=(image.id, 0) in service.encodings,
    )


def _spacing_of(image: HeldImage) -> list[float] | None:
    """Return millimetres between rows, columns and, where known, slices."""
    spacing = image.content.spacing
    if spacing is None:
        return None
    between = image.content.slice_spacing if isinstance(image.content, Volume) else None
    return [*spacing] if between is None else [*spacing, between]


def _window_of(image: Image) -> Window | None:
    """Return which values are shown black and white."""
    if image.window is None:
        return None
    low, high = image.window
    return Window(center=(low + high) / 2, width=abs(high - low), low=low, high=high)


def _scale_of(image: Image) -> Scale | None:
    """Return what the values of the 16-bit picture stand for."""
    if shown_depth(image) == 8:
        return None
    low, step = deep_scale(image)
    return Scale(low=low, step=step)


def _warnings_of(image: Image) -> list[str]:
    """Return what a person should know before the picture leaves the room."""
    source = image.source
    if source is None:
        return []
    if has_burned_in_annotation(source):
        return ["The file says that text is burned into the pixels: it may name the patient."]
    is_capture = f"{source.sop_class_uid}.".startswith(_SECONDARY_CAPTURE)
    if may_show_a_name(source) and (is_capture or source.modality in {"US", "OT", "SC"}):
        return ["Text may be burned into the pixels: look before you pass the picture on."]
    return []
