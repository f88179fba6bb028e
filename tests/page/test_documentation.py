"""The pictures of docs/how-to/annotate.md show the page as it is.

They are drawn anew with LINGSEG_DRAW_DOCS=1; otherwise it is checked that each is there, has the
size that it would have now and stays small.
"""

import os
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as PillowImage

pytestmark = pytest.mark.browser

LEFT = "one opacity in the upper zone of the left lung"
MOST_BYTES = 300_000


@pytest.fixture(scope="session")
def guide(request):
    return request.config.rootpath / "docs" / "how-to" / "annotate.md"


@pytest.fixture
def draws(guide):
    """Compare what the page shows with a picture of the guide, or draw that."""

    def check(user, name):
        user.page.mouse.move(0, 0)
        user.page.wait_for_timeout(500)
        with PillowImage.open(BytesIO(user.page.screenshot())) as opened:
            shown = opened.convert("RGB")
        path = guide.parent / "images" / f"{name}.png"
        if os.environ.get("LINGSEG_DRAW_DOCS"):
            shown.save(path, optimize=True)
        with PillowImage.open(path) as opened:
            drawn = opened.convert("RGB")
        assert drawn.size == shown.size
        assert path.stat().st_size < MOST_BYTES
        # Letters differ from machine to machine, the page's layout does not.
        small = [np.asarray(one.resize((64, 40)), dtype=float) for one in (drawn, shown)]
        assert np.abs(small[0] - small[1]).mean() < 12
        assert f"images/{name}.png" in guide.read_text(encoding="utf-8")

    return check


def test_the_start(user, draws):
    user.page.locator(".examples li").first.wait_for()
    user.page.wait_for_timeout(1500)
    draws(user, "annotate-start")


def test_a_sentence_and_its_mask_and_a_struck_word(user, draws):
    user.open_example()
    user.type(LEFT)
    draws(user, "annotate-mask")
    user.page.locator(".words button", has_text="left").click()
    user.page.locator("#struck").wait_for()
    draws(user, "annotate-strike")


def test_two_sentences_side_by_side(server, visit, draws):
    user = visit(server, theme="light")
    user.open_example()
    user.type(LEFT)
    user.page.get_by_role("button", name="Another sentence").click()
    user.type(LEFT.replace("left", "right"))
    user.press("Compare sentences side by side")
    draws(user, "annotate-compare")


def test_a_correction(user, draws):
    user.open_example()
    user.type(LEFT)
    user.press("Brush")
    user.draw((0.31, 0.31), (0.31, 0.34), (0.33, 0.36))
    user.page.locator("#command").scroll_into_view_if_needed()
    draws(user, "annotate-correct")


def test_a_phone(server, visit, draws):
    user = visit(server, width=360, height=740)
    user.open_example("isic-0000013")
    draws(user, "annotate-phone")


def test_the_guide_shows_no_picture_that_is_not_there(guide):
    shown = re.findall(r"\]\((images/[\w-]+\.png)\)", guide.read_text(encoding="utf-8"))
    assert shown
    assert all((guide.parent / one).is_file() for one in shown)
    assert {path.name for path in (guide.parent / "images").glob("annotate-*.png")} == {
        one.split("/")[1] for one in shown
    }
