"""One DICOM file, parsed and checked: what it is, how many pictures it holds, whether they fit.

Nothing is decoded before this says that it may be.
"""

import math
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.errors import BytesLengthException
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    VLWholeSlideMicroscopyImageStorage,
)

from lingseg.imaging.decoding import decoding_quietly
from lingseg.imaging.image import UnreadableImage
from lingseg.imaging.limits import MAX_VOLUME_FILE_BYTES, check_num_slices, check_ratio, check_size

PARSER_ERRORS = (
    OSError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError,
    EOFError, struct.error, BytesLengthException,
)  # fmt: skip
"""What pydicom and its decoders raise for files that break the standard, as fuzzing has shown.

Whatever comes of our own code is a ValueError; the fuzzer takes any other for a mistake of ours."""

_DEFLATED = "1.2.840.10008.1.2.1.99"
_REFUSED = {
    "1.2.840.10008.1.3.10": ("a DICOMDIR, the index of a disc", "Give the folder that it is in"),
    "1.2.840.10008.5.1.4.1.1.66.4": ("a segmentation", "Give the picture that it was drawn on"),
    "1.2.840.10008.5.1.4.1.1.66.7": ("a segmentation", "Give the picture that it was drawn on"),
    "1.2.840.10008.5.1.4.1.1.66.5": ("a surface", "Give the picture that it was drawn on"),
    "1.2.840.10008.5.1.4.1.1.104.1": ("a PDF document", "Give the picture that it is about"),
    "1.2.840.10008.5.1.4.1.1.104.2": ("a text document", "Give the picture that it is about"),
    "1.2.840.10008.5.1.4.1.1.481.2": ("a map of doses", "Give the picture it was planned on"),
    "1.2.840.10008.5.1.4.1.1.481.3": ("a set of contours", "Give the picture they were drawn on"),
}
"""By SOP class: objects that are often given for pictures, and what to give instead."""
_SINGLE_FRAME = (
    ComputedRadiographyImageStorage, CTImageStorage, MRImageStorage, UltrasoundImageStorage,
    PositronEmissionTomographyImageStorage, SecondaryCaptureImageStorage,
)  # fmt: skip
"""Kinds whose frames are not numbered, as dciodvfy has it, although some files number theirs."""
_PICTURE_CLASS = "Image Storage"
"""Part of the names of all SOP classes that are pictures, and of no others."""
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_PIXEL_GROUP = 0x7FE0
_MAX_BITS = 64
_UID = re.compile(r"[0-9.]{1,64}")
_JPEG_12_BIT = "1.2.840.10008.1.2.4.51"
_HOW_TO_UNPACK = {
    _DEFLATED: "Unpack it, with DCMTK: dcmconv +te IN OUT",
    _JPEG_12_BIT: "Unpack it, with DCMTK: dcmdjpeg IN OUT",
    "1.2.840.10008.1.2.4.57": "Unpack it, with DCMTK: dcmdjpeg IN OUT",
    "1.2.840.10008.1.2.4.70": "Unpack it, with DCMTK: dcmdjpeg IN OUT",
}
"""Lossless JPEG has no decoder that comes from a package index and may be brought along."""


