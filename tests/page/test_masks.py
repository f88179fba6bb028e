"""From a sentence to a mask, and what the page teaches of it."""

import numpy as np
import pytest
from page_user import FILM
from PIL import Image as PillowImage

from lingseg.cli.main import run

pytestmark = pytest.mark.browser

LEFT = "one opacity in the upper zone of the left lung"
RIGHT = "one opacity in the upper zone of the right lung"


@pytest.fixture(scope="session")
def film(request):
    return request.config.rootpath / "src" / "lingseg" / "bundles" / "demo" / f"{FILM}.png"


def of_cli(film, text, folder):
    assert run(["predict", str(film), "-p", text, "-o", str(folder), "--quiet"]) == 0
    (mask,) = folder.glob("*.png")
    with PillowImage.open(mask) as opened:
        return np.asarray(opened)


def test_the_page_draws_and_saves_exactly_the_mask_of_the_command_line(user, film, tmp_path):
    user.choose(film)
    user.page.locator(".stage").wait_for()
    user.page.wait_for_timeout(500)
    without = user.colours()
    user.type(LEFT)
    user.page.wait_for_timeout(200)
    changed = np.abs(user.colours() - without).sum(axis=2) > 60
    assert user.verdict.startswith("Found")
    wanted = of_cli(film, LEFT, tmp_path)
    assert user.num_pixels == (wanted > 0).sum() > 0
    (saved,) = user.take_masks()
    assert np.array_equal(saved, wanted)
    rows, columns = np.nonzero(changed)
    assert changed.any()
    assert columns.mean() < changed.shape[1] / 2  # the picture's left
    assert rows.mean() < changed.shape[0] / 2


def test_another_word_draws_another_mask_while_one_types(user):
    user.open_example()
    user.type(LEFT)
    left = user.take_masks()[0] > 0
    user.type(RIGHT)
    right = user.take_masks()[0] > 0
    assert left.any()
    assert right.any()
    assert not (left & right).any()


def test_an_answer_that_was_overtaken_is_dropped(user):
    user.open_example()
    user.type(RIGHT)
    wanted = user.num_pixels
    held = []

    def hold_the_left(route):
        if "left" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    user.page.route("**/v1/segment", hold_the_left)
    user.sentence.fill(LEFT)
    user.page.wait_for_timeout(500)
    assert len(held) == 1
    user.type(RIGHT)
    held[0].continue_()
    user.page.wait_for_timeout(500)
    assert user.num_pixels == wanted


def test_typing_fast_asks_the_model_once(user):
    user.open_example()
    asked = []
    user.page.on("request", lambda one: asked.append(one) if "segment" in one.url else None)
    user.sentence.fill("")
    user.sentence.press_sequentially(LEFT, delay=5)
    user.wait_for_answer()
    assert len(asked) <= 2


def test_chips_tell_what_was_understood_and_what_was_not(user):
    user.open_example()
    user.type("one wibbly opacity in the left lung")
    user.page.locator(".chip.is-unknown", has_text="wibbly").wait_for()
    chips = user.page.locator(".chip").all_inner_texts()
    assert any("opacity" in one for one in chips)
    assert any("left" in one for one in chips)


def test_a_suggestion_goes_into_the_sentence(user):
    user.open_example()
    user.sentence.fill("one opac")
    offered = user.page.locator(".box ~ .suggestions button", has_text="opacity").first
    offered.click()
    assert user.sentence.input_value().startswith("one opacity")


def test_striking_a_word_shows_what_it_carried_and_again_takes_the_map_away(user):
    user.open_example()
    user.type(LEFT)
    user.page.wait_for_timeout(300)
    before = user.colours()
    word = user.page.locator(".words button", has_text="left")
    word.click()
    user.page.locator("#struck").wait_for()
    assert "Without “left” the mask" in user.page.locator("#struck").inner_text()
    assert word.get_attribute("aria-pressed") == "true"
    user.page.wait_for_timeout(200)
    struck = user.colours()
    red, blue = (struck - before)[..., 0], (struck - before)[..., 2]
    held_back = (blue > 60) & (blue > red)
    assert np.nonzero(held_back)[1].mean() > before.shape[1] / 2  # the other lung's opacity
    word.click()
    user.page.wait_for_timeout(200)
    assert np.array_equal(user.colours(), before)


