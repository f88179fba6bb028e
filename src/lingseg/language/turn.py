"""What becomes of a sentence when its picture is mirrored, or turned by a quarter.

Sentences are rewritten as of a picture in standard display: "upper" is up in the picture, and the
patient's left is its right. So a mirrored picture is read as one of another, mirrored patient.
"""

import re
from typing import Literal, TypeAlias, get_args

from lingseg.language.position import (
    CENTRE_WORDS,
    FINDINGS,
    HEIGHT_OPPOSITES,
    HEIGHT_WORD,
    NAMES_THAT_KEEP_THEIR_HEIGHT,
    NAMES_THAT_KEEP_THEIR_SIDE,
    PLACES,
    SIDE_OPPOSITES,
    STOP_WORDS,
    UNKNOWN_TO_A_HORIZONTAL_FLIP,
    UNKNOWN_TO_A_TURN,
    UNKNOWN_TO_A_VERTICAL_FLIP,
)
from lingseg.language.side import Side, exchange_sides, states_side, states_zone
from lingseg.language.spelling import (
    in_the_case_of,
    with_fitting_articles,
    with_opposites,
    with_words_reversed,
)

Flip: TypeAlias = Literal["horizontal", "vertical"]
"""Which way a picture is mirrored: left and right exchanged, or top and bottom."""

FLIPS: tuple[Flip, ...] = get_args(Flip)

Manner: TypeAlias = Literal["adjective", "noun"]
"""How a word of place is used: "the upper part", or "at the top"."""

_RUN_OF_THIRDS = re.compile(
    r"\b(?:upper|middle|mid|lower)(?:\s+(?:upper|middle|mid|lower))+"
    r"(?=\s+(?:left|right|lungs?|fields?|zones?|thirds)\b)",
    re.IGNORECASE,
)
"""The thirds of one lung in one breath, from above: "upper middle left lung"."""