class NotAPicture(UnreadableImage):
    """A DICOM object of another kind; among the files of a series it is passed over."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DicomFile:
    """A parsed file that may be decoded."""

    name: str
    """What errors call it."""
    dataset: Dataset
    """With its pixels, unless only the header was read."""
    num_frames: int
    size: tuple[int, int]
    """Height and width."""
    is_numbered: bool
    """Whether the file numbers its frames, be it one."""

    @property
    def header(self) -> Dataset:
        """All but the pixels.

        Raises:
            UnreadableImage: An attribute that nothing needed before is damaged.
        """
        header = Dataset()
        try:
            for tag in list(self.dataset.keys()):
                if tag.group != _PIXEL_GROUP:
                    header[tag] = self.dataset.get_item(tag)
        except PARSER_ERRORS as error:
            raise UnreadableImage(damaged(self.name, error)) from error
        header.file_meta = self.dataset.file_meta
        return header


def parse_dicom(data: bytes, name: str, *, header_only: bool = False) -> DicomFile:
    """Parse the bytes of a DICOM file; `name` is what errors call it.

    Args:
        data: The file, or what comes before its pixels.
        name: What errors call it.
        header_only: Leave the pixels out; whether they are all there is not checked then.

    Raises:
        NotAPicture: It is DICOM, but a document or another object.
        UnreadableImage: It is damaged, or breaks a limit.
    """
    if _DEFLATED.encode() in data:  # pydicom would unpack it, however long it gets
        raise _unknown_packing(name, UID(_DEFLATED))
    try:
        with decoding_quietly():
            dataset = dcmread(BytesIO(data), force=True, stop_before_pixels=header_only)
            return _checked(dataset, name, header_only=header_only)
    except UnreadableImage:
        raise
    except PARSER_ERRORS as error:
        raise UnreadableImage(damaged(name, error)) from error


def damaged(name: str, error: BaseException) -> str:
    """Return the sentence for a file that pydicom could not read; values are left out of it."""
    return (
        f"{name} starts as DICOM but is damaged or cut short ({type(error).__name__}). "
        f"Send or export it again."
    )


def _checked(dataset: Dataset, name: str, *, header_only: bool) -> DicomFile:
    """Refuse what is no picture, is too large or cannot be decoded."""
    _refuse_other_objects(dataset, name)
    _complete_meta(dataset)
    height, width = whole_number(dataset, "Rows"), whole_number(dataset, "Columns")
    num_frames = whole_number(dataset, "NumberOfFrames", 1) or 1
    _refuse_patchwork(dataset, name, num_frames)
    check_size(name, height, width)
    check_num_slices(name, num_frames)
    _check_depth(dataset, name)
    _refuse_unknown_packing(dataset, name)
    if not header_only:
        _check_length(dataset, name, height * width * num_frames)
    return DicomFile(
        name=name,
        dataset=dataset,
        num_frames=num_frames,
        size=(height, width),
        is_numbered="NumberOfFrames" in dataset and not _is_alone(dataset, num_frames),
    )


def _is_alone(dataset: Dataset, num_frames: int) -> bool:
    """Tell whether a kind of one picture a file has a number of frames, as some makers write it."""
    return num_frames == 1 and dataset.get("SOPClassUID") in _SINGLE_FRAME


def _refuse_other_objects(dataset: Dataset, name: str) -> None:
    """Refuse documents, segmentations and what else is not a picture."""
    meta = getattr(dataset, "file_meta", Dataset())
    kind = str(dataset.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID") or "")
    if kind in _REFUSED:
        what, instead = _REFUSED[kind]
        raise NotAPicture(f"{name} is {what}; expected a picture. {instead}.")
    if "Rows" in dataset and "Columns" in dataset:
        return
    what = UID(kind).name if _UID.fullmatch(kind) else "of no kind that DICOM knows"
    if not kind and len(dataset) == 0:
        raise UnreadableImage(f"{name} starts as DICOM but holds nothing. Export it again.")
    if not kind or _PICTURE_CLASS in what:  # cut before Rows and Columns: among slices a gap
        raise UnreadableImage(
            f"{name} starts as DICOM but is cut short or damaged: it does not say how large its "
            f"picture is. Send or export it again."
        )
    raise NotAPicture(f"{name} holds no pixels ({what}); expected a picture. Give one.")


def _refuse_patchwork(dataset: Dataset, name: str, num_frames: int) -> None:
    """Refuse what shows no whole picture: tiles of a slide, and slices side by side."""
    if dataset.get("SOPClassUID") == VLWholeSlideMicroscopyImageStorage and num_frames > 1:
        raise UnreadableImage(
            f"{name} is a whole slide in {num_frames:,} tiles; expected one picture. Save a lower "
            f"magnification as a TIFF in tiles."
        )
    kinds = dataset.get("ImageType")
    kinds = kinds.split("\\") if isinstance(kinds, str) else kinds
    if isinstance(kinds, Sequence) and "MOSAIC" in kinds:
        raise UnreadableImage(
            f"{name} is a mosaic, many slices side by side in one picture; expected one slice. "
            f"Convert its series to NIfTI, with dcm2niix."
        )


def _complete_meta(dataset: Dataset) -> None:
    """Write down the transfer syntax of old files that have no place for it."""
    meta: Any = dataset.file_meta
    if "TransferSyntaxUID" not in meta:
        is_implicit = dataset.original_encoding[0]
        meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian


def _check_depth(dataset: Dataset, name: str) -> None:
    """Refuse numbers of bits and channels that no picture has."""
    bits, channels = _bits_and_channels(dataset)
    if bits not in {1, 8, 16, 32, _MAX_BITS} or channels not in {1, 3}:
        raise UnreadableImage(
            f"{name} has {channels} channels of {bits} bits; expected 1 or 3 channels of 8, 16 or "
            f"32 bits. It is damaged, or of a kind that is not read; convert it to PNG."
        )


def _bits_and_channels(dataset: Dataset) -> tuple[int, int]:
    """Return how many bits a value takes, and how many values a pixel has."""
    return whole_number(dataset, "BitsAllocated", 0), whole_number(dataset, "SamplesPerPixel", 1)


def whole_number(dataset: Dataset, keyword: str, otherwise: int | None = None) -> int:
    """Return an attribute that is one whole number; `otherwise`, if given, where it is absent.

    Raises:
        ValueError: It is another thing, or absent without `otherwise`.
    """
    value = dataset.get(keyword)
    if value is None and otherwise is not None:
        return otherwise
    if isinstance(value, int | str):
        return int(value)
    raise ValueError(f"{keyword} is not one whole number")


def _refuse_unknown_packing(dataset: Dataset, name: str) -> None:
    """Refuse transfer syntaxes that nothing here decodes."""
    packing = UID(str(dataset.file_meta.TransferSyntaxUID))
    try:
        is_known = get_decoder(packing).is_available
    except NotImplementedError:
        is_known = False
    is_deep = packing == _JPEG_12_BIT and whole_number(dataset, "BitsStored", 0) > 8
    if is_deep or not is_known:
        raise _unknown_packing(name, packing)


def _unknown_packing(name: str, packing: UID) -> UnreadableImage:
    """Return the error for a transfer syntax that is not read."""
    title = packing.name if _UID.fullmatch(packing) else "an unnamed way"
    return UnreadableImage(
        f"{name} is packed in a transfer syntax that is not read, {title}; expected uncompressed, "
        f"RLE, JPEG of 8 bits, JPEG-LS or JPEG 2000. "
        f"{_HOW_TO_UNPACK.get(packing, 'Export it as Explicit VR Little Endian')}."
    )


def _check_length(dataset: Dataset, name: str, num_pixels: int) -> None:
    """Refuse pixels that are cut short, or claim far more than their bytes hold."""
    present = [keyword for keyword in _PIXELS if keyword in dataset]
    if not present:
        raise UnreadableImage(f"{name} has no pixels. Send or export it again.")
    stored = len(dataset[present[0]].value or b"")
    expected = (num_pixels * math.prod(_bits_and_channels(dataset)) + 7) // 8
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        check_ratio(name, stored, expected)
        return
    if str(dataset.get("PhotometricInterpretation")) == "YBR_FULL_422":
        expected = expected * 2 // 3  # two pixels share their colour
    if stored < expected:
        raise UnreadableImage(
            f"{name} is cut short: it has {stored:,} bytes of pixels; expected {expected:,}. "
            f"Send or export it again."
        )
    if expected > MAX_VOLUME_FILE_BYTES:
        raise UnreadableImage(f"{name} has too many pixels: {expected:,} bytes. Split it.")
