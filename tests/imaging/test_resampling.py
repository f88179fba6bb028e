import numpy as np
from raster_files import random_pixels

from lingseg.imaging import resize_mask, resize_probabilities, resize_rgb


def test_sizes_are_height_then_width():
    assert resize_rgb(random_pixels(channels=3), (6, 40)).shape == (6, 40, 3)
    assert resize_probabilities(np.zeros((11, 17), np.float32), (6, 40)).shape == (6, 40)
    assert resize_mask(np.zeros((11, 17), bool), (6, 40)).shape == (6, 40)


def test_the_same_size_changes_nothing():
    pixels = random_pixels(channels=3)
    np.testing.assert_array_equal(resize_rgb(pixels, (11, 17)), pixels)


def test_a_smaller_picture_is_the_mean_of_what_it_covers():
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, ::2] = 200
    shrunk = resize_rgb(pixels, (2, 4))
    assert abs(int(shrunk[1, 1, 0]) - 100) <= 2


def test_a_half_stays_a_half():
    mask = np.zeros((10, 30), bool)
    mask[:, :15] = True
    assert resize_mask(mask, (20, 12)).mean() == 0.5
