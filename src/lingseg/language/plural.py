"""One and several: the forms of the nouns that the English table knows."""

from lingseg.language.lexicon import lexicon
from lingseg.language.spelling import in_the_case_of


def with_plural_ending(noun: str) -> str:
    """Return a noun with "s" or "es", as its last letter asks."""
    return noun + ("es" if noun.endswith(("s", "x")) else "s")


def to_plural(noun: str) -> str:
    """Return the plural of a known noun; a plural as it is."""
    plurals = lexicon("en").plurals
    if noun.lower() in plurals:
        return in_the_case_of(noun, plurals[noun.lower()])
    return with_plural_ending(noun) if to_singular(noun) == noun else noun


def to_singular(noun: str) -> str:
    """Return the singular of a known noun; a singular as it is."""
    words = lexicon("en")
    for one, several in words.plurals.items():
        if several == noun.lower():
            return in_the_case_of(noun, one)
    for ending in ("es", "s"):
        stem = noun.removesuffix(ending)
        if stem != noun and tuple(stem.lower().split()) in words.phrases:
            return stem
    return noun
