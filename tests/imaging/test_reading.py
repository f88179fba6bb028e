import numpy as np
import pytest
from clinical_files import film, saved
from raster_files import encoded, random_pixels

from lingseg.imaging import (
    UnreadableImage,
    decode_image,
    limits,
    read_image,
    read_mask,
    read_pictures,
    read_volume,
    reading,
)


def test_a_picture_on_disk_is_read(tmp_path):
    path = tmp_path / "picture.tif"
    path.write_bytes(encoded(random_pixels(np.uint16), "TIFF"))
    image = read_image(path)
    assert read_image(str(path)).size == image.size == (11, 17)
    assert image.spacing is None
    np.testing.assert_array_equal(image.pixels, random_pixels(np.uint16))


def test_a_mask_on_disk_is_read(tmp_path):
    path = tmp_path / "mask.png"
    path.write_bytes(encoded(np.where(random_pixels() > 127, 255, 0).astype(np.uint8)))
    for one in (path, str(path)):
        np.testing.assert_array_equal(read_mask(one).pixels, random_pixels() > 127)


@pytest.mark.parametrize("read", [read_image, read_mask])
def test_what_is_not_a_file_of_pixels_is_named(read, tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(UnreadableImage, match=r"empty\.png is empty \(0 bytes\)"):
        read(tmp_path / "empty.png")
    with pytest.raises(UnreadableImage, match="is not a file of pixels"):
        read(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"missing\.png does not exist"):
        read(tmp_path / "missing.png")


def test_the_format_is_told_by_the_content_and_not_by_the_name():
    assert decode_image(encoded(random_pixels()), "scan.dcm").size == (11, 17)
    assert decode_image(saved(film()), "scan.png").size == (7, 10)
    with pytest.raises(UnreadableImage, match="is not a PNG, JPEG, TIFF, DICOM or NIfTI file"):
        decode_image(b"anything", "scan.nii.gz")
    with pytest.raises(UnreadableImage, match="a saved web page"):
        decode_image(b"\n<!DOCTYPE html><title>Log in", "scan.dcm")


def test_a_mask_in_a_clinical_format_is_refused():
    with pytest.raises(UnreadableImage, match="is DICOM; expected a mask as PNG"):
        reading.decode_mask(saved(film()), "mask.dcm")


@pytest.mark.parametrize("read", [read_volume, read_pictures])
def test_a_picture_is_a_volume_of_one_slice(read, tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(random_pixels()))
    pictures = read(tmp_path / "a.png")
    assert pictures.size == (11, 17)
    assert read is read_pictures or len(pictures) == 1


def test_a_file_that_is_too_long_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "long.png"
    path.write_bytes(encoded(random_pixels()))
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 50)
    with pytest.raises(UnreadableImage, match="at most 50 are read"):
        read_image(path)


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "growing.png"
    path.write_bytes(encoded(random_pixels()))
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 50)
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 50)
    checks = []
    genuine = limits.check_file_bytes
    monkeypatch.setattr(
        reading,
        "check_file_bytes",
        lambda name, size, most: (
            checks.append(size) or (genuine(name, size, most) if len(checks) > 1 else None)
        ),
    )
    with pytest.raises(UnreadableImage, match="has 51 bytes"):
        reading.read_file(path)
