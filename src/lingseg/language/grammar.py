"""Free text to facts, with all that was not understood.

The words come from a language's table, the shape of a sentence from `clinical.lark`. A word that
is not known, does not fit, or says twice what can be said once is returned; nothing is dropped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lingseg.language.facts import Facts
from lingseg.language.lexicon import LANGUAGES, Language, Lexeme, Notice, lexicon
from lingseg.language.reader import Reader
from lingseg.language.side import Side

if TYPE_CHECKING:
    from lark import Lark, Token
    from lark.exceptions import UnexpectedInput

_ADJECTIVES = frozenset(
    ["side", "zone", "order", "size", "shape", "colour", "brightness", "nature"]
)
"""Kinds after which "one" stands for a thing: "the left one"."""

_SILENT = frozenset(["filler", "unknown"])


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
    if best.is_whole and not best.notices:
        return best
    others = (_understand(text, side, other) for other in LANGUAGES if other != "en")
    return min([best, *others], key=_misses)


def _misses(one: Understanding) -> int:
    """Return how badly a text was understood; a word that is not known counts for two misspelt."""
    return 2 * len(one.unknown) + len(one.notices)


def _understand(text: str, side: Side, language: Language) -> Understanding:
    """Return what a text states in one language."""
    lexemes, notices = lexicon(language).split(text)
    lexemes = [_in_context(lexemes, at) for at in range(len(lexemes))]
    if language == "en":
        lexemes = [_pronoun_or_count(lexemes, at) for at in range(len(lexemes))]
    skipped = [lexeme for lexeme in lexemes if lexeme.kind == "unknown"]
    reader = Reader(side)
    for phrase in _phrases([one for one in lexemes if one.kind not in _SILENT], skipped):
        reader.read(phrase)
    skipped += reader.left_over()
    unknown = {Unknown(text[one.start : one.end], one.start) for one in skipped}
    in_order = tuple(sorted(unknown, key=lambda one: one.start))
    return Understanding(reader.facts(), in_order, tuple(notices), language)


def _in_context(lexemes: Sequence[Lexeme], at: int) -> Lexeme:
    """Return a word as what it means beside its neighbours."""
    one = lexemes[at]
    before = lexemes[at - 1].kind if at else ""
    after = lexemes[at + 1].kind if at + 1 < len(lexemes) else ""
    if one.kind == "name":
        return replace(one, kind="anatomy" if not _is_idiom(one.value) else "unknown")
    if one.value in ("heart", "kidney") and (before, after) == ("colour", "finding"):
        return replace(one, kind="shape")  # Kvasir: "one small red heart polyp"
    if one.kind == "zone" and one.value == "all" and not _is_of_a_lung(lexemes[at + 1 :]):
        return replace(one, kind="quantifier")
    if one.kind == "break":
        return replace(one, kind=one.value)
    if one.kind == "number" and not one.value.isdigit() and after != "unit":
        return replace(one, kind="unknown")
    return one


def _pronoun_or_count(lexemes: Sequence[Lexeme], at: int) -> Lexeme:
    """Return "one" as a thing in "the left one", as a number in "on the left one nodule"."""
    one = lexemes[at]
    before = lexemes[at - 1].kind if at else ""
    after = lexemes[at + 1].kind if at + 1 < len(lexemes) else ""
    stands_alone = before in _ADJECTIVES and after not in (*_ADJECTIVES, "finding", "area")
    is_one = one.kind == "count" and one.value == "1"
    return replace(one, kind="pronoun") if is_one and stands_alone else one


def _is_idiom(name: str) -> bool:
    """Return whether the "right" of a phrase is no side at all: "right next to"."""
    return name.split()[-1] in ("to", "beside", "away", "angle", "angled", "angles")


def _is_of_a_lung(rest: Sequence[Lexeme]) -> bool:
    """Return whether "all" is followed by one organ, as in "all left lung"."""
    kinds = [(one.kind, one.value) for one in rest if one.kind != "filler"][:2]
    return [kind for kind, _ in kinds] == ["side", "anatomy"]


def _phrases(lexemes: Sequence[Lexeme], skipped: list[Lexeme]) -> Iterator[list[list[Lexeme]]]:
    """Return the phrases of a sentence with the mark before each; what does not fit is skipped.

    A phrase is a list of things, each of them its words: those of a place stay together.
    """
    from lark import Token, Tree

    def skip(error: "UnexpectedInput") -> bool:
        token = error.token  # type: ignore[attr-defined]
        if token.type == "$END":
            return False
        skipped.append(lexemes[token.start_pos])
        return True

    # An iterator, so that the parser goes on after a word that it skipped, not from the start.
    tokens = iter([Token(one.kind.upper(), one.value, at) for at, one in enumerate(lexemes)])
    tree = _parser().parse(tokens, on_error=skip)
    for child in tree.children:
        if isinstance(child, Token):
            yield [[lexemes[child.start_pos or 0]]]
        elif isinstance(child, Tree):
            yield [
                [lexemes[token.start_pos or 0] for token in _tokens(thing)]
                for thing in child.children
            ]


def _tokens(thing: object) -> Iterator["Token"]:
    """Return the tokens below a branch of the tree."""
    from lark import Tree

    if isinstance(thing, Tree):
        for child in thing.children:
            yield from _tokens(child)
    else:
        yield thing  # type: ignore[misc]


@lru_cache
def _parser() -> "Lark":
    """Return the parser, made when the first text is read (import and making take 0.1 s)."""
    from lark import Lark
    from lark.lexer import Lexer

    class FromTable(Lexer):
        """Hands on the words that were found by table."""

        def __init__(self, lexer_conf: object) -> None:
            """Take the parser's settings, of which none is needed."""

        def lex(self, data: Iterator["Token"]) -> Iterator["Token"]:  # type: ignore[override]
            return data

    grammar = (Path(__file__).parent / "clinical.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=FromTable, keep_all_tokens=True)
