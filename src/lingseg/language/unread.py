"""What no fact can tell: bounds, what lies beside an organ, what a thing does not do."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from lingseg.language.lexicon import Lexeme
from lingseg.language.measures import NUMBERS

ADJECTIVES = frozenset(["side", "zone", "order", "size", "shape", "colour", "brightness", "nature"])
HEADS = frozenset(["finding", "area", "pronoun"])
NOUNS = HEADS | {"anatomy", "part", "name"}
MARKS = frozenset(["comma", "stop", "and", "or"])
"""Kinds of words that end a phrase."""
BREAKS = MARKS | {"break"}

_BEFORE_A_NOUN = frozenset([*ADJECTIVES, "number", "count", "among", "quantifier"])
_PASSED = _BEFORE_A_NOUN | {"filler", "unknown", "unread"}
_PLACES = frozenset(["upper", "lower", "left", "right"])
"""Words that stand for a place where nothing follows that they lie beside."""
_FAR_FROM = (
    *("above", "below", "from", "away from", "outside", "to the left of", "to the right of"),
    *("distal to", "proximal to", "lateral to", "medial to", "anterior to", "posterior to"),
    *("superior to", "inferior to", "oberhalb", "unterhalb", "über dem", "über der"),
    *("apart", "off"),
)
"""Words before which a length is a distance, not how large something is."""


def without_unread(lexemes: Sequence[Lexeme], text: str) -> list[Lexeme]:
    """Return the words, those unknown that belong to something that no fact can tell."""
    words = list(lexemes)
    for at, one in enumerate(lexemes):
        written = text[one.start : one.end].lower()
        if written in _FAR_FROM or written.startswith("from "):
            _forget_distance(words, at)
        is_clause = _denies_in_a_clause(lexemes, at, text)
        if one.kind != "unread" and not is_clause and not _denies_what_is_unknown(lexemes, at):
            _forget_traits_of_unknown(words, at)
            continue
        end = _end_of_what_is_unread(lexemes, at, is_clause=is_clause)
        if one.value in _PLACES and end == at + 1:
            words[at] = replace(one, kind="side" if one.value in ("left", "right") else "zone")
            continue
        for nth in range(at, end):
            if words[nth].kind not in ("filler", "and"):
                words[nth] = replace(words[nth], kind="unknown")
    return words


def phrase_around(lexemes: Sequence[Lexeme], at: int) -> tuple[list[Lexeme], list[Lexeme]]:
    """Return the words before one, the nearest first, and those after it, up to the next marks."""

    def up_to_a_mark(words: Sequence[Lexeme]) -> list[Lexeme]:
        return list(takewhile(lambda one: one.kind not in BREAKS, words))

    return up_to_a_mark(lexemes[:at][::-1]), up_to_a_mark(lexemes[at + 1 :])


def _denies_what_is_unknown(lexemes: Sequence[Lexeme], at: int) -> bool:
    """Return whether it is no finding that is denied, but a word that nobody knows.

    "Tumour not touching the edge" is there, and so is a "mass without spiculation".
    """
    one = lexemes[at]
    if one.kind != "negation" or one.value == "missing":
        return False
    before, after = phrase_around(lexemes, at)
    kinds = [word.kind for word in after if word.kind != "filler"]
    if one.value == "not" and not kinds:  # "Tumor berührt den Rand nicht"
        return any(word.kind == "unknown" for word in before)
    if kinds[:1] not in (["unknown"], ["unread"]):
        return False
    has_noun = bool(NOUNS & {word.kind for word in before})
    return one.value == "not" or (has_noun and not HEADS & set(kinds))


def _denies_in_a_clause(lexemes: Sequence[Lexeme], at: int, text: str) -> bool:
    """Return whether a trait or place is denied: "the lesion that is not on the left" is there."""
    if lexemes[at].value != "not":
        return False
    before, after = phrase_around(lexemes, at)
    written = [text[one.start : one.end].lower() for one in before[:2]]
    is_clause = written in (["is", "that"], ["is", "which"], ["are", "that"], ["are", "which"])
    return is_clause and bool(after) and not HEADS & {one.kind for one in after}


def _forget_distance(words: list[Lexeme], at: int) -> None:
    """Make a length unknown that is a distance: "2 cm above the diaphragm"."""
    if [one.kind for one in words[max(at - 2, 0) : at]] in (["number", "unit"], ["count", "unit"]):
        words[at - 2 : at] = [replace(one, kind="unknown") for one in words[at - 2 : at]]


def _forget_traits_of_unknown(words: list[Lexeme], at: int) -> None:
    """Make the words after "with" unknown that describe what nobody knows: "with a red rim".

    So those after its "and": "with a red rim and two colours".
    """
    before = words[at : at + 1]
    if words[at].kind == "and":
        before += phrase_around(words, at)[0]
    if not any((one.kind, one.value) == ("filler", "with") for one in before):
        return
    traits = list(_traits(words, at + 1))
    end = traits[-1] + 1 if traits else 0
    if traits and end < len(words) and words[end].kind == "unknown":
        for nth in traits:
            words[nth] = replace(words[nth], kind="unknown")


def _traits(words: Sequence[Lexeme], start: int) -> Iterator[int]:
    """Yield the places of words that describe, articles passed over."""
    for nth in range(start, len(words)):
        if words[nth].kind in _BEFORE_A_NOUN | {"part"}:
            yield nth
        elif words[nth].kind != "filler" or words[nth].value == "in":
            return


def _end_of_what_is_unread(lexemes: Sequence[Lexeme], at: int, *, is_clause: bool) -> int:
    """Return where that ends which cannot be read together with the word."""
    kind = "rest" if is_clause else lexemes[at].value
    if kind in ("alone", "rest"):
        return at + 1 + (len(phrase_around(lexemes, at)[1]) if kind == "rest" else 0)
    start = reached = _start_of_what_is_unread(lexemes, at)
    for nth in range(start, len(lexemes)):
        one = lexemes[nth]
        is_place = one.kind == "filler" and one.value in ("in", "picture")
        if one.kind in BREAKS or (is_place and kind != "next"):
            return reached
        is_next = kind == "next" and one.kind != "filler"
        is_number = one.kind in NUMBERS or (kind == "bound" and one.kind == "unknown")
        if is_number and [near.kind for near in lexemes[nth + 1 : nth + 2]] == ["unit"]:
            return nth + 2
        is_bound = is_number and (kind == "bound" or start > at + 1)
        if is_next or is_bound or one.kind in NOUNS:
            return _with_the_organ(lexemes, nth) + 1
        if one.kind not in _PASSED:
            return reached
        reached = reached if one.kind == "filler" else nth + 1
    return reached


def _start_of_what_is_unread(lexemes: Sequence[Lexeme], at: int) -> int:
    """Return where the noun is looked for: "between A and B" has it after its "and"."""
    ands = (nth for nth in range(at, len(lexemes)) if lexemes[nth].kind == "and")
    return 1 + (next(ands, at) if lexemes[at].value == "between" else at)


def _with_the_organ(lexemes: Sequence[Lexeme], at: int) -> int:
    """Return where a noun's words end: "lobe" goes with "of the liver", "rein" with "gauche"."""
    is_part = lexemes[at].kind == "part"
    rest = [nth for nth in range(at + 1, len(lexemes)) if lexemes[nth].kind != "filler"]
    if is_part and rest and lexemes[rest[0]].kind == "anatomy":
        return rest[0]
    return at + len(list(takewhile(lambda one: one.kind in ("side", "zone"), lexemes[at + 1 :])))
