"""What a person does on the page, in the words of a person."""

import re
from io import BytesIO
from zipfile import ZipFile

import numpy as np
from PIL import Image as PillowImage

FILM = "phantom-25"
"""The shipped phantom of two lungs with an opacity in each."""


KEY = "a-key-that-is-long-enough"
"""Of the server that asks for one."""


class User:
    """A person before a browser."""

    def __init__(self, page) -> None:
        self.page = page

    @property
    def picture(self):
        return self.page.locator(".stage").first

    @property
    def sentence(self):
        return self.page.get_by_label("Sentence", exact=True)

    @property
    def verdict(self) -> str:
        return self.page.locator(".verdict").inner_text()

    @property
    def num_pixels(self) -> int:
        """How many pixels the answer has, as the page tells."""
        text = self.page.locator(".answer .size").inner_text()
        return int(re.match(r"[\d,]+", text)[0].replace(",", ""))

    @property
    def corrected_pixels(self) -> int:
        """How many pixels the chosen layer has, as the page tells."""
        text = self.page.locator(".looks .size").inner_text()
        return int(re.match(r"[\d,]+", text)[0].replace(",", ""))

    def open_example(self, name: str = FILM) -> None:
        cards = self.page.locator(".examples button")
        cards.filter(has_text=name.split("-")[1]).first.click()
        self.wait_for_answer()

    def choose(self, *files) -> None:
        """Choose files: paths, or (name, bytes)."""
        given = [
            {"name": one[0], "mimeType": "application/octet-stream", "buffer": one[1]}
            if isinstance(one, tuple)
            else one
            for one in files
        ]
        self.page.locator("input.files").first.set_input_files(given)

    def type(self, text: str) -> None:
        """Write a sentence and wait for what the model answers."""
        self.sentence.fill(text)
        self.page.locator(".box .busy").wait_for(state="visible")
        self.wait_for_answer()

    def wait_for_answer(self) -> None:
        self.page.locator(".answer").wait_for()
        self.page.locator(".box .busy").wait_for(state="detached")

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a part of the viewer lies on the screen; 0 to 1 from its left and top."""
        box = self.picture.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def draw(self, *places: tuple[float, float]) -> None:
        """Draw through places of the viewer with the tool that is chosen."""
        mouse = self.page.mouse
        mouse.move(*self.place(*places[0]))
        mouse.down()
        for place in places[1:]:
            mouse.move(*self.place(*place), steps=6)
        mouse.up()

    def press(self, name: str) -> None:
        """Press the button of this name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def messages(self) -> list[str]:
        return self.page.locator(".notice p").all_inner_texts()

    def wait_for_message(self, part: str) -> None:
        self.page.locator(".notice", has_text=part).wait_for()

    def take(self, name: str) -> tuple[str, bytes]:
        """Save as a format; return the file's name and bytes."""
        with self.page.expect_download() as download:
            self.page.locator(".formats button", has_text=name).click()
        return download.value.suggested_filename, download.value.path().read_bytes()

    def take_masks(self) -> list[np.ndarray]:
        """Save as PNG; return the masks, in the order of their names."""
        name, data = self.take("PNG")
        if name.endswith(".png"):
            return [_pixels(data)]
        with ZipFile(BytesIO(data)) as archive:
            names = sorted(one for one in archive.namelist() if one.endswith(".png"))
            return [_pixels(archive.read(one)) for one in names]

    def colours(self) -> np.ndarray:
        """What the viewer shows, (height, width, red green blue)."""
        return _pixels(self.picture.locator("canvas").screenshot())[..., :3].astype(int)


def _pixels(data: bytes) -> np.ndarray:
    with PillowImage.open(BytesIO(data)) as opened:
        return np.asarray(opened)
