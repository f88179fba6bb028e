"""Tiny DICOM and NIfTI files, made by pydicom and nibabel as scanners would have written them.

What a reader makes of one, an `Image` or a `Source`, is here too, for tests of writers: a slice
that lies obliquely and names its patient in many places.
"""

from io import BytesIO

import nibabel
import numpy as np
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    UltrasoundImageStorage,
    generate_uid,
)

from lingseg.imaging import Image
from lingseg.imaging.source import Source

HEIGHT, WIDTH = 7, 10
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""Along a row to the patient's left, down a column to the back: the usual hanging."""
STUDY, SERIES, FRAME_OF_REFERENCE = "1.2.3.1", "1.2.3.2", "1.2.3.3"
SPACING, SLICE_SPACING = (0.5, 2.0), 3.0
ORIENTATION = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)
"""Oblique: along the rows the first three, along the columns the last."""
PATIENT = "Doe^Jane"
IDENTIFYING = {
    "SpecificCharacterSet": "ISO_IR 192",
    "PatientName": PATIENT,
    "PatientID": "P-4711",
    "PatientBirthDate": "19501231",
    "PatientSex": "F",
    "StudyDate": "20240229",
    "StudyTime": "101112",
    "StudyID": "S-4712",
    "AccessionNumber": "A-4713",
    "ReferringPhysicianName": "House^Gregory",
    "InstitutionName": "Secret Hospital",
    "PatientComments": "Secret comment",
    "StationName": "Secret station",
    "OperatorsName": "Secret^Operator",
}
"""Some of it files an object beside its source, some should not pass on."""


def stored_values(number=0, dtype=np.int16):
    """Values that no flip or turn leaves as they are."""
    return (np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) * 20 + number).astype(dtype)


