"""Text to commands on a mask.

A sentence about a picture may hold words that are not understood; a command may not, as what it
does to a mask must be what was asked for. So whatever does not fit is refused, with what would be
understood. The words are those of `command.toml` and, of sides, zones, numbers and units, those
of sentences; the shape is in `command.lark`.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lingseg.language.command import Command
from lingseg.language.command_reader import NOUNS, CommandReader, Word, refusal, what_there_is
from lingseg.language.grammar import parser_of
from lingseg.language.lexicon import Key, Lexeme, Lexicon, Notice, inflected, key_of, lexicon
from lingseg.language.side import Side

if TYPE_CHECKING:
    from lark import Token, Tree

MAX_CHARACTERS = 500

_SHARED = frozenset(
    [
        *("side", "zone", "count", "order", "unit", "except", "filler", "break", "and", "size"),
        *("finding", "area", "anatomy"),
    ]
)
"""The kinds of words that commands share with sentences about a picture."""
_THAN = {"below": "smaller", "above": "larger"}
"""Places that are comparisons before a measure: "parts below 20 mm2"."""
_MEASURES = [
    [number, unit]
    for number in ("number", "count")
    for unit in ("unit", "pixel", "area_unit", "volume_unit")
]
_UNSURE_NUMBER = re.compile(r"(?<!\w)[-\u2212]\s*\d|\d\s*[-\u2212/]\s*\d")
"""A minus sign or a range, of which the words of a sentence would keep the digits only."""


@dataclass(frozen=True, kw_only=True)
class Commands:
    """What was asked for, in its order, and what was taken for misspelt."""

    commands: tuple[Command, ...]
    notices: tuple[Notice, ...]


def read_commands(text: str, *, side: Side) -> Commands:
    """Return the commands that a text holds; several are parted by commas, "and" or "then".

    Args:
        text: In English, as a person would type it.
        side: Whose left and right the text means.

    Raises:
        ValueError: A word of it is not understood, or does not fit; one line says which, and what
            commands there are.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"The command has {len(text):,} characters; at most {MAX_CHARACTERS} are read. "
            f"{what_there_is()}"
        )
    lexemes, notices = _words().split(text)
    lexemes = [one for one in _in_context(text, lexemes) if one.kind != "filler"]
    _refuse_what_no_command_says(text, lexemes)
    read = tuple(CommandReader(text, side).read(words) for words in _parsed(text, lexemes))
    return Commands(commands=read, notices=tuple(notices))


def _refuse_what_no_command_says(text: str, lexemes: Sequence[Lexeme]) -> None:
    """Refuse unknown words, sizes without a measure, and what is no change of this mask."""
    if _UNSURE_NUMBER.search(text):
        raise refusal(text, "a number is one, above 0, without a sign or a range")
    if not lexemes:
        raise refusal(text, "it says nothing to do")
    for one in lexemes:
        written = repr(text[one.start : one.end])
        if one.kind == "beyond" and one.value == "draw":
            raise refusal(
                text,
                f"{written} asks for something new; type a sentence that describes it, or paint it",
            )
        if one.kind == "beyond":
            raise refusal(text, f"{written} is not among the things that can be done to a mask")
        if one.kind in ("unknown", "name"):
            raise refusal(text, f"{written} is not understood")
        if one.kind == "size":
            raise refusal(
                text, f"{written} does not say how large; say 'smaller than 20 mm2' or 'smallest'"
            )


def _in_context(text: str, lexemes: Sequence[Lexeme]) -> Iterator[Lexeme]:
    """Yield the words as what they mean beside their neighbours."""
    for at, one in enumerate(lexemes):
        after = [other.kind for other in lexemes[at + 1 : at + 3]]
        match one.kind, one.value:
            case "zone", _ if after in _MEASURES and text[one.start : one.end].lower() in _THAN:
                yield replace(one, kind="than", value=_THAN[text[one.start : one.end].lower()])
            case "noun", value:
                yield replace(one, kind="part", value=value)
            case "break", mark:
                yield replace(one, kind=mark)
            case _:
                yield one


def _parsed(text: str, lexemes: Sequence[Lexeme]) -> Iterator[list[Word]]:
    """Yield the words of one command after the other.

    Raises:
        ValueError: A word stands where the grammar has no place for it.
    """
    from lark import Token
    from lark.exceptions import UnexpectedInput

    def word(child: "Token | Tree[Token]") -> Word:
        tokens = [child] if isinstance(child, Token) else list(child.scan_values(bool))
        words = tuple(lexemes[token.start_pos] for token in tokens if token.start_pos is not None)
        return (words[0].kind if isinstance(child, Token) else str(child.data)), words

    tokens = [
        Token("NOUN" if one.kind in NOUNS else one.kind.upper(), one.value, at)
        for at, one in enumerate(lexemes)
    ]
    try:
        tree = parser_of("command.lark").parse(iter(tokens))
    except UnexpectedInput as error:
        token = getattr(error, "token", None)
        at = getattr(token, "start_pos", None)
        if at is None or getattr(token, "type", "$END") == "$END":
            raise refusal(text, "its end is missing") from None
        one = lexemes[at]
        raise refusal(text, f"{text[one.start : one.end]!r} does not fit there") from None
    for command in tree.children:
        if isinstance(command, Token):  # what parts two commands
            continue
        yield [word(child) for child in command.children]


@lru_cache
def _words() -> Lexicon:
    """Return the words of commands: their own, and those shared with sentences, in English."""
    shared = lexicon("en")
    phrases = {key: said for key, said in shared.phrases.items() if said[0] in _SHARED}
    phrases.update(_own_phrases())
    return replace(
        shared,
        phrases=phrases,
        single_words=frozenset(key[0] for key in phrases if len(key) == 1),
        longest=max(map(len, phrases)),
    )


def _own_phrases() -> Iterator[tuple[Key, tuple[str, str]]]:
    """Yield the phrases that only commands have, with their kind and meaning."""
    path = Path(__file__).parent / "command.toml"
    for kind, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for value, said in table.items():
            for form in inflected(said, ["s"], {}):
                yield key_of(form), (kind, value)
