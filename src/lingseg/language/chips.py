"""What was understood of a sentence, in small pieces to be shown, and what was not."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from lingseg.language.contradiction import contradict_text
from lingseg.language.facts import Attribute, Facts, Finding, Place
from lingseg.language.grammar import Understanding, understand
from lingseg.language.lexicon import Language
from lingseg.language.paraphrase import paraphrase_text
from lingseg.language.phrasing import say_number
from lingseg.language.side import Side

NUM_PARAPHRASES = 3
_TOLD_OTHERWISE: tuple[Attribute, ...] = (
    "side",
    "zone",
    "size",
    "brightness",
    "count",
    "shape",
    "presence",
)
"""What the opposite sentence says otherwise: the first of these that can be done."""

_PLAIN = (
    *("nature", "finding", "part", "anatomy", "laterality", "certainty", "order", "shape"),
    *("colour", "brightness", "distribution"),
)
"""What a finding holds one word of, in the order of a sentence."""
_OF_PICTURE = ("modality", "plane", "sequence")
_PRESENCE = {"absent": "not there", "excepted": "left out"}
_WHOSE = {"image": "of the picture", "patient": "of the patient", "none": "by name"}


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One thing that a sentence says."""

    kind: str
    """"finding", "anatomy", "side", "zone", "count", "size", "presence" and their like."""
    value: str
    """As the facts have it."""
    label: str
    """As a person reads it."""
    finding: int | None = None
    """Of which thing it is said, from 0 on; None: of the picture."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A piece of a sentence and where it stands: from `start` to before `end`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class SentenceChips:
    """All that is shown of how a sentence was understood."""

    chips: tuple[Chip, ...]
    not_understood: tuple[Span, ...]
    notices: tuple[str, ...]
    """Words that were taken for misspelt."""
    paraphrases: tuple[str, ...]
    """The same in other words; none of a sentence that was not understood whole."""
    opposite: str | None
    """The sentence with one thing said otherwise; None where there is none."""
    side: Side
    language: Language

    def as_record(self) -> dict[str, object]:
        """Return it ready for JSON."""
        return asdict(self)


def chips_of(text: str, *, side: Side) -> SentenceChips:
    """Return what was understood of a sentence; of an empty one, nothing.

    Args:
        text: A sentence as a person types it, finished or not.
        side: Whose left and right it means.
    """
    read = understand(text, side=side)
    unknown = (
        Span(text=one.word, start=one.start, end=one.start + len(one.word)) for one in read.unknown
    )
    return SentenceChips(
        chips=tuple(_chips(read.facts)),
        not_understood=tuple(unknown),
        notices=read.misspelt,
        paraphrases=paraphrase_text(text, side, number=NUM_PARAPHRASES),
        opposite=_opposite(read, text),
        side=side,
        language=read.language,
    )


def _opposite(read: Understanding, text: str) -> str | None:
    """Return the sentence with the first thing said otherwise that has an opposite.

    To deny a sentence is to say it anew, so what was not understood would be lost.
    """
    if read.language != "en":
        return None
    attributes = _TOLD_OTHERWISE if read.is_whole else _TOLD_OTHERWISE[:-1]
    told = (contradict_text(text, attribute, read.facts.side) for attribute in attributes)
    return next((one for one in told if one is not None), None)


def _chips(facts: Facts) -> Iterator[Chip]:
    """Yield what is said of each thing, and then of the picture."""
    for number, finding in enumerate(facts.findings):
        for kind, value, label in _said_of(finding, facts.side):
            yield Chip(kind=kind, value=value, label=label, finding=number)
    for kind in _OF_PICTURE:
        if value := getattr(facts, kind):
            yield Chip(kind=kind, value=value, label=value)


def _said_of(finding: Finding, side: Side) -> Iterator[tuple[str, str, str]]:
    """Yield kind, value and label of all that is said of one thing."""
    if finding.presence in _PRESENCE:
        yield "presence", finding.presence, _PRESENCE[finding.presence]
    yield from _number(finding)
    yield from (("size", size, size) for size in finding.sizes)
    said = ((kind, getattr(finding, kind)) for kind in _PLAIN)
    yield from ((kind, value, value) for kind, value in said if value)
    if finding.density:
        yield "density", finding.density, f"density {finding.density}"
    if finding.millimetres:
        lengths = " x ".join(f"{length:g}" for length in finding.millimetres)
        yield "length", lengths, f"{finding.measure or ''} {lengths} mm".strip()
    for place in finding.places:
        yield from _places(place, side)


def _number(finding: Finding) -> Iterator[tuple[str, str, str]]:
    """Yield how many are spoken of, and whether they are some of those named before."""
    if finding.refers_back:
        yield "reference", "before", "one of those before"
    if finding.count is not None:
        yield "count", str(finding.count), say_number(finding.count)
    if finding.quantifier:
        yield "quantifier", finding.quantifier, finding.quantifier


def _places(place: Place, side: Side) -> Iterator[tuple[str, str, str]]:
    """Yield the zones and the side of a place; the side with whose it is."""
    yield from (("zone", zone, zone) for zone in place.zones)
    if place.side == "both":
        yield "side", place.side, "both sides"
    elif place.side:
        yield "side", place.side, f"{place.side} {_WHOSE[side]}"
