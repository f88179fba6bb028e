"""A sentence without its words of place, for a part of a picture that has another left."""

import re

from lingseg.language.position import (
    CENTRE_WORD,
    HEIGHT_WORD,
    NAMES_THAT_KEEP_THEIR_HEIGHT,
    NAMES_THAT_KEEP_THEIR_SIDE,
    PLACES,
    SIDE_WORD,
)

_WORD = rf"(?:{SIDE_WORD.pattern}|{HEIGHT_WORD.pattern}|{CENTRE_WORD.pattern})"
_WORDS = rf"{_WORD}(?:(?:[\s,/-]+(?:and\s+|or\s+)?(?:the\s+)?){_WORD})*"
_BEFORE = r"""(?:[,;]\s*)?(?:\b(?:located|situated|lying|seen|found|visible)\s+)?
    (?:\b(?:in|at|on|to|towards?|near|from)\s+)?(?:\bthe\s+)?"""
_NOUN = rf"(?:[\s-]+(?:{'|'.join(sorted(PLACES, key=len, reverse=True))})\b)"
_OF_PICTURE = r"(?:\s+of\s+(?:the\s+)?(?:image|picture|frame|scan|view|photo(?:graph)?|film)\b)"
_PHRASE = re.compile(
    rf"{_BEFORE}{_WORDS}(?:{_NOUN}{_OF_PICTURE}?|{_OF_PICTURE}|(?=\s*(?:[,.;]|$)))",
    re.IGNORECASE | re.VERBOSE,
)
"""A place by itself, which goes with all that leads to it: "in the upper left corner"."""
_TRAIT = re.compile(_WORDS, re.IGNORECASE | re.VERBOSE)
"""A place before the thing that is there, which stays: "in the left lung"."""
_NAME = re.compile(
    rf"(?:{NAMES_THAT_KEEP_THEIR_SIDE.pattern})|(?:{NAMES_THAT_KEEP_THEIR_HEIGHT.pattern})",
    re.IGNORECASE | re.VERBOSE,
)
_KEPT = re.compile("\x00(\\d+)\x00")


def without_place(text: str) -> str:
    """Return `text` without what it says of left and right, high and low, and the middle.

    Names ("left ventricle", "upper lobe") stay. Of a text that says nothing else nothing is left.
    """
    names: list[str] = []

    def put_aside(found: re.Match[str]) -> str:
        names.append(found[0])
        return f"\x00{len(names) - 1}\x00"

    unplaced = _TRAIT.sub(" ", _PHRASE.sub(" ", _NAME.sub(put_aside, text)))
    unplaced = _KEPT.sub(lambda found: names[int(found[1])], unplaced)
    unplaced = re.sub(r"\s+([,.;])", r"\1", " ".join(unplaced.split())).strip(" ,;")
    return unplaced if re.search(r"\w", unplaced) else ""
