"""Row 3: what becomes of the mask when the sentence says otherwise in one thing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Literal, TypeAlias

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.answer import CHANGED_BELOW, Answer, Answers, find_if_answered
from lingseg.evaluation.audit.contradiction import (
    ATTRIBUTES,
    TARGET,
    Contradiction,
    Contradictions,
)
from lingseg.evaluation.audit.estimates import Observation, estimate_mean, num_subjects
from lingseg.evaluation.audit.question import Question
from lingseg.evaluation.audit.row import Example, Figure, Row, Verdict, not_measured
from lingseg.evaluation.audit.verdicts import FEWEST_SUBJECTS, judge_above, judge_together
from lingseg.evaluation.audit.wording import percent
from lingseg.evaluation.summary import Estimate

FOLLOWS_FROM = 0.75
"""A model reads an attribute if it draws both masks of a pair in at least three pairs of four:
choosing by chance it would in one of four, a fixed mask in none."""
IGNORES_BELOW = 0.5
"""Below it, it draws both in fewer than half of the pairs, and more often does not read than
does; in between it reads partly."""
HEEDS_FROM = 0.25
"""Where no mask is known, a word of which fewer than one change in four moves the mask is not
read. More changes do not show that it is read rightly."""

Outcome: TypeAlias = Literal["follows", "stays", "reversed", "neither"]

_WORDS = {
    "side": "the other side",
    "zone": "another zone",
    "count": "another number",
    "size": "another size",
    "brightness": "another brightness",
    "shape": "another shape",
    TARGET: "another target",
}
_MAX_EXAMPLES = 2
"""For each attribute."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """What was answered to a contradiction."""

    asked: Contradiction
    outcome: Outcome | None
    """None where the flipped truth is not known."""
    likeness: float
    """Of the masks before and after."""
    dice_with_old: float | None
    """Of the mask after, with the case's own reference."""

    @property
    def subject(self) -> str:
        """Whose picture it is."""
        return self.asked.case.subject


@dataclass(frozen=True, kw_only=True)
class ContradictionsRow:
    """One thing is said otherwise at a time; the picture stays.

    Where both masks are known, a pair *follows* if the own sentence's mask is nearer (by Dice) to
    its own truth and the other one's to the other truth. It *stays* if both masks are nearer to
    the same truth, whatever the sentence said: the image was trusted. Both must be right to count,
    as a mask that never moves is nearer to the new truth in half of all pairs.
    """

    cases: tuple[Case, ...]
    number: int = 3
    title: str = "Contradictions: one word is changed"

    @cached_property
    def _contradictions(self) -> Contradictions:
        """All there are."""
        return Contradictions(self.cases)

    def questions(self, case: Case) -> Iterable[Question]:
        """Yield the case's own question and those that contradict it."""
        return chain.from_iterable(one.questions for one in self._contradictions.find(case))

    def judge(self, answers: Answers, rng: np.random.Generator) -> Row:
        """Return the row, with a trait for each attribute."""
        seen: dict[str, list[_Seen]] = {}
        for case in self.cases:
            for asked in self._contradictions.find(case):
                found = _see(answers, asked)
                if found:
                    seen.setdefault(asked.attribute, []).append(found)
        if not seen:
            return not_measured(self.number, self.title, _why_nothing(self.cases))
        by_attribute = [
            _Judged.of(name, seen[name], rng) for name in (TARGET, *ATTRIBUTES) if name in seen
        ]
        verdicts = tuple((one.attribute, one.verdict) for one in by_attribute)
        return Row(
            number=self.number,
            title=self.title,
            verdict=_judge_row(by_attribute),
            sentence=" ".join(one.sentence for one in by_attribute),
            figures=tuple(chain.from_iterable(one.figures for one in by_attribute)),
            examples=tuple(chain.from_iterable(one.examples for one in by_attribute)),
            traits=verdicts,
        )


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """One attribute."""

    attribute: str
    verdict: Verdict
    has_say: bool
    """In the verdict of the row: not where a verdict could not be reached whatever was drawn."""
    sentence: str
    figures: tuple[Figure, ...]
    examples: tuple[Example, ...]

    @classmethod
    def of(cls, attribute: str, seen: Sequence[_Seen], rng: np.random.Generator) -> "_Judged":
        """Judge by pairs with both truths where there are some, else by whether masks move."""
        known = [one for one in seen if one.outcome is not None]
        judge = _judge_known if known else _judge_unknown
        verdict, sentence, estimates = judge(attribute, known or seen, rng)
        figures = tuple(
            Figure(
                key=f"{key}_{attribute}",
                name=f"{name}, told {_WORDS[attribute]}",
                estimate=estimate,
                num_cases=number,
            )
            for key, name, estimate, number in estimates
        )
        return cls(
            attribute=attribute,
            verdict=verdict,
            has_say=verdict != "unclear" or num_subjects(known) >= FEWEST_SUBJECTS,
            sentence=sentence,
            figures=figures,
            examples=_pick_examples(attribute, known or seen),
        )


