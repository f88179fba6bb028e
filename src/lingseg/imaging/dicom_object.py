"""What every DICOM object made here has in common: whose it is, who made it, what may be copied."""

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from lingseg.artefact import written_atomically
from lingseg.imaging.deidentification import deidentify, finish_deidentified
from lingseg.imaging.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from highdicom.content import AlgorithmIdentificationSequence
    from numpy.typing import NDArray
    from pydicom import Dataset

MANUFACTURER = "lingseg"
MAX_SHORT, MAX_TEXT, MAX_LONG = 64, 1024, 10240
"""Letters, and here bytes, that DICOM's value representations LO, ST and LT hold."""

COPIED = (
    "SpecificCharacterSet",
    # whose it is, and of which examination: without these no archive files it beside its source
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    # which pictures it is of
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "InstanceNumber",
    "Modality",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BurnedInAnnotation",
    # where they lie
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "PatientOrientation",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
"""The attributes that may pass from a source to what is made of it; no other does."""
_COPIED_OF_FRAMES = {
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
}
"""Of the functional groups, and of what is in them."""
_NEEDED_EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
"""Type 2 attributes: they must stand there, and may be empty."""
_SEXES = ("M", "F", "O")


DrawnBy: TypeAlias = Literal["model", "model and person", "person"]
"""Who corrects a model's mask draws it with the model; who paints one draws it alone."""

_LABELLED: Mapping[DrawnBy, str] = MappingProxyType(
    {"model": "", "model and person": " (corrected)", "person": " (painted)"}
)
_NO_SERIAL_NUMBER = "none"


@dataclass(frozen=True, kw_only=True)
class Authorship:
    """Who drew what, and why: what an object says of its own making."""

    text: str
    """The sentence that was asked."""
    model_name: str
    model_hash: str
    version: str
    """Of lingseg."""
    threshold: float
    input_hash: str | None = None
    side: str | None = None
    """Whose left and right the sentence means."""
    drawn_by: DrawnBy = "model"

    @property
    def has_model(self) -> bool:
        """Whether a model had any part in it."""
        return self.drawn_by != "person"

    def parameters(self) -> dict[str, str]:
        """Return what the answer depended on, by name."""
        named = {
            "sentence": self.text,
            "threshold": str(self.threshold) if self.has_model else None,
            "model_sha256": self.model_hash if self.has_model else None,
            "side": self.side,
            "input_sha256": self.input_hash,
            "drawn_by": None if self.drawn_by == "model" else self.drawn_by,
        }
        return {name: value for name, value in named.items() if value is not None}

    def label(self) -> str:
        """Return the sentence, cut to what a label holds, and whether a person had part in it."""
        by_whom = _LABELLED[self.drawn_by]
        return cut(self.text, MAX_SHORT - len(by_whom)) + by_whom

    def full_label(self) -> str:
        """Return the whole sentence, and whether a person had part in it."""
        return self.text + _LABELLED[self.drawn_by]


@dataclass(frozen=True, kw_only=True, eq=False)
class DicomContext:
    """Sources stripped to what may be copied, and the names of the objects made from them."""

    headers: tuple["Dataset", ...]
    """One for every source file; those of a multi-frame file stand for all its frames."""
    frames: tuple[int | None, ...]
    """The frame of every slice, from 1 on; None where every slice is a file of its own."""
    authorship: Authorship
    is_deidentified: bool
    drawn_hash: str = ""
    """Of what was drawn; see `about`."""

    @property
    def first(self) -> "Dataset":
        """The header that stands for the study and the patient."""
        return self.headers[0]

    def uid(self, what: str) -> str:
        """Return the UID of an object of this answer.

        The same answer to the same question gives the same UID, so that a repeated run stores no
        twin, and no archive keeps an old answer for a new one. Of what is de-identified it cannot
        be guessed: the source's UIDs, which enter it, were replaced with a secret key.
        """
        parts = [what, self.drawn_hash, self.authorship.version]
        parts += self.authorship.parameters().values()
        parts += [str(header.SOPInstanceUID) for header in self.headers]
        digest = hashlib.sha256("\0".join(parts).encode()).digest()
        return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"

    def about(self, drawn: "NDArray[Any]") -> "DicomContext":
        """Return the context of objects made from `drawn`, which enters their UIDs."""
        return replace(
            self, drawn_hash=hashlib.sha256(np.ascontiguousarray(drawn).data).hexdigest()
        )

    def maker(self, what: str, *, series_number: int) -> dict[str, Any]:
        """Return the arguments with which highdicom names an object and its maker."""
        authorship = self.authorship
        device = authorship.model_hash[:MAX_SHORT], authorship.model_name
        serial, name = device if authorship.has_model else (_NO_SERIAL_NUMBER, MANUFACTURER)
        return {
            "series_instance_uid": self.uid(f"series {what}"),
            "series_number": series_number,
            "sop_instance_uid": self.uid(what),
            "instance_number": 1,
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": cut(name, MAX_SHORT),
            "software_versions": authorship.version,
            "device_serial_number": serial,
            "series_description": authorship.label(),
            "specific_character_set": "ISO_IR 192",
        }


def dicom_context(
    sources: Sequence[Source], authorship: Authorship, *, is_deidentified: bool = False
) -> DicomContext:
    """Return what objects made from `sources` may say.

    Raises:
        ValueError: There are none, they are of several studies, an identifier is missing, or what
            de-identifies is not installed.
    """
    if not sources:
        raise ValueError(
            "A DICOM object was asked for, and the picture is not DICOM; it has no patient and no "
            "study. Choose --format png or nifti, or give the DICOM file."
        )
    by_instance = {source.sop_instance_uid: source.header for source in sources}
    headers = tuple(allowed_part(header) for header in by_instance.values())
    _check_one_study(headers)
    _tell_thickness(headers)
    if is_deidentified:
        deidentify(headers)
    frames = tuple(source.frame for source in sources)
    has_frames = len(headers) < len(sources) or "NumberOfFrames" in headers[0]
    return DicomContext(
        headers=headers,
        frames=frames if has_frames else (None,) * len(sources),
        authorship=replace(authorship, input_hash=None) if is_deidentified else authorship,
        is_deidentified=is_deidentified,
    )


def _tell_thickness(headers: Sequence["Dataset"]) -> None:
    """Give slices that do not tell how thick they are the distance to the next; a lone one nothing.

    The attribute may be empty in a picture (type 2); highdicom wants it to be there.
    """
    from lingseg.imaging.dicom_geometry import directions_of, position_of

    for header in headers:
        directions = directions_of(header)
        is_told = "SliceThickness" in header or "SharedFunctionalGroupsSequence" in header
        if directions is None or is_told:
            continue
        normal = np.cross(*directions)
        places = [place for one in headers[:2] if (place := position_of(one)) is not None]
        distance = float(abs(normal @ (places[-1] - places[0]))) if places else 0.0
        header.SliceThickness = round(distance, 6) or None


def allowed_part(header: "Dataset") -> "Dataset":
    """Return a copy of the attributes that may pass on, and of the empty ones that must be."""
    from pydicom import Dataset

    kept = Dataset()
    for keyword in COPIED:
        if keyword in header and not header[keyword].is_empty:
            kept[keyword] = deepcopy(header[keyword])
    for keyword in _NEEDED_EMPTY:
        if keyword not in kept:
            setattr(kept, keyword, "")
    _put_right(kept)
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in kept.get(keyword, ()):
            _keep_place(group)
    return kept


def _put_right(kept: "Dataset") -> None:
    """Write dates and times as the standard has them; forget those, and a sex, that say nothing.

    Old systems write 1950.12.31, 10:11:12, 00000000 or "Male"; no object may be made with these.
    """
    from pydicom.valuerep import DA, TM

    kept.PatientBirthDate = _conforming(kept.PatientBirthDate, DA, ".")
    kept.StudyDate = _conforming(kept.StudyDate, DA, ".")
    kept.StudyTime = _conforming(kept.StudyTime, TM, ":")
    if kept.PatientSex not in _SEXES:
        kept.PatientSex = ""


def _conforming(value: object, parse: Callable[[str], object], separator: str) -> str:
    """Return a date or time without the separators of old; nothing where it is none."""
    plain = str(value or "").replace(separator, "").strip()
    try:
        parse(plain)
    except ValueError:
        return ""
    return plain


def _keep_place(group: "Dataset") -> None:
    """Drop all of a frame's functional group but the numbers that tell where it lies."""
    _keep_only(group, tuple(_COPIED_OF_FRAMES))
    for macro, keywords in _COPIED_OF_FRAMES.items():
        for item in group.get(macro, ()):
            _keep_only(item, keywords)


def _keep_only(item: "Dataset", keywords: Sequence[str]) -> None:
    """Drop all other attributes of `item`."""
    for element in list(item):
        if element.keyword not in keywords:
            del item[element.tag]


def _check_one_study(headers: Sequence["Dataset"]) -> None:
    """Refuse sources that no object can refer to."""
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if any(not header.get(keyword) for header in headers):
            raise ValueError(
                f"The DICOM file has no {keyword}; an object made from it could not name it. "
                f"Repair the file, or choose --format png or nifti."
            )
    studies = {header.StudyInstanceUID for header in headers}
    if len(studies) > 1:
        raise ValueError(
            f"The pictures are of {len(studies)} studies; expected one. Give one study at a time."
        )


def identify_algorithm(authorship: Authorship) -> "AlgorithmIdentificationSequence":
    """Return who drew it, and all that the answer depended on, the whole sentence included."""
    from highdicom.content import AlgorithmIdentificationSequence
    from pydicom.sr.codedict import codes

    return AlgorithmIdentificationSequence(
        name=cut(f"{MANUFACTURER} {authorship.model_name}", MAX_SHORT),
        family=codes.DCM.ArtificialIntelligence,
        version=cut(authorship.version, MAX_SHORT),
        source=MANUFACTURER,
        parameters={
            name: value.replace("\\", "/") for name, value in authorship.parameters().items()
        },
    )


def write_object(path: "Path", made: "Dataset", context: DicomContext) -> None:
    """Write a finished object, de-identified to the end if its context says so.

    Raises:
        OSError: The file cannot be written.
    """
    if context.is_deidentified:
        finish_deidentified(made)
    with written_atomically(path) as temporary:
        made.save_as(temporary)


def has_burned_in_annotation(source: Source) -> bool:
    """Return whether the file says that text was burned into its pixels, as names may be."""
    return str(source.header.get("BurnedInAnnotation", "")).strip().upper() == "YES"


def may_show_a_name(source: Source | None) -> bool:
    """Return whether the pixels may hold text: the source does not say that they do not."""
    if source is None:
        return False
    return str(source.header.get("BurnedInAnnotation", "")).strip().upper() != "NO"


def cut(text: str, length: int) -> str:
    """Return `text` on one line, without what DICOM splits values at, cut to `length` bytes.

    The standard counts letters; many readers count bytes, of which UTF-8 has up to four a letter.
    """
    line = " ".join(text.replace("\\", "/").split())
    return line.encode()[:length].decode(errors="ignore").strip()
