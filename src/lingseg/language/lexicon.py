"""The words of one language: what each means, and how a text is split into them."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from lingseg.language.position import NAMES_THAT_KEEP_THEIR_SIDE
from lingseg.language.vocabulary import WORDS

Language: TypeAlias = Literal["en", "de", "fr", "es", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

Key: TypeAlias = tuple[str, ...]
"""The pieces of a phrase in small letters."""

_PIECE = re.compile(
    r"""(?i:mm|cm)\^?[23\u00b2\u00b3](?!\w)                     # cm2
    |\d+(?i:st|nd|rd|th)\b                                      # 5th
    |(?:\d+\ +)?\d+/\d+(?![.,]?\d)                              # 1/2
    |\d+(?:[.,]\d+)?(?:\s*[-\u2013\u2014]\s*\d+(?:[.,]\d+)?)+   # 8-10
    |(?:\d+(?:[.,]\d+)?|(?<!\w)\.\d+)(?:\s*[xX\u00d7]\s*\d+(?:[.,]\d+)?)*(?![a-zA-Z]?\d)  # 3 x 2
    |[a-zA-Z]\d+\b                                               # t2
    |[\u3400-\u9fff]                                             # Chinese: a sign at a time
    |[^\W\d_\u3400-\u9fff]+                                      # a word
    |[^\w\s]""",
    re.VERBOSE,
)
"""Small and capital letters are named one by one: to make the signs of Chinese indifferent to them
takes a hundredth of a second."""
_UNSAID = "*"
"""What a form begins with that is read, but that nobody would write into a sentence."""

_JOINERS = frozenset("-'\u2019\u201c\u201d\"!")
"""Marks that only join or end words."""

_SIDE_LETTERS = MappingProxyType({"L": "left", "R": "right"})
"""Sides as they are noted on films, in capitals only."""

_LONGEST_NUMBER = 40
"""Letters of a number, "12.5 x 8.25 x 3" or longer; nothing is counted or measured beyond."""
_NUMBER = re.compile(r"[\d.,x]+")
_NEGATING = ("anti", "non", "dis", "un", "in", "im", "ir", "il", "no", "an", "de", "a")
"""What makes a word its opposite: "uncalcified" is no misspelt "calcified"."""

_MIN_LETTERS, _LONG = 4, 8
"""From how many letters on a word may be a misspelt one, and may have two wrong letters."""
_MOST_MISSPELT = 100
"""Unknown words of a text that are compared with all known ones; a text with more is none of ours,
and to go on would take seconds."""


@dataclass(frozen=True)
class Lexeme:
    """One word or set phrase of a text: its kind, what it means, and where it stands."""

    kind: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Notice:
    """A word that was read as another one."""

    written: str
    read_as: str
    start: int

    def __str__(self) -> str:
        """Return the notice as a sentence's part."""
        return f'"{self.written}" read as "{self.read_as}"'


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The phrases of one language."""

    language: Language
    phrases: Mapping[Key, tuple[str, str]]
    """Kind and meaning of each phrase."""
    says: Mapping[tuple[str, str], tuple[str, ...]]
    """How each meaning of a kind is said; what is read only is not among it."""
    plurals: Mapping[str, str]
    single_words: frozenset[str]
    not_misspelt: frozenset[str]
    """Words of no use that are spelt as they should be."""
    longest: int
    pieces: frozenset[str]
    """All that phrases are made of."""

    def split(self, text: str) -> tuple[list[Lexeme], list[Notice]]:
        """Return the words of a text, and what was taken for misspelt."""
        lexemes, notices = _split(self, text)
        return [*lexemes], [*notices]

    def split_anew(self, text: str) -> tuple[list[Lexeme], list[Notice]]:
        """Return what `split` does, which keeps the last texts in mind: each is asked often."""
        pieces = [piece for piece in _PIECE.finditer(text) if piece[0] not in _JOINERS]
        key = self._spelt(piece[0].lower() for piece in pieces)
        lexemes: list[Lexeme] = []
        notices: list[Notice] = []
        at = 0
        while at < len(pieces):
            size, found = self._longest_phrase(key, at)
            if not found:
                found = [self._lone_word(pieces[at])]
            notices += [
                Notice(piece[0], word, piece.start())
                for piece, word in zip(pieces[at : at + size], key[at : at + size], strict=True)
                if word != piece[0].lower()
            ]
            start, end = pieces[at].start(), pieces[at + size - 1].end()
            lexemes += [Lexeme(kind, value, start, end) for kind, value in found]
            at += size
        return _with_names_whole(lexemes, text), notices

    def _spelt(self, words: Iterable[str]) -> Key:
        """Return words as those that were meant where they are misspelt ones."""
        meant: dict[str, str] = {}
        spelt = []
        for word in words:
            if word not in self.pieces and word not in meant and len(meant) < _MOST_MISSPELT:
                meant[word] = _meant(self, word) or word
            spelt.append(meant.get(word, word))
        return tuple(spelt)

    def _longest_phrase(self, pieces: Key, at: int) -> tuple[int, list[tuple[str, str]]]:
        """Return how many pieces the longest known phrase has, and what it means."""
        for size in range(min(self.longest, len(pieces) - at), 0, -1):
            key = pieces[at : at + size]
            if key in self.phrases:
                return size, self._expanded(*self.phrases[key])
        return 1, []

    def _expanded(self, kind: str, value: str) -> list[tuple[str, str]]:
        """Return what a phrase means; an abbreviation means several words."""
        if kind != "abbreviation":
            return [(kind, value)]
        return [self.phrases[word,] for word in value.split()]

    def _lone_word(self, piece: re.Match[str]) -> tuple[str, str]:
        """Return a side's letter, a number, or the word as one that is not known."""
        if self.language == "en" and piece[0] in _SIDE_LETTERS:
            return "side", _SIDE_LETTERS[piece[0]]
        number = re.sub(r"\s", "", piece[0].lower()).replace(",", ".").replace("\u00d7", "x")
        is_number = number[-1].isdecimal() and _NUMBER.fullmatch(number)  # "²" is a digit, and none
        if not is_number or len(piece[0]) > _LONGEST_NUMBER:
            return "unknown", piece[0]
        return "number", f"0{number}" if number[0] == "." else number


