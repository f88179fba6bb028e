import numpy as np
import pytest
from raster_files import random_pixels

from lingseg.imaging import draw_overlay
from lingseg.imaging.overlay import COLOUR


def box(height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[height // 4 : height // 2, width // 4 : width // 2] = True
    return mask


def test_what_is_not_in_the_mask_is_untouched():
    pixels, mask = random_pixels(channels=3).repeat(4, 0).repeat(4, 1), box(44, 68)
    drawn = draw_overlay(pixels, mask)
    np.testing.assert_array_equal(drawn[~mask], pixels[~mask])
    assert (drawn[mask] != pixels[mask]).any()


def test_the_outline_has_the_full_colour_and_the_inside_lets_the_picture_through():
    pixels, mask = np.zeros((44, 68, 3), np.uint8), box(44, 68)
    drawn = draw_overlay(pixels, mask, colour=(200, 100, 50), opacity=0.5)
    assert drawn[11, 17].tolist() == [200, 100, 50]
    assert drawn[16, 25].tolist() == [100, 50, 25]


def test_a_mask_at_the_border_is_closed():
    mask = np.zeros((44, 68), bool)
    mask[:20] = True
    drawn = draw_overlay(np.zeros((44, 68, 3), np.uint8), mask)
    assert (drawn[0] == COLOUR).all()


def test_outlines_grow_with_the_picture():
    pixels, mask = np.zeros((800, 1200, 3), np.uint8), box(800, 1200)
    drawn = draw_overlay(pixels, mask)
    assert (drawn[200:204, 400] == COLOUR).all()
    assert (drawn[204, 400] != COLOUR).any()


def test_an_empty_mask_draws_nothing_and_the_picture_is_not_changed():
    pixels = random_pixels(channels=3)
    before = pixels.copy()
    drawn = draw_overlay(pixels, np.zeros((11, 17), bool))
    np.testing.assert_array_equal(drawn, pixels)
    draw_overlay(pixels, np.ones((11, 17), bool))
    np.testing.assert_array_equal(pixels, before)


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ValueError, match="expected the same"):
        draw_overlay(random_pixels(channels=3), np.zeros((17, 11), bool))
