"""Whether the sentences of a data set are true of its masks, and whether they can be read."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.comparison import IS_EMPTY, Comparison, compare_facts
from lingseg.datasets.finding import Finding, Kind, Severity
from lingseg.datasets.mask_facts import MaskFacts
from lingseg.language.facts import ATTRIBUTES, Attribute
from lingseg.language.grammar import LOOK_MISSPELT, NOT_UNDERSTOOD, Understanding, understand
from lingseg.language.side import Side

Readings: TypeAlias = Mapping[tuple[str, Side], Understanding]
"""What each sentence was understood as, by its text and its side."""

CLEAR = 0.9
"""Share of one-sided sentences that must agree with a convention for the masks to follow it."""
WORDS_NAMED = 5
"""Words that a finding shows."""
FEWEST = 10
"""One-sided sentences below which nothing is concluded."""


def read_sentences(dataset: Dataset) -> Readings:
    """Return what each sentence is understood as, equal ones once."""
    cases = (case for found in dataset.splits.values() for case in found)
    asked = dict.fromkeys((case.text, case.side) for case in cases)
    return {(text, side): understand(text, side=side) for text, side in asked}


def judge_sentences(
    dataset: Dataset, masks: Mapping[Path, MaskFacts], readings: Readings
) -> Iterator[Finding]:
    """Compare every sentence with its mask.

    Args:
        dataset: The data set.
        masks: What each mask shows; cases whose mask is not among them are passed over.
        readings: What the sentences are understood as.
    """
    sides: dict[str, bool] = {}
    compared: dict[Attribute, dict[str, Comparison]] = defaultdict(dict)
    for case, mask in _pairs(dataset, masks):
        understood = readings[case.text, case.side]
        for one in compare_facts(understood.facts, mask):
            if one.is_one_sided:
                sides[case.case_id] = one.agrees
            elif understood.is_certain:
                compared[one.attribute][case.case_id] = one
    if sides:
        yield _judge_side(dataset.info.side, sides)
    for attribute in ATTRIBUTES:
        yield from _judge_attribute(attribute, compared[attribute])


def judge_words(dataset: Dataset, readings: Readings) -> Iterator[Finding]:
    """Say which words are misspelt, and which the grammar does not know.

    A model is told the sentence as it stands; lingseg's own checks pass over such a sentence.
    """
    cases = [case for found in dataset.splits.values() for case in found if case.text.strip()]
    read = {case.case_id: readings[case.text, case.side] for case in cases}
    misspelt = {name: understood.misspelt for name, understood in read.items()}
    unknown = {name: understood.not_understood for name, understood in read.items()}
    yield from _judge_words("misspelt words", f"have {LOOK_MISSPELT}", misspelt)
    yield from _judge_words("unknown words", f"have {NOT_UNDERSTOOD}", unknown)


def _judge_words(kind: Kind, what: str, words: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Count the sentences that have such words, and name the most frequent ones."""
    having = tuple(name for name, found in words.items() if found)
    if not having:
        return
    counts = Counter(word for found in words.values() for word in found)
    named = ", ".join(word for word, _ in counts.most_common(WORDS_NAMED))
    more = ", …" if len(counts) > WORDS_NAMED else ""
    yield Finding(
        kind=kind,
        severity="warning",
        case_ids=having,
        message=f"{len(having)} of {len(words)} sentences ({len(having) / len(words):.1%}) {what}: "
        f"{named}{more}.",
    )


def _pairs(dataset: Dataset, masks: Mapping[Path, MaskFacts]) -> Iterator[tuple[Case, MaskFacts]]:
    """Yield the cases of all splits whose mask is known, with what it shows."""
    for cases in dataset.splits.values():
        for case in cases:
            if case.mask is not None and case.mask in masks:
                yield case, masks[case.mask]


def _judge_side(side: Side, agrees: Mapping[str, bool]) -> Finding:
    """Say whether one-sided sentences follow the side that is declared.

    Sentences of which some words were not understood count here: many together are sure evidence.
    """
    share = sum(agrees.values()) / len(agrees)
    image_share = share if side == "image" else 1 - share
    severity, verdict = _verdict(side, share, num_sentences=len(agrees))
    return Finding(
        kind="side words",
        severity=severity,
        case_ids=tuple(name for name, is_so in agrees.items() if not is_so),
        message=f"Of {len(agrees)} one-sided sentences {image_share:.1%} agree with their mask if "
        f"left is the picture's, {1 - image_share:.1%} if it is the patient's; "
        f"{side!r} is declared: {verdict}.",
    )


def _verdict(side: Side, share: float, *, num_sentences: int) -> tuple[Severity, str]:
    """Return how bad it is, and in words, that `share` of the sentences agree with `side`."""
    other = "patient" if side == "image" else "image"
    if num_sentences < FEWEST:
        return "note", f"too few to tell (at least {FEWEST} are needed)"
    if share >= CLEAR:
        return "note", "the masks agree"
    if 1 - share >= CLEAR:
        return "error", f'the masks contradict it; declare "{other}" in dataset.json'
    return "warning", "the masks follow neither clearly; look at the cases named"


def _judge_attribute(attribute: Attribute, compared: Mapping[str, Comparison]) -> Iterator[Finding]:
    """Name the cases whose sentence says otherwise than the mask shows, if there are any.

    Empty masks are a note: they are how a data set says that what is asked for is not there.
    """
    against = {name: one for name, one in compared.items() if not one.agrees}
    if not against:
        return
    name, first = next(iter(against.items()))
    yield Finding(
        kind="sentence against mask",
        severity="note" if all(one.shows == IS_EMPTY for one in against.values()) else "warning",
        case_ids=tuple(against),
        message=f"{attribute}: {len(against)} of {len(compared)} sentences "
        f"({len(against) / len(compared):.1%}) say otherwise than their mask; "
        f"of {name} {first}.",
    )
