"""Where a DICOM picture lies in the patient, how large its pixels are and which side it shows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.sequence import Sequence as DicomSequence

from lingseg.imaging.geometry import (
    Vector,
    affine_of,
    are_directions,
    edges_of,
    edges_towards,
    patient_left_of,
    why_unusable,
)
from lingseg.imaging.image import Affine, Direction, Edges, PatientLeft, Spacing
from lingseg.imaging.source import Laterality

_MACROS = {
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "WindowCenter": "FrameVOILUTSequence",
    "WindowWidth": "FrameVOILUTSequence",
    "VOILUTFunction": "FrameVOILUTSequence",
    "FrameLaterality": "FrameAnatomySequence",
}
"""In which functional group enhanced objects keep what others have at the top (PS3.3 C.7.6.16)."""
_CENTIMETRES = 3
_FLAT = 1
_MM_PER_CM = 10
_MAX_SPACING = 1_000.0
_EDGES: dict[str, PatientLeft] = {"L": "right", "R": "left"}
_LETTERS: dict[str, Direction] = {"R": "R", "L": "L", "A": "A", "P": "P", "H": "S", "F": "I"}
"""DICOM says head and feet (PS3.3 C.7.6.1.1.1)."""
_LATERALITIES: dict[str, Laterality] = {"L": "left", "R": "right", "B": "both"}
_LATERAL_VIEWS = ("LL", "RL", "LAT", "LATERAL")


def find(dataset: Dataset, keyword: str, frame: int = 0) -> Any:  # noqa: ANN401 (as pydicom)
    """Return an attribute of a frame, counted from 0, wherever the file keeps it; None: nowhere."""
    macro = _MACROS.get(keyword)
    if macro is not None:
        groups = items_of(dataset, "PerFrameFunctionalGroupsSequence")[frame : frame + 1]
        groups += items_of(dataset, "SharedFunctionalGroupsSequence")[:1]
        for group in groups:
            for item in items_of(group, macro)[:1]:
                if item.get(keyword) not in (None, ""):
                    return item.get(keyword)
    return dataset.get(keyword)


def items_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; none where it is absent, or another thing by that name."""
    value = dataset.get(keyword)
    return list(value) if isinstance(value, DicomSequence) else []


