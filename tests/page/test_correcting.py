"""Brush, eraser, fill, commands in words, undo and redo."""

import csv
import json
from io import BytesIO, StringIO
from zipfile import ZipFile

import numpy as np
import pytest

from lingseg.cli.main import run

pytestmark = pytest.mark.browser

LEFT = "one opacity in the upper zone of the left lung"
RIGHT = "one opacity in the upper zone of the right lung"
EMPTY_PLACE = ((0.5, 0.55), (0.56, 0.6))


@pytest.fixture
def user(user):
    user.open_example()
    user.type(LEFT)
    return user


def test_the_brush_paints_a_layer_of_its_own_and_the_answer_stays(user):
    answer = user.take_masks()[0] > 0
    user.press("Brush")
    user.draw(*EMPTY_PLACE)
    assert user.page.locator(".layer").count() == 2
    assert user.corrected_pixels > answer.sum()
    assert user.num_pixels == answer.sum()
    masks = [mask > 0 for mask in user.take_masks()]
    (corrected,) = (mask for mask in masks if not np.array_equal(mask, answer))
    assert (corrected & answer).sum() == answer.sum()  # it starts as a copy of the answer


def test_undo_and_redo_go_back_and_forth_step_by_step(user):
    at_first = user.num_pixels
    user.press("Brush")
    user.draw(*EMPTY_PLACE)
    once = user.corrected_pixels
    user.draw((0.4, 0.8), (0.6, 0.8))
    twice = user.corrected_pixels
    assert at_first < once < twice
    user.press("Undo")
    assert user.corrected_pixels == once
    user.page.keyboard.press("Control+z")
    assert user.corrected_pixels == at_first
    user.page.keyboard.press("Control+Shift+Z")
    user.press("Redo")
    assert user.corrected_pixels == twice


def test_the_eraser_takes_away_and_fill_closes_a_ring(user):
    user.press("Brush")
    user.draw((0.4, 0.6), (0.6, 0.6), (0.6, 0.8), (0.4, 0.8), (0.4, 0.6))
    ring = user.corrected_pixels
    user.press("Fill or clear an area")
    user.page.mouse.click(*user.place(0.5, 0.7))
    full = user.corrected_pixels
    assert full > 1.5 * ring
    user.press("Eraser")
    user.draw((0.4, 0.7), (0.6, 0.7))
    assert ring < user.corrected_pixels < full


def test_a_correction_is_asked_for_in_words(user):
    at_first = user.num_pixels
    user.press("Brush")
    user.draw(*EMPTY_PLACE)
    user.page.get_by_label("Change the mask by words").fill("remove the smallest part")
    user.press("Do it")
    user.page.locator('.notice[data-kind="done"]').wait_for()
    after = user.corrected_pixels
    assert after != at_first or user.messages()
    user.press("Undo")
    assert user.corrected_pixels > after


def test_a_command_that_is_not_understood_changes_nothing_and_says_so(user):
    user.press("Brush")
    user.draw(*EMPTY_PLACE)
    before = user.corrected_pixels
    user.page.get_by_label("Change the mask by words").fill("frobnicate it")
    user.press("Do it")
    user.page.locator('.notice[data-kind="problem"]').wait_for()
    assert user.corrected_pixels == before
    assert user.page.get_by_label("Change the mask by words").input_value() == "frobnicate it"


def test_a_session_is_saved_whole(user):
    user.press("Brush")
    user.draw(*EMPTY_PLACE)
    name, data = user.take("Session")
    assert name.endswith(".zip")
    with ZipFile(BytesIO(data)) as archive:
        told = json.loads(archive.read("session.json"))
    assert LEFT in json.dumps(told)
    assert "not a medical device" in json.dumps(told)


def rows_of_data_set(user):
    """Sentence, and whether a person changed its mask."""
    with ZipFile(BytesIO(user.take("Data set")[1])) as archive:
        (table,) = (one for one in archive.namelist() if one.endswith("train.csv"))
        rows = csv.DictReader(StringIO(archive.read(table).decode()))
        return [(row["text"], row["is_corrected"]) for row in rows]


