"""Which pixels each word of a sentence carries."""

from lingseg.prediction.strike import StruckWord, strike_words
from lingseg.web import messages
from lingseg.web.held_image import HeldImage
from lingseg.web.png import steps_as_text
from lingseg.web.problem import Problem
from lingseg.web.service import Service
from lingseg.web.work import Stop


def strike(
    service: Service, image: HeldImage, asked: messages.StrikeRequest, stop: Stop
) -> messages.Struck:
    """Ask the sentence without each of its words.

    Raises:
        Problem: The sentence cannot be used, or the time is over.
    """
    encoded = service.encoded(image, asked.slice or 0)
    try:
        struck = strike_words(
            encoded,
            asked.text,
            threshold=asked.threshold,
            side=asked.side,
            progress=lambda _, __: stop.check(),
        )
    except ValueError as error:
        raise Problem(422, "bad-sentence", str(error)) from error
    return messages.Struck(words=[_told(one) for one in struck])


def _told(one: StruckWord) -> messages.StruckWord:
    """Return a word as it is sent."""
    return messages.StruckWord(
        word=one.word,
        start=one.start,
        end=one.end,
        is_unit=one.is_unit,
        rest=one.rest,
        lost_pixels=one.lost_pixels,
        gained_pixels=one.gained_pixels,
        effect=one.effect,
        map=steps_as_text(one.as_bytes()),
    )
