from dataclasses import replace

import highdicom
import numpy as np
import pydicom
import pytest
from clinical_files import (
    FRAME_OF_REFERENCE,
    ORIENTATION,
    PATIENT,
    SERIES,
    STUDY,
    ct_source,
    film_source,
    position,
)
from imaging_texts import AUTHORSHIP as SHORT

from lingseg.imaging.delineation import Delineation
from lingseg.imaging.dicom_object import dicom_context
from lingseg.imaging.dicom_segmentation import CodedTerm, SegmentCode, write_segmentation

TEXT = "the größere Läsion \\ on the left, " + 60 * "which is long to tell of, "
AUTHORSHIP = replace(SHORT, text=TEXT)
LIVER = SegmentCode(
    category=CodedTerm(value="91723000", scheme="SCT", meaning="Anatomical Structure"),
    type=CodedTerm(value="10200004", scheme="SCT", meaning="Liver"),
)


def delineation(sources, *, is_empty=False) -> Delineation:
    probabilities = np.random.default_rng(0).random((len(sources), 7, 10)).astype(np.float32)
    if is_empty:
        probabilities[:] = 0
    return Delineation(
        masks=probabilities >= 0.5, probabilities=probabilities, sources=tuple(sources)
    )


def write(path, sources, drawn=None, authorship=AUTHORSHIP, **options):
    drawn = drawn or delineation(sources)
    context = dicom_context(sources, authorship)
    write_segmentation(path, drawn, context, **options)
    return drawn


def series(count=3) -> list:
    return [ct_source(number) for number in range(count)]


def unpacked(path) -> np.ndarray:
    """Unpack the bits with pydicom alone."""
    dataset = pydicom.dcmread(path)
    return dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns) > 0


def test_every_voxel_comes_back_by_pydicom(tmp_path):
    drawn = write(tmp_path / "seg.dcm", series())
    read = pydicom.dcmread(tmp_path / "seg.dcm")
    of_position = {
        tuple(
            np.round([float(v) for v in item.PlanePositionSequence[0].ImagePositionPatient], 4)
        ): frame
        for item, frame in zip(
            read.PerFrameFunctionalGroupsSequence, unpacked(tmp_path / "seg.dcm"), strict=True
        )
    }
    for number in range(3):
        frame = of_position[tuple(np.round(position(number), 4))]
        np.testing.assert_array_equal(frame, drawn.masks[number])
    shared = read.SharedFunctionalGroupsSequence[0]
    orientation = shared.PlaneOrientationSequence[0].ImageOrientationPatient
    assert tuple(map(float, orientation)) == ORIENTATION
    assert list(map(float, shared.PixelMeasuresSequence[0].PixelSpacing)) == [0.5, 2.0]


def test_every_voxel_comes_back_by_highdicoms_reader(tmp_path):
    sources = series()
    drawn = write(tmp_path / "seg.dcm", sources)
    read = highdicom.seg.segread(tmp_path / "seg.dcm")
    pixels = read.get_pixels_by_source_instance(
        [source.sop_instance_uid for source in sources], combine_segments=False
    )
    np.testing.assert_array_equal(pixels[..., 0] > 0, drawn.masks)


def test_a_slice_without_a_pixel_is_left_out_and_an_empty_mask_is_not(tmp_path):
    drawn = delineation(series())
    drawn.masks[1] = False
    write(tmp_path / "gap.dcm", series(), drawn)
    assert pydicom.dcmread(tmp_path / "gap.dcm").NumberOfFrames == 2
    write(tmp_path / "empty.dcm", series(1), delineation(series(1), is_empty=True))
    assert not unpacked(tmp_path / "empty.dcm").any()


