"""From the pixels of a DICOM frame to those of an `Image`, and the window to show them in.

Decisions:

* Grey keeps the values after the modality's transformation: Hounsfield units in CT.
* The window is the file's own (the first, where it has several); in CT without one, that of soft
  tissue; otherwise none, and percentiles are taken. A table or sigmoid of interest is applied.
* MONOCHROME1, which stores white as low, is not inverted in its values, but in its window.
* Colour comes as red, green and blue of 8 bits; palettes are looked up; of 16 bits the
  upper 8 stay.
"""

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi
from pydicom.pixels.utils import pixel_array

from lingseg.imaging.decoding import decoding_quietly
from lingseg.imaging.dicom_file import PARSER_ERRORS, DicomFile, whole_number
from lingseg.imaging.dicom_geometry import find, items_of, number_of, numbers_of
from lingseg.imaging.image import Pixels, UnreadableImage, Window
from lingseg.imaging.intensity import measure_window

CT_WINDOW: Window = (-160.0, 240.0)
"""Hounsfield units: soft tissue of the abdomen, level 40 and width 400."""

_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_GREYS = ("MONOCHROME1", "MONOCHROME2")
_INVERTED = "MONOCHROME1"
_PALETTE = "PALETTE COLOR"
_BYTE = 8
_MAX_TABLE_BITS = 16


def read_frame(file: DicomFile, frame: int = 0) -> tuple[Pixels, Window | None]:
    """Decode one frame, counted from 0, and choose its window.

    Raises:
        UnreadableImage: Its pixels are damaged, or of a kind that is not read.
    """
    try:
        with decoding_quietly():
            kind = str(file.dataset.get("PhotometricInterpretation", ""))
            _refuse_unknown_colours(kind, file.name)
            stored = pixel_array(file.dataset, index=frame)
            if kind in _GREYS:
                pixels, window = _grey(stored, file.dataset, frame)
            else:
                pixels, window = _colour(stored, file.dataset, kind), None
    except UnreadableImage:
        raise
    except PARSER_ERRORS as error:
        raise UnreadableImage(
            f"{file.name} has pixels that cannot be decoded ({type(error).__name__}); it is "
            f"damaged or cut short. Send or export it again."
        ) from error
    if pixels.dtype == np.float32 and not np.isfinite(pixels).all():
        raise UnreadableImage(
            f"{file.name} has values that are not finite numbers (NaN or infinite); expected "
            f"none. Export it again."
        )
    return pixels, window


def _refuse_unknown_colours(kind: str, name: str) -> None:
    """Refuse what is neither grey nor turned into red, green and blue."""
    if kind not in (*_COLOURS, *_GREYS, _PALETTE):
        raise UnreadableImage(
            f"{name} has colours of the kind {kind[:16]!r}; expected grey, RGB, YBR or a "
            f"palette. Export it as one of these."
        )


def _colour(stored: NDArray[np.generic], dataset: Dataset, kind: str) -> Pixels:
    """Return red, green and blue in 8 bits."""
    bits = whole_number(dataset, "BitsStored")
    if kind == _PALETTE:
        stored = apply_color_lut(stored, dataset)
        bits = _BYTE * stored.dtype.itemsize
    deep = stored.astype(np.uint32)
    return (deep >> max(0, bits - _BYTE)).astype(np.uint8)


def _grey(
    stored: NDArray[np.generic], dataset: Dataset, frame: int
) -> tuple[Pixels, Window | None]:
    """Return values after the modality's transformation, or after that of interest if it bends."""
    values = _transformed(stored, dataset, frame)
    is_inverted = dataset.PhotometricInterpretation == _INVERTED
    window = _window_of_tags(dataset, frame)
    bends = str(find(dataset, "VOILUTFunction", frame) or "LINEAR") == "SIGMOID"
    if _has_table(dataset):
        values, window = _looked_up(values, dataset)
    elif bends and window is not None:
        values, window = _sigmoid(values, dataset, frame), (0.0, 1.0)
    elif window is None and dataset.get("Modality") == "CT" and _is_hounsfield(dataset, frame):
        window = CT_WINDOW
    pixels = _as_pixels(values)
    if window is None:
        window = _window_without_tags(pixels, dataset, is_inverted=is_inverted)
    return pixels, window[::-1] if window and is_inverted else window


