"""Row 2: what does it cost to take the sentence away, to change it, or to break it?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.ablation import share_unchanged, shuffle_texts
from lingseg.evaluation.audit.answer import Answers
from lingseg.evaluation.audit.chance import rng_of
from lingseg.evaluation.audit.contradictions_row import CHANGED_BELOW
from lingseg.evaluation.audit.estimates import (
    Observation,
    Pair,
    estimate_mean,
    estimate_pooled_dice,
    num_subjects,
    pair_answers,
)
from lingseg.evaluation.audit.question import Question, own_question
from lingseg.evaluation.audit.row import Example, Figure, Line, Plot, Row, Verdict, not_measured
from lingseg.evaluation.audit.verdicts import judge_above
from lingseg.evaluation.audit.wording import points
from lingseg.evaluation.summary import Estimate
from lingseg.metrics.overlap import measure_overlap

LEAST_DROP = 0.02
"""Dice per image that another picture's sentence must cost a model that reads: replications find 16
to 24 points where sentences differ much, and about none for a model that goes by the picture."""

FIRST_WORDS = (1, 2, 4, 8)
NUM_EXAMPLES = 3

_NAMES = {
    "no_sentence": "no sentence",
    "shuffled": "another case's sentence",
    "same_label": "another subject's sentence of the same label",
    "first_1_words": "only its first word",
    **{f"first_{count}_words": f"only its first {count} words" for count in FIRST_WORDS[1:]},
    "scrambled": "its words in another order",
}


@dataclass(frozen=True, kw_only=True)
class AblationsRow:
    """The same picture with less than its sentence, or with another's."""

    cases: tuple[Case, ...]
    seed: int
    number: int = 2
    title: str = "Ablations of the sentence"

    def questions(self, case: Case) -> Iterator[Question]:
        """Yield the case's own question and one for each ablation that it allows."""
        yield own_question(case)
        for name in _NAMES:
            question = self._question(case, name)
            if question:
                yield question

    def judge(self, answers: Answers, rng: np.random.Generator) -> Row:
        """Return what each ablation costs."""
        if not any(case.text.strip() for case in self.cases):
            why = "No case has a sentence that could be taken away."
            return not_measured(self.number, self.title, why)
        pairs = {
            name: pair_answers(answers, self.cases, partial(self._question, name=name))
            for name in _NAMES
        }
        if not any(pairs.values()):
            why = "No case has a reference mask and answers to score."
            return not_measured(self.number, self.title, why)
        drops = {name: estimate_mean(_drops(found), rng=rng) for name, found in pairs.items()}
        differing = [pair for pair in pairs["shuffled"] if pair.question.text != pair.case.text]
        drop = estimate_mean(_drops(differing), rng=rng)
        verdict = judge_above(drop, LEAST_DROP, num_subjects=num_subjects(_drops(differing)))
        figures = [_figure_of_differing(drop, len(differing))]
        figures += self._figures(pairs, drops, rng)
        return Row(
            number=self.number,
            title=self.title,
            verdict=verdict,
            sentence=_sentence(verdict, drop, drops),
            figures=tuple(figures),
            plots=tuple(_plot(pairs, rng)),
            examples=tuple(_examples(differing, verdict)),
            why_not=self._why_not(),
            traits=(("sentence", verdict),),
        )

    @cached_property
    def _texts(self) -> Mapping[str, Mapping[str, str]]:
        """The sentences of other cases, by ablation and case id."""
        several = len({case.subject for case in self.cases}) > 1
        rng = rng_of(self.seed, "shuffled")
        return {
            "shuffled": shuffle_texts(self.cases, rng=rng) if several else {},
            "same_label": _texts_of_same_label(self.cases, seed=self.seed),
        }

    def _question(self, case: Case, name: str) -> Question | None:
        """Return what is asked for an ablation, or None where the case does not allow it."""
        words = case.text.split()
        if not words:
            return None
        if name == "no_sentence":
            return Question(case=case, text="")
        if name == "scrambled":
            order = rng_of(self.seed, "scrambled", case.case_id).permutation(len(words))
            return Question(case=case, text=" ".join(words[place] for place in order))
        if name in self._texts:
            text = self._texts[name].get(case.case_id)
            return None if text is None else Question(case=case, text=text)
        count = next(count for count in FIRST_WORDS if name == f"first_{count}_words")
        return own_question(case) if count >= len(words) else _first_words(case, words, count)

    def _figures(
        self,
        pairs: Mapping[str, Sequence[Pair]],
        drops: Mapping[str, Estimate],
        rng: np.random.Generator,
    ) -> Iterator[Figure]:
        """Yield Dice in both conventions and the drop, for each ablation that was asked."""
        for name, found in pairs.items():
            if found:
                yield from _figures_of(name, found, drops[name], rng)
        shuffled = self._texts["shuffled"]
        if shuffled:
            yield Figure(
                key="share_unchanged",
                name="Shuffled sentences that read the same as the right one",
                estimate=Estimate(share_unchanged(self.cases, shuffled)),
                num_cases=len(self.cases),
            )

    def _why_not(self) -> str:
        """Return why some of it was not measured."""
        if not self._texts["shuffled"]:
            return "All cases are of one subject, so that no sentence is another subject's."
        if not self._texts["same_label"]:
            return "No case has another subject's different sentence of the same label."
        return ""