@lru_cache(maxsize=64)
def _split(words: Lexicon, text: str) -> tuple[list[Lexeme], list[Notice]]:
    """Return the words of a text, and what was taken for misspelt."""
    return words.split_anew(text)


@lru_cache
def lexicon(language: Language) -> Lexicon:
    """Return the words of a language, read once.

    Raises:
        ValueError: There is no table for the language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"There are no words for language {language!r}; choose of {LANGUAGES}.")
    path = Path(__file__).parent / "words" / f"{language}.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    endings, plurals = tables.pop("endings"), tables.pop("plural", {})
    not_misspelt = {*tables.pop("known"), *(WORDS if language == "en" else ())}
    phrases: dict[Key, tuple[str, str]] = {}
    says: dict[tuple[str, str], tuple[str, ...]] = {}
    rows = ((kind, value, said) for kind, table in tables.items() for value, said in table.items())
    for kind, value, said in rows:
        if kind != "abbreviation":
            says[kind, value] = tuple(form for form in said if not form.startswith(_UNSAID))
        for form in inflected(said, endings, plurals):
            key = key_of(form)
            if phrases.setdefault(key, (kind, value)) != (kind, value):
                raise ValueError(f"{path.name} gives {form!r} two meanings; leave one of them.")
    words = frozenset(key[0] for key in phrases if len(key) == 1)
    longest = max(map(len, phrases))
    pieces = frozenset(piece for key in phrases for piece in key)
    known = frozenset(not_misspelt)
    return Lexicon(language, phrases, says, plurals, words, known, longest, pieces)


def key_of(form: str) -> Key:
    """Return the pieces that a phrase is known by."""
    pieces = (piece[0].lower() for piece in _PIECE.finditer(form))
    return tuple(piece for piece in pieces if piece not in _JOINERS)


def inflected(said: list[str], endings: list[str], plurals: Mapping[str, str]) -> Iterator[str]:
    """Return each phrase of a table in all its forms."""
    for form in said:
        phrase = form.removeprefix(_UNSAID)
        stem = phrase.removesuffix("~")
        yield stem
        if stem != phrase:
            yield from (stem + ending for ending in endings)
        elif phrase in plurals:
            yield plurals[phrase]


def _with_names_whole(lexemes: list[Lexeme], text: str) -> list[Lexeme]:
    """Return the lexemes with each name that holds a side word, but no table's, as one of them."""
    for name in NAMES_THAT_KEEP_THEIR_SIDE.finditer(text):
        inside = [one for one in lexemes if name.start() <= one.start and one.end <= name.end()]
        if not inside or inside[0].kind != "side":
            continue  # a table has the name
        first = lexemes.index(inside[0])
        whole = Lexeme("name", name[0].lower(), name.start(), name.end())
        lexemes = [*lexemes[:first], whole, *lexemes[first + len(inside) :]]
    return lexemes


@lru_cache(maxsize=4096)
def _meant(words: Lexicon, word: str) -> str | None:
    """Return the only known word within the allowed number of errors, if there is one."""
    if len(word) < _MIN_LETTERS or word in words.not_misspelt:
        return None
    allowed = 2 if len(word) >= _LONG else 1
    letters = _letters(word)
    distances = {
        known: _edits(word, known)
        for known in words.single_words
        if abs(len(known) - len(word)) <= allowed
        and len(known) >= _MIN_LETTERS
        and (letters & ~_letters(known)).bit_count() <= allowed
        and (_letters(known) & ~letters).bit_count() <= allowed
    }
    least = min(distances.values(), default=allowed + 1)
    if least > allowed:
        return None
    nearest = [known for known, distance in distances.items() if distance == least]
    if any(_is_opposite(word, known, least) for known in nearest):
        return None
    meanings = {words.phrases[known,] for known in nearest}
    return min(nearest) if len(meanings) == 1 else None


def _is_opposite(word: str, known: str, distance: int) -> bool:
    """Return whether a word differs from a known one by a prefix that one of them lacks."""
    return any(
        longer.startswith(prefix)
        and not shorter.startswith(prefix)
        and len(prefix) + _edits(longer[len(prefix) :], shorter) == distance
        for prefix in _NEGATING
        for longer, shorter in ((word, known), (known, word))
    )


@lru_cache(maxsize=8192)
def _letters(word: str) -> int:
    """Return which letters a word has, as bits: an edit brings one new letter and loses one.

    So words that differ in more letters are further apart; to see that is a hundred times quicker
    than to count the edits. Letters beyond ASCII share bits, which finds too many, never too few.
    """
    bits = 0
    for letter in word:
        bits |= 1 << ord(letter) % 64
    return bits


def _edits(one: str, other: str) -> int:
    """Return how many letters differ, two exchanged ones counted once.

    Optimal string alignment distance: Boytsov, ACM J. Exp. Algorithmics 16, 2011.
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, its in enumerate(other, 1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != its))
            if row > 1 < column and letter == other[column - 2] and one[row - 2] == its:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, last = last, current
    return last[-1]