def can_save(user):
    return user.page.locator(".formats button", has_text="PNG").is_enabled()


def test_a_correction_is_never_saved_for_another_sentence(user):
    user.press("Brush")
    user.draw(*EMPTY_PLACE)
    user.type(RIGHT)
    assert not can_save(user)
    user.press("Keep it for its own sentence")
    user.page.locator(".formats button:enabled").first.wait_for()
    assert rows_of_data_set(user) == [(RIGHT, "no"), (LEFT, "yes")]


def test_a_correction_is_never_saved_for_the_other_side(user):
    user.press("Brush")
    user.draw(*EMPTY_PLACE)
    user.page.get_by_text("patient\u2019s left").click()
    question = user.page.get_by_role("group", name="What is this correction for?")
    question.wait_for()
    user.wait_for_answer()
    assert not can_save(user)
    question.get_by_role("button", name="Back to the picture").click()
    user.page.locator(".formats button:enabled").first.wait_for()
    assert rows_of_data_set(user) == [(LEFT, "yes")]


def test_what_is_painted_before_a_sentence_is_saved_with_it(user):
    user.sentence.fill("")
    user.press("Brush")
    user.draw(*EMPTY_PLACE)
    painted = user.corrected_pixels
    assert "write one" in user.page.locator("#take-hint").inner_text()
    user.type(LEFT)
    assert rows_of_data_set(user) == [(LEFT, "yes")]
    user.page.get_by_role("button", name=f"Painted: {LEFT}").click()
    assert user.corrected_pixels == painted


def test_a_stroke_by_keys_ends_when_the_focus_goes(user):
    keys = user.page.keyboard
    user.press("Brush")
    user.picture.focus()
    keys.down("Space")
    for _ in range(3):
        keys.press("Shift+ArrowDown")
    keys.press("Tab")
    keys.up("Space")
    assert user.page.locator(".layer").count() == 2
    user.press("Undo")
    assert user.page.locator(".layer").count() == 1


def test_two_corrections_of_one_sentence_are_joined_before_they_are_saved(user):
    user.press("Brush")
    user.draw(*EMPTY_PLACE)
    user.type(RIGHT)
    user.draw((0.4, 0.8), (0.6, 0.8))
    user.press("It is right for the new sentence")
    question = user.page.get_by_role("group", name="Which mask holds?")
    assert not can_save(user)
    question.get_by_role("button", name="Join them").click()
    question.wait_for(state="detached")
    assert rows_of_data_set(user) == [(RIGHT, "yes")]


def test_a_layer_needs_a_changed_pixel_and_comes_back_when_it_was_removed(user):
    user.press("Brush")
    user.page.mouse.click(*user.place(0.005, 0.5))  # beside the picture
    assert user.page.locator(".layer").count() == 1
    user.draw(*EMPTY_PLACE)
    corrected = user.corrected_pixels
    user.press("Remove layer 1")
    assert user.page.locator(".layer").count() == 1
    user.press("Undo")
    user.wait_for_answer()
    assert user.page.locator(".layer").count() == 2
    assert user.corrected_pixels == corrected


def test_the_data_set_of_corrections_is_one_that_the_checks_accept(user, tmp_path):
    user.press("Brush")
    user.draw(*EMPTY_PLACE)
    wanted = user.corrected_pixels
    _, data = user.take("Data set")
    with ZipFile(BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    (table,) = tmp_path.rglob("train.csv")
    assert run(["datasets", "check", str(table.parent)]) == 0
    assert len(table.read_text().splitlines()) == 2  # the correction, and not what it corrects
    assert wanted > 0


@pytest.mark.parametrize(("button", "ending"), [("NIfTI", (".nii.gz", ".zip")), ("COCO", ".json")])
def test_other_formats_are_saved(user, button, ending):
    name, data = user.take(button)
    assert name.endswith(ending)
    assert data
    user.wait_for_message("not a medical device")


def test_dicom_seg_is_offered_for_dicom_only(user):
    assert user.page.locator(".formats button", has_text="DICOM SEG").is_disabled()
