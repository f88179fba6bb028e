"""Tiny DICOM pictures, made with pydicom, that name a patient in many places."""

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from lingseg.imaging import Image
from lingseg.imaging.source import Source

HEIGHT, WIDTH = 7, 10
SPACING = (0.5, 2.0)
SLICE_SPACING = 3.0
ORIENTATION = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)
"""Oblique: along the rows the first three, along the columns the last."""
PATIENT = "Doe^Jane"
STUDY, SERIES, FRAME_OF_REFERENCE = "1.2.3.1", "1.2.3.2", "1.2.3.3"


def ct_header(number: int = 0) -> Dataset:
    """One slice of a series, without pixels; identifying values where none should pass."""
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SpecificCharacterSet = "ISO_IR 192"
    header.SOPClassUID = CTImageStorage
    header.SOPInstanceUID = f"1.2.3.4.{number + 1}"
    header.StudyInstanceUID, header.SeriesInstanceUID = STUDY, SERIES
    header.FrameOfReferenceUID = FRAME_OF_REFERENCE
    header.Modality = "CT"
    header.PatientName, header.PatientID = PATIENT, "P-4711"
    header.PatientBirthDate, header.PatientSex = "19501231", "F"
    header.StudyDate, header.StudyTime, header.StudyID = "20240229", "101112", "S-4712"
    header.AccessionNumber, header.ReferringPhysicianName = "A-4713", "House^Gregory"
    header.InstitutionName, header.PatientComments = "Secret Hospital", "Secret comment"
    header.StationName, header.OperatorsName = "Secret station", "Secret^Operator"
    header.add_new((0x0009, 0x0010), "LO", "SECRET CREATOR")
    header.SeriesNumber, header.InstanceNumber = 1, number + 1
    header.Rows, header.Columns = HEIGHT, WIDTH
    header.PixelSpacing, header.SliceThickness = list(SPACING), SLICE_SPACING
    header.ImageOrientationPatient = list(ORIENTATION)
    header.ImagePositionPatient = [float(value) for value in position(number)]
    header.BurnedInAnnotation = "NO"
    return header


def position(number: int) -> np.ndarray:
    """Where the middle of the first pixel of a slice lies, in DICOM's millimetres."""
    normal = np.cross(ORIENTATION[:3], ORIENTATION[3:])
    return np.asarray([-30.0, 12.5, 7.0]) + number * SLICE_SPACING * normal


def affine() -> np.ndarray:
    """From (row, column, slice, 1) to RAS+ millimetres."""
    along_row, along_column = np.asarray(ORIENTATION[:3]), np.asarray(ORIENTATION[3:])
    steps = np.eye(4)
    steps[:3, 0] = along_column * SPACING[0]
    steps[:3, 1] = along_row * SPACING[1]
    steps[:3, 2] = np.cross(along_row, along_column) * SLICE_SPACING
    steps[:3, 3] = position(0)
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ steps


def ct_source(number: int = 0, **changes: object) -> Source:
    """The source of a slice; `changes` are attributes of its header, None takes one out."""
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


def ct_image(**changes: object) -> Image:
    """A slice as the reader would give it."""
    pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    return Image(pixels=pixels, spacing=SPACING, affine=affine(), source=ct_source(**changes))


def film_source() -> Source:
    """A picture that lies nowhere in space, as films and ultrasound do."""
    geometry = ("FrameOfReferenceUID", "ImageOrientationPatient", "ImagePositionPatient")
    return ct_source(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1",
        SOPInstanceUID=generate_uid(),
        Modality="DX",
        **dict.fromkeys(geometry),
    )