def blank(kind, modality, **tags):
    """A data set of a kind, without pixels."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = kind
    dataset.file_meta.MediaStorageSOPInstanceUID = tags.get("SOPInstanceUID", "1.2.3.4.1")
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = kind, "1.2.3.4.1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = STUDY, SERIES
    dataset.Modality = modality
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    return dataset


def with_pixels(dataset, pixels, photometric="MONOCHROME2", bits=None):
    """Put pixels, (height, width), frames of them or colours, into a data set."""
    is_colour = photometric in ("RGB", "YBR_FULL")
    height, width = pixels.shape[-3:-1] if is_colour else pixels.shape[-2:]
    if pixels.ndim > (3 if is_colour else 2):
        dataset.NumberOfFrames = len(pixels)
    dataset.Rows, dataset.Columns = height, width
    dataset.SamplesPerPixel = 3 if is_colour else 1
    if is_colour:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = photometric
    dataset.BitsAllocated = 8 * pixels.itemsize
    dataset.BitsStored = bits or dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes() + b"\x00" * (pixels.nbytes % 2)
    dataset["PixelData"].VR = "OB" if pixels.itemsize == 1 else "OW"
    return dataset


def saved(dataset):
    """The bytes of a file."""
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def ct_slice(number=0, *, step=3.0, pixels=None, **tags):
    """One slice of an axial CT in Hounsfield units."""
    tags = {
        "SOPInstanceUID": f"1.2.3.4.{number + 1}",
        "FrameOfReferenceUID": "1.2.3.3",
        "ImageOrientationPatient": list(AXIAL),
        "ImagePositionPatient": [-30.0, 12.5, 7.0 + step * number],
        "PixelSpacing": [0.5, 2.0],
        "SliceThickness": 3.0,
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
        "InstanceNumber": 100 - number,
    } | tags
    tags = {keyword: value for keyword, value in tags.items() if value is not None}
    values = stored_values(number) if pixels is None else pixels
    return with_pixels(blank(CTImageStorage, "CT", **tags), values)


def film(pixels=None, photometric="MONOCHROME2", bits=12, **tags):
    """A radiograph."""
    pixels = stored_values(dtype=np.uint16) if pixels is None else pixels
    kind = DigitalXRayImageStorageForPresentation
    return with_pixels(blank(kind, "DX", **tags), pixels, photometric, bits)


def ultrasound(pixels, photometric="RGB", **tags):
    """An ultrasound picture, or several frames."""
    return with_pixels(blank(UltrasoundImageStorage, "US", **tags), pixels, photometric)


def enhanced_ct(heights=(9.0, 3.0, 6.0)):
    """Frames of one file, at given heights, with what is theirs in functional groups."""
    pixels = np.stack([stored_values(number) for number in range(len(heights))])
    dataset = with_pixels(blank(EnhancedCTImageStorage, "CT"), pixels)
    dataset.FrameOfReferenceUID = "1.2.3.3"
    shared, values, measures, orientation = Dataset(), Dataset(), Dataset(), Dataset()
    values.RescaleSlope, values.RescaleIntercept, values.RescaleType = 2, -1000, "HU"
    measures.PixelSpacing, measures.SliceThickness = [0.5, 2.0], 3.0
    orientation.ImageOrientationPatient = list(AXIAL)
    shared.PixelValueTransformationSequence = [values]
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [_frame_at(height) for height in heights]
    return dataset


def _frame_at(height):
    group, position, window = Dataset(), Dataset(), Dataset()
    position.ImagePositionPatient = [-30.0, 12.5, height]
    window.WindowCenter, window.WindowWidth = 40, 400
    group.PlanePositionSequence, group.FrameVOILUTSequence = [position], [window]
    return group


def save_series(folder, slices):
    """Write slices as files whose names say nothing of their order."""
    folder.mkdir()
    for number, dataset in enumerate(slices):
        (folder / f"{(number * 7) % 11:03d}").write_bytes(saved(dataset))
    return folder


def nifti(voxels, affine, *, second=False, slope=None, inter=None, codes=(1, 1)):
    """The bytes of a NIfTI file, not gzipped."""
    image_class = nibabel.Nifti2Image if second else nibabel.Nifti1Image
    image = image_class(voxels, affine)
    if affine is not None:
        image.set_sform(affine, code=codes[0])
        image.set_qform(affine, code=codes[1], strip_shears=True)
    if slope is not None:
        image.header.set_slope_inter(slope, inter)
    return image.to_bytes()


def ct_header(number=0):
    """One oblique slice of a series, without pixels; identifying values where none should pass."""
    header = blank(
        CTImageStorage,
        "CT",
        SOPInstanceUID=f"1.2.3.4.{number + 1}",
        FrameOfReferenceUID=FRAME_OF_REFERENCE,
        ImageOrientationPatient=list(ORIENTATION),
        ImagePositionPatient=[float(value) for value in position(number)],
        PixelSpacing=list(SPACING),
        SliceThickness=SLICE_SPACING,
        SeriesNumber=1,
        InstanceNumber=number + 1,
        BurnedInAnnotation="NO",
        **IDENTIFYING,
    )
    header.Rows, header.Columns = HEIGHT, WIDTH
    header.add_new((0x0009, 0x0010), "LO", "SECRET CREATOR")
    return header


def position(number):
    """Where the middle of the first pixel of an oblique slice lies, in DICOM's millimetres."""
    normal = np.cross(ORIENTATION[:3], ORIENTATION[3:])
    return np.asarray([-30.0, 12.5, 7.0]) + number * SLICE_SPACING * normal


def affine():
    """From (row, column, slice, 1) of the oblique slices to RAS+ millimetres."""
    along_row, along_column = np.asarray(ORIENTATION[:3]), np.asarray(ORIENTATION[3:])
    steps = np.eye(4)
    steps[:3, 0] = along_column * SPACING[0]
    steps[:3, 1] = along_row * SPACING[1]
    steps[:3, 2] = np.cross(along_row, along_column) * SLICE_SPACING
    steps[:3, 3] = position(0)
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ steps


def ct_source(number=0, **changes):
    """The source of an oblique slice; `changes` are of its header, None takes one out."""
    header = ct_header(number)
    for keyword, value in changes.items():
        if value is None:
            del header[keyword]
        else:
            setattr(header, keyword, value)
    return Source(
        sop_class_uid=header.SOPClassUID,
        sop_instance_uid=header.SOPInstanceUID,
        modality="CT",
        header=header,
        frame_of_reference_uid=FRAME_OF_REFERENCE,
    )


def ct_image(**changes):
    """An oblique slice as the reader would give it."""
    pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    return Image(pixels=pixels, spacing=SPACING, affine=affine(), source=ct_source(**changes))


def film_source():
    """The source of a picture that lies nowhere in space, as films and ultrasound do."""
    geometry = ("FrameOfReferenceUID", "ImageOrientationPatient", "ImagePositionPatient")
    return ct_source(
        SOPClassUID=ComputedRadiographyImageStorage,
        SOPInstanceUID=generate_uid(),
        Modality="DX",
        **dict.fromkeys(geometry),
    )
