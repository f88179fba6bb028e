import shutil
from pathlib import Path

import numpy as np
import pytest
from clinical_files import blank, ct_slice, enhanced_ct, film, save_series, saved, stored_values
from pydicom.uid import BasicTextSRStorage, MRImageStorage

from lingseg.imaging import UnreadableImage, Volume, read_image, read_pictures, read_volume


def test_slices_are_sorted_by_where_they_lie(tmp_path):
    folder = save_series(tmp_path / "ct", [ct_slice(number) for number in (2, 0, 3, 1)])
    volume = read_volume(folder)
    assert (len(volume), volume.size, volume.plane) == (4, (7, 10), "axial")
    assert volume.slice_spacing == pytest.approx(3)
    assert [image.source.sop_instance_uid[-1] for image in volume] == ["1", "2", "3", "4"]
    np.testing.assert_array_equal(volume.image(3).pixels, stored_values(3) - 1024)
    np.testing.assert_allclose(volume.affine @ [0, 0, 3, 1], [30, -12.5, 16, 1])
    np.testing.assert_allclose(volume.image(3).affine[:3, 3], [30, -12.5, 16])


def test_a_tilted_gantry_leans_the_stack(tmp_path):
    slices = [ct_slice(n, ImagePositionPatient=[0, 1.0 * n, 3.0 * n]) for n in range(4)]
    volume = read_volume(save_series(tmp_path / "ct", slices))
    np.testing.assert_allclose(volume.affine[:3, 2], [0, -1, 3], atol=1e-9)


def test_other_files_are_passed_over(tmp_path):
    folder = save_series(tmp_path / "ct", [ct_slice(number) for number in range(3)])
    (folder / "README").write_text("what is in here")
    (folder / ".hidden").write_bytes(saved(ct_slice(0)))
    (folder / "DICOMDIR").write_bytes(b"index")
    report = blank(BasicTextSRStorage, "SR")
    report.SeriesInstanceUID = "1.2.3.99"
    (folder / "report").write_bytes(saved(report))
    assert len(read_volume(folder)) == 3


def test_a_folder_of_one_slice_is_a_volume(tmp_path):
    pictures = read_pictures(save_series(tmp_path / "one", [ct_slice()]))
    assert isinstance(pictures, Volume)
    assert pictures.slice_spacing == 3


def test_a_folder_of_one_file_of_many_frames_is_a_volume(tmp_path):
    assert len(read_volume(save_series(tmp_path / "enhanced", [enhanced_ct()]))) == 3


def test_films_of_one_series_are_sorted_by_number(tmp_path):
    slices = [film(InstanceNumber=n, SOPInstanceUID=f"1.2.3.{n}") for n in (12, 2)]
    volume = read_volume(save_series(tmp_path / "films", slices))
    assert [image.source.header.InstanceNumber for image in volume] == [2, 12]
    assert volume.affine is None


def test_slices_without_a_window_share_one(tmp_path):
    slices = [ct_slice(n, pixels=stored_values(1000 * n), Modality="MR") for n in range(3)]
    for one in slices:
        one.SOPClassUID = one.file_meta.MediaStorageSOPClassUID = MRImageStorage
    windows = {image.window for image in read_volume(save_series(tmp_path / "mr", slices))}
    assert len(windows) == 1
    darkest, brightest = -1024, 2000 + 69 * 20 - 1024
    assert windows.pop() == (darkest + 20, brightest - 20)  # percentiles leave one value out


def test_padding_does_not_count_in_the_window_that_slices_share(tmp_path):
    slices = []
    for number in range(3):
        pixels = stored_values(1000 * number)
        pixels[: 7 if number == 2 else 1] = -32768  # the last one is nothing but padding
        slices.append(ct_slice(number, pixels=pixels, Modality="MR", PixelPaddingValue=-32768))
    windows = {image.window for image in read_volume(save_series(tmp_path / "mr", slices))}
    darkest, brightest = 200 - 1024, 1000 + 69 * 20 - 1024
    assert windows == {(darkest + 20, brightest - 20)}  # percentiles leave one value out


def broken_slices():
    whole = saved(ct_slice(5))
    return {
        "cut.dcm": (whole[:400], "is cut short or damaged: it does not say how"),
        "cut": (whole[:400], "is cut short or damaged: it does not say how"),
        "empty.dcm": (b"", r"is empty \(0 bytes\)"),
        "1.2.3.4.5": (b"", r"is empty \(0 bytes\)"),
        "pushed.dcm": (b"7 bytes" + whole, "its beginning is not that of DICOM"),
        "pushed": (b"7 bytes" + whole, "its beginning is not that of DICOM"),
        "other.DCM": (b"<html>", "its beginning is not that of DICOM"),
    }


@pytest.mark.parametrize("name", broken_slices())
@pytest.mark.parametrize("is_zipped", [False, True])
def test_a_broken_slice_at_the_end_is_named_and_not_passed_over(tmp_path, name, is_zipped):
    folder = save_series(tmp_path / "ct", [ct_slice(number) for number in range(5)])
    data, message = broken_slices()[name]
    (folder / name).write_bytes(data)
    path = folder
    if is_zipped:
        path = Path(shutil.make_archive(str(tmp_path / "ct"), "zip", folder))
    with pytest.raises(UnreadableImage, match=message) as caught:
        read_volume(path)
    assert f"{path / name} " in str(caught.value)