def _transformed(stored: NDArray[np.generic], dataset: Dataset, frame: int) -> NDArray[np.generic]:
    """Apply the modality's table, or slope and intercept."""
    if dataset.get("ModalityLUTSequence"):
        return apply_modality_lut(stored, dataset)
    slope = float(_or(find(dataset, "RescaleSlope", frame), 1.0))
    intercept = float(_or(find(dataset, "RescaleIntercept", frame), 0.0))
    if (slope, intercept) == (1, 0):
        return stored
    return stored.astype(np.float64) * slope + intercept


def _or(value: object, otherwise: float) -> float:
    """Return a number, or another one where it is absent or empty."""
    return otherwise if value in (None, "") else number_of(value)


def _is_hounsfield(dataset: Dataset, frame: int) -> bool:
    """Tell whether the file says how its values become Hounsfield units."""
    return find(dataset, "RescaleIntercept", frame) is not None


def _window_of_tags(dataset: Dataset, frame: int) -> Window | None:
    """Return the first window of the file: what is black, and what is white.

    Source: DICOM PS3.3 C.11.2.1.2 (LINEAR) and C.11.2.1.3.2 (LINEAR_EXACT).
    """
    centre = _first(find(dataset, "WindowCenter", frame))
    width = _first(find(dataset, "WindowWidth", frame))
    if centre is None or width is None:
        return None
    if str(find(dataset, "VOILUTFunction", frame) or "LINEAR") == "LINEAR":
        centre, width = centre - 0.5, width - 1
    if not (np.isfinite([centre, width]).all() and width >= 0):
        return None
    half = max(width, 1e-3) / 2  # a width of 1 is a threshold
    return centre - half, centre + half


def _first(value: object) -> float | None:
    """Return the first of one or more numbers."""
    first = next(iter(value), None) if isinstance(value, MultiValue) else value
    return None if first in (None, "") else number_of(first)


def _has_table(dataset: Dataset) -> bool:
    """Tell whether a table of interest is there and no window, which would come first."""
    return bool(items_of(dataset, "VOILUTSequence")) and dataset.get("WindowCenter") in (None, "")


def _looked_up(values: NDArray[np.generic], dataset: Dataset) -> tuple[NDArray[np.generic], Window]:
    """Apply the first table of interest; its whole range is shown."""
    described = numbers_of(items_of(dataset, "VOILUTSequence")[0], "LUTDescriptor", 3)
    if described is None or not 1 <= described[2] <= _MAX_TABLE_BITS:
        raise ValueError("the table of interest does not say how deep it is")
    bits = int(described[2])
    return apply_voi(values, dataset), (0.0, float(2**bits - 1))


def _sigmoid(values: NDArray[np.generic], dataset: Dataset, frame: int) -> NDArray[np.generic]:
    """Apply a sigmoid window (DICOM PS3.3 C.11.2.1.3.1)."""
    centre, width = (
        _first(find(dataset, keyword, frame)) for keyword in ("WindowCenter", "WindowWidth")
    )
    if centre is None or not width:
        return values
    return 0.5 * (1 + np.tanh(2 * (values.astype(np.float64) - centre) / width))


def _window_without_tags(pixels: Pixels, dataset: Dataset, *, is_inverted: bool) -> Window | None:
    """Return a window where one is needed although the file has none."""
    bits = whole_number(dataset, "BitsStored")
    if pixels.dtype == np.uint8:
        is_plain = bits == _BYTE and not is_inverted
        return None if is_plain else (0.0, float(2 ** min(bits, _BYTE) - 1))
    return measure_window(lambda _: pixels, 1) if is_inverted else None


def _as_pixels(values: NDArray[np.generic]) -> Pixels:
    """Return values in one of the three types that an `Image` may have."""
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values, dtype=np.uint8)
    if values.dtype == np.uint16:
        return np.ascontiguousarray(values, dtype=np.uint16)
    with np.errstate(over="ignore"):  # becomes infinite, which is refused
        return values.astype(np.float32)
