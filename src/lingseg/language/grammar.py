"""Free text to facts, with all that was not understood.

The words come from a language's table, the shape of a sentence from `clinical.lark`. A word that
is not known, does not fit, or says twice what can be said once is returned; nothing is dropped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lingseg.language.context import in_context
from lingseg.language.facts import Facts
from lingseg.language.lexicon import LANGUAGES, Language, Lexeme, Notice, lexicon
from lingseg.language.reader import Reader
from lingseg.language.side import Side
from lingseg.language.unread import MARKS

if TYPE_CHECKING:
    from lark import Lark, Token
    from lark.exceptions import UnexpectedInput

LOOK_MISSPELT = "words that look misspelt"
NOT_UNDERSTOOD = "words that are not understood"
"""What is said of such words wherever a person is told."""

_SILENT = frozenset(["filler", "unknown"])

Phrase: TypeAlias = list[list[Lexeme]]
"""Things, each of them its words: those of a place stay together."""


@dataclass(frozen=True)
class Unknown:
    """A word of a text that was not understood, and where it stands."""

    word: str
    start: int


@dataclass(frozen=True)
class Understanding:
    """What a text states, what of it was not understood, and what was read as something else."""

    facts: Facts
    unknown: tuple[Unknown, ...]
    notices: tuple[Notice, ...]
    language: Language

    @property
    def is_whole(self) -> bool:
        """Whether every word was understood."""
        return not self.unknown

    @property
    def is_certain(self) -> bool:
        """Whether every word was understood as it stands."""
        return self.is_whole and not self.notices

    @property
    def misspelt(self) -> tuple[str, ...]:
        """What was read as something else, as a person is told of it."""
        return tuple(dict.fromkeys(map(str, self.notices)))

    @property
    def not_understood(self) -> tuple[str, ...]:
        """What was not understood, as a person is told of it: each word in quotes, once."""
        return tuple(dict.fromkeys(f'"{one.word}"' for one in self.unknown))


def understand(text: str, *, side: Side, language: Language | None = None) -> Understanding:
    """Return the facts that a text states.

    Args:
        text: One sentence or several, as a person would type it.
        side: Whose left and right the text means.
        language: In which language it is; None: English, unless another knows more of its words.

    Raises:
        ValueError: There is no table for the language.
    """
    if language is not None:
        return _understand(text, side, language)
    best = _understand(text, side, "en")
    if best.is_certain:
        return best
    return _understand(text, side, min(LANGUAGES, key=lambda one: _misses(text, one)))


def _misses(text: str, language: Language) -> int:
    """Return how many words of a text a language's table lacks; English comes first in a draw.

    A misspelt word counts half in English, and whole in others: nearly every word is a misspelt
    one of some language.
    """
    words, notices = lexicon(language).split(text)
    unknown = [one for one in words if one.kind == "unknown"]
    lacking = sum(any(letter.isalpha() for letter in text[one.start : one.end]) for one in unknown)
    return 2 * lacking + len(notices) * (1 if language == "en" else 2)


@lru_cache(maxsize=4096)
def _understand(text: str, side: Side, language: Language) -> Understanding:
    """Return what a text states in one language."""
    lexemes, notices = lexicon(language).split(text)
    lexemes = in_context(lexemes, text, language)
    skipped = [lexeme for lexeme in lexemes if lexeme.kind == "unknown"]
    reader = Reader(side)
    phrases = list(_phrases([one for one in lexemes if one.kind not in _SILENT], skipped))
    for phrase in _with_lists_whole(phrases):
        reader.read(phrase)
    skipped += reader.left_over()
    unknown = {Unknown(text[one.start : one.end], one.start) for one in skipped}
    in_order = tuple(sorted(unknown, key=lambda one: one.start))
    return Understanding(reader.facts(), in_order, tuple(notices), language)


def _with_lists_whole(phrases: Sequence[Phrase]) -> list[Phrase]:
    """Return the phrases with each comma of "no A, B or C" as an "or": all three are denied."""
    marked: list[Phrase] = []
    is_list, kinds = False, set[str]()
    for phrase in reversed(phrases):
        mark = phrase[0][0]
        if mark.kind in MARKS:
            is_list = (is_list or mark.kind == "or") and "finding" in kinds
            is_list = is_list and mark.kind in ("or", "comma") and "negation" not in kinds
            as_or = [[replace(mark, kind="or")]]
            marked.append(as_or if is_list else phrase)
        else:
            kinds = {one.kind for words in phrase for one in words}
            marked.append(phrase)
    return marked[::-1]


def _phrases(lexemes: Sequence[Lexeme], skipped: list[Lexeme]) -> Iterator[Phrase]:
    """Return the phrases of a sentence with the mark before each; what does not fit is skipped."""
    from lark import Token

    def skip(error: "UnexpectedInput") -> bool:
        token = error.token  # type: ignore[attr-defined]
        if token.type == "$END":
            return False
        skipped.append(lexemes[token.start_pos])
        return True

    # An iterator, so that the parser goes on after a word that it skipped, not from the start.
    tokens = iter([Token(one.kind.upper(), one.value, at) for at, one in enumerate(lexemes)])
    tree = parser_of("clinical.lark").parse(tokens, on_error=skip)
    for child in tree.children:
        things = [child] if isinstance(child, Token) else child.children
        yield [[lexemes[token.start_pos] for token in _tokens(thing)] for thing in things]


def _tokens(thing: Any) -> list[Any]:  # noqa: ANN401 (lark types no tree of tokens)
    """Return the tokens of a thing: its own, or itself."""
    return getattr(thing, "children", [thing])


@lru_cache
def parser_of(grammar: str) -> "Lark":
    """Return the parser of a grammar in this folder, over words that were found by table.

    Made when the first text is read: import and making take 0.1 s.
    """
    from lark import Lark
    from lark.lexer import Lexer

    class FromTable(Lexer):
        """Hands on the words that were found by table."""

        def __init__(self, lexer_conf: object) -> None:
            """Take the parser's settings, of which none is needed."""

        def lex(self, data: Iterator["Token"]) -> Iterator["Token"]:  # type: ignore[override]
            return data

    rules = (Path(__file__).parent / grammar).read_text(encoding="utf-8")
    return Lark(rules, parser="lalr", lexer=FromTable)
