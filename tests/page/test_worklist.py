"""Many pictures: told apart, worked through one by one, taken away together, opened again."""

import csv
import gzip
import io
import zipfile

import nibabel
import numpy as np
import pytest
from page_user import FILM
from PIL import Image as PillowImage

pytestmark = pytest.mark.browser

LEFT = "one opacity in the upper zone of the left lung"
MORE_THAN_THE_SERVER_HOLDS = 70


@pytest.fixture(scope="session")
def film(request):
    path = request.config.rootpath / "src" / "lingseg" / "bundles" / "demo" / f"{FILM}.png"
    with PillowImage.open(path) as opened:
        return np.asarray(opened)


def png(pixels):
    stream = io.BytesIO()
    PillowImage.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def zipped(films):
    """Pictures in a zip, by their paths."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, pixels in films.items():
            archive.writestr(path, png(pixels))
    return "pictures.zip", stream.getvalue()


def unzipped(data):
    """What an archive of packed volumes holds."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: gzip.decompress(archive.read(name)) for name in archive.namelist()}


def nth(user, number, many):
    user.page.locator(".turner-name b", has_text=f"{number} / {many}").wait_for()


def save_all(user, name):
    user.page.locator(".turner-name").click()
    with user.page.expect_download() as download:
        user.page.locator(".all-pictures button", has_text=name).click()
    user.page.get_by_label("Close", exact=True).click()
    return download.value.path().read_bytes()


def box_of(element):
    return element.bounding_box()


def paint(user):
    user.press("Brush")
    user.draw((0.5, 0.55), (0.56, 0.6))
    return user.corrected_pixels


def test_more_pictures_than_the_server_holds_are_worked_through_by_keys(server, visit):
    user = visit(server, width=360, height=740)
    noise = np.random.default_rng(7).integers(0, 255, (MORE_THAN_THE_SERVER_HOLDS, 24, 24))
    films = {f"p{at:03}.png": one.astype(np.uint8) for at, one in enumerate(noise)}
    sent = []
    user.page.on("request", lambda one: sent.append(one) if one.url.endswith("images") else None)
    user.choose(zipped(films))
    nth(user, 1, len(films))
    user.page.locator(".stage").focus()
    user.page.wait_for_timeout(300)
    assert len(sent) == 2  # the one that is shown, and the next
    user.page.keyboard.press("d")
    for number in range(2, len(films) + 1):
        user.page.keyboard.press(".")
        nth(user, number, len(films))
    user.page.keyboard.press("l")
    sheet = user.page.get_by_role("dialog", name="All pictures")
    assert "70 pictures, 1 done" in sheet.inner_text()
    sheet.get_by_text("Only those that are not done").click()
    assert sheet.locator(".worklist li").count() == len(films) - 1
    sheet.locator(".worklist-name").first.click()
    nth(user, 2, len(films))
    user.type("a bright spot")
    assert user.messages() == []
    wide = user.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide


def test_after_a_restart_each_picture_of_one_name_keeps_its_own(own_server, visit, film):
    user = visit(own_server)
    user.choose(zipped({"anna/1.png": film, "bert/1.png": film[:, ::-1]}))
    tabs = user.page.locator(".pictures li")
    tabs.nth(1).wait_for()
    assert tabs.all_inner_texts() == ["anna/1.png", "bert/1.png"]
    tabs.nth(1).locator("button").first.click()
    user.page.wait_for_timeout(300)
    user.type(LEFT)
    before = user.take_masks()[0]
    own_server.kill()
    own_server.start_again()
    user.sentence.fill("")
    user.type(LEFT)
    assert np.array_equal(user.take_masks()[0], before)


def test_another_file_of_the_same_name_gets_nothing_of_the_lost_one(own_server, visit, film):
    user = visit(own_server)
    user.choose(("1.png", png(film)))
    user.page.locator(".stage").wait_for()
    user.type(LEFT)
    corrected = paint(user)
    user.page.wait_for_timeout(500)
    own_server.kill()
    own_server.start_again()
    user.page.reload()
    user.page.locator(".lost").wait_for()
    user.choose(("1.png", png(film[:, ::-1])))
    user.page.locator(".pictures li").nth(1).wait_for()
    user.page.locator(".lost").wait_for(state="detached")
    assert user.sentence.input_value() == ""
    user.choose(("1.png", png(film)))
    user.page.locator(".looks .size").wait_for()
    user.wait_for_answer()
    assert user.corrected_pixels == corrected
    assert user.page.locator(".pictures li").all_inner_texts() == ["1.png", "1.png (2)"]


