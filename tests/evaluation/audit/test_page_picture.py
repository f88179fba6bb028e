"""What is drawn on the pictures of the gallery."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as PillowImage

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.answer import Answer
from lingseg.evaluation.audit.page_picture import LONGEST, Picture, draw_answer
from lingseg.evaluation.audit.question import Question, View, own_question

MOVED = View("moved", keeps_places=False)


@pytest.fixture
def case(tmp_path) -> Case:
    PillowImage.fromarray(np.full((60, 80), 90, np.uint8)).save(tmp_path / "picture.png")
    reference = np.zeros((60, 80), np.uint8)
    reference[40:55, 50:75] = 255
    PillowImage.fromarray(reference).save(tmp_path / "mask.png")
    return Case(
        case_id="a",
        image=tmp_path / "picture.png",
        mask=tmp_path / "mask.png",
        text="a mass",
        subject="s",
        side="image",
    )


def an_answer() -> Answer:
    mask = np.zeros((60, 80), dtype=bool)
    mask[10:30, 10:40] = True
    return Answer(mask=mask, peak=0.9, confidence=0.9, overlap=None, reliability=None)


def pixels_of(picture: Picture) -> np.ndarray:
    data = base64.b64decode(picture.source.removeprefix("data:image/jpeg;base64,"))
    return np.asarray(PillowImage.open(io.BytesIO(data))).astype(int)


def has_colour(pixels: np.ndarray) -> bool:
    return bool((np.ptp(pixels, axis=-1) > 60).any())


def test_the_longer_side_is_brought_to_the_page_and_shape_is_kept(case):
    picture = draw_answer(own_question(case), an_answer())
    assert (picture.height, picture.width) == (240, LONGEST)
    assert pixels_of(picture).shape == (240, 320, 3)


def test_mask_is_filled_and_outlined_and_the_reference_outlined_alone(case):
    pixels = pixels_of(draw_answer(own_question(case), an_answer()))
    inside_mask, ground, inside_reference = pixels[80, 100], pixels[10, 10], pixels[190, 250]
    assert inside_mask[1] > ground[1] + 20
    assert np.abs(inside_reference - ground).max() < 8
    assert pixels[80, 41, 1] > 200
    assert pixels[80, 41, 0] < 60
    assert pixels[190, 201, 0] > 200
    assert pixels[190, 201, 2] < 60


def test_without_an_answer_only_the_reference_is_drawn(case):
    pixels = pixels_of(draw_answer(own_question(case), None))
    assert has_colour(pixels[150:])
    assert not has_colour(pixels[:150])


@pytest.mark.parametrize("hidden", ["view", "mask"])
def test_no_reference_is_drawn_where_it_is_unknown_or_has_moved(case, hidden):
    shown = replace(case, mask=None) if hidden == "mask" else case
    question = Question(case=shown, text=case.text, view=MOVED if hidden == "view" else View("x"))
    assert not has_colour(pixels_of(draw_answer(question, None)))
