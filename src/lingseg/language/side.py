"""Whose left a sentence means, and what becomes of a sentence when its image is flipped."""

import re
from typing import Literal, TypeAlias, get_args

Side: TypeAlias = Literal["image", "patient", "none"]
"""Whose left and right the words mean; "none": they are names that no flip changes."""

SIDES: tuple[Side, ...] = get_args(Side)

_OPPOSITES = {"left": "right", "right": "left"}
_SIDE = re.compile(r"\b(left|right)\b", flags=re.IGNORECASE)


def swap_sides(text: str) -> str:
    """Return `text` with left and right exchanged, as a horizontal flip of its image demands."""
    return _SIDE.sub(_opposite, text)


def _opposite(found: re.Match[str]) -> str:
    """Return the opposite of the word found, in the case it was written in."""
    word = _OPPOSITES[found[0].lower()]
    if found[0].isupper():
        return word.upper()
    return word.capitalize() if found[0][0].isupper() else word
