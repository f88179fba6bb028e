"""Row 2: what does it cost to take the sentence away, to change it, or to break it?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.ablation import NUM_DRAWS, draw_other_texts
from lingseg.evaluation.audit.answer import CHANGED_BELOW, Answers
from lingseg.evaluation.audit.estimates import (
    MARKS_NOTHING,
    Pair,
    estimate_drop,
    estimate_mean,
    figures_of_dice,
    marks_nothing,
    num_subjects,
    pair_answers,
)
from lingseg.evaluation.audit.question import Question, own_question
from lingseg.evaluation.audit.row import Example, Figure, Line, Plot, Row, Verdict, not_measured
from lingseg.evaluation.audit.verdicts import judge_above
from lingseg.evaluation.audit.wording import points
from lingseg.evaluation.chance import rng_of
from lingseg.evaluation.summary import Estimate

LEAST_DROP = 0.02
"""Dice per image that another picture's sentence must cost a model that reads: replications find 16
to 24 points where sentences differ much, and about none for a model that goes by the picture."""

NUM_EXAMPLES = 3

_FIRST_WORDS = {f"first_{count}_words": count for count in (1, 2, 4, 8)}

_NAMES = {
    "shuffled": "another subject's sentence that reads differently",
    "no_sentence": "no sentence",
    "same_label": "another subject's sentence of the same label",
    **{name: f"only its first {count} words" for name, count in _FIRST_WORDS.items()},
    "first_1_words": "only its first word",
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
            # The same sentence may be drawn several times.
            yield from {question.key: question for question in self._ask(case, name)}.values()

    def judge(self, answers: Answers, rng: np.random.Generator) -> Row:
        """Return what each ablation costs."""
        if not any(case.text.strip() for case in self.cases):
            why = "No case has a sentence that could be taken away."
            return not_measured(self.number, self.title, why)
        pairs = {name: self._pair(answers, name) for name in _NAMES}
        known = list(chain.from_iterable(pairs.values()))
        if not known:
            why = "No case has a reference mask and answers to score."
            return not_measured(self.number, self.title, why)
        drops = {name: estimate_drop(found, rng=rng) for name, found in pairs.items()}
        drop = drops["shuffled"]
        subjects = num_subjects(pairs["shuffled"])
        verdict = judge_above(drop, LEAST_DROP, num_subjects=subjects)
        sentence = _sentence(verdict, drop, drops)
        if marks_nothing(known):
            verdict, sentence = "unclear", f"{MARKS_NOTHING} What a sentence costs cannot be told."
        return Row(
            number=self.number,
            title=self.title,
            verdict=verdict,
            sentence=sentence,
            figures=tuple(_figures(pairs, drops, rng)),
            plots=tuple(_plot(pairs, rng)),
            examples=tuple(_examples(pairs["shuffled"], verdict)),
            why_not=self._why_not(),
            traits=(("sentence", verdict),),
        )

    @cached_property
    def _texts(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """The sentences of other cases, by ablation and case id."""
        return {
            "shuffled": draw_other_texts(self.cases, seed=self.seed),
            "same_label": _texts_of_same_label(self.cases, seed=self.seed),
        }

    def _pair(self, answers: Answers, name: str) -> list[Pair]:
        """Return the pairs of one ablation: all that are asked of each case."""
        rounds = NUM_DRAWS if name == "shuffled" else 1
        return [
            pair
            for nth in range(rounds)
            for pair in pair_answers(
                answers, self.cases, partial(self._question, name=name, nth=nth)
            )
        ]

    def _question(self, case: Case, name: str, nth: int) -> Question | None:
        """Return the nth that is asked of a case, or None where there is none."""
        asked = self._ask(case, name)
        return asked[nth] if nth < len(asked) else None

    def _ask(self, case: Case, name: str) -> Sequence[Question]:
        """Return what is asked for an ablation: nothing where the case does not allow it."""
        words = case.text.split()
        if not words:
            return ()
        if name in self._texts:
            return [Question(case=case, text=t) for t in self._texts[name].get(case.case_id, ())]
        if name == "no_sentence":
            return [Question(case=case, text="")]
        if name == "scrambled":
            order = rng_of(self.seed, "scrambled", case.case_id).permutation(len(words))
            return [Question(case=case, text=" ".join(words[place] for place in order))]
        count = _FIRST_WORDS[name]
        text = case.text if count >= len(words) else " ".join(words[:count])
        return [Question(case=case, text=text)]

    def _why_not(self) -> str:
        """Return why some of it was not measured."""
        if len({case.subject for case in self.cases}) < 2:
            return "All cases are of one subject, so that no sentence is another subject's."
        if not self._texts["shuffled"]:
            return "No case has another subject's sentence that reads differently."
        if not self._texts["same_label"]:
            return "No case has another subject's different sentence of the same label."
        return ""


def _texts_of_same_label(cases: Sequence[Case], *, seed: int) -> dict[str, tuple[str, ...]]:
    """Return, where there is one, another subject's sentence that differs under the same label."""
    by_label: dict[str, list[Case]] = {}
    for case in cases:
        by_label.setdefault(case.label, []).append(case)
    texts: dict[str, tuple[str, ...]] = {}
    for case in cases:
        group = by_label[case.label]
        order = rng_of(seed, "same label", case.case_id).permutation(len(group))
        others = (group[place] for place in order)
        found = next((o for o in others if o.subject != case.subject and o.text != case.text), None)
        if found and case.label:
            texts[case.case_id] = (found.text,)
    return texts


