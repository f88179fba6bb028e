"""Row 1: does the model do more than its sentence alone, or its picture alone, would tell?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.answer import Answers
from lingseg.evaluation.audit.estimates import (
    MARKS_NOTHING,
    Pair,
    estimate_drop,
    figures_of_dice,
    marks_nothing,
    num_subjects,
    pair_answers,
)
from lingseg.evaluation.audit.question import Question, own_question
from lingseg.evaluation.audit.row import Figure, Row, Verdict, not_measured
from lingseg.evaluation.audit.verdicts import judge_above, worst
from lingseg.evaluation.audit.wording import ahead, percent
from lingseg.evaluation.summary import Estimate

LEAST_GAIN = 0.01
"""Dice per image by which a model must beat a floor: a point is less than what two drawings of one
reader differ by, so that a smaller gain is none to anybody."""

MEAN_MASK = "mean mask"
TEXT_LOOKUP = "text lookup"
TWIN = "image-only twin"
NO_SENTENCE = "no sentence"

_KEYS = {
    MEAN_MASK: "mean_mask",
    TEXT_LOOKUP: "text_lookup",
    TWIN: "image_only_twin",
    NO_SENTENCE: "no_sentence",
}
_TOLD = {
    TEXT_LOOKUP: "the average training mask of the same sentence, which never sees the picture",
    TWIN: "the twin that was trained without sentences",
    NO_SENTENCE: "the model itself when nothing is said",
}


@dataclass(frozen=True, kw_only=True)
class FloorsRow:
    """The model beside what needs no sentence, or no picture."""

    cases: tuple[Case, ...]
    beside: tuple[str, ...]
    """Which of `MEAN_MASK`, `TEXT_LOOKUP` and `TWIN` are asked as well."""
    why_without: str = ""
    """Why floors are missing."""
    number: int = 1
    title: str = "Floors"

    def questions(self, case: Case) -> Iterator[Question]:
        """Yield the case's own question, to all, and the one without a sentence."""
        yield own_question(case)
        for name in self._names(case):
            yield _question(case, name)

    def judge(self, answers: Answers, rng: np.random.Generator) -> Row:
        """Return by how much the model beats each floor."""
        everyone = {
            name: pair_answers(answers, self._cases_of(name), partial(_question, name=name))
            for name in (*self.beside, NO_SENTENCE)
        }
        pairs = {name: found for name, found in everyone.items() if found}
        if not pairs:
            return not_measured(self.number, self.title, self._why_nothing())
        gains = {name: estimate_drop(found, rng=rng) for name, found in pairs.items()}
        figures = list(_figures(pairs, gains, rng))
        verdicts = {
            name: judge_above(gains[name], LEAST_GAIN, num_subjects=num_subjects(found))
            for name, found in pairs.items()
            if name in _TOLD
        }
        verdict = worst(verdicts.values())
        sentence = _sentence(verdicts, gains, figures[0].estimate)
        if all(marks_nothing(found) for found in pairs.values()):
            verdict = "unclear"
            sentence = f"{MARKS_NOTHING} What the model is worth beside its floors cannot be told."
        return Row(
            number=self.number,
            title=self.title,
            verdict=verdict,
            sentence=sentence,
            figures=tuple(figures),
            why_not=self.why_without,
        )

    def _names(self, case: Case) -> tuple[str, ...]:
        """Return what a case is compared with."""
        return (*self.beside, NO_SENTENCE) if case.text.strip() else self.beside

    def _cases_of(self, name: str) -> tuple[Case, ...]:
        """Return the cases that are compared with a floor."""
        return tuple(case for case in self.cases if name in self._names(case))

    def _why_nothing(self) -> str:
        """Return why no floor could be compared with."""
        if not any(case.mask for case in self.cases):
            return "No case has a reference mask, without which nothing is scored."
        return self.why_without or "No case has answers from the model and from a floor."


def _question(case: Case, name: str) -> Question:
    """Return what is asked for a floor."""
    if name == NO_SENTENCE:
        return Question(case=case, text="")
    return Question(case=case, text=case.text, asked_of=name)


def _figures(
    pairs: Mapping[str, Sequence[Pair]], gains: Mapping[str, Estimate], rng: np.random.Generator
) -> Iterator[Figure]:
    """Yield Dice of the model in both conventions, what it is ahead of each floor, and theirs."""
    first = next(iter(pairs.values()))
    own, subjects = [pair.own_overlap for pair in first], [pair.subject for pair in first]
    yield from figures_of_dice("", "the model", own, subjects, rng=rng)
    for name, found in pairs.items():
        yield Figure(
            key=f"gain_over_{_KEYS[name]}",
            name=f"Gain over {name}, Dice per image",
            estimate=gains[name],
            num_cases=len(found),
            unit="points",
        )
    for name, found in pairs.items():
        others, subjects = [pair.other_overlap for pair in found], [pair.subject for pair in found]
        yield from figures_of_dice(f"_{_KEYS[name]}", name, others, subjects, rng=rng)


def _sentence(verdicts: dict[str, Verdict], gains: dict[str, Estimate], own: Estimate) -> str:
    """Return what was found in words."""
    beaten = [name for name, verdict in verdicts.items() if verdict == "yes"]
    others = [name for name in verdicts if name not in beaten]
    told = [f"It reaches a Dice of {percent(own)} per image."]
    told += [f"It is {ahead(gains[name])} of {_TOLD[name]}." for name in beaten]
    for name in others:
        lead = ahead(gains[name])
        if verdicts[name] == "unclear":
            told.append(f"Too few subjects to tell whether it beats {_TOLD[name]} ({lead}).")
        else:
            told.append(f"It is no better than {_TOLD[name]} ({lead}).")
    return " ".join(told)