def test_fractional_segments_hold_the_probabilities(tmp_path):
    drawn = write(tmp_path / "seg.dcm", series(), is_fractional=True)
    read = highdicom.seg.segread(tmp_path / "seg.dcm")
    assert read.SegmentationFractionalType == "PROBABILITY"
    pixels = read.get_pixels_by_source_instance(
        [source.sop_instance_uid for source in series()], combine_segments=False
    )
    np.testing.assert_allclose(pixels[..., 0], drawn.probabilities, atol=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("num_sources", [1, 3])
def test_probabilities_that_all_round_to_nothing_are_empty_frames(tmp_path, num_sources):
    sources = [film_source()] if num_sources == 1 else series()
    drawn = delineation(sources)
    drawn.probabilities[:] = 0.001
    drawn.masks[:] = False
    write(tmp_path / "seg.dcm", sources, drawn, is_fractional=True)
    read = pydicom.dcmread(tmp_path / "seg.dcm")
    assert read.SegmentationType == "FRACTIONAL"
    assert read.NumberOfFrames == num_sources
    assert not read.pixel_array.any()


def test_a_film_without_a_place_in_space_has_its_segmentation(tmp_path):
    source = film_source()
    drawn = write(tmp_path / "seg.dcm", [source])
    np.testing.assert_array_equal(unpacked(tmp_path / "seg.dcm"), drawn.masks)
    read = pydicom.dcmread(tmp_path / "seg.dcm")
    (instance,) = read.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert instance.ReferencedSOPInstanceUID == source.sop_instance_uid


def test_the_segment_says_what_it_is_of_who_drew_it_and_what_was_asked(tmp_path):
    write(tmp_path / "seg.dcm", series(1), code=LIVER)
    read = pydicom.dcmread(tmp_path / "seg.dcm")
    (segment,) = read.SegmentSequence
    line = " ".join(TEXT.replace("\\", "/").split())
    assert line.startswith(segment.SegmentDescription)
    assert len(segment.SegmentDescription) > 1000
    assert line.startswith(segment.SegmentLabel)
    assert len(segment.SegmentLabel) > 55
    assert segment.SegmentAlgorithmType == "AUTOMATIC"
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == "10200004"
    assert segment.SegmentedPropertyCategoryCodeSequence[0].CodeMeaning == "Anatomical Structure"
    algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
    assert algorithm.AlgorithmName == "lingseg fake"
    assert algorithm.AlgorithmVersion == "0.1.0"
    assert TEXT.replace("\\", "/").strip() in " ".join(str(algorithm.AlgorithmParameters).split())
    assert "ab" * 32 in str(algorithm.AlgorithmParameters)


def test_a_lone_slice_claims_no_distance_to_a_next_one(tmp_path):
    write(tmp_path / "seg.dcm", series(1))
    (shared,) = pydicom.dcmread(tmp_path / "seg.dcm").SharedFunctionalGroupsSequence
    assert "SpacingBetweenSlices" not in shared.PixelMeasuresSequence[0]
    assert shared.PixelMeasuresSequence[0].SliceThickness == 3


@pytest.mark.parametrize("is_absent", [False, True])
def test_slices_that_do_not_tell_how_thick_they_are_have_the_distance_to_the_next(
    tmp_path, is_absent
):
    for count, thickness in ((3, 3), (1, None)):
        sources = series(count)
        for source in sources:
            source.header.SliceThickness = None
            if is_absent:
                del source.header.SliceThickness
        write(tmp_path / "seg.dcm", sources)
        (shared,) = pydicom.dcmread(tmp_path / "seg.dcm").SharedFunctionalGroupsSequence
        assert shared.PixelMeasuresSequence[0].get("SliceThickness") == thickness


def test_it_lies_beside_its_source_in_the_archive(tmp_path):
    sources = series()
    write(tmp_path / "seg.dcm", sources)
    read = pydicom.dcmread(tmp_path / "seg.dcm")
    assert (read.PatientName, read.PatientID, read.StudyInstanceUID) == (PATIENT, "P-4711", STUDY)
    assert read.FrameOfReferenceUID == FRAME_OF_REFERENCE
    (referenced,) = read.ReferencedSeriesSequence
    assert referenced.SeriesInstanceUID == SERIES
    assert {one.ReferencedSOPInstanceUID for one in referenced.ReferencedInstanceSequence} == {
        source.sop_instance_uid for source in sources
    }


def test_nothing_passes_that_is_not_on_the_list(tmp_path):
    write(tmp_path / "seg.dcm", series())
    data = (tmp_path / "seg.dcm").read_bytes()
    for secret in (b"Secret", b"SECRET"):
        assert secret not in data


def test_the_same_question_gives_the_same_name_and_another_another(tmp_path):
    asked = [AUTHORSHIP, AUTHORSHIP, replace(AUTHORSHIP, text="the other"), AUTHORSHIP]
    sources = [series(), series(), series(), series(2)]
    names = []
    for number, (authorship, its) in enumerate(zip(asked, sources, strict=True)):
        write(tmp_path / f"{number}.dcm", its, authorship=authorship)
        names.append(pydicom.dcmread(tmp_path / f"{number}.dcm").SOPInstanceUID)
    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert all(pydicom.uid.UID(name).is_valid for name in names)


def test_frames_of_one_file_keep_their_numbers(tmp_path):
    header = ct_source().header
    header.NumberOfFrames = 4
    for keyword in ("FrameOfReferenceUID", "ImageOrientationPatient", "ImagePositionPatient"):
        del header[keyword]
    header.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    shared, frames = pydicom.Dataset(), []
    shared.PixelMeasuresSequence = [pydicom.Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = [0.5, 2.0]
    shared.PixelMeasuresSequence[0].SliceThickness = 3
    shared.PlaneOrientationSequence = [pydicom.Dataset()]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = list(ORIENTATION)
    for number in range(4):
        frame = pydicom.Dataset()
        frame.PlanePositionSequence = [pydicom.Dataset()]
        frame.PlanePositionSequence[0].ImagePositionPatient = [
            round(float(v), 6) for v in position(number)
        ]
        frame.FrameContentSequence = [pydicom.Dataset()]
        frame.FrameContentSequence[0].FrameAcquisitionDateTime = "20240229"
        frames.append(frame)
    header.FrameOfReferenceUID = FRAME_OF_REFERENCE
    header.SharedFunctionalGroupsSequence = [shared]
    header.PerFrameFunctionalGroupsSequence = frames
    sources = [replace(ct_source(), header=header, frame=number) for number in (2, 3)]
    drawn = write(tmp_path / "seg.dcm", sources)
    read = highdicom.seg.segread(tmp_path / "seg.dcm")
    pixels = read.get_pixels_by_source_frame(header.SOPInstanceUID, [2, 3], combine_segments=False)
    np.testing.assert_array_equal(pixels[..., 0] > 0, drawn.masks)
    assert read.NumberOfFrames == 2


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SOPInstanceUID", "SeriesInstanceUID"])
def test_a_source_without_a_name_is_refused_in_one_line(keyword):
    source = ct_source(**{keyword: None}) if keyword != "SOPInstanceUID" else ct_source()
    if keyword == "SOPInstanceUID":
        del source.header[keyword]
    with pytest.raises(ValueError, match=f"no {keyword}"):
        dicom_context([source], AUTHORSHIP)


def test_pictures_of_two_studies_are_refused():
    with pytest.raises(ValueError, match="of 2 studies"):
        dicom_context([ct_source(), ct_source(1, StudyInstanceUID="1.9")], AUTHORSHIP)


def test_a_picture_that_is_not_dicom_is_refused():
    with pytest.raises(ValueError, match="not DICOM"):
        dicom_context([], AUTHORSHIP)


def test_another_mask_for_the_same_question_has_another_name(tmp_path):
    names = set()
    for column in (3, 4):
        masks = np.zeros((1, 7, 10), dtype=bool)
        masks[0, 2, column] = True
        write(tmp_path / "made.dcm", series(1), Delineation(masks=masks, sources=(ct_source(),)))
        made = pydicom.dcmread(tmp_path / "made.dcm")
        names |= {made.SOPInstanceUID, made.SeriesInstanceUID, made.SegmentSequence[0].TrackingUID}
    assert len(names) == 6


def test_what_lies_nowhere_in_space_tells_its_orientation_or_that_it_is_not_known(tmp_path):
    for known in (["P", "F"], None):
        film = film_source()
        if known:
            film.header.PatientOrientation = known
        write(tmp_path / "made.dcm", [film])
        made = pydicom.dcmread(tmp_path / "made.dcm")
        assert made["PatientOrientation"].value == (known or "")


@pytest.mark.parametrize(
    ("drawn_by", "kind", "ending"),
    [
        ("model", "AUTOMATIC", ""),
        ("model and person", "SEMIAUTOMATIC", " (corrected)"),
        ("person", "MANUAL", " (painted)"),
    ],
)
def test_it_tells_whose_work_it_is(tmp_path, drawn_by, kind, ending):
    write(tmp_path / "seg.dcm", series(), authorship=replace(AUTHORSHIP, drawn_by=drawn_by))
    read = pydicom.dcmread(tmp_path / "seg.dcm")
    (segment,) = read.SegmentSequence
    assert segment.SegmentAlgorithmType == kind
    has_model = drawn_by != "person"
    assert ("SegmentAlgorithmName" in segment) == has_model
    assert ("SegmentationAlgorithmIdentificationSequence" in segment) == has_model
    assert (AUTHORSHIP.model_name in str(read)) == has_model
    assert (AUTHORSHIP.model_hash in str(read)) == has_model
    assert segment.SegmentLabel.endswith(ending)
    assert len(segment.SegmentLabel.encode()) <= 64
    assert segment.SegmentDescription.startswith("the größere")


def test_a_correction_that_changed_nothing_is_another_object(tmp_path):
    drawn = delineation(series())
    uids = set()
    for drawn_by in ("model", "model and person", "person"):
        authorship = replace(AUTHORSHIP, drawn_by=drawn_by)
        write(tmp_path / "seg.dcm", series(), drawn, authorship)
        uids.add(pydicom.dcmread(tmp_path / "seg.dcm").SOPInstanceUID)
    assert len(uids) == 3
