"""The same said in other words."""

from lingseg.language.contradiction import is_same
from lingseg.language.grammar import understand
from lingseg.language.lexicon import lexicon
from lingseg.language.phrasing import MANNERS, phrase
from lingseg.language.plural import to_plural
from lingseg.language.side import Side


def paraphrase_text(text: str, side: Side, *, number: int = MANNERS - 1) -> tuple[str, ...]:
    """Return up to so many sentences that say what `text` says; none if it is not English.

    Each is read again, and says exactly the same. What the grammar did not understand of `text`
    cannot be said again either: of such a sentence there are no paraphrases.

    Args:
        text: A sentence.
        side: Whose left and right it means.
        number: How many are wanted.
    """
    whole = understand(text, side=side)
    if not whole.is_whole or whole.language != "en" or not whole.facts.findings:
        return ()
    found: list[str] = []
    for seed in range(2 * MANNERS):
        said = phrase(whole.facts, seed=seed)
        if _speaks_of_several(text):
            said = _with_plural(said)
        again = understand(said, side=side, language="en")
        if said not in (text, *found) and again.is_whole and is_same(again.facts, whole.facts):
            found.append(said)
    return tuple(found[:number])


def _speaks_of_several(text: str) -> bool:
    """Return whether the first noun is a plural; facts keep numbers only, and "nuclei" has none."""
    for word in lexicon("en").split(text)[0]:
        if word.kind == "finding":
            noun = text[word.start : word.end]
            return to_plural(noun) == noun
    return False


def _with_plural(text: str) -> str:
    """Return the sentence with its first noun in the plural."""
    for word in lexicon("en").split(text)[0]:
        if word.kind == "finding":
            noun = to_plural(text[word.start : word.end])
            return text[: word.start] + noun + text[word.end :]
    return text
