"""What may be typed next, from the words that the grammar knows. English, and always the same.

A word that was begun is completed; after a whole one, what a sentence often says next is offered.
Nothing is offered that the grammar would not understand where it stands.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, zip_longest
from types import MappingProxyType
from typing import NamedTuple

from lingseg.language.grammar import understand
from lingseg.language.lexicon import lexicon
from lingseg.language.plural import to_plural

MAX_SUGGESTIONS = 8
_MAX_TRIED = 60
"""Words that are tried in the sentence for one list of suggestions."""
_MAX_RESTS = 3
"""Ends of phrases that are offered before other words are."""
_LONGEST_PHRASE = 3
"""Words before the cursor's own that may belong to one phrase: "ground glass op"."""

_WORD_BEFORE = re.compile(r"[\w'-]*$")
_WORD_AFTER = re.compile(r"[\w'-]*")
_WORDS = re.compile(r"\S+")

_START = ("count", "size", "finding", "side", "anatomy", "negation", "order")
_AFTER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "": _START,
        "and": _START,
        "or": _START,
        "comma": _START,
        "stop": _START,
        "negation": ("finding",),
        "count": ("size", "finding", "shape", "brightness"),
        "number": ("unit", "finding"),
        "quantifier": ("size", "finding", "shape"),
        "certainty": ("finding", "size", "nature"),
        "order": ("finding", "anatomy"),
        "size": ("shape", "finding", "brightness", "colour", "nature"),
        "shape": ("finding", "nature", "colour"),
        "colour": ("finding", "shape", "nature"),
        "brightness": ("finding", "shape", "nature"),
        "nature": ("finding",),
        "finding": ("side", "zone", "anatomy"),
        "area": ("side", "zone", "anatomy"),
        "side": ("anatomy", "finding", "part"),
        "zone": ("side", "anatomy", "part"),
        "anatomy": ("modality",),
        "part": ("anatomy", "modality"),
    }
)
"""Which kinds of words a sentence often says after one of another kind, the likeliest first."""
_NOUNS = frozenset(["finding", "area", "anatomy", "part"])
"""Kinds of words that others follow by way of "in the"."""
_SILENT = frozenset(["filler", "break", "clock", "among", "pronoun"])


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A text to put in the place of `start` to before `end` of the sentence."""

    text: str
    start: int
    end: int


def suggest(text: str, cursor: int, *, limit: int = MAX_SUGGESTIONS) -> tuple[Suggestion, ...]:
    """Return what may be typed at the cursor, the likeliest first.

    Args:
        text: The sentence so far; what stands behind the cursor stays.
        cursor: Where the next letter would go.
        limit: How many are wanted at most.

    Raises:
        ValueError: The cursor is not in the text, or fewer than one is wanted.
    """
    if not 0 <= cursor <= len(text):
        raise ValueError(f"The cursor is at {cursor}; the text has {len(text)} letters.")
    if limit < 1:
        raise ValueError(f"{limit} suggestions were asked for; expected at least one.")
    before = text[:cursor]
    begun = _begun(before)
    if begun:
        after = _WORD_AFTER.match(text, cursor)
        found = _completions(before, begun, cursor if after is None else after.end())
    else:
        found = _next_words(before)
    return tuple(islice(_each_once(found), limit))


def _begun(before: str) -> str:
    """Return the word that the cursor stands in or behind; empty after a space."""
    found = _WORD_BEFORE.search(before)
    return "" if found is None or not re.search(r"[^\W\d_]", found[0]) else found[0]


def _completions(before: str, begun: str, end: int) -> Iterator[Suggestion]:
    """Yield whole words and phrases for what was begun; a misspelt word's right one if none."""
    found = False
    said = _Said.of(before[: len(before) - len(begun)])
    for start in _starts(before, begun):
        tail = before[start:]
        forms = _forms_from(" ".join(tail.lower().split()), said)
        for form in _fitting(before[:start], forms, before):
            found = True
            yield Suggestion(text=_like(tail, form), start=start, end=end)
    if not found:
        start = len(before) - len(begun)
        _, notices = lexicon("en").split(begun)
        for notice in notices:
            yield Suggestion(text=_like(begun, notice.read_as), start=start, end=end)


def _next_words(before: str) -> Iterator[Suggestion]:
    """Yield the rest of a phrase that was begun, then what often follows."""
    gap = "" if not before or before[-1].isspace() or before[-1] in "(-" else " "
    at, said = len(before), _Said.of(before)
    for start in _starts(before.rstrip(), ""):
        tail = " ".join(before[start:].lower().split())
        if not tail or all(one.kind == "filler" for one in lexicon("en").split(tail)[0]):
            continue  # "the" begins "the one", and nearly everything else
        rest = _fitting(before[:start], _forms_from(f"{tail} ", said), before)
        for form in islice(rest, _MAX_RESTS):
            yield Suggestion(text=gap + form[len(tail) :].lstrip(), start=at, end=at)
    lead = "in the " if said.last in _NOUNS and not said.ends_with_filler else ""
    rows = [[lead + one for one in _usual_forms(kind, said)] for kind in said.expected]
    mixed = chain.from_iterable(one for one in chain(*zip_longest(*map(_in_twos, rows))) if one)
    for form in _fitting(before, mixed):
        yield Suggestion(text=gap + form, start=at, end=at)