def _first_words(case: Case, words: Sequence[str], count: int) -> Question:
    """Return the question that stops after so many words."""
    return Question(case=case, text=" ".join(words[:count]))


def _texts_of_same_label(cases: Sequence[Case], *, seed: int) -> dict[str, str]:
    """Return, where there is one, another subject's sentence that differs under the same label."""
    by_label: dict[str, list[Case]] = {}
    for case in cases:
        by_label.setdefault(case.label, []).append(case)
    texts = {}
    for case in cases:
        group = by_label[case.label]
        order = rng_of(seed, "same label", case.case_id).permutation(len(group))
        others = (group[place] for place in order)
        found = next((o for o in others if o.subject != case.subject and o.text != case.text), None)
        if found and case.label:
            texts[case.case_id] = found.text
    return texts


def _drops(pairs: Sequence[Pair]) -> list[Observation]:
    """Return what an ablation costs in every case."""
    return [pair.drop for pair in pairs]


def _figures_of(
    name: str, pairs: Sequence[Pair], drop: Estimate, rng: np.random.Generator
) -> Iterator[Figure]:
    """Yield the figures of one ablation."""
    yield Figure(
        key=f"dice_per_image_{name}",
        name=f"Dice per image, {_NAMES[name]}",
        estimate=_dice(pairs, rng),
        num_cases=len(pairs),
    )
    subjects = [pair.case.subject for pair in pairs]
    yield Figure(
        key=f"dice_pooled_{name}",
        name=f"Dice pooled, {_NAMES[name]}",
        estimate=estimate_pooled_dice([pair.other_overlap for pair in pairs], subjects, rng=rng),
        num_cases=len(pairs),
    )
    yield Figure(
        key=f"drop_{name}",
        name=f"Drop against the right sentence, {_NAMES[name]}",
        estimate=drop,
        num_cases=len(pairs),
        unit="points",
    )


def _figure_of_differing(drop: Estimate, num_cases: int) -> Figure:
    """Return the figure that the verdict rests on."""
    return Figure(
        key="drop_shuffled_where_it_differs",
        name="Drop, another case's sentence, where it reads differently",
        estimate=drop,
        num_cases=num_cases,
        unit="points",
    )


def _dice(pairs: Sequence[Pair], rng: np.random.Generator) -> Estimate:
    """Return Dice per image of what was asked instead."""
    seen = [Observation(pair.case.subject, pair.other_overlap.dice) for pair in pairs]
    return estimate_mean(seen, rng=rng)


def _plot(pairs: Mapping[str, Sequence[Pair]], rng: np.random.Generator) -> Iterator[Plot]:
    """Yield Dice by the number of words that were said."""
    names = {0.0: "no_sentence"} | {float(k): f"first_{k}_words" for k in FIRST_WORDS}
    by_count = {count: _dice(pairs[name], rng) for count, name in names.items() if pairs[name]}
    line = as_line("first words of the sentence", by_count)
    if len(line.xs) > 1:
        yield Plot(
            key="first_words",
            title="Dice by how much of the sentence is said",
            x_label="words, from the first",
            y_label="Dice per image",
            lines=(line,),
        )


def as_line(name: str, estimates: Mapping[float, Estimate]) -> Line:
    """Return a line through estimates; intervals where every point has one."""
    known = {x: found for x, found in estimates.items() if found.value is not None}
    intervals = [found.interval for found in known.values() if found.interval]
    has_all = len(intervals) == len(known)
    return Line(
        name=name,
        xs=tuple(float(x) for x in known),
        ys=tuple(found.value for found in known.values() if found.value is not None),
        lows=tuple(interval.low for interval in intervals) if has_all else (),
        highs=tuple(interval.high for interval in intervals) if has_all else (),
    )


def _sentence(verdict: Verdict, drop: Estimate, drops: Mapping[str, Estimate]) -> str:
    """Return what was found in words."""
    if drop.value is None:
        told = "No other case's different sentence could be said."
    else:
        told = f"Told another picture's sentence, it loses {points(drop)} of Dice per image: "
        told += {
            "yes": "what is said decides what it draws.",
            "no": "it draws nearly the same whatever is said.",
        }.get(verdict, "too few subjects to tell whether it listens.")
    return f"{told} Told nothing, it loses {points(drops['no_sentence'])}; told its words in " + (
        f"another order, {points(drops['scrambled'])}."
    )


def _examples(differing: Sequence[Pair], verdict: Verdict) -> Iterator[Example]:
    """Yield cases that show the verdict: a mask that stays, or one that the sentence moves."""
    told = [pair for pair in differing if pair.own.mask.any()]
    for pair in sorted(told, key=_sameness, reverse=verdict != "yes")[:NUM_EXAMPLES]:
        headline = (
            "Another picture's sentence changes the mask"
            if _sameness(pair) < CHANGED_BELOW
            else "The mask stays although another picture's sentence is said"
        )
        yield Example(headline=headline, questions=(own_question(pair.case), pair.question))


def _sameness(pair: Pair) -> float:
    """Return how much the two masks share."""
    return measure_overlap(pair.own.mask, pair.other.mask).dice
