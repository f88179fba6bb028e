import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from block_readers import choosy, ignorant, reader, turned, undefined

from lingseg.evaluation.audit.callable_predictor import CallablePredictor
from lingseg.imaging.image import Image

IMAGE = Image(pixels=np.arange(24 * 32, dtype=np.uint16).reshape(24, 32))


def test_a_function_sees_8_bit_colours_and_the_sentence(cases):
    seen = []

    def remember(image, text):
        seen.append((image.dtype, image.shape, text))
        return np.zeros(image.shape[:2])

    CallablePredictor(remember).probabilities(cases[0], IMAGE)
    assert seen == [(np.uint8, (24, 32, 3), cases[0].text)]


def test_a_function_that_writes_into_its_picture_changes_nothing(cases):
    pixels = np.full((24, 32, 3), 9, dtype=np.uint8)

    def blacken(image, text):  # noqa: ARG001
        image[:] = 0
        return np.zeros(image.shape[:2])

    CallablePredictor(blacken).probabilities(cases[0], Image(pixels=pixels))
    assert pixels.min() == 9


@pytest.mark.parametrize(
    ("function", "text", "told"),
    [
        (choosy, "", "choosy refused the text '': say something"),
        (turned, "left", r"turned returned shape \(32, 24\) for an image of \(24, 32\)"),
        (undefined, "", "768 values that are not finite"),
        (ignorant, "the liver", "ignorant failed on the text 'the liver': KeyError: 'the'"),
        (ignorant, "", "IndexError"),
        (lambda image, text: "mask", "left", "could not convert"),  # noqa: ARG005
        (lambda image: image, "left", "TypeError"),
    ],
)
def test_a_bad_answer_is_told_in_one_line(cases, function, text, told):
    case = replace(cases[0], text=text)
    with pytest.raises(ValueError, match=told):
        CallablePredictor(function).probabilities(case, IMAGE)


def test_a_function_goes_by_its_own_name_or_another():
    assert CallablePredictor(reader).name == "reader"
    assert CallablePredictor(reader, name="mine").name == "mine"


def test_a_function_is_known_by_the_file_that_it_is_written_in():
    here = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()

    class Model:
        def __call__(self, image, text):  # noqa: ARG002
            return np.zeros(image.shape[:2])

    assert CallablePredictor(lambda image, text: image).hash == here  # noqa: ARG005
    assert CallablePredictor(Model()).hash == CallablePredictor(partial(Model().__call__)).hash
    assert CallablePredictor(Model()).hash == here
    assert CallablePredictor(len).hash == ""