def _judge_row(attributes: Sequence[_Judged]) -> Verdict:
    """Return what all attributes say together."""
    given = [one.verdict for one in attributes if one.has_say]
    return judge_together(given) if given else "unclear"


_Told: TypeAlias = tuple[str, str, Estimate, int]
"""Key, name, estimate and number of cases of one figure."""


def _judge_known(
    attribute: str, seen: Sequence[_Seen], rng: np.random.Generator
) -> tuple[Verdict, str, list[_Told]]:
    """Judge pairs of which both masks are known."""
    shares: dict[Outcome, Estimate] = {
        outcome: _share(seen, outcome, rng) for outcome in ("follows", "stays", "reversed")
    }
    verdict, ending = judge_following(attribute, shares["follows"], num_subjects(seen))
    neither = _share(seen, "neither", rng)
    rest = f" (neither mask is drawn in {percent(neither)})" if neither.value else ""
    sentence = (
        f"Told {_WORDS[attribute]}, it draws what each sentence says in "
        f"{percent(shares['follows'])} of {len(seen)} questions, stays with one of the two masks "
        f"in {percent(shares['stays'])}, and exchanges them in {percent(shares['reversed'])}"
        f"{rest}. {ending}"
    )
    names = {
        "follows": "Text followed: both masks where their sentences say",
        "stays": "Image trusted: the same of the two masks for both sentences",
        "reversed": "Exchanged: each mask where the other sentence says",
    }
    told: list[_Told] = [(key, names[key], estimate, len(seen)) for key, estimate in shares.items()]
    return verdict, sentence, told


def judge_following(attribute: str, follows: Estimate, num_subjects: int) -> tuple[Verdict, str]:
    """Return what the share of pairs followed means, and the sentence that says so."""
    most, half = (
        judge_above(follows, limit, num_subjects=num_subjects)
        for limit in (FOLLOWS_FROM, IGNORES_BELOW)
    )
    if most == "yes":
        return "yes", f"It reads the {attribute}."
    if half == "no":
        return "no", f"It does not read the {attribute}."
    if most == "no" and half == "yes":
        return "partly", f"It reads the {attribute} in part."
    if most == "no":
        return "unclear", (
            f"It does not read the {attribute} in three pairs of four; whether in half, cannot be "
            f"told."
        )
    if half == "yes":
        return "unclear", (
            f"It reads the {attribute} in more than half of the pairs; whether in three of four, "
            f"cannot be told."
        )
    return "unclear", f"Too few subjects to tell whether it reads the {attribute}."