def test_closing_a_picture_with_unsaved_work_asks(user):
    user.open_example()
    user.type(LEFT)
    paint(user)
    user.page.evaluate("window.confirm = said => { window.asked = said; return false; }")
    user.press(f"Close {FILM}.png")
    assert "not saved" in user.page.evaluate("window.asked")
    assert user.page.locator(".pictures li").count() == 1
    user.take("Session")
    user.page.wait_for_timeout(200)
    user.press(f"Close {FILM}.png")
    assert user.page.locator(".pictures").count() == 0


def test_on_a_phone_each_tab_has_its_cross_and_the_same_file_is_not_opened_twice(
    server, visit, film
):
    user = visit(server, width=360, height=740)
    names = [f"{name}-the-film-of-a-chest.png" for name in ("one", "two", "three")]
    for turns, name in enumerate([*names, names[1]]):
        user.choose((name, png(np.rot90(film, names.index(name)))))
        user.page.locator(".pictures li").nth(min(turns, 2)).wait_for()
    user.wait_for_message("is open already")
    crosses = user.page.locator(".pictures .icon-button")
    assert crosses.count() == 3
    assert all(0 <= one["x"] <= 360 - one["width"] for one in map(box_of, crosses.all()))


def test_all_pictures_are_one_data_set_and_one_session_that_opens_again(server, visit, film):
    user = visit(server)
    films = {f"ward/p{at}.png": np.roll(film, at, axis=1) for at in range(4)}
    user.choose(zipped(films))
    nth(user, 1, 4)
    user.type(LEFT)
    corrected = paint(user)
    user.press("Next picture")
    nth(user, 2, 4)
    user.type(LEFT)
    made = zipfile.ZipFile(io.BytesIO(save_all(user, "Data set")))
    assert made.testzip() is None
    rows = list(csv.DictReader(io.StringIO(made.read("annotations/train.csv").decode())))
    assert [row["is_corrected"] for row in rows] == ["yes", "no"]
    names = made.namelist()
    assert all(f"annotations/{row[kind]}" in names for row in rows for kind in ("image", "mask"))
    session = save_all(user, "Session")
    shown = user.num_pixels

    tomorrow = visit(server)
    tomorrow.choose(("session.zip", session), zipped(films))
    nth(tomorrow, 1, 4)  # a picture that is in both is one
    tomorrow.wait_for_answer()
    tomorrow.page.locator(".looks .size").wait_for()
    assert tomorrow.corrected_pixels == corrected
    tomorrow.press("Next picture")
    nth(tomorrow, 2, 4)
    tomorrow.wait_for_answer()
    assert tomorrow.sentence.input_value() == LEFT
    assert tomorrow.num_pixels == shown
    assert tomorrow.messages() == []


def test_the_session_of_a_volume_asks_for_it_and_knows_it(server, visit):
    voxels = np.random.default_rng(7).integers(0, 900, (40, 50, 6)).astype(np.int16)
    scan = ("scan.nii", nibabel.Nifti1Image(voxels, np.diag([2, 2, 3, 1.0])).to_bytes())
    user = visit(server)
    user.choose(scan)
    user.page.locator(".stage").wait_for()
    user.type("the bright lesion")
    user.page.get_by_role("button", name="Draw it on all").click()
    user.page.locator(".hint", has_text="of all 6 slices").wait_for()
    corrected = paint(user)
    user.wait_for_answer()
    masks = user.take("NIfTI")[1]
    session = user.take("Session")
    again = visit(server)
    again.choose(session)
    again.page.locator(".lost", has_text="scan.nii").wait_for()
    again.choose(scan)
    again.page.locator(".lost").wait_for(state="detached")
    again.wait_for_answer()  # while it is on its way, nothing can be saved
    assert again.corrected_pixels == corrected
    assert again.sentence.input_value() == "the bright lesion"
    assert unzipped(again.take("NIfTI")[1]) == unzipped(masks)  # of all slices, not of one


@pytest.mark.parametrize("what", ["export", "images"])
def test_a_connection_cut_while_something_is_sent_is_told_and_tried_again(user, film, what):
    user.open_example()
    user.type(LEFT)
    user.page.route(f"**/v1/{what}", lambda route: route.abort("connectionreset"))
    if what == "export":
        user.page.locator(".formats button", has_text="PNG").first.click()
        user.wait_for_message("The file was not saved: the connection")
        user.page.unroute_all()
        assert user.take_masks()
    else:
        user.choose(("new.png", png(film)))
        user.wait_for_message("new.png was not opened: the connection")
        user.page.unroute_all()
        user.page.locator(".pictures button", has_text="new.png").first.click()
        user.page.locator(".pictures li[data-current=true]", has_text="new.png").wait_for()
