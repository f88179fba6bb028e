import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from raster_files import random_pixels

from lingseg.imaging import Image, as_rgb
from lingseg.imaging.intensity import measure_window


def test_8_bits_are_shown_as_they_are():
    grey, colour = random_pixels(), random_pixels(channels=3)
    np.testing.assert_array_equal(as_rgb(Image(pixels=grey)), np.stack([grey] * 3, axis=-1))
    np.testing.assert_array_equal(as_rgb(Image(pixels=colour)), colour)


def test_deep_pictures_are_shown_from_the_lowest_to_the_highest_half_percent():
    pixels = np.arange(10 * 100, dtype=np.uint16).reshape(10, 100) + 5000
    shown = as_rgb(Image(pixels=pixels))[..., 0]
    assert (shown[pixels <= 5005] == 0).all()
    assert (shown[pixels >= 5994] == 255).all()
    assert shown[pixels == 5500].item() in {127, 128}
    assert np.count_nonzero(shown == 0) < 10


def test_one_bright_fault_does_not_darken_the_picture():
    pixels = random_pixels(np.uint16) // 64
    faulty = np.tile(pixels, (10, 10))
    faulty[5, 7] = 65535
    assert as_rgb(Image(pixels=faulty)).mean() > 100


def test_a_picture_of_one_value_is_black_and_of_few_others_shows_them():
    pixels = np.full((20, 30), 7.5, dtype=np.float32)
    assert not as_rgb(Image(pixels=pixels)).any()
    pixels[3, 4] = 9
    assert as_rgb(Image(pixels=pixels))[3, 4].tolist() == [255, 255, 255]


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(
        np.float32, (5, 9), elements=st.floats(allow_nan=False, allow_infinity=False, width=32)
    )
)
def test_brighter_is_never_shown_darker(pixels):
    shown = as_rgb(Image(pixels=pixels))
    assert shown.dtype == np.uint8
    assert shown.shape == (5, 9, 3)
    order = np.argsort(pixels, axis=None)
    assert (np.diff(shown[..., 0].ravel()[order].astype(int)) >= 0).all()


def test_tall_pictures_are_shown_whole():
    pixels = np.arange(700 * 3, dtype=np.float32).reshape(700, 3)
    low, high = np.percentile(pixels, (0.5, 99.5), method="nearest")
    expected = np.rint(np.clip((pixels.astype(float) - low) / (high - low), 0, 1) * 255)
    np.testing.assert_array_equal(as_rgb(Image(pixels=pixels))[..., 0], expected)


def test_a_window_decides_what_is_black_and_white():
    pixels = np.arange(12, dtype=np.float32).reshape(3, 4)
    shown = as_rgb(Image(pixels=pixels, window=(2.0, 7.0)))[..., 0]
    np.testing.assert_array_equal(shown.ravel()[[0, 2, 3, 7, 11]], [0, 0, 51, 255, 255])
    inverted = as_rgb(Image(pixels=pixels, window=(7.0, 2.0)))[..., 0]
    np.testing.assert_array_equal(inverted, 255 - shown)
    shallow = as_rgb(Image(pixels=pixels.astype(np.uint8), window=(2.0, 7.0)))[..., 0]
    np.testing.assert_array_equal(shallow, shown)


def test_slices_share_a_window_over_all_their_values():
    slices = np.arange(40 * 6, dtype=np.float32).reshape(40, 2, 3)
    low, high = measure_window(slices.__getitem__, 40)
    assert low <= 2
    assert high >= 237
    assert measure_window(np.ones_like(slices).__getitem__, 40) is None
