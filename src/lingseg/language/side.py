"""Whose left a sentence means, and whether it states where anything lies."""

import re
from typing import Literal, TypeAlias, get_args

from lingseg.language.position import (
    CENTRE_WORD,
    HEIGHT_WORD,
    NAMES_THAT_KEEP_THEIR_HEIGHT,
    NAMES_THAT_KEEP_THEIR_SIDE,
    SIDE_OPPOSITES,
    SIDE_WORD,
)
from lingseg.language.spelling import (
    in_the_case_of,
    opposite_word,
    with_fitting_articles,
    with_opposites,
)

Side: TypeAlias = Literal["image", "patient", "none"]
"""Whose left and right the words mean; "none": they are names that no flip changes."""

SIDES: tuple[Side, ...] = get_args(Side)

PatientLeft: TypeAlias = Literal["left", "right", "neither"]
"""The edge of a picture at which the patient's left lies; "neither": seen from the side."""

_LEFT_OR_RIGHT = re.compile(r"\b(?:left|right)\b", re.IGNORECASE)
_ONE_LUNG = r"(?:(?:all|whole|upper|middle|mid|lower)\s+)*(?:left|right)\s+lung"
_BOTH_LUNGS = re.compile(rf"\b({_ONE_LUNG})(\s+and\s+)({_ONE_LUNG})\b", re.IGNORECASE)
"""One lung after the other; sentences name the left one first, flipped ones should too."""


def swap_sides(text: str) -> str:
    """Return `text` with left and right exchanged everywhere, in names too.

    This is what a contradiction test asks; a flip of the picture asks for `mirror_text`.
    """
    return _LEFT_OR_RIGHT.sub(lambda found: opposite_word(found[0], SIDE_OPPOSITES), text)


def to_side(text: str, source: Side, wanted: Side) -> str:
    """Return `text`, whose left is that of `source`, as said with the left of `wanted`.

    Between image and patient the side words are exchanged (names excepted); from or to "none" there
    is nothing to exchange, as its words are names.
    """
    if source == wanted or "none" in (source, wanted):
        return text
    return exchange_sides(text)


def to_side_on_picture(
    text: str, source: Side, wanted: Side, patient_left: PatientLeft | None
) -> str:
    """Return `text`, whose left is that of `source`, as a model that means `wanted` has to hear it.

    `to_side` takes pictures to hang as films do, with the patient's left on the right, and so does
    a model that learnt the patient's sides: it sees pixels, not how they lie in the patient. So the
    patient's side becomes the picture's by where it lies in this picture, and the picture's side
    the model's as in the usual hanging.

    Args:
        text: The sentence.
        source: Whose left and right it means.
        wanted: Whose left and right the model learnt.
        patient_left: Where the patient's left lies in the picture; None: as in the usual hanging.
            Where it lies at neither edge, the picture shows no patient's side to convert from, and
            the words stay.
    """
    if source != "patient" or patient_left in {None, "right"}:
        return to_side(text, source, wanted)
    if patient_left == "neither":
        return text
    return to_side(text, "image", wanted)


def means_unseen_side(text: str, source: Side, patient_left: PatientLeft | None) -> bool:
    """Tell whether `text` says left or right of a patient whose left the picture does not show.

    So it is where the picture is seen from the side, or turned by a quarter: `to_side_on_picture`
    leaves the words as they are, and what they mean is not known.
    """
    return source == "patient" and patient_left == "neither" and states_side(text)


def exchange_sides(text: str) -> str:
    """Exchange left and right, names excepted; of two lungs, the same side stays the first."""
    text = _BOTH_LUNGS.sub(_with_lungs_exchanged, text)
    text = with_opposites(NAMES_THAT_KEEP_THEIR_SIDE, SIDE_WORD, SIDE_OPPOSITES, text)
    return with_fitting_articles(text)


def states_side(text: str) -> bool:
    """Return whether `text` says left or right of anything, names excepted."""
    return SIDE_WORD.search(NAMES_THAT_KEEP_THEIR_SIDE.sub("", text)) is not None


def states_zone(text: str) -> bool:
    """Return whether `text` says how high or how central anything lies, names excepted."""
    unnamed = NAMES_THAT_KEEP_THEIR_HEIGHT.sub("", text)
    return bool(HEIGHT_WORD.search(unnamed) or CENTRE_WORD.search(unnamed))


def _with_lungs_exchanged(found: re.Match[str]) -> str:
    """Return "A and B" as "B and A", in the capitals that were there."""
    first, gap, second = found.groups()
    return in_the_case_of(first, second.lower()) + gap + in_the_case_of(second, first.lower())
