"""What is kept when something goes wrong: a reload, another tab, a lost or restarted server."""

import pytest
from page_user import FILM, KEY, User

pytestmark = pytest.mark.browser

LEFT = "one opacity in the upper zone of the left lung"
RIGHT = "one opacity in the upper zone of the right lung"


def with_correction(user):
    user.type(LEFT)
    user.press("Brush")
    user.draw((0.5, 0.55), (0.56, 0.6))
    return user.corrected_pixels


@pytest.fixture
def film(request):
    return request.config.rootpath / "src" / "lingseg" / "bundles" / "demo" / f"{FILM}.png"


def test_a_reload_keeps_sentence_mask_and_corrections(user, film):
    user.choose(film)
    user.page.locator(".stage").wait_for()
    corrected = with_correction(user)
    answered = user.num_pixels
    user.page.reload()
    user.wait_for_answer()
    assert user.sentence.input_value() == LEFT
    assert user.num_pixels == answered
    assert user.corrected_pixels == corrected


def asks_before_leaving(user):
    return user.page.evaluate(
        "() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    )


def test_leaving_asks_until_a_file_holds_the_work(user, film):
    user.choose(film)
    user.page.locator(".stage").wait_for()
    assert not asks_before_leaving(user)
    with_correction(user)
    assert asks_before_leaving(user)
    user.page.reload()
    user.wait_for_answer()
    assert asks_before_leaving(user)
    user.press("Show layer 2")
    user.take("PNG")
    assert asks_before_leaving(user)  # the correction was hidden: the file does not hold it
    user.press("Show layer 2")
    user.take("PNG")
    user.page.locator(".unsaved").wait_for(state="detached")
    assert not asks_before_leaving(user)


def test_an_old_answer_is_not_saved_while_a_new_one_is_awaited_or_when_it_fails(user):
    user.open_example()
    user.type(LEFT)
    held = []
    user.page.route("**/v1/segment", lambda route: held.append(route))  # noqa: PLW0108
    user.sentence.fill(RIGHT)
    png = user.page.locator(".formats button", has_text="PNG")
    user.page.locator(".formats button:disabled", has_text="PNG").wait_for()
    user.page.wait_for_timeout(300)
    held[0].fulfill(status=422, json={"problem": "No.", "code": "bad-sentence"})
    user.page.get_by_role("button", name="Try again").wait_for()
    assert png.is_disabled()
    user.page.unroute_all()
    user.press("Try again")
    user.page.locator(".verdict").wait_for()
    assert png.is_enabled()


def test_nothing_outlives_the_tab(user, server, visit):
    user.open_example()
    with_correction(user)
    context = user.page.context
    user.page.wait_for_timeout(500)
    kept = user.page.evaluate(
        "async () => [localStorage.length, (await indexedDB.databases()).length, document.cookie]"
    )
    assert kept == [0, 0, ""]
    other = visit(server, context=context)
    other.page.locator(".examples").wait_for()
    assert other.page.locator(".pictures").count() == 0


def test_two_tabs_do_not_disturb_one_another(user):
    user.open_example()
    user.type(LEFT)
    user.page.wait_for_timeout(500)
    with user.page.context.expect_page() as opening:
        user.page.evaluate("window.open(location.href)")  # the new tab has a copy of the session
    other = User(opening.value)
    other.wait_for_answer()
    other.type(RIGHT)
    assert user.sentence.input_value() == LEFT
    with other.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        other.press(f"Close {FILM}.png")  # the server forgets the picture that both show
    user.type(RIGHT)  # the first tab gives it again, unasked
    assert user.verdict.startswith("Found")
    assert user.messages() == []


def test_a_restarted_server_is_given_the_picture_again_unasked(own_server, visit, film):
    user = visit(own_server)
    user.choose(film)
    user.page.locator(".stage").wait_for()
    corrected = with_correction(user)
    own_server.kill()
    user.sentence.fill(RIGHT)
    user.page.locator(".offline").wait_for()
    own_server.start_again()
    user.page.locator(".offline").wait_for(state="detached")
    user.page.locator(".warnings, .answer[data-stale=false]").first.wait_for()
    user.wait_for_answer()
    user.type(RIGHT)
    assert user.verdict.startswith("Found")
    assert user.sentence.input_value() == RIGHT
    user.press("It is right for the new sentence")
    assert user.corrected_pixels == corrected
    assert len(user.take_masks()) == 2


def test_after_restart_and_reload_the_file_is_asked_for_and_the_work_is_still_there(
    own_server, visit, film
):
    user = visit(own_server)
    user.choose(film)
    user.page.locator(".stage").wait_for()
    corrected = with_correction(user)
    own_server.kill()
    own_server.start_again()
    user.page.reload()
    user.page.locator(".lost", has_text="Drop the file again").wait_for()
    assert user.sentence.input_value() == LEFT
    user.choose(film)
    user.page.locator(".verdict").wait_for()
    user.wait_for_answer()
    assert user.verdict.startswith("Found")
    assert user.corrected_pixels == corrected
    assert user.page.locator(".pictures li").count() == 1


def test_a_connection_that_breaks_in_the_middle_is_said_and_made_good(user):
    user.open_example()
    user.page.route("**/v1/segment", lambda route: route.abort("connectionreset"))
    user.page.route("**/health", lambda route: route.abort("connectionreset"))
    user.sentence.fill(LEFT)
    user.page.locator(".offline").wait_for()
    assert user.sentence.input_value() == LEFT
    user.page.unroute_all()
    user.page.locator(".offline").wait_for(state="detached")
    user.page.locator(".size").first.wait_for()
    user.wait_for_answer()
    assert user.verdict.startswith("Found")


def test_a_busy_server_is_waited_for(user):
    user.open_example()
    user.page.wait_for_timeout(300)
    times = []

    def refuse_once(route):
        times.append(route)
        if len(times) > 1:
            route.continue_()
        else:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"problem": "Busy."})

    user.page.route("**/v1/segment", refuse_once)
    user.type(RIGHT)
    assert len(times) == 2
    assert user.messages() == []


def test_a_key_is_asked_for_once_and_kept_for_the_tab(locked_server, visit):
    user = visit(locked_server)
    prompt = user.page.get_by_role("dialog", name="Key")
    prompt.get_by_label("Key", exact=True).fill(KEY)
    prompt.get_by_role("button", name="Go on").click()
    user.open_example()
    assert user.verdict
    user.page.reload()
    user.wait_for_answer()
    assert prompt.count() == 0
