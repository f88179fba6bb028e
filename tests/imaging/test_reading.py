import numpy as np
import pytest
from raster_files import encoded, random_pixels

from lingseg.imaging import UnreadableImage, decode_image, limits, read_image, read_mask, reading


def test_a_picture_on_disk_is_read(tmp_path):
    path = tmp_path / "picture.tif"
    path.write_bytes(encoded(random_pixels(np.uint16), "TIFF"))
    image = read_image(path)
    assert image.size == (11, 17)
    assert image.spacing is None
    np.testing.assert_array_equal(image.pixels, random_pixels(np.uint16))


def test_a_mask_on_disk_is_read(tmp_path):
    path = tmp_path / "mask.png"
    path.write_bytes(encoded(np.where(random_pixels() > 127, 255, 0).astype(np.uint8)))
    np.testing.assert_array_equal(read_mask(path).pixels, random_pixels() > 127)


@pytest.mark.parametrize("read", [read_image, read_mask])
def test_what_is_not_a_file_of_pixels_is_named(read, tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(UnreadableImage, match=r"empty\.png is empty \(0 bytes\)"):
        read(tmp_path / "empty.png")
    with pytest.raises(UnreadableImage, match="is not a file of pixels"):
        read(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"missing\.png does not exist"):
        read(tmp_path / "missing.png")


@pytest.mark.parametrize(
    ("name", "data", "format_name"),
    [
        ("scan.dcm", b"anything", "DICOM"),
        ("scan", bytes(128) + b"DICM", "DICOM"),
        ("scan.NII", b"anything", "NIfTI"),
        ("scan.nii.gz", b"anything", "NIfTI"),
    ],
)
def test_formats_that_come_later_are_named(name, data, format_name):
    with pytest.raises(UnreadableImage, match=f"is {format_name}, which is not read yet"):
        decode_image(data, name)


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
        lambda name, size: (
            checks.append(size) or (genuine(name, size) if len(checks) > 1 else None)
        ),
    )
    with pytest.raises(UnreadableImage, match="has 51 bytes"):
        reading.read_file(path)
