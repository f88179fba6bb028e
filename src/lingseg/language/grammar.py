"""Free text to facts, with all that was not understood.

The words come from a language's table, the shape of a sentence from `clinical.lark`. A word that
is not known, does not fit, or says twice what can be said once is returned; nothing is dropped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

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
_BREAKS = frozenset(["comma", "stop", "and", "or"])

_CHOSEN_BY = frozenset(["order", "pronoun", "count", "side", "zone"])
"""Kinds of words that choose from others: "the larger of the two"."""

_ORGAN_SHAPES = frozenset(["heart", "kidney", "bone", "ear", "mouth", "thumb"])
"""Organs that are shapes, too, as in Kvasir's "one small red heart polyp"."""

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


@lru_cache(maxsize=4096)
def _understand(text: str, side: Side, language: Language) -> Understanding:
    """Return what a text states in one language."""
    lexemes, notices = lexicon(language).split(text)
    lexemes = [_in_context(lexemes, at) for at in range(len(lexemes))]
    if language == "en":
        lexemes = [_pronoun_or_count(lexemes, at) for at in range(len(lexemes))]
    skipped = [lexeme for lexeme in lexemes if lexeme.kind == "unknown"]
    reader = Reader(side)
    phrases = list(_phrases([one for one in lexemes if one.kind not in _SILENT], skipped))
    for phrase in _with_lists_whole(phrases):
        reader.read(phrase)
    skipped += reader.left_over()
    unknown = {Unknown(text[one.start : one.end], one.start) for one in skipped}
    in_order = tuple(sorted(unknown, key=lambda one: one.start))
    return Understanding(reader.facts(), in_order, tuple(notices), language)


def _in_context(lexemes: Sequence[Lexeme], at: int) -> Lexeme:
    """Return a word as what it means beside its neighbours."""
    one = lexemes[at]
    before, after = _kinds_beside(lexemes, at)
    match one.kind, one.value:
        case "name", name:
            return replace(one, kind="anatomy" if not _is_idiom(name) else "unknown")
        case "anatomy", organ if organ in _ORGAN_SHAPES and _is_shape(lexemes, at):
            return replace(one, kind="shape")
        case "zone", "all" if not _is_of_a_lung(lexemes[at + 1 :]):
            return replace(one, kind="quantifier")
        case "measure", "long":
            is_length = before == "unit"
            kind, value = ("measure", "length") if is_length else ("shape", "elongated")
            return replace(one, kind=kind, value=value)
        case "among", _:
            is_choice = before in _CHOSEN_BY and after in ("count", "number")
            return one if is_choice else replace(one, kind="filler")
        case (("number" | "count" | "clock"), _):
            return _number_in_context(lexemes, at)
        case "break", mark:
            return replace(one, kind=mark)
    return one


def _kinds_beside(lexemes: Sequence[Lexeme], at: int) -> tuple[str, str]:
    """Return the kinds of the words before and after; empty where there is none."""
    before = lexemes[at - 1].kind if at else ""
    return before, lexemes[at + 1].kind if at + 1 < len(lexemes) else ""


def _is_shape(lexemes: Sequence[Lexeme], at: int) -> bool:
    """Return whether an organ stands after a colour and right before a finding."""
    kinds = [one.kind for one in lexemes]
    since = max(
        (place + 1 for place in range(at) if kinds[place] in ("break", "and", "or")), default=0
    )
    return kinds[at + 1 : at + 2] == ["finding"] and "colour" in kinds[since:at]


def _number_in_context(lexemes: Sequence[Lexeme], at: int) -> Lexeme:
    """Return a number as a length's or a count; of a clock or of nothing known, as unknown."""
    one, rest = lexemes[at], lexemes[at + 1 :]
    after = rest[0].kind if rest else ""
    is_count = one.kind == "count" and after != "clock"
    is_counting = one.kind == "number" and one.value.isdigit() and _counts(rest)
    return one if is_count or is_counting or after == "unit" else replace(one, kind="unknown")


def _counts(rest: Sequence[Lexeme]) -> bool:
    """Return whether a number in digits is followed by what there are so many of."""
    if rest and rest[0].kind in ("clock", "number"):
        return False
    for at, one in enumerate(rest):
        is_between_sizes = [near.kind for near in rest[at - 1 : at + 2 : 2]] == ["size", "size"]
        if one.kind in ("break", "and", "or", "unit") and not (at and is_between_sizes):
            return False
        if one.kind in ("finding", "area", "pronoun", "anatomy"):
            return True
    return False


def _pronoun_or_count(lexemes: Sequence[Lexeme], at: int) -> Lexeme:
    """Return "one" as a thing in "the left one", as a number in "on the left one nodule"."""
    one = lexemes[at]
    before, after = _kinds_beside(lexemes, at)
    is_adjective = after in (*_ADJECTIVES, "finding", "area", "anatomy")
    if (one.kind, one.value) == ("pronoun", "the one") and is_adjective:
        return replace(one, kind="count", value="1")
    stands_alone = before in _ADJECTIVES and not is_adjective
    is_one = one.kind == "count" and one.value == "1"
    return replace(one, kind="pronoun", value="one") if is_one and stands_alone else one


def _with_lists_whole(phrases: Sequence[Phrase]) -> list[Phrase]:
    """Return the phrases with each comma of "no A, B or C" as an "or": all three are denied."""
    marked: list[Phrase] = []
    is_list, kinds = False, set[str]()
    for phrase in reversed(phrases):
        mark = phrase[0][0]
        if mark.kind in _BREAKS:
            is_list = (is_list or mark.kind == "or") and "finding" in kinds
            is_list = is_list and mark.kind in ("or", "comma") and "negation" not in kinds
            as_or = [[replace(mark, kind="or")]]
            marked.append(as_or if is_list else phrase)
        else:
            kinds = {one.kind for words in phrase for one in words}
            marked.append(phrase)
    return marked[::-1]


def _is_idiom(name: str) -> bool:
    """Return whether the "right" of a phrase is no side at all: "right next to"."""
    return name.split()[-1] in ("to", "beside", "away", "angle", "angled", "angles")


def _is_of_a_lung(rest: Sequence[Lexeme]) -> bool:
    """Return whether "all" is followed by one organ, as in "all left lung"."""
    kinds = [(one.kind, one.value) for one in rest if one.kind not in ("filler", "among")]
    return [kind for kind, _ in kinds[:2]] == ["side", "anatomy"]


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