def test_only_the_slice_that_is_asked_for_is_decoded(tmp_path):
    slices = [ct_slice(number) for number in range(3)]
    slices[1].PixelData = slices[1].PixelData[:50]
    volume = read_volume(save_series(tmp_path / "ct", slices))
    volume.image(2)
    with pytest.raises(UnreadableImage, match="cut short"):
        volume.image(1)
    with pytest.raises(IndexError, match="Slice 3 was asked for; the volume has 3"):
        volume.image(3)


def spaced(*heights):
    return [ct_slice(n, ImagePositionPatient=[0, 0, h]) for n, h in enumerate(heights)]


def bad_series():
    turned = ct_slice(2, ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    return {
        "lacks 2 slices: the gap after slice 3 is 9 mm": spaced(0, 3, 6, 15, 18, 21),
        "slices 2 to 4.5 mm apart; expected even spacing": spaced(0, 3, 7.5, 9.5, 12.5),
        "has 1 slice at the same place": spaced(0, 3, 3, 6),
        "has 3 slices at the same place": spaced(5, 5, 5, 5),
        "slices of different orientation": [ct_slice(0), ct_slice(1), turned],
        "different pixel spacing, 0.5 x 2 and ": [
            ct_slice(0), ct_slice(1, PixelSpacing=[0.5, 0.5]),
        ],
        "slices without Pixel Spacing": [ct_slice(0), ct_slice(1, PixelSpacing=None)],
        "tells only of 2 of its 3 slices where they lie": [
            ct_slice(0), ct_slice(1, ImagePositionPatient=None), ct_slice(2),
        ],
        "different size, 7 x 10 and 8 x 10": [
            ct_slice(0), ct_slice(1, pixels=np.zeros((8, 10), np.int16)),
        ],
        "holds 2 series; expected one": [ct_slice(0), ct_slice(1, SeriesInstanceUID="1.2.9")],
        r"of 2 kinds in one series, CT \(CT Image Storage\) and DX \(Digital X-Ray": [
            ct_slice(0), film(),
        ],
        "holds 2 files, some of many frames": [ct_slice(0), enhanced_ct()],
        "holds no pixels": [blank(BasicTextSRStorage, "SR")],
        "off the line": [
            ct_slice(n, ImagePositionPatient=[9.0 * (n == 2), 0, 3.0 * n]) for n in range(5)
        ],
    }  # fmt: skip


@pytest.mark.parametrize("message", bad_series())
def test_a_series_that_is_no_volume_is_told_in_one_line(message, tmp_path):
    folder = save_series(tmp_path / "series", bad_series()[message])
    with pytest.raises(UnreadableImage, match=message) as caught:
        read_volume(folder)
    assert "\n" not in str(caught.value)
    assert "1.2.3" not in str(caught.value).replace(str(folder), "")


def test_a_folder_without_dicom_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UnreadableImage, match="holds no DICOM pictures"):
        read_volume(tmp_path)


def test_another_plane_is_not_cut(tmp_path):
    folder = save_series(tmp_path / "ct", [ct_slice(number) for number in range(3)])
    assert len(read_volume(folder, "axial")) == 3
    with pytest.raises(UnreadableImage, match="has axial slices; coronal ones were asked for"):
        read_volume(folder, "coronal")


def test_a_slice_of_a_series_is_a_picture_of_its_own(tmp_path):
    path = save_series(tmp_path / "ct", [ct_slice(0)]) / "000"
    assert read_image(path).size == (7, 10)


@pytest.mark.parametrize(
    "tag", [b"\x20\x00\x0e\x00UI", b"\x20\x00\x13\x00IS", b"\x28\x00\x30\x00DS"]
)
def test_a_value_of_no_known_kind_is_told_in_one_line_whenever_it_is_met(tmp_path, tag):
    folder = save_series(tmp_path / "scan", [ct_slice(number) for number in range(3)])
    path = sorted(folder.iterdir())[0]
    path.write_bytes(path.read_bytes().replace(tag, tag[:4] + b"U\x01"))
    with pytest.raises(UnreadableImage, match=r"damaged or cut short \(NotImplementedError\)"):
        list(read_volume(folder))


def test_an_empty_value_of_no_known_kind_is_told_in_one_line_when_its_slice_is_read(tmp_path):
    folder = save_series(tmp_path / "scan", [ct_slice(number) for number in range(3)])
    path = sorted(folder.iterdir())[0]
    thickness = b"\x18\x00\x50\x00DS"
    path.write_bytes(path.read_bytes().replace(thickness, b"\x17\x00\x43\x49M\x02\0\0" + thickness))
    with pytest.raises(UnreadableImage, match=r"damaged or cut short \(NotImplementedError\)"):
        list(read_volume(folder))