def _judge_unknown(
    attribute: str, seen: Sequence[_Seen], rng: np.random.Generator
) -> tuple[Verdict, str, list[_Told]]:
    """Judge by how often the mask moves, where nobody knows what the new sentence asks for."""
    moved = [Observation(one.subject, float(one.likeness < CHANGED_BELOW)) for one in seen]
    kept = [
        Observation(one.subject, one.dice_with_old) for one in seen if one.dice_with_old is not None
    ]
    changes, dice = estimate_mean(moved, rng=rng), estimate_mean(kept, rng=rng)
    heeds = judge_above(changes, HEEDS_FROM, num_subjects=num_subjects(seen))
    verdict: Verdict = "no" if heeds == "no" else "unclear"
    ending = {
        "yes": "Whether rightly, nobody can tell: no mask of the changed sentence is known.",
        "no": f"It hardly heeds the {attribute}.",
    }.get(heeds, f"Too few subjects to tell whether it heeds the {attribute}.")
    sentence = (
        f"Told {_WORDS[attribute]}, it changes its mask in {percent(changes)} of {len(seen)} "
        f"cases. {ending}"
    )
    told: list[_Told] = [("changes", "Mask changed", changes, len(moved))]
    if kept:
        told.append(("dice_with_old", "Dice per image with the old mask", dice, len(kept)))
    return verdict, sentence, told


def _see(answers: Answers, asked: Contradiction) -> _Seen | None:
    """Return what was answered; None where something was refused, or a known mask is empty.

    What is drawn for what is not there is row 6; and asked first for one thing that is not there
    and then for another, a mask that stays empty is no fault.
    """
    own = find_if_answered(answers, asked.own)
    changed = find_if_answered(answers, asked.changed)
    if own is None or changed is None:
        return None
    by_other = find_if_answered(answers, asked.changed_by_other)
    if any(one and one.overlap and not one.overlap.reference for one in (own, by_other)):
        return None
    return _Seen(
        asked=asked,
        outcome=_outcome(answers, asked, own, changed),
        likeness=own.likeness(changed),
        dice_with_old=changed.overlap.dice if changed.overlap else None,
    )


def _outcome(
    answers: Answers, asked: Contradiction, own: Answer, changed: Answer
) -> Outcome | None:
    """Return which of the two truths each mask is nearer to; None where one is not known."""
    if asked.other is None:
        return None
    own_by_other = answers.find(asked.own_by_other)
    changed_by_other = answers.find(asked.changed_by_other)
    overlaps = [one.overlap for one in (own, own_by_other, changed, changed_by_other)]
    dice = [overlap.dice for overlap in overlaps if overlap is not None]
    if len(dice) < len(overlaps):
        return None
    # How much nearer each mask is to the truth of its own sentence than to the other's.
    before, after = dice[0] - dice[1], dice[3] - dice[2]
    if not before or not after:
        return "neither"
    if (before > 0) != (after > 0):
        return "stays"
    return "follows" if before > 0 else "reversed"


def _share(seen: Sequence[_Seen], outcome: Outcome, rng: np.random.Generator) -> Estimate:
    """Return how often it came out like that."""
    return estimate_mean(
        [Observation(one.subject, float(one.outcome == outcome)) for one in seen], rng=rng
    )


def _pick_examples(attribute: str, seen: Sequence[_Seen]) -> tuple[Example, ...]:
    """Return the cases in which the mask held its ground best; one that follows if none does."""
    stayed = [one for one in seen if one.outcome in (None, "stays", "reversed")]
    chosen = sorted(stayed, key=lambda one: -one.likeness)[:_MAX_EXAMPLES]
    chosen = chosen or [one for one in seen if one.outcome == "follows"][:1]
    return tuple(
        Example(
            headline=f"{_headline(one)} {_WORDS[attribute]}",
            questions=(one.asked.own, one.asked.changed),
        )
        for one in chosen
    )


def _headline(seen: _Seen) -> str:
    """Return what happened, up to what the sentence names."""
    if seen.outcome == "follows":
        return "The mask goes where the sentence says when it names"
    if seen.outcome == "reversed":
        return "The masks are exchanged: each is what the other sentence asks for. Told"
    if seen.likeness >= CHANGED_BELOW:
        return "The mask stays although the sentence names"
    return "The mask changes, and not to what is asked, when the sentence names"


def _why_nothing(cases: Sequence[Case]) -> str:
    """Return why there is no contradiction."""
    return (
        f"None of the {len(cases)} sentences says a side, a zone, a number, a size, a brightness "
        f"or a shape that could be said otherwise, and no picture has sentences on two things."
    )
