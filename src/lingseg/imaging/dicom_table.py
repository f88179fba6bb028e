"""Lookup tables of DICOM: from stored values to those of the modality, or to those of interest.

pydicom's own lookup counts in the type of what comes out, so that a table of 8 bits with more than
256 entries wraps around; it also refuses depths that the standard allows, such as 9 bits.
"""

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from lingseg.imaging.dicom_geometry import numbers_of

_BYTE = 8
_MAX_BITS = 16
_MOST_ENTRIES = 2**16
"""What a number of entries of 0 stands for."""


def look_up(
    values: NDArray[np.generic], table: Dataset, *, is_little_endian: bool
) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], int]:
    """Return what a table holds for values, and the largest number that it could hold.

    Values beyond its ends get its first and last entry.

    Source: DICOM PS3.3 C.11.1.1 and C.11.2.1.1.

    Args:
        values: Any numbers; what lies between two entries gets the lower one.
        table: An item of Modality LUT Sequence or VOI LUT Sequence.
        is_little_endian: The order of bytes that the file was written in.

    Raises:
        ValueError: The table does not say what it holds, or is cut short.
    """
    described = numbers_of(table, "LUTDescriptor", 3)
    if described is None or not 1 <= described[2] <= _MAX_BITS:
        raise ValueError("the table does not say how deep it is")
    num_entries, first = int(described[0]) or _MOST_ENTRIES, float(described[1])
    entries = _entries_of(table, num_entries, is_little_endian=is_little_endian)
    top = max(2 ** int(described[2]) - 1, int(entries.max()))  # some are deeper than they say
    kept = entries.astype(np.uint8 if top < 2**_BYTE else np.uint16)
    found = np.empty(values.shape, kept.dtype)
    for row, stored in zip(found, values, strict=True):  # as float64 all rows would take much room
        index = np.clip(np.floor(stored.astype(np.float64) - first), 0, num_entries - 1)
        row[...] = kept[index.astype(np.int64)]
    return found, top


def _entries_of(table: Dataset, num_entries: int, *, is_little_endian: bool) -> NDArray[np.int64]:
    """Return the entries, which lie in the file as numbers, or as words or bytes in a row."""
    data = table.get("LUTData")
    if isinstance(data, bytes):
        in_words = len(data) >= 2 * num_entries
        order = "<" if is_little_endian else ">"
        data = np.frombuffer(data, f"{order}u2" if in_words else np.uint8)
    found = np.atleast_1d(np.asarray(data))[:num_entries]
    if found.dtype.kind not in "iu":
        raise ValueError("the table does not hold numbers")
    entries = found.astype(np.int64)
    if len(entries) < num_entries:
        raise ValueError("the table is cut short")
    return entries