def number_of(value: object) -> float:
    """Return one number, which may be written as text.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, int | float | str):
        return float(value)
    raise ValueError(f"{type(value).__name__} is no number")


def numbers_of(dataset: Dataset, keyword: str, count: int, frame: int = 0) -> Vector | None:
    """Return an attribute of `count` finite numbers; None where it is absent or not that."""
    value = find(dataset, keyword, frame)
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or len(value) != count:
        return None
    numbers = np.array([number_of(number) for number in value])
    return numbers if np.isfinite(numbers).all() else None


def spacing_of_frame(dataset: Dataset, frame: int = 0) -> Spacing | None:
    """Return millimetres between rows, and columns.

    In films, what is calibrated comes first, then the distance at the detector, which is brought to
    the patient by the magnification where the file tells it, then that of a scanned film.
    """
    found = numbers_of(dataset, "PixelSpacing", 2, frame)
    if found is None:
        found = numbers_of(dataset, "ImagerPixelSpacing", 2)
        magnification = number_of(dataset.get("EstimatedRadiographicMagnificationFactor") or 1)
        if found is not None and magnification > 0:
            found = found / magnification
    if found is None:
        found = numbers_of(dataset, "NominalScannedPixelSpacing", 2)
    if found is None:
        found = _spacing_of_ultrasound(dataset)
    if found is None or not ((found > 0) & (found < _MAX_SPACING)).all():
        return None
    return float(found[0]), float(found[1])


def directions_of(dataset: Dataset, frame: int = 0) -> tuple[Vector, Vector] | None:
    """Return the directions along a row and down a column, in LPS; None: not told, or unusable."""
    cosines = numbers_of(dataset, "ImageOrientationPatient", 6, frame)
    if cosines is None or not are_directions(cosines[:3], cosines[3:]):
        return None
    return cosines[:3], cosines[3:]


def position_of(dataset: Dataset, frame: int = 0) -> Vector | None:
    """Return where the centre of the first pixel lies, in LPS."""
    return numbers_of(dataset, "ImagePositionPatient", 3, frame)


def affine_of_frame(dataset: Dataset, frame: int = 0, step: Vector | None = None) -> Affine | None:
    """Return the affine of one picture; None where the file does not tell all of it.

    Without `step` the slice is as thick as the file says, or a millimetre.
    """
    directions, position = directions_of(dataset, frame), position_of(dataset, frame)
    spacing = spacing_of_frame(dataset, frame)
    if directions is None or position is None or spacing is None:
        return None
    if step is None:
        thickness = number_of(find(dataset, "SliceThickness", frame) or 0)
        step = np.cross(*directions) * (thickness if 0 < thickness < _MAX_SPACING else 1.0)
    affine = affine_of(position, *directions, spacing, step)
    return affine if why_unusable(affine) is None else None


def patient_left_of_frame(dataset: Dataset, frame: int = 0) -> PatientLeft | None:
    """Return at which edge the patient's left lies; None where the file does not tell.

    Directions come first, then the letters of Patient Orientation (PS3.3 C.7.6.1.1.1), of which the
    first is the main one. Where only the view is told, a lateral one has neither; others are taken
    to hang as films do, which is for the caller to assume.
    """
    turned = _turned(dataset, frame)
    if turned is not None:
        return patient_left_of(turned)
    along_row, _ = _letters_of(dataset)
    if along_row:
        return _EDGES.get(along_row, "neither")
    return "neither" if view_of(dataset) == "lateral" else None


def edges_of_frame(dataset: Dataset, frame: int = 0) -> Edges | None:
    """Return what lies at each edge of a frame; None where the file does not tell.

    Where it comes from is as for `patient_left_of_frame`, but that a view alone tells nothing.
    """
    turned = _turned(dataset, frame)
    if turned is not None:
        return edges_of(turned)
    right, bottom = (_LETTERS.get(letter) for letter in _letters_of(dataset))
    return None if right is None or bottom is None else edges_towards(right, bottom)


def _turned(dataset: Dataset, frame: int) -> Affine | None:
    """Return how a frame lies in the patient, wherever it is; None where the file does not tell."""
    directions = directions_of(dataset, frame)
    if directions is None:
        return None
    return affine_of(np.zeros(3), *directions, (1.0, 1.0), np.cross(*directions))


def _letters_of(dataset: Dataset) -> tuple[str, str]:
    """Return the main letters of Patient Orientation, along a row and down a column; "": untold."""
    letters = dataset.get("PatientOrientation")
    if not isinstance(letters, Sequence) or isinstance(letters, str) or len(letters) != 2:
        return "", ""
    along_row, down_column = (str(one)[:1].upper() for one in letters)
    return along_row, down_column


def laterality_of(dataset: Dataset, frame: int = 0) -> Laterality | None:
    """Return the side of the body that was pictured."""
    for keyword in ("FrameLaterality", "ImageLaterality", "Laterality"):
        letter = str(find(dataset, keyword, frame) or "").strip().upper()
        if letter in _LATERALITIES:
            return _LATERALITIES[letter]
    return None


def view_of(dataset: Dataset) -> str | None:
    """Return the view: "PA", "AP", "lateral", or the file's own word."""
    word = str(dataset.get("ViewPosition") or "").strip().upper()
    if word:
        return "lateral" if word in _LATERAL_VIEWS else word
    codes = items_of(dataset, "ViewCodeSequence")
    meaning = str(codes[0].get("CodeMeaning") or "").strip().lower() if codes else ""
    if "postero-anterior" in meaning:
        return "PA"
    if "antero-posterior" in meaning:
        return "AP"
    if meaning in {"lateral", "left lateral", "right lateral"}:
        return "lateral"
    return meaning or None


def _spacing_of_ultrasound(dataset: Dataset) -> Vector | None:
    """Return the spacing of the flat regions of an ultrasound picture, where they agree."""
    spacings = set()
    for region in items_of(dataset, "SequenceOfUltrasoundRegions"):
        units = region.get("PhysicalUnitsXDirection"), region.get("PhysicalUnitsYDirection")
        if region.get("RegionSpatialFormat") != _FLAT or units != (_CENTIMETRES, _CENTIMETRES):
            continue
        deltas = region.get("PhysicalDeltaY", 0.0), region.get("PhysicalDeltaX", 0.0)
        spacings.add((abs(number_of(deltas[0])), abs(number_of(deltas[1]))))
    return np.array(spacings.pop()) * _MM_PER_CM if len(spacings) == 1 else None
