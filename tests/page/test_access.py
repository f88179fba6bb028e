"""For everybody: keys only, a narrow phone, a screen reader, dark and light."""

import pytest

pytestmark = pytest.mark.browser

LEFT = "one opacity in the upper zone of the left lung"


def tab_to(page, name, most=80):
    """Press Tab until the control of this name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "[document.activeElement?.ariaLabel, document.activeElement?.innerText].join(' ')"
        )
        if name in told:
            return
    pytest.fail(f"Tab never came to {name!r}.")


def test_all_is_done_by_keys_alone(user):
    page = user.page
    page.locator(".examples li").first.wait_for()
    tab_to(page, "Phantom")
    page.keyboard.press("Enter")
    user.wait_for_answer()
    assert page.evaluate("document.activeElement.className") == "stage"
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type(LEFT)
    user.page.wait_for_timeout(300)
    user.wait_for_answer()
    answered = user.num_pixels
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.down(" ")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.up(" ")
    assert user.corrected_pixels > answered
    page.keyboard.press("Control+z")
    assert user.corrected_pixels == answered
    tab_to(page, "COCO")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename
    user.wait_for_message("Saved")
    assert "COCO" in page.evaluate("document.activeElement.innerText")


def test_the_keys_are_on_a_sheet(user):
    user.page.locator(".examples li").first.wait_for()
    user.page.keyboard.press("?")
    sheet = user.page.get_by_role("dialog", name="Keys and help")
    assert "not a medical device" in sheet.inner_text()
    user.page.keyboard.press("Escape")
    sheet.wait_for(state="detached")


def test_keys_work_with_caps_lock_and_0_brings_all_of_the_look_back(user):
    user.open_example()
    user.picture.focus()
    user.page.keyboard.press("W")
    level = user.page.locator(".level")
    before = level.inner_text()
    user.picture.focus()
    user.page.keyboard.press("ArrowUp")
    assert level.inner_text() != before
    user.page.keyboard.press("0")
    assert level.inner_text() == before
    assert user.page.locator("h1").count() == 1


def test_two_fingers_never_paint(server, chromium, visit):
    context = chromium.new_context(viewport={"width": 900, "height": 800}, has_touch=True)
    user = visit(server, context=context)
    user.open_example()
    fingers = context.new_cdp_session(user.page)

    def touch(kind, *places):
        points = [dict(zip("xy", user.place(*place), strict=True)) for place in places]
        named = [{**point, "id": number} for number, point in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": named})

    layers = user.page.locator(".layer")
    for tool in ["Fill or clear an area", "Brush"]:
        user.press(tool)
        touch("touchStart", (0.4, 0.5))
        for x in (0.43, 0.46, 0.5):
            touch("touchMove", (x, 0.5))
        touch("touchStart", (0.5, 0.5), (0.6, 0.6))
        touch("touchMove", (0.45, 0.5), (0.65, 0.6))
        touch("touchEnd")
        user.page.wait_for_timeout(100)
        assert layers.count() == 1
        assert user.messages() == []
    user.press("Fit the whole picture")
    touch("touchStart", (0.5, 0.5))
    touch("touchEnd")
    user.page.locator(".layer", has_text="Corrected").wait_for()  # one finger does
    user.press("Fill or clear an area")
    painted = user.corrected_pixels
    touch("touchStart", (0.1, 0.2))
    touch("touchEnd")
    user.wait_for_message("open to the edge of the picture")
    assert user.corrected_pixels == painted
    context.close()


def test_a_screen_reader_is_told_what_was_found(user):
    user.open_example()
    user.type(LEFT)
    said = user.page.locator("#said", has_text="pixels")
    said.wait_for(state="attached")
    assert said.get_attribute("aria-live") == "polite"
    assert LEFT in said.inner_text()
    assert "Found" in said.inner_text()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_has_nothing_serious_to_say(server, visit, axe, theme, width):
    user = visit(server, width=width, theme=theme)
    user.page.locator(".examples li").first.wait_for()
    assert serious(user.page, axe) == []
    user.open_example()
    user.type("two wibbly opacities in the left lung")
    user.page.locator(".words button", has_text="left").click()
    user.page.locator("#struck").wait_for()
    user.page.wait_for_timeout(400)
    assert serious(user.page, axe) == []
    user.page.keyboard.press("Escape")
    user.picture.focus()
    user.page.keyboard.press("?")
    user.page.get_by_role("dialog").wait_for()
    assert serious(user.page, axe) == []


def serious(page, axe):
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        (one["id"], [node["html"] for node in one["nodes"]][:4])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def test_a_phone_shows_all_without_scrolling_sideways(server, visit):
    user = visit(server, width=360, height=740)
    page = user.page
    page.locator(".examples li").first.wait_for()
    widths = "[document.documentElement.scrollWidth, innerWidth]"
    assert page.evaluate(widths) == [360, 360]
    user.open_example()
    user.type("two opacities in the left lung")
    for button in page.locator(".toolbar button").all():
        box = button.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert box["height"] >= 32
    user.press("Brush")
    user.draw((0.5, 0.5), (0.6, 0.6))
    assert page.evaluate(widths) == [360, 360]
    page.locator(".formats button").first.scroll_into_view_if_needed()
    assert user.take_masks()


def test_the_theme_is_the_systems_until_it_is_changed_and_stays_over_a_reload(server, visit):
    user = visit(server, theme="light")
    look = "document.documentElement.dataset.theme"
    assert user.page.evaluate(look) == "light"
    user.press("Dark theme")
    user.page.locator("html[data-theme=dark]").wait_for()
    user.page.wait_for_timeout(500)
    user.page.reload()
    user.page.locator(".examples li").first.wait_for()
    assert user.page.evaluate(look) == "dark"
