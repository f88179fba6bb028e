"""Planted copies of a picture are found, and what only resembles it is not."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageEnhance, ImageOps

from lingseg.datasets.duplicates import NEAR, hash_picture
from lingseg.datasets.phantom import draw_phantom
from lingseg.imaging import as_rgb
from lingseg.imaging.image import Image

NUM_PICTURES = 6


def picture(number):
    pixels = draw_phantom(np.random.default_rng(number), (96, 128)).pixels
    return PillowImage.fromarray(as_rgb(Image(pixels=pixels)))


def compressed(original, quality=40):
    file = BytesIO()
    original.save(file, format="JPEG", quality=quality)
    return PillowImage.open(file)


COPIES = {
    "resized": lambda original: original.resize((200, 150), PillowImage.Resampling.BICUBIC),
    "shrunk": lambda original: original.resize((90, 66), PillowImage.Resampling.LANCZOS),
    "compressed": compressed,
    "slightly brighter": lambda original: ImageEnhance.Brightness(original).enhance(1.1),
    "more contrast": lambda original: ImageEnhance.Contrast(original).enhance(1.15),
    "mirrored": ImageOps.mirror,
    "mirrored and compressed": lambda original: compressed(ImageOps.mirror(original)),
    "all at once": lambda original: compressed(
        ImageEnhance.Brightness(original.resize((160, 120))).enhance(1.08)
    ),
}


def bits_apart(first, second):
    known, asked = (hash_picture(Image(pixels=np.asarray(one))) for one in (first, second))
    return int(np.bitwise_count(known[0] ^ asked).sum(axis=1).min())


@pytest.mark.parametrize("number", range(NUM_PICTURES))
@pytest.mark.parametrize("how", COPIES)
def test_a_planted_copy_is_near(number, how):
    original = picture(number)
    assert bits_apart(original, COPIES[how](original)) <= NEAR


@pytest.mark.parametrize("number", range(1, NUM_PICTURES))
def test_another_picture_of_the_same_kind_is_not_near(number):
    assert bits_apart(picture(0), picture(number)) > NEAR
