"""What can be opened, how it is shown, and what is said of what cannot."""

import io
import zipfile

import nibabel
import numpy as np
import pytest
from clinical_files import ct_slice, film, saved
from PIL import Image as PillowImage

pytestmark = pytest.mark.browser


def png(height=120, width=90):
    noise = np.random.default_rng(7).integers(0, 255, (height, width), np.uint8)
    stream = io.BytesIO()
    PillowImage.fromarray(noise).save(stream, format="PNG")
    return stream.getvalue()


def volume():
    voxels = np.random.default_rng(7).integers(0, 900, (40, 50, 6)).astype(np.int16)
    return nibabel.Nifti1Image(voxels, np.diag([2, 2, 3, 1.0])).to_bytes()


def radiograph():
    pixels = np.random.default_rng(7).integers(0, 4095, (80, 60)).astype(np.uint16)
    return saved(film(pixels, PatientOrientation=["L", "F"]))


def wait_until_open(user, name):
    user.page.locator(".pictures", has_text=name).wait_for()
    user.page.wait_for_timeout(300)


def test_a_radiograph_shows_the_patients_sides_and_its_own_window(user):
    user.choose(("film.dcm", radiograph()))
    wait_until_open(user, "film.dcm")
    assert user.page.locator(".side-mark.at-left").inner_text() == "R"
    assert user.page.locator(".side-mark.at-right").inner_text() == "L"
    dark = user.colours().mean()
    user.press("Brightness and contrast")
    user.draw((0.5, 0.3), (0.5, 0.7))
    user.page.wait_for_timeout(200)
    assert user.colours().mean() < dark
    user.press("Fit the whole picture")
    user.page.wait_for_timeout(200)
    assert abs(user.colours().mean() - dark) < 1


