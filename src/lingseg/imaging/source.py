"""What a DICOM picture says of itself, kept for the objects that are made from it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pydicom import Dataset

Laterality: TypeAlias = Literal["left", "right", "both"]
"""The side of the body that was pictured, as the patient says it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """The DICOM instance, and of several frames the one, that a picture comes from."""

    sop_class_uid: str
    sop_instance_uid: str
    modality: str
    """As DICOM abbreviates it: CT, MR, US, DX; empty where the file does not tell."""
    header: "Dataset"
    """All that the file holds but the pixels. It names the patient: copy from it only by a list."""
    frame: int | None = None
    """From 1 on; None for a file of one picture that does not number it."""
    frame_of_reference_uid: str | None = None
    laterality: Laterality | None = None
    view: str | None = None
    """"PA", "AP", "lateral", or DICOM's own word for another one."""