def _figures(
    pairs: Mapping[str, Sequence[Pair]], drops: Mapping[str, Estimate], rng: np.random.Generator
) -> Iterator[Figure]:
    """Yield Dice in both conventions and the drop of each ablation that was asked.

    The one that the verdict goes by comes first.
    """
    yield _figure_of_drop("shuffled", pairs["shuffled"], drops["shuffled"])
    for name, found in pairs.items():
        if not found:
            continue
        overlaps = [pair.other_overlap for pair in found]
        subjects = [pair.subject for pair in found]
        for figure in figures_of_dice(f"_{name}", _NAMES[name], overlaps, subjects, rng=rng):
            yield replace(figure, num_cases=_num_cases(found))
        if name != "shuffled":
            yield _figure_of_drop(name, found, drops[name])


def _figure_of_drop(name: str, pairs: Sequence[Pair], drop: Estimate) -> Figure:
    """Return what an ablation costs."""
    is_shuffled = name == "shuffled"
    return Figure(
        key=f"drop_{name}_where_it_differs" if is_shuffled else f"drop_{name}",
        name=f"Drop against the right sentence, {_NAMES[name]}",
        estimate=drop,
        num_cases=_num_cases(pairs),
        unit="points",
    )


def _num_cases(pairs: Sequence[Pair]) -> int:
    """Return of how many cases pairs are; a case may have several."""
    return len({pair.case.case_id for pair in pairs})


def _plot(pairs: Mapping[str, Sequence[Pair]], rng: np.random.Generator) -> Iterator[Plot]:
    """Yield Dice by the number of words that were said."""
    by_count = {
        float(count): estimate_mean([pair.other_dice for pair in pairs[name]], rng=rng)
        for name, count in ({"no_sentence": 0} | _FIRST_WORDS).items()
        if pairs[name]
    }
    line = Line.through("first words of the sentence", by_count)
    if len(line.xs) > 1:
        yield Plot(
            key="first_words",
            title="Dice by how much of the sentence is said",
            x_label="words, from the first",
            y_label="Dice per image",
            lines=(line,),
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
    for pair in sorted(told, key=_likeness, reverse=verdict != "yes")[:NUM_EXAMPLES]:
        headline = (
            "Another picture's sentence changes the mask"
            if _likeness(pair) < CHANGED_BELOW
            else "The mask stays although another picture's sentence is said"
        )
        yield Example(headline=headline, questions=(own_question(pair.case), pair.question))


def _likeness(pair: Pair) -> float:
    """Return how alike the masks of the two sentences are."""
    return pair.own.likeness(pair.other)