@dataclass(frozen=True)
class _Said:
    """What the words before the cursor's own say of those that may follow."""

    last: str
    """The kind of the last word that says something; empty at the start."""
    ends_with_filler: bool
    is_of_several: bool
    """Whether several were counted that were not yet named."""

    @classmethod
    def of(cls, before: str) -> "_Said":
        """Read the words before the cursor."""
        lexemes, _ = lexicon("en").split(before)
        said = [one for one in lexemes if one.kind not in ("filler", "unknown")]
        is_of_several = False
        for one in said:
            if one.kind in ("break", "and", "or", "finding", "area"):
                is_of_several = False
            elif one.kind == "count" or (one.kind, one.value) == ("quantifier", "several"):
                is_of_several = one.value != "1"
        last = "" if not said else said[-1].value if said[-1].kind == "break" else said[-1].kind
        ends = bool(lexemes) and lexemes[-1].kind == "filler"
        return cls(last=last, ends_with_filler=ends, is_of_several=is_of_several)

    @property
    def expected(self) -> tuple[str, ...]:
        """The kinds of words that often follow, the likeliest first."""
        return _AFTER.get(self.last, ())


def _starts(before: str, begun: str) -> Iterator[int]:
    """Yield where a phrase may start that the cursor's word ends: words before it, then itself."""
    words = [one.start() for one in _WORDS.finditer(before)]
    own = len(before) - len(begun)
    yield from [start for start in words if start < own][-_LONGEST_PHRASE:]
    if begun:
        yield own


def _in_twos(forms: Sequence[str]) -> list[Sequence[str]]:
    """Return forms two by two, so that each kind gets its turn."""
    return [forms[at : at + 2] for at in range(0, len(forms), 2)]


def _fitting(before: str, forms: Iterable[str], typed: str | None = None) -> Iterator[str]:
    """Yield the forms with which the sentence is understood as well as without them.

    Args:
        before: The sentence up to where a form would stand.
        forms: What may stand there.
        typed: The sentence with what a form would replace; None: there is nothing of that.
    """
    gap = "" if not before or before[-1].isspace() else " "
    least = min(_num_lost(before), _num_lost(before if typed is None else typed))
    for form in islice(forms, _MAX_TRIED):
        if _num_lost(f"{before}{gap}{form}") <= least:
            yield form


@lru_cache(maxsize=4096)
def _num_lost(text: str) -> int:
    """Return how many words of a sentence are not understood."""
    read = understand(text, side="none", language="en")
    return len(read.unknown) + len(read.notices)


def _forms_from(tail: str, said: _Said) -> list[str]:
    """Return the known forms that begin with some letters and go on.

    The usual forms in the number that was said come first, of these what often follows.
    """
    turns = {kind: turn for turn, kind in enumerate(said.expected)}

    def rank(one: _Form) -> tuple[bool, int, bool]:
        is_fitting = one.is_plural == said.is_of_several or one.kind not in _NOUNS
        is_first_choice = one.is_usual and is_fitting
        return not is_first_choice, turns.get(one.kind, len(turns)), not one.is_usual

    begun = [one for one in _forms() if one.text.lower().startswith(tail)]
    return [one.text for one in sorted(begun, key=rank) if one.text.lower() != tail]


class _Form(NamedTuple):
    """One way to say something."""

    text: str
    kind: str
    is_usual: bool
    """Whether it is the first form of what it means."""
    is_plural: bool


@lru_cache
def _forms() -> tuple[_Form, ...]:
    """Return all that is said, by kinds as a sentence often has them; nouns in both numbers."""
    words = lexicon("en")
    kinds = list(dict.fromkeys((*_START, *(kind for kind, _ in words.says))))
    forms = []
    for (kind, _), said in sorted(words.says.items(), key=lambda one: kinds.index(one[0][0])):
        for at, form in enumerate(said if kind not in _SILENT else ()):
            one = form.removesuffix("~")
            forms.append(_Form(one, kind, at == 0, is_plural=False))
            if kind in _NOUNS and kind != "part":
                forms.append(_Form(_in_plural(one), kind, at == 0, is_plural=True))
    return tuple(forms)


def _usual_forms(kind: str, said: _Said) -> list[str]:
    """Return the usual form of each meaning of a kind, findings in the number that was said."""
    is_plural = said.is_of_several and kind in ("finding", "area")
    return [
        one.text
        for one in _forms()
        if one.kind == kind and one.is_usual and one.is_plural == is_plural and one.text != "both"
    ]


def _in_plural(noun: str) -> str:
    """Return the plural of a known noun."""
    return lexicon("en").plurals.get(noun) or to_plural(noun)


def _like(tail: str, form: str) -> str:
    """Return a form with a capital where what was typed has one."""
    return form[:1].upper() + form[1:] if tail[:1].isupper() else form


def _each_once(found: Iterable[Suggestion]) -> Iterator[Suggestion]:
    """Yield each suggestion where it comes first."""
    seen: set[tuple[str, int]] = set()
    for one in found:
        key = (one.text.strip().lower(), one.start)
        if key not in seen:
            seen.add(key)
            yield one
