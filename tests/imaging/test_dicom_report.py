import numpy as np
import pydicom
import pytest
from clinical_files import SPACING, affine, ct_source
from highdicom.sr import srread
from imaging_texts import AUTHORSHIP

from lingseg.imaging.delineation import Delineation
from lingseg.imaging.dicom_object import dicom_context
from lingseg.imaging.dicom_report import write_report
from lingseg.imaging.dicom_segmentation import write_segmentation


def write(folder, sources, masks, **where):
    drawn = Delineation(masks=masks, probabilities=masks.astype(np.float32), **where)
    context = dicom_context(sources, AUTHORSHIP)
    segmentation = write_segmentation(folder / "seg.dcm", drawn, context)
    write_report(folder / "seg.sr.dcm", drawn, segmentation, context)
    return srread(folder / "seg.sr.dcm")


def measured(group) -> dict[str, tuple[float, str]]:
    return {
        one.name.meaning: (float(one.value), one.unit.value) for one in group.get_measurements()
    }


def one_mask() -> np.ndarray:
    masks = np.zeros((1, 7, 10), bool)
    masks[0, 2, 1:8] = True
    return masks


def test_area_and_diameters_come_back_by_highdicoms_reader(tmp_path):
    report = write(tmp_path, [ct_source()], one_mask(), spacing=SPACING)
    (group,) = report.content.get_planar_roi_measurement_groups()
    assert measured(group) == {
        "Area": (7.0, "mm2"),
        "Long axis": (pytest.approx(14.0), "mm"),
        "Short axis": (pytest.approx(0.5), "mm"),
    }
    assert group.tracking_identifier == AUTHORSHIP.text


def test_the_report_refers_to_the_segmentation_and_to_its_source(tmp_path):
    report = write(tmp_path, [ct_source()], one_mask(), spacing=SPACING)
    segmentation = pydicom.dcmread(tmp_path / "seg.dcm")
    (group,) = report.content.get_planar_roi_measurement_groups()
    assert (
        group.referenced_segmentation_frame.referenced_sop_instance_uid
        == segmentation.SOPInstanceUID
    )
    assert group.tracking_uid == segmentation.SegmentSequence[0].TrackingUID
    (evidence,) = report.CurrentRequestedProcedureEvidenceSequence
    named = {
        one.ReferencedSOPInstanceUID
        for series in evidence.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }
    assert named == {segmentation.SOPInstanceUID, ct_source().sop_instance_uid}


def test_a_frame_is_named_by_its_number_alone(tmp_path):
    report = write(tmp_path, [ct_source()], one_mask(), spacing=SPACING)
    (group,) = report.content.get_planar_roi_measurement_groups()
    frame = group.referenced_segmentation_frame  # PS3.3, table 10-3: one of the two numbers
    assert (frame.referenced_frame_numbers, frame.referenced_segment_numbers) == ([1], None)


def test_without_spacing_there_is_an_area_in_pixels_and_no_diameter(tmp_path):
    report = write(tmp_path, [ct_source()], one_mask())
    (group,) = report.content.get_planar_roi_measurement_groups()
    assert measured(group) == {"Area": (7.0, "{pixels}")}


def test_a_volume_is_measured_in_cubic_millimetres(tmp_path):
    masks = np.repeat(one_mask(), 3, axis=0)
    sources = [ct_source(number) for number in range(3)]
    report = write(tmp_path, sources, masks, spacing=SPACING, affine=affine())
    (group,) = report.content.get_volumetric_roi_measurement_groups()
    assert measured(group) == {"Volume": (pytest.approx(21 * 0.5 * 2.0 * 3.0), "mm3")}


def test_an_empty_mask_has_an_area_of_nothing(tmp_path):
    report = write(tmp_path, [ct_source()], np.zeros((1, 7, 10), bool), spacing=SPACING)
    (group,) = report.content.get_planar_roi_measurement_groups()
    assert measured(group) == {"Area": (0.0, "mm2")}