def is_suggested(response) -> bool:
    return response.url.endswith("/v1/suggest") and LEFT in (response.request.post_data or "")


def test_the_threshold_is_moved_without_asking_the_server(user):
    user.open_example()
    with user.page.expect_response(is_suggested):  # what is typed is read after it is drawn
        user.type(LEFT)
    at_first = user.num_pixels
    asked = []
    user.page.on("request", lambda one: asked.append(one.url))
    slider = user.page.locator("#threshold")
    slider.fill("95")
    assert user.num_pixels < at_first
    slider.fill("5")
    assert user.num_pixels > at_first
    user.page.get_by_role("button", name="Back to the model").click()
    assert user.num_pixels == at_first
    assert asked == []


def test_the_probability_under_the_pointer_is_told(user):
    user.open_example()
    user.type(LEFT)
    mask = user.take_masks()[0] > 0
    box = user.picture.bounding_box()
    scale = min(box["width"] / mask.shape[1], box["height"] / mask.shape[0]) * 0.96
    row, column = np.argwhere(mask).mean(axis=0)
    x = box["x"] + box["width"] / 2 + (column + 0.5 - mask.shape[1] / 2) * scale
    y = box["y"] + box["height"] / 2 + (row + 0.5 - mask.shape[0] / 2) * scale
    user.page.mouse.move(x, y)
    inside = user.page.locator(".under strong")
    assert int(inside.get_attribute("data-probability")) > 200
    user.page.mouse.move(x, box["y"] + box["height"] * 0.9)
    assert int(inside.get_attribute("data-probability")) < 50


def test_what_is_not_there_is_said_not_to_be_there(user):
    user.open_example("busi-103-normal")
    assert user.verdict.startswith("Not found")
    assert "%" in user.verdict


def test_a_mask_that_contradicts_the_sentence_is_warned_of(user):
    user.open_example()
    user.type("two opacities in the upper zone of the left lung")
    assert "two" in user.page.locator(".warnings").inner_text().lower()


def test_several_sentences_are_layers_and_stand_side_by_side(user):
    user.open_example()
    user.type(LEFT)
    user.page.get_by_role("button", name="Another sentence").click()
    user.type(RIGHT)
    assert user.page.locator(".layer").count() == 2
    assert len(user.take_masks()) == 2
    user.press("Compare sentences side by side")
    assert user.page.locator(".pane figcaption").all_inner_texts() == [LEFT, RIGHT]
    user.press("Compare sentences side by side")
    user.page.get_by_role("button", name="Show layer 1").click()
    assert len(user.take_masks()) == 1


def test_left_is_said_whose_it_is_and_changing_it_changes_the_mask(user):
    user.open_example()
    user.type("one opacity in the left lung")
    of_picture = user.take_masks()[0] > 0
    assert "of the picture" in user.page.locator(".left-is").inner_text()
    user.page.get_by_text("patient\u2019s left").click()
    user.wait_for_answer()
    user.page.wait_for_timeout(300)
    of_patient = user.take_masks()[0] > 0
    assert "of the patient" in user.page.locator(".left-is").inner_text()
    assert np.argwhere(of_picture).mean(axis=0)[1] < np.argwhere(of_patient).mean(axis=0)[1]


def test_earlier_sentences_come_back(user):
    user.open_example()
    user.type(LEFT)
    user.page.locator(".earlier").wait_for()  # only what one stays with is remembered
    user.type(RIGHT)
    user.page.locator(".earlier summary").click()
    user.page.locator(".earlier button", has_text=LEFT).click()
    assert user.sentence.input_value() == LEFT
