"""How a word takes the place of another: names apart, in fitting capitals, articles and order."""

import re
from collections.abc import Mapping

_ARTICLE = re.compile(
    r"\b(an?)(\s+)((?:upper|lower|left|right|top|bottom|middle|superior|inferior|cranial|caudal)"
    r"(?:most)?)\b",
    re.IGNORECASE,
)
_SOUNDS_OPEN = re.compile("[aeio]|up", re.IGNORECASE)
"""How words begin that ask for "an": "upper", but not "unilateral"."""


def in_the_case_of(model: str, words: str) -> str:
    """Return `words` in the capitals of `model`: all, the first letter only, or none."""
    if model.isupper():
        return words.upper()
    return words[:1].upper() + words[1:] if model[:1].isupper() else words


def with_fitting_articles(text: str) -> str:
    """Return `text` with "a" or "an" as the word of place after it asks."""
    return _ARTICLE.sub(
        lambda found: fitting_article(found[1], found[3]) + found[2] + found[3], text
    )


def fitting_article(article: str, word: str) -> str:
    """Return "a" or "an" as the word after it asks, in the capitals of the article before."""
    fitting = "an" if _SOUNDS_OPEN.match(word) else "a"
    if article.isupper() and not word.isupper():  # "A" alone does not tell "A lower" from shouting
        article = "An"
    return in_the_case_of(article, fitting)


def with_words_reversed(words: str) -> str:
    """Return the words from last to first; capitals and gaps stay where they are."""
    pieces = re.split(r"(\s+)", words)
    reversed_words = [
        in_the_case_of(here, there.lower())
        for here, there in zip(pieces[::2], pieces[::-2], strict=True)
    ]
    pieces[::2] = reversed_words
    return "".join(pieces)


def with_opposites(
    names: re.Pattern[str], words: re.Pattern[str], opposites: Mapping[str, str], text: str
) -> str:
    """Return `text` with words replaced by their opposites wherever they are not part of a name."""
    pieces, end = [], 0
    for name in names.finditer(text):
        between = text[end : name.start()]
        pieces += [words.sub(lambda found: opposite_word(found[0], opposites), between), name[0]]
        end = name.end()
    rest = words.sub(lambda found: opposite_word(found[0], opposites), text[end:])
    return "".join([*pieces, rest])


def opposite_word(word: str, opposites: Mapping[str, str]) -> str:
    """Return the opposite of a word, in the case it is written in."""
    if word in opposites:  # abbreviations stand in the table in capitals
        return opposites[word]
    return in_the_case_of(word, opposites[word.lower()])
