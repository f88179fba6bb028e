"""Which words of a sentence a person should look at again before the mask is believed."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from threading import Lock, Thread

SENTENCE_HAS = "the sentence has "
"""How such a warning begins, which is about the sentence, whatever the picture."""

AHEAD = "reading sentences ahead"
"""The thread that does so."""

_MOST_NAMED = 20
"""Words that a warning names."""
_LONGEST = 60
"""Letters of one that it shows."""
_REMEMBERED = 4096
_READING = Lock()
"""Held while a sentence is read, so that nobody reads what is being read ahead."""


def warn_of_words(text: str) -> tuple[str, ...]:
    """Return which words look misspelt and which the grammar does not know, a line each.

    The model is told the sentence as it stands; what was read as something else, or not at all, is
    what lingseg's own checks go by.
    """
    with _READING:
        return _warnings(text)


def read_ahead(texts: Sequence[str]) -> None:
    """Read sentences in the background, while a model is loaded.

    The grammar starts in 0.1 s, and most of a model's loading leaves a core free.
    """
    Thread(target=lambda: [warn_of_words(text) for text in texts], name=AHEAD).start()


@lru_cache(maxsize=_REMEMBERED)
def _warnings(text: str) -> tuple[str, ...]:
    """Return the warnings of a sentence."""
    from lingseg.language.grammar import LOOK_MISSPELT, NOT_UNDERSTOOD, understand

    read = understand(text, side="image")  # whose left it is changes no word's meaning
    said = ((LOOK_MISSPELT, read.misspelt), (NOT_UNDERSTOOD, read.not_understood))
    return tuple(_lines(said))


def _lines(said: Iterable[tuple[str, Sequence[str]]]) -> Iterator[str]:
    """Yield a line for each kind of words of which there are any."""
    for what, words in said:
        if words:
            more = ", …" if len(words) > _MOST_NAMED else ""
            named = ", ".join(map(_shown, words[:_MOST_NAMED]))
            yield f"{SENTENCE_HAS}{what}: {named}{more}"


def _shown(word: str) -> str:
    """Return as much of a word as a person needs to find it."""
    return word if len(word) <= _LONGEST else f"{word[:_LONGEST]} …"
