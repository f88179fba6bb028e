"""The pictures of the page's gallery: what was shown, and what was drawn on it."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageFilter

from lingseg.evaluation.audit.answer import Answer
from lingseg.evaluation.audit.question import Question
from lingseg.imaging.image import MaskPixels, Rgb
from lingseg.imaging.intensity import as_rgb
from lingseg.imaging.overlay import draw_overlay
from lingseg.imaging.reading import read_image, read_mask
from lingseg.imaging.resampling import resize_mask, resize_rgb

LONGEST = 320
"""Pixels of a picture's longer side on the page; a small picture is enlarged to it."""
REFERENCE_COLOUR = (255, 190, 0)
"""As on contact sheets; told from the mask by having no filling as well."""
_MASK_RIM, _REFERENCE_RIM = 3, 2
"""Thickness in pixels. The mask's is the thicker one: where both run together, both are seen."""
_JPEG_QUALITY = 80


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawn picture, ready to stand in a page."""

    source: str
    """A data URI: the picture itself."""
    width: int
    height: int


def draw_answer(question: Question, answer: Answer | None) -> Picture:
    """Draw what was shown, outlined in it the reference where it is known, and the answer's mask.

    Raises:
        OSError: The picture or its mask is gone.
        ValueError: It cannot be read.
    """
    image = read_image(question.case.image)
    shown = as_rgb(question.view.show(image))
    size = _size_on_page(shown)
    pixels = resize_rgb(shown, size)
    if answer is not None:
        mask = resize_mask(answer.mask, size)
        pixels = draw_overlay(draw_overlay(pixels, mask), _rim(mask, _MASK_RIM), opacity=1.0)
    reference = _reference(question)
    if reference is not None:
        rim = _rim(resize_mask(reference, size), _REFERENCE_RIM)
        pixels = draw_overlay(pixels, rim, colour=REFERENCE_COLOUR, opacity=1.0)
    return Picture(source=_data_uri(pixels), width=size[1], height=size[0])


def _size_on_page(pixels: Rgb) -> tuple[int, int]:
    """Return height and width with the longer of the two as long as the page shows it."""
    height, width = pixels.shape[:2]
    scale = LONGEST / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _reference(question: Question) -> MaskPixels | None:
    """Return the mask of the case's own sentence, where it still lies over what it marked."""
    if question.case.mask is None or not question.view.keeps_places:
        return None
    return read_mask(question.case.mask).pixels


def _rim(mask: MaskPixels, thickness: int) -> MaskPixels:
    """Return the outermost pixels of a mask."""
    picture = PillowImage.fromarray(mask.astype(np.uint8) * 255)
    inner = np.asarray(picture.filter(ImageFilter.MinFilter(2 * thickness + 1)))
    return mask & (inner == 0)


def _data_uri(pixels: Rgb) -> str:
    """Return a picture as a JPEG within a URI; colours at full resolution keep outlines sharp."""
    buffer = io.BytesIO()
    picture = PillowImage.fromarray(np.ascontiguousarray(pixels), mode="RGB")
    picture.save(buffer, format="JPEG", quality=_JPEG_QUALITY, subsampling=0, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