# Each ring is in the order in which counter-clockwise quarter turns lead from word to word.
_ADJECTIVES = ("upper", "left", "lower", "right")
_NOUNS = ("top", "left", "bottom", "right")
_RINGS = (
    ("above", "to the left of", "below", "to the right of"),
    ("topmost", "leftmost", "bottommost", "rightmost"),
    ("upward", "leftward", "downward", "rightward"),
    ("upwards", "leftwards", "downwards", "rightwards"),
    ("horizontal", "vertical", "horizontal", "vertical"),
    ("horizontally", "vertically", "horizontally", "vertically"),
)
_PICTURE = r"(?:the|an?|this)\s+(?:\w+\s+){0,2}?(?:image|picture|frame|scan|film|slice|photo|view)"
_HEIGHT = "upper|lower|top|bottom"
_WORD_OF_PLACE = re.compile(
    rf"""\b(?:
      (?P<corner>(?:{_HEIGHT})[ -](?:left|right)|(?:left|right)[ -](?:{_HEIGHT}))
      |(?P<ring>to\ the\ (?:left|right)\ of(?!\s+{_PICTURE}\b)
        |(?:above|below)(?=\s+(?:the|an?|it)\b)
        |(?:top|bottom|left|right)most|(?:up|left|down|right)wards?
        |(?:horizontal|vertical)(?:ly)?)
      |(?P<edge>{_HEIGHT}|left|right)
      |(?P<unknown>above|below)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_POSITIONS = CENTRE_WORDS | SIDE_OPPOSITES.keys() | HEIGHT_OPPOSITES.keys()
_LOOK_AHEAD = 5
"""Words of a noun phrase that are read in search of its noun."""


def mirror_text(text: str, flip: Flip, side: Side) -> str:
    """Return what is true of the mirrored picture where `text` was true of the picture.

    Names that no flip changes ("left ventricle", "lower lobe") stay.

    Args:
        text: A sentence.
        flip: Which way the picture is mirrored.
        side: Whose left and right `text` means; with "none" it is returned as it is.

    Raises:
        ValueError: `text` holds a word of place that cannot be rewritten; `can_mirror` tells.
    """
    if side == "none":
        return text
    if not can_mirror(text, flip, side):
        raise ValueError(
            f"{text!r} cannot be rewritten for a {flip} flip: it holds a word of place without a "
            f"known opposite. Leave the picture as it is (ask can_mirror first)."
        )
    return exchange_sides(text) if flip == "horizontal" else _exchange_heights(text)


def can_mirror(text: str, flip: Flip, side: Side) -> bool:
    """Return whether `mirror_text` can tell what the mirrored picture shows."""
    if side == "none":
        return True
    if flip == "horizontal":
        return not UNKNOWN_TO_A_HORIZONTAL_FLIP.search(text)
    unnamed = NAMES_THAT_KEEP_THEIR_SIDE.sub("", text)  # "left anterior descending": no "anterior"
    return not UNKNOWN_TO_A_VERTICAL_FLIP.search(unnamed)


def turn_text(text: str, quarter_turns: int, side: Side) -> str:
    """Return what is true of the turned picture where `text` was true of the picture.

    What comes back after four turns is what was there, except that words of place take their
    usual form ("the top part" comes back as "the upper part").

    Args:
        text: A sentence.
        quarter_turns: How many, counter-clockwise, as `np.rot90` counts.
        side: Whose left and right `text` means; with "none" it is returned as it is.

    Raises:
        ValueError: `text` says something that cannot be turned; `can_turn` tells.
    """
    if quarter_turns % 4 == 0 or side == "none":
        return text
    if not can_turn(text, quarter_turns, side):
        raise ValueError(
            f"{text!r} cannot be rewritten for {quarter_turns} quarter turns: it places something "
            f"by the patient's body or with a word that is not known. Leave the picture as it is "
            f"(ask can_turn first)."
        )
    turned = _WORD_OF_PLACE.sub(lambda found: _turn(found, text, quarter_turns % 4), text)
    return with_fitting_articles(turned)


def can_turn(text: str, quarter_turns: int, side: Side) -> bool:
    """Return whether `turn_text` can tell what the turned picture shows.

    Only words that place something in the picture can be turned: there is no "upper lung" beside
    a "lower lung" where the left and the right one were.
    """
    if quarter_turns % 4 == 0 or side == "none":
        return True
    unnamed = NAMES_THAT_KEEP_THEIR_HEIGHT.sub("", NAMES_THAT_KEEP_THEIR_SIDE.sub("", text))
    if UNKNOWN_TO_A_TURN.search(unnamed):
        return False
    if side == "patient":
        return not (states_side(text) or states_zone(text))
    return all(
        _is_name(found, text) or _manner(found, text) is not None
        for found in _WORD_OF_PLACE.finditer(text)
    )


def _exchange_heights(text: str) -> str:
    """Exchange up and down, names excepted; thirds stay in their natural order."""
    text = _RUN_OF_THIRDS.sub(lambda found: with_words_reversed(found[0]), text)
    text = with_opposites(NAMES_THAT_KEEP_THEIR_HEIGHT, HEIGHT_WORD, HEIGHT_OPPOSITES, text)
    return with_fitting_articles(text)


def _turn(found: re.Match[str], text: str, quarters: int) -> str:
    """Return what stands for the word of place found once the picture is turned."""
    if _is_name(found, text):
        return found[0]
    if found["ring"]:
        ring = next(ring for ring in _RINGS if found[0].lower() in ring)
        return in_the_case_of(found[0], _next(ring, found[0], quarters))
    if found["corner"]:
        return _turn_corner(found, quarters)
    own = _height_words(found[0])
    words = own or (_ADJECTIVES if _manner(found, text) == "adjective" else _NOUNS)
    return in_the_case_of(found[0], _next(words, found[0], quarters))


def _turn_corner(found: re.Match[str], quarters: int) -> str:
    """Turn "upper left" and its like; the order, the gap and the manner of its words stay."""
    first, gap, second = re.split("([ -])", found[0])
    words = _height_words(first) or _height_words(second) or _NOUNS
    turned = [_next(words, word, quarters) for word in (first, second)]
    if quarters % 2:  # the height has become a side, and stands where the height stood
        turned.reverse()
    return in_the_case_of(first, turned[0]) + gap + in_the_case_of(second, turned[1])


def _next(ring: tuple[str, ...], word: str, quarters: int) -> str:
    """Return the word that so many quarter turns lead to."""
    return ring[(ring.index(word.lower()) + quarters) % 4]


def _height_words(word: str) -> tuple[str, ...] | None:
    """Return the ring that a word of height belongs to; None for left and right."""
    if word.lower() in ("upper", "lower"):
        return _ADJECTIVES
    return _NOUNS if word.lower() in ("top", "bottom") else None


def _is_name(found: re.Match[str], text: str) -> bool:
    """Return whether the word found is part of a name that no turn changes."""
    names = (NAMES_THAT_KEEP_THEIR_SIDE, NAMES_THAT_KEEP_THEIR_HEIGHT)
    return any(
        name.start() <= found.start() < name.end()
        for pattern in names
        for name in pattern.finditer(text)
    )


def _manner(found: re.Match[str], text: str) -> Manner | None:
    """Return how the word found is used; None where its noun is not one a picture can turn."""
    if found["ring"]:
        return "noun"
    if found["unknown"]:
        return None
    if text[: found.start()].lower().endswith("density in the "):
        return "adjective"  # MoNuSeg: "the nuclei density in the upper is high"
    rest = text[found.end() :]
    described = False
    for word in _phrase(rest):
        if word in PLACES or word in FINDINGS:
            return "adjective"
        described = described or word not in _POSITIONS
    return None if described or rest.startswith("-") else "noun"


def _phrase(rest: str) -> list[str]:
    """Return the words that may belong to the same noun phrase, up to `_LOOK_AHEAD`."""
    words: list[str] = []
    for gap, word in re.findall(r"(\W*)(\w+)", rest):
        if gap.strip(" ") or len(words) == _LOOK_AHEAD or word.lower() in STOP_WORDS:
            break
        words.append(word.lower())
    return words
