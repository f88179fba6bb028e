"""Row 9: how fast does it fail when words are lost, or when the picture is poor?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.answer import Answers
from lingseg.evaluation.audit.degraded_view import degraded_views
from lingseg.evaluation.audit.estimates import (
    Pair,
    estimate_drop,
    estimate_mean,
    figure_of_mean,
    num_subjects,
    pair_answers,
)
from lingseg.evaluation.audit.question import Question, View, own_question
from lingseg.evaluation.audit.row import Figure, Line, Plot, Row, Verdict, not_measured
from lingseg.evaluation.audit.verdicts import judge_below, worst
from lingseg.evaluation.audit.wording import points
from lingseg.evaluation.chance import rng_of
from lingseg.evaluation.summary import Estimate

WORDS_LOST = (25.0, 50.0, 75.0, 100.0)
"""Percent of the words of a sentence."""

MOST_DROP = 0.05
"""Dice per image that the mildest of each kind of poor picture may cost: these are pictures that a
person reads without trouble, and two devices differ by more."""

_X_LABELS = {
    "words lost": "percent of the words left out",
    "noise": "noise, percent of black to white",
    "blur": "blur, percent of the shorter side",
    "down-sampling": "times fewer pixels along each side",
}
_NONE_AT_ALL = {"down-sampling": 1.0}
"""The strength at which a picture is as it is; else 0."""


@dataclass(frozen=True, kw_only=True)
class DegradationRow:
    """The same question with fewer words, or about a worse picture."""

    cases: tuple[Case, ...]
    seed: int
    number: int = 9
    title: str = "Degradation"

    def questions(self, case: Case) -> Iterator[Question]:
        """Yield the case's own question and all that are worse."""
        yield own_question(case)
        for kind, strengths in self._strengths.items():
            for strength in strengths:
                question = self._question(case, kind, strength)
                if question:
                    yield question

    def judge(self, answers: Answers, rng: np.random.Generator) -> Row:
        """Return what each strength of each kind costs."""
        pairs = {
            kind: {
                strength: pair_answers(
                    answers, self.cases, partial(self._question, kind=kind, strength=strength)
                )
                for strength in strengths
            }
            for kind, strengths in self._strengths.items()
        }
        known = {kind: by for kind, by in pairs.items() if any(by.values())}
        if not known:
            why = "No case has a reference mask and answers to score."
            return not_measured(self.number, self.title, why)
        drops = {
            kind: {strength: estimate_drop(found, rng=rng) for strength, found in by.items()}
            for kind, by in known.items()
        }
        poor = [kind for kind in known if kind in self._views]
        has_more_to_lose = _has_more_to_lose(known)
        verdicts: dict[str, Verdict] = {
            kind: _verdict(known[kind], drops[kind]) if has_more_to_lose else "unclear"
            for kind in poor
        }
        has_words = "words lost" in known
        return Row(
            number=self.number,
            title=self.title,
            verdict=worst(verdicts.values()),
            sentence=_sentence(verdicts, drops, has_more_to_lose=has_more_to_lose),
            figures=tuple(_figures(known, drops, rng)),
            plots=tuple(_plot(kind, by, rng) for kind, by in known.items()),
            why_not="" if has_words else "No case has a sentence whose words could be left out.",
        )

    @cached_property
    def _views(self) -> dict[str, dict[float, View]]:
        """The ways in which a picture is made worse."""
        return degraded_views(self.seed)

    @property
    def _strengths(self) -> dict[str, tuple[float, ...]]:
        """How strong each kind is, the mildest first."""
        return {"words lost": WORDS_LOST} | {kind: tuple(by) for kind, by in self._views.items()}

    def _question(self, case: Case, kind: str, strength: float) -> Question | None:
        """Return what is asked, or None where there is no word to lose."""
        if kind in self._views:
            return Question(case=case, text=case.text, view=self._views[kind][strength])
        words = case.text.split()
        if not words:
            return None
        # One order for all strengths, so that a stronger one loses the same words and more.
        order = rng_of(self.seed, "words lost", case.case_id).permutation(len(words))
        lost = set(order[: max(1, round(len(words) * strength / 100))].tolist())
        kept = [word for place, word in enumerate(words) if place not in lost]
        return Question(case=case, text=" ".join(kept))


def _has_more_to_lose(pairs: Mapping[str, Mapping[float, Sequence[Pair]]]) -> bool:
    """Return whether the pictures as they are score more than may be lost.

    Who never draws loses nothing. That an empty mask is right where nothing is marked does not
    count: it would be as right on a black picture.
    """
    seen = [
        pair for by_strength in pairs.values() for found in by_strength.values() for pair in found
    ]
    scores = [pair.own_dice.value for pair in seen if pair.own_overlap.reference]
    return bool(scores) and float(np.mean(scores)) > MOST_DROP


def _verdict(pairs: Mapping[float, Sequence[Pair]], drops: Mapping[float, Estimate]) -> Verdict:
    """Return whether the mildest strength is borne."""
    mildest = next(iter(pairs))
    return judge_below(drops[mildest], MOST_DROP, num_subjects=num_subjects(pairs[mildest]))


def _figures(
    pairs: Mapping[str, Mapping[float, Sequence[Pair]]],
    drops: Mapping[str, Mapping[float, Estimate]],
    rng: np.random.Generator,
) -> Iterator[Figure]:
    """Yield Dice and the drop at each strength of each kind."""
    for kind, by_strength in pairs.items():
        for strength, found in by_strength.items():
            name = f"{kind} {strength:g}"
            dice = [pair.other_dice for pair in found]
            yield figure_of_mean(f"dice_{_key(name)}", f"Dice per image, {name}", dice, rng=rng)
            yield Figure(
                key=f"drop_{_key(name)}",
                name=f"Drop, {name}",
                estimate=drops[kind][strength],
                num_cases=len(found),
                unit="points",
            )


def _key(name: str) -> str:
    """Return a name as one of audit.json: "down-sampling 0.5" as "down_sampling_0_5"."""
    return re.sub(r"\W", "_", name)


def _plot(kind: str, pairs: Mapping[float, Sequence[Pair]], rng: np.random.Generator) -> Plot:
    """Return Dice by strength, from none at all on."""
    mildest = next(iter(pairs.values()))
    dice = {_NONE_AT_ALL.get(kind, 0.0): [pair.own_dice for pair in mildest]}
    dice |= {strength: [pair.other_dice for pair in found] for strength, found in pairs.items()}
    estimates = {strength: estimate_mean(seen, rng=rng) for strength, seen in dice.items()}
    return Plot(
        key=_key(kind),
        title=f"Dice under {kind}",
        x_label=_X_LABELS[kind],
        y_label="Dice per image",
        lines=(Line.through(kind, estimates),),
    )


def _sentence(
    verdicts: Mapping[str, Verdict],
    drops: Mapping[str, Mapping[float, Estimate]],
    *,
    has_more_to_lose: bool,
) -> str:
    """Return what was found in words."""
    mildest = {kind: points(next(iter(drops[kind].values()))) for kind in verdicts}
    told = ", ".join(f"{kind} {lost}" for kind, lost in mildest.items())
    sentence = f"A slightly worse picture costs, in Dice per image: {told}."
    if not has_more_to_lose:
        sentence += " It finds so little on the pictures as they are that there is nothing to lose."
    elif worst(verdicts.values()) == "unclear":
        sentence += " Too few subjects to tell whether it bears that."
    if "words lost" in drops:
        half, all_ = (points(drops["words lost"][percent]) for percent in (50, 100))
        sentence += f" Half of the words lost cost {half}, all of them {all_}."
    return sentence