def test_a_film_that_stores_white_as_low_is_not_shown_as_a_negative(user):
    pixels = np.tile(np.linspace(0, 3000, 90).astype(np.uint16), (60, 1))
    user.choose(("negative.dcm", saved(film(pixels, "MONOCHROME1"))))
    wait_until_open(user, "negative.dcm")
    row = user.colours()[user.colours().shape[0] // 2, :, 0]
    left, right = row[len(row) // 4], row[-len(row) // 4]
    assert left > right + 60
    user.press("Brightness and contrast")
    user.draw((0.5, 0.45), (0.5, 0.5))
    user.page.wait_for_timeout(200)
    darker = user.colours()[user.colours().shape[0] // 2, :, 0]
    assert darker[len(row) // 4] < left  # down is darker, here too


def test_ct_has_its_windows_and_letters_at_all_edges(user):
    user.choose(*((f"{n}.dcm", saved(ct_slice(n))) for n in range(3)))
    user.page.locator(".slices").wait_for()
    marks = user.page.locator(".side-mark")
    marks.first.wait_for()
    assert marks.all_inner_texts() == ["R", "L", "A", "P"]
    windows = user.page.get_by_label("Window", exact=True)
    windows.select_option("lung")
    level = user.page.get_by_title("Brightness and contrast; press")
    level.filter(has_text="L -600 \u00b7 W 1500").wait_for()
    level.click()
    assert windows.input_value() == ""
    user.choose(("empty.png", b""))
    user.wait_for_message("0 bytes")
    message = user.page.locator(".notice").bounding_box()
    assert message["y"] + message["height"] <= user.page.locator(".slices").bounding_box()["y"]


def test_a_sagittal_volume_tells_front_and_back_head_and_feet(user):
    voxels = np.random.default_rng(7).integers(0, 900, (20, 30, 6)).astype(np.int16)
    affine = np.array([[0, 0, -3.0, 0], [-2, 0, 0, 0], [0, -2, 0, 0], [0, 0, 0, 1]])
    user.choose(("side.nii", nibabel.Nifti1Image(voxels, affine).to_bytes()))
    user.page.locator(".about", has_text="sagittal").wait_for()
    assert user.page.locator(".side-mark").all_inner_texts() == ["A", "P", "S", "I"]
    assert user.page.get_by_label("Window", exact=True).count() == 0


def test_the_slices_of_a_volume_are_gone_through_and_asked(user):
    user.choose(("scan.nii", volume()))
    wait_until_open(user, "scan.nii")
    slices = user.page.locator(".slices")
    assert slices.locator("output").inner_text() == "4/6"
    before = user.colours()
    user.picture.focus()
    user.page.keyboard.press("PageDown")
    user.page.wait_for_timeout(400)
    assert slices.locator("output").inner_text() == "5/6"
    assert not np.array_equal(user.colours(), before)
    user.type("the bright lesion")
    user.page.get_by_role("button", name="Draw it on all 6 slices").click()
    user.wait_for_answer()
    assert user.verdict


def test_the_wheel_zooms_and_dragging_moves(user):
    user.open_example()
    before = user.colours()
    user.page.mouse.move(*user.place(0.5, 0.5))
    user.page.mouse.wheel(0, -300)
    user.page.wait_for_timeout(200)
    larger = user.colours()
    assert not np.array_equal(larger, before)
    user.draw((0.5, 0.5), (0.3, 0.5))
    user.page.wait_for_timeout(200)
    assert not np.array_equal(user.colours(), larger)
    user.page.keyboard.press("0")
    user.page.wait_for_timeout(200)
    user.page.mouse.move(0, 0)
    user.page.evaluate("document.activeElement.blur()")
    user.page.wait_for_timeout(200)
    assert np.abs(user.colours() - before).mean() < 1


def test_several_pictures_are_open_at_once(user):
    user.choose(("one.png", png()), ("two.png", png(70, 130)))
    wait_until_open(user, "two.png")
    assert user.page.locator(".pictures li").count() == 2
    user.page.locator(".pictures button", has_text="two.png").first.click()
    user.page.locator(".about", has_text="130 \u00d7 70").wait_for()
    user.press("Close two.png")
    assert user.page.locator(".pictures li").count() == 1


def test_each_picture_keeps_its_own_sentence_and_chips(user):
    user.open_example()
    user.choose(("two.png", png(70, 130)))
    wait_until_open(user, "two.png")
    user.type("a dark nodule")
    user.page.locator(".chip", has_text="nodule").wait_for()
    user.page.locator(".pictures button", has_text="phantom").first.click()
    user.page.locator(".chip", has_text="opacity").wait_for()
    assert user.page.locator(".chip", has_text="nodule").count() == 0
    assert "opacity" in user.sentence.input_value()


def test_a_zip_is_opened(user):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("folder/inside.png", png())
    user.choose(("pictures.zip", stream.getvalue()))
    wait_until_open(user, "inside.png")


def test_a_picture_is_pasted(user):
    user.page.evaluate(
        """bytes => {
            const file = new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" });
            const clipboardData = new DataTransfer();
            clipboardData.items.add(file);
            dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
        }""",
        list(png()),
    )
    wait_until_open(user, "pasted.png")


def test_a_picture_is_dropped(user):
    transfer = user.page.evaluate_handle(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped.png"));
            return transfer;
        }""",
        list(png()),
    )
    user.page.dispatch_event("body", "dragover", {"dataTransfer": transfer})
    user.page.locator(".dropping").wait_for()
    user.page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    wait_until_open(user, "dropped.png")


def locked_zip():
    """A zip whose member says that it is encrypted."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.png", png())
    data = bytearray(stream.getvalue())
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("empty.png", b"", "is empty (0 bytes)"),
        ("letter.png", b"Dear colleague, " * 40, "letter.png"),
        ("cut.png", png()[:300], "cut.png"),
        ("locked.zip", locked_zip(), "locked.zip"),
        ("huge.png", bytes(9 * 2**20), "at most 8 MB"),
    ],
    ids=["0 bytes", "a text", "cut off", "a locked zip", "too large"],
)
def test_what_cannot_be_opened_is_said_in_a_sentence_and_the_work_is_kept(user, name, data, told):
    user.open_example()
    user.type("one opacity in the left lung")
    before = user.num_pixels
    user.choose((name, data))
    user.wait_for_message(told)
    (message,) = user.messages()
    assert "Traceback" not in message
    assert "/" not in message  # no path
    assert message.endswith(".")
    assert user.sentence.input_value() == "one opacity in the left lung"
    assert user.num_pixels == before


def test_what_is_good_is_opened_although_the_rest_is_not(user):
    user.choose(("letter.png", b"Dear colleague, " * 40), ("good.png", png()))
    wait_until_open(user, "good.png")
    user.wait_for_message("letter.png")
