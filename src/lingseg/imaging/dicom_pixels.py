"""From the pixels of a DICOM frame to those of an `Image`, and the window to show them in.

Decisions:

* Grey keeps the values after the modality's transformation: Hounsfield units in CT.
* The window is the file's own (the first, where it has several); in CT without one, that of soft
  tissue; otherwise none, and percentiles are taken, of what is no padding. A table or sigmoid of
  interest is applied.
* MONOCHROME1, which stores white as low, is not inverted in its values, but in its window.
* Colour comes as red, green and blue of 8 bits; palettes are looked up; of 16 bits the
  upper 8 stay.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from lingseg.imaging.decoding import decoding_quietly
from lingseg.imaging.dicom_file import PARSER_ERRORS, DicomFile, whole_number
from lingseg.imaging.dicom_geometry import find, items_of, number_of
from lingseg.imaging.dicom_table import look_up
from lingseg.imaging.image import Pixels, UnreadableImage, Window
from lingseg.imaging.intensity import measure_window, without_padding
from lingseg.imaging.limits import check_finite

CT_WINDOW: Window = (-160.0, 240.0)
"""Hounsfield units: soft tissue of the abdomen, level 40 and width 400."""

_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_GREYS = ("MONOCHROME1", "MONOCHROME2")
_INVERTED = "MONOCHROME1"
_PALETTE = "PALETTE COLOR"
_BYTE = 8


class Frame(NamedTuple):
    """One decoded frame."""

    pixels: Pixels
    window: Window | None
    """None: it is shown as it is, or by percentiles."""
    padding: Window | None = None
    """The lowest and the highest value that fills the place beside the picture."""


def read_frame(file: DicomFile, frame: int = 0) -> Frame:
    """Decode one frame, counted from 0, and choose its window.

    Raises:
        UnreadableImage: Its pixels are damaged, or of a kind that is not read.
    """
    try:
        with decoding_quietly():
            kind = str(file.dataset.get("PhotometricInterpretation", ""))
            _refuse_unknown_colours(kind, file.name)
            stored = _stored_values(file.dataset, frame)
            if kind in _GREYS:
                decoded = _grey(stored, file.dataset, frame)
            else:
                decoded = Frame(_colour(stored, file.dataset, kind), None)
    except UnreadableImage:
        raise
    except PARSER_ERRORS as error:
        raise UnreadableImage(
            f"{file.name} has pixels that cannot be decoded ({type(error).__name__}); it is "
            f"damaged or cut short. Send or export it again."
        ) from error
    check_finite(file.name, decoded.pixels)
    return decoded


def _stored_values(dataset: Dataset, frame: int) -> NDArray[np.generic]:
    """Decode a frame; values that do not start at the lowest bit, as in old files, are moved there.

    Overlays that lie in the bits beside them are dropped (PS3.5 8.1.1).
    """
    allocated, bits = whole_number(dataset, "BitsAllocated"), whole_number(dataset, "BitsStored")
    high = whole_number(dataset, "HighBit", bits - 1)
    is_packed = UID(str(dataset.file_meta.TransferSyntaxUID)).is_compressed
    if is_packed or not bits <= high < allocated:
        return pixel_array(dataset, index=frame)
    raw = pixel_array(dataset, index=frame, correct_unused_bits=False)
    return (raw << (allocated - 1 - high)) >> (allocated - bits)


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


def _grey(stored: NDArray[np.generic], dataset: Dataset, frame: int) -> Frame:
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
    padding = _padding(stored, dataset, frame) if window is None else None
    if window is None:
        window = _window_without_tags(pixels, padding, dataset, is_inverted=is_inverted)
    return Frame(pixels, window[::-1] if window and is_inverted else window, padding)


def _transformed(stored: NDArray[np.generic], dataset: Dataset, frame: int) -> NDArray[np.generic]:
    """Apply the modality's table, or slope and intercept."""
    if dataset.get("ModalityLUTSequence"):
        return _table_applied(stored, dataset, "ModalityLUTSequence")[0]
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
    found, top = _table_applied(values, dataset, "VOILUTSequence")
    return found, (0.0, float(top))


def _table_applied(
    values: NDArray[np.generic], dataset: Dataset, keyword: str
) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], int]:
    """Look values up in the first of a file's tables; tell the largest number that one may be."""
    table = items_of(dataset, keyword)[0]
    is_little_endian = UID(str(dataset.file_meta.TransferSyntaxUID)).is_little_endian
    return look_up(values, table, is_little_endian=is_little_endian)


def _padding(stored: NDArray[np.generic], dataset: Dataset, frame: int) -> Window | None:
    """Return which values fill the place beside the picture (PS3.3 C.7.5.1.1.2); None: none do.

    They are written as the pixels are stored, and transformed like them.
    """
    value = dataset.get("PixelPaddingValue")
    if value is None or stored.dtype.kind not in "iu":
        return None
    limit = dataset.get("PixelPaddingRangeLimit")
    ends = np.array([[number_of(value), number_of(value if limit is None else limit)]])
    as_stored = ends.astype(np.int64).astype(stored.dtype)  # 63536 is -2000 in files of old
    shown = _as_pixels(_transformed(as_stored, dataset, frame))
    return float(shown.min()), float(shown.max())


def _sigmoid(values: NDArray[np.generic], dataset: Dataset, frame: int) -> NDArray[np.generic]:
    """Apply a sigmoid window (DICOM PS3.3 C.11.2.1.3.1)."""
    centre, width = (
        _first(find(dataset, keyword, frame)) for keyword in ("WindowCenter", "WindowWidth")
    )
    if centre is None or not width:
        return values
    return 0.5 * (1 + np.tanh(2 * (values.astype(np.float64) - centre) / width))


def _window_without_tags(
    pixels: Pixels, padding: Window | None, dataset: Dataset, *, is_inverted: bool
) -> Window | None:
    """Return a window where one is needed although the file has none."""
    bits = whole_number(dataset, "BitsStored")
    if pixels.dtype == np.uint8:
        is_plain = bits == _BYTE and not is_inverted
        return None if is_plain else (0.0, float(2 ** min(bits, _BYTE) - 1))
    return measure_window(lambda _: without_padding(pixels, padding), 1) if is_inverted else None


def _as_pixels(values: NDArray[np.generic]) -> Pixels:
    """Return values in one of the three types that an `Image` may have."""
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values, dtype=np.uint8)
    if values.dtype == np.uint16:
        return np.ascontiguousarray(values, dtype=np.uint16)
    with np.errstate(over="ignore"):  # becomes infinite, which is refused
        return values.astype(np.float32)
