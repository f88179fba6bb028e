"""Which format bytes are in, told by their beginning; nothing heavy is imported for that."""

import zlib
from typing import Literal, TypeAlias

Format: TypeAlias = Literal["DICOM", "NIfTI", "picture"]

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
NIFTI_SUFFIXES = (".nii", ".nii.gz")
BEGINNING = 1024
"""Bytes, unzipped, that hold every mark that is looked for."""

GZIP_MAGIC = b"\x1f\x8b"
PAIR_MAGICS = (b"ni1\x00", b"ni2\x00")
SINGLE_MAGICS = (b"n+1\x00", b"n+2\x00")
_GZIP_WINDOW = 31  # zlib's word for "a gzip header comes first"
_ZIPPED_BEGINNING = 8 * BEGINNING
_FIRST_ELEMENTS = (
    b"\x02\x00\x00\x00", b"\x02\x00\x01\x00", b"\x08\x00\x00\x00", b"\x08\x00\x05\x00",
    b"\x08\x00\x08\x00", b"\x08\x00\x16\x00",
)  # fmt: skip
"""What DICOM files from before the preamble start with, in little endian."""


def format_of(data: bytes) -> Format:
    """Return the format that bytes, or the first of them, are in; "picture" where in doubt."""
    if data[128:132] == b"DICM" or data.startswith(_FIRST_ELEMENTS):
        return "DICOM"
    is_nifti = nifti_magic(unzipped_beginning(data)) in SINGLE_MAGICS + PAIR_MAGICS
    return "NIfTI" if is_nifti else "picture"


def nifti_magic(beginning: bytes) -> bytes:
    """Return the four letters that NIfTI-1 has at the end of its header and NIfTI-2 in front."""
    at_front = beginning[4:8]
    return at_front if at_front in (b"n+2\x00", b"ni2\x00") else beginning[344:348]


def unzipped_beginning(data: bytes) -> bytes:
    """Return the first bytes, unzipped if they are gzipped; nothing where that fails."""
    if not data.startswith(GZIP_MAGIC):
        return data[:BEGINNING]
    try:
        return zlib.decompressobj(_GZIP_WINDOW).decompress(data[:_ZIPPED_BEGINNING], BEGINNING)
    except zlib.error:
        return b""
