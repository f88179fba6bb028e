"""Whatever a source says, only what is on the list passes on: looked for in the written bytes."""

import numpy as np
import pytest
from clinical_files import SPACING, ct_image, ct_source, enhanced_ct, film_source, saved
from imaging_texts import AUTHORSHIP
from pydicom import Dataset, dcmread
from pydicom.datadict import DicomDictionary

from lingseg.imaging.delineation import Delineation, delineate
from lingseg.imaging.dicom_capture import write_capture
from lingseg.imaging.dicom_object import COPIED, dicom_context
from lingseg.imaging.dicom_report import write_report
from lingseg.imaging.dicom_segmentation import write_segmentation
from lingseg.imaging.reading import decode_volume

MARKS = {
    **dict.fromkeys(("LO", "LT", "PN", "SH", "ST", "UC", "UT"), "Xqz"),
    **dict.fromkeys(("AE", "CS"), "XQZ"),
    "AS": "987Y",
    "DA": "18070707",
    "DT": "18070707070707.070707",
    "TM": "070707.070707",
    "UI": "1.2.777777777.7",
    "UR": "https://Xqz",
}
"""What no file here holds by chance, by value representation."""
LOOKED_FOR = (b"Xqz", b"XQZ", b"987Y", b"18070707", b"070707.070707", b"777777777")
FILE_META, PIXELS, ICONS = 0x0002, 0x0028, 0x7FE0
WRITTEN = ("seg.dcm", "fractional.dcm", "sr.dcm", "sc.dcm")


def fill(header):
    """Give every attribute of the standard that may not pass on, and is text, a mark."""
    num_filled = 0
    for tag, (kind, _, _, _, keyword) in DicomDictionary.items():
        if not keyword or keyword in COPIED or tag >> 16 in (FILE_META, PIXELS, ICONS):
            continue
        if kind in MARKS:
            header.add_new(tag, kind, MARKS[kind])
        elif kind == "SQ":
            header.add_new(tag, kind, [marked_item()])
        num_filled += 1
    header.add_new((0x0009, 0x0010), "LO", MARKS["LO"])
    header.add_new((0x0009, 0x1001), "LO", MARKS["LO"])
    return num_filled


def marked_item():
    """An item of a sequence that tells what it should not."""
    item = Dataset()
    item.PatientName, item.FrameComments = MARKS["PN"], MARKS["LT"]
    item.TextValue, item.UID, item.PatientBirthDate = MARKS["UT"], MARKS["UI"], MARKS["DA"]
    return item


def write_all(folder, sources, image, *, is_deidentified):
    masks = np.ones((len(sources), *image.size), bool)
    drawn = Delineation(masks=masks, probabilities=masks.astype(np.float32), spacing=SPACING)
    context = dicom_context(sources, AUTHORSHIP, is_deidentified=is_deidentified)
    made = write_segmentation(folder / "seg.dcm", drawn, context)
    write_report(folder / "sr.dcm", drawn, made, context)
    write_segmentation(folder / "fractional.dcm", drawn, context, is_fractional=True)
    one = delineate(image, masks[0], masks[0].astype(np.float32))
    first = dicom_context(sources[:1], AUTHORSHIP, is_deidentified=is_deidentified)
    write_capture(folder / "sc.dcm", image, one, first)


@pytest.mark.parametrize("is_deidentified", [False, True])
def test_no_attribute_that_is_not_listed_passes_on(tmp_path, is_deidentified):
    sources = [ct_source(number) for number in range(2)]
    assert fill(sources[0].header) > 2000
    write_all(tmp_path, sources, ct_image(), is_deidentified=is_deidentified)
    for name in WRITTEN:
        data = (tmp_path / name).read_bytes()
        assert [mark for mark in LOOKED_FOR if mark in data] == []
        assert (b"Doe^Jane" in data) is not is_deidentified


def test_nothing_passes_on_inside_of_what_tells_where_frames_lie(tmp_path):
    dataset = enhanced_ct()
    dataset.StudyDate, dataset.PatientName, dataset.BurnedInAnnotation = (
        "20240229",
        "Doe^Jane",
        "NO",
    )
    groups = [*dataset.SharedFunctionalGroupsSequence, *dataset.PerFrameFunctionalGroupsSequence]
    for group in groups:
        for element in list(group):
            element.value[0].update(marked_item())
        group.FrameContentSequence = [marked_item()]
    images = list(decode_volume(saved(dataset), "ct.dcm"))
    write_all(tmp_path, [image.source for image in images], images[0], is_deidentified=False)
    for name in WRITTEN:
        data = (tmp_path / name).read_bytes()
        assert [mark for mark in LOOKED_FOR if mark in data] == []


@pytest.mark.parametrize(
    ("keyword", "value", "passed"),
    [
        ("PatientBirthDate", "1950.12.31", "19501231"),
        ("PatientBirthDate", "00000000", ""),
        ("StudyDate", "unknown", ""),
        ("StudyTime", "10:11:12", "101112"),
        ("StudyTime", "noon", ""),
        ("PatientSex", "Male", ""),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR:UserWarning")  # by which it is put in
def test_what_the_standard_does_not_allow_is_put_right_or_left_out(
    tmp_path, keyword, value, passed
):
    source = ct_source()
    setattr(source.header, keyword, value)
    write_all(tmp_path, [source], ct_image(), is_deidentified=False)
    for name in WRITTEN:
        assert str(dcmread(tmp_path / name).get(keyword)) == passed


def test_what_is_empty_is_as_good_as_absent(tmp_path):
    source = film_source()
    source.header.FrameOfReferenceUID = ""
    write_all(tmp_path, [source], ct_image(), is_deidentified=False)
    assert "FrameOfReferenceUID" not in dcmread(tmp_path / "seg.dcm")


@pytest.mark.parametrize("is_told", [True, False])
def test_a_slice_that_tells_neither_place_nor_thickness_gets_none(is_told):
    source = ct_source()
    del source.header.SliceThickness, source.header.ImagePositionPatient
    if not is_told:
        source.header.ImageOrientationPatient = None
    (header,) = dicom_context([source], AUTHORSHIP).headers
    assert (header.get("SliceThickness"), "SliceThickness" in header) == (None, is_told)
