"""What "clear" and "normal" say of an organ: that nothing is wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lingseg.language.lexicon import Lexeme
from lingseg.language.unread import phrase_around

_OF_ORGANS = frozenset(["filler", "anatomy", "part", "side", "zone", "laterality", "quantifier"])


def with_health_told(lexemes: Sequence[Lexeme]) -> Iterator[Lexeme]:
    """Yield the words, "the lungs are clear" as "the lungs are: no abnormality".

    So reports mean it where nothing but an organ is spoken of. "The normal liver" may be the organ
    itself, and of "heart and lungs are clear" the first would be left out: such a word is unknown.
    """
    for at, one in enumerate(lexemes):
        if one.kind != "healthy":
            yield one
        elif _tells_health(lexemes, at):
            yield replace(one, kind="negation", value="absent")
            yield replace(one, kind="finding", value="abnormality")
        else:
            yield replace(one, kind="unknown")


def _tells_health(lexemes: Sequence[Lexeme], at: int) -> bool:
    """Return whether a phrase says of an organ, and of nothing else, that it is as it should be."""
    before, after = phrase_around(lexemes, at)
    is_of_organs = {one.kind for one in (*before, *after)} <= _OF_ORGANS
    is_told_after = any(one.kind == "anatomy" for one in before)
    is_told_before = lexemes[at].value == "clear" and any(one.kind == "anatomy" for one in after)
    return is_of_organs and (is_told_after or is_told_before) and not _is_listed(lexemes, at)


def _is_listed(lexemes: Sequence[Lexeme], at: int) -> bool:
    """Return whether another organ stands in the phrase before: "heart and lungs are clear"."""
    start = at - len(phrase_around(lexemes, at)[0])
    if start == 0 or lexemes[start - 1].kind == "stop":
        return False
    kinds = {one.kind for one in phrase_around(lexemes, start - 1)[0]}
    return bool(kinds) and kinds <= _OF_ORGANS
