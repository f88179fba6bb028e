"""What became of a sentence: its words, and which of them are new or gone."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

Mark: TypeAlias = Literal["kept", "new", "gone"]

_LIKE = 0.5
"""Share of words in common below which two sentences are told apart as wholes: of a sentence that
was exchanged for another's, a patchwork of new and gone words says nothing."""


@dataclass(frozen=True)
class MarkedWords:
    """Words that stand together and share their fate."""

    words: str
    mark: Mark


def mark_changes(before: str, after: str) -> tuple[MarkedWords, ...]:
    """Return `after` with what is new in it marked, and what is gone from `before` in its place."""
    old, new = before.split(), after.split()
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _LIKE:
        return _marked(new, "new")
    return tuple(_pieces(matcher, old, new))


def _pieces(matcher: SequenceMatcher[str], old: list[str], new: list[str]) -> Iterator[MarkedWords]:
    """Yield what every step from the old words to the new ones leaves."""
    for step, old_start, old_stop, new_start, new_stop in matcher.get_opcodes():
        if step == "equal":
            yield from _marked(new[new_start:new_stop], "kept")
            continue
        yield from _marked(old[old_start:old_stop], "gone")
        yield from _marked(new[new_start:new_stop], "new")


def _marked(words: list[str], mark: Mark) -> tuple[MarkedWords, ...]:
    """Return the words as one piece, or nothing of none."""
    return (MarkedWords(" ".join(words), mark),) if words else ()
