import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image as PillowImage
from raster_files import random_pixels

from lingseg.imaging import Mask, read_image, read_mask, write_mask, write_rgb

SIZES = st.tuples(st.integers(2, 12), st.integers(2, 12))


@given(hnp.arrays(bool, SIZES))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
def test_masks_come_back_as_written(tmp_path, pixels):
    write_mask(tmp_path / "mask.png", Mask(pixels=pixels))
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png").pixels, pixels)


def test_masks_are_8_bit_grey_of_0_and_255(tmp_path):
    write_mask(tmp_path / "mask.png", Mask(pixels=random_pixels() > 127))
    with PillowImage.open(tmp_path / "mask.png") as picture:
        assert picture.mode == "L"
        assert picture.format == "PNG"
        assert set(np.unique(picture)) == {0, 255}


def test_pictures_come_back_as_written(tmp_path):
    write_rgb(tmp_path / "new" / "picture.png", random_pixels(channels=3))
    np.testing.assert_array_equal(
        read_image(tmp_path / "new" / "picture.png").pixels, random_pixels(channels=3)
    )


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "mask.png"
    write_mask(path, Mask(pixels=np.ones((3, 5), bool)))
    before = path.read_bytes()

    def fill_the_disk(_picture, target, **_options):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PillowImage.Image, "save", fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        write_mask(path, Mask(pixels=np.zeros((3, 5), bool)))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
