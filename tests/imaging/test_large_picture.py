import numpy as np
import pytest

from lingseg.imaging import Image, LargePicture, resize_rgb
from lingseg.imaging.large_picture import windows_of

HEIGHT, WIDTH = 4_300, 40


def wave():
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (127 + 100 * np.sin(rows / 300) * np.cos(columns / 20)).astype(np.uint8)


def test_an_overview_is_the_whole_picture_though_it_is_read_in_bands():
    read = []
    whole = windows_of(Image(pixels=wave()))
    picture = LargePicture(
        size=whole.size, read=lambda *where: read.append(where) or whole.read(*where)
    )
    overview = picture.overview((60, 20))
    expected = resize_rgb(np.repeat(wave()[..., None], 3, axis=2), (60, 20))
    assert np.abs(overview.astype(int) - expected.astype(int)).max() <= 3
    assert len(read) == 3
    assert read[0][0] == 0
    assert read[-1][1] == HEIGHT


def test_small_pictures_have_an_overview_too():
    assert windows_of(Image(pixels=wave()[:7, :9])).overview((30, 20)).shape == (30, 20, 3)


@pytest.mark.parametrize(
    "window", [(-1, 0, 5, 5), (0, 0, HEIGHT + 1, 5), (0, 39, 5, 2), (3, 3, 0, 1)]
)
def test_windows_outside_of_the_picture_are_refused(window):
    with pytest.raises(IndexError, match="4300 x 40 pixels"):
        windows_of(Image(pixels=wave())).window(*window)
