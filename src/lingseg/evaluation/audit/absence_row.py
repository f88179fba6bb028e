"""Row 6: what is drawn for what is not there, and for what the sentence denies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from lingseg.datasets.case import Case, DatasetInfo
from lingseg.datasets.foreign import FOREIGN
from lingseg.evaluation.audit.answer import Answer, Answers, find_if_answered
from lingseg.evaluation.audit.contradiction import facts_of
from lingseg.evaluation.audit.estimates import Observation, figure_of_mean, num_subjects
from lingseg.evaluation.audit.question import Question, own_question
from lingseg.evaluation.audit.row import Example, Figure, Row, Verdict, not_measured
from lingseg.evaluation.audit.verdicts import judge_above, judge_together, worst
from lingseg.evaluation.audit.wording import percent
from lingseg.evaluation.summary import Estimate
from lingseg.language.contradiction import deny_text
from lingseg.metrics.uncertainty import Numbers, bootstrap_statistic

LEFT_BLANK_FROM = 0.8
"""A model knows what is not there if it leaves four of five such pictures blank: one that draws
on more of them cannot be asked an open question."""
TELLS_APART_FROM = 0.8
"""AUROC from which on its confidence tells what is there from what is not; 0.5 is a coin. It is
asked as well, as a model that never draws anything leaves all of them blank."""

_NEVER_SEEN_TO_DRAW = (
    "no case asks for what is there, so that nobody can tell whether it ever draws anything"
)

_BLANK_ANYHOW = "no merit, as it is hardly surer of what is there"

Kind: TypeAlias = Literal["present", "absent", "denied"]
_MAX_EXAMPLES = 2
_NUM_FOREIGN = 2
"""Things that are asked for, one a picture."""


@dataclass(frozen=True, kw_only=True)
class _Blank:
    """What is said of one kind of question whose mask should be empty."""

    kind: Kind
    trait: str
    what: str
    opening: str
    endings: Mapping[Verdict, str]
    unclear: str
    headline: str
    """Of the examples that show a mask."""


_BLANKS = (
    _Blank(
        kind="absent",
        trait="absence",
        what="what is not there",
        opening="Asked for what is not in the picture",
        endings={
            "yes": "it knows when there is nothing to draw",
            "no": "it draws something whatever it is asked for",
        },
        unclear="too few subjects to tell whether it knows that there is nothing to draw",
        headline="It draws what is not there",
    ),
    _Blank(
        kind="denied",
        trait="negation",
        what="what is denied",
        opening='Told that there is none ("no …")',
        endings={"yes": 'it reads "no"', "no": 'it does not read "no"'},
        unclear='too few subjects to tell whether it reads "no"',
        headline="It draws what the sentence denies",
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """One answer, and what was asked."""

    question: Question
    kind: Kind
    answer: Answer

    @property
    def subject(self) -> str:
        """Whose picture it is."""
        return self.question.case.subject

    @property
    def is_blank(self) -> bool:
        """Whether nothing was drawn."""
        return not self.answer.mask.any()


@dataclass(frozen=True, kw_only=True)
class AbsenceRow:
    """Three kinds of sentences: of what is there, of what is not, and denials ("no tumor").

    What is not there: cases whose reference is empty, and things of other kinds of pictures. A
    denial asks for nothing, whether the thing is there or not: the mask should be empty.
    """

    cases: tuple[Case, ...]
    info: DatasetInfo
    number: int = 6
    title: str = "Absence: what is not there, and what is denied"

    def questions(self, case: Case) -> Iterable[Question]:
        """Yield the case's own question, its denial, and one for something foreign."""
        yield own_question(case)
        for question, _ in self._asked_beyond(case):
            yield question

    def judge(self, answers: Answers, rng: np.random.Generator) -> Row:
        """Return the row."""
        seen = [one for case in self.cases for one in self._see(answers, case)]
        by_kind: dict[Kind, list[_Seen]] = {"present": [], "absent": [], "denied": []}
        for one in seen:
            by_kind[one.kind].append(one)
        if not by_kind["absent"] and not by_kind["denied"]:
            return not_measured(self.number, self.title, self._why_nothing())
        return self._row(by_kind, rng)

    def _asked_beyond(self, case: Case) -> Iterator[tuple[Question, Kind]]:
        """Yield what is asked beside the own sentence."""
        denial = deny_text(case.text, case.side)
        if denial is not None:
            yield Question(case=case, text=denial), "denied"
        foreign = FOREIGN.get(self.info.modality, ())[:_NUM_FOREIGN]
        if foreign:  # the same for all cases of a picture, so that it is asked once
            nth = sum(case.image.name.encode()) % len(foreign)
            yield Question(case=case, text=f"the {foreign[nth]}"), "absent"

    def _see(self, answers: Answers, case: Case) -> Iterator[_Seen]:
        """Yield the answers about one case; without a sentence nothing of its own is asked."""
        own = find_if_answered(answers, own_question(case))
        if own is not None and own.overlap is not None and case.text.strip():
            kind = _kind_of_own(case, own)
            yield _Seen(question=own_question(case), kind=kind, answer=own)
        for question, kind in self._asked_beyond(case):
            answer = find_if_answered(answers, question)
            if answer is not None:
                yield _Seen(question=question, kind=kind, answer=answer)

    def _why_nothing(self) -> str:
        """Return why there is nothing to judge."""
        return (
            f"No sentence asks for what is not there, none could be denied, and nothing is known "
            f"that {self.info.modality or 'pictures of an unknown kind'} cannot show."
        )

    def _row(self, by_kind: Mapping[Kind, Sequence[_Seen]], rng: np.random.Generator) -> Row:
        """Judge both kinds of emptiness."""
        present = by_kind["present"]
        traits: dict[str, Verdict] = {}
        figures: list[Figure] = []
        sentences: list[str] = []
        examples: list[Example] = []
        for blank in _BLANKS:
            seen = by_kind[blank.kind]
            if not seen:
                continue
            numbers = _figures(blank, seen, present, rng)
            figures += numbers
            traits[blank.trait] = _judge(numbers, seen, present)
            ending = _ending(blank, traits[blank.trait], numbers, seen, present)
            sentences.append(_sentence(blank, numbers, ending))
            examples += _pick_examples(seen, blank.headline)
        if present:
            missed = [Observation(one.subject, float(one.is_blank)) for one in present]
            name = "Left blank although it is there"
            figures.append(figure_of_mean("present_left_blank", name, missed, rng=rng))
        return Row(
            number=self.number,
            title=self.title,
            verdict=judge_together(traits.values()),
            sentence=" ".join(sentences),
            figures=tuple(figures),
            examples=tuple(examples),
            why_not="" if by_kind["absent"] else "No sentence names what is certainly not there.",
            traits=tuple(traits.items()),
        )


def _kind_of_own(case: Case, answer: Answer) -> Kind:
    """Return whether a case asks for what is there, for what is not, or denies it."""
    if facts_of(case.text, case.side).denies_all:
        return "denied"
    return "present" if answer.overlap and answer.overlap.reference else "absent"


def _figures(
    blank: _Blank, seen: Sequence[_Seen], present: Sequence[_Seen], rng: np.random.Generator
) -> list[Figure]:
    """Return null accuracy, the area drawn all the same, and AUROC of the peak if it has one."""
    figures = [
        figure_of_mean(
            f"null_accuracy_{blank.trait}",
            f"Left blank, asked for {blank.what} (null accuracy)",
            [Observation(one.subject, float(one.is_blank)) for one in seen],
            rng=rng,
        ),
        figure_of_mean(
            f"false_area_{blank.trait}",
            f"Share of the picture drawn, asked for {blank.what}",
            [Observation(one.subject, float(one.answer.mask.mean())) for one in seen],
            rng=rng,
        ),
    ]
    if present:
        figures.append(
            Figure(
                key=f"auroc_{blank.trait}",
                name=f"Presence AUROC of the peak: what is there against {blank.what}",
                estimate=_estimate_auroc(present, seen, rng),
                num_cases=len(present) + len(seen),
                unit="plain",
            )
        )
    return figures


def _estimate_auroc(
    present: Sequence[_Seen], missing: Sequence[_Seen], rng: np.random.Generator
) -> Estimate:
    """Return the AUROC of the peaks and its interval, subjects drawn anew."""
    peaks, peaks_missing = (
        np.array([one.answer.peak for one in seen]) for seen in (present, missing)
    )
    wins = (np.sign(peaks[:, None] - peaks_missing) + 1) / 2

    def auroc(weights: Numbers) -> Numbers:
        there, not_there = np.split(weights, [len(present)], axis=1)
        num_pairs = there.sum(axis=1) * not_there.sum(axis=1)
        num_won = ((there @ wins) * not_there).sum(axis=1)
        return np.divide(num_won, num_pairs, out=np.full(len(weights), np.nan), where=num_pairs > 0)

    subjects = [one.subject for one in (*present, *missing)]
    (value,) = auroc(np.ones((1, len(subjects))))
    return Estimate(float(value), bootstrap_statistic(auroc, subjects, rng=rng))


def _judge(numbers: Sequence[Figure], seen: Sequence[_Seen], present: Sequence[_Seen]) -> Verdict:
    """Return whether it leaves blank what it should, and not because it never draws."""
    _, _, *aurocs = (figure.estimate for figure in numbers)
    leaves_blank = _leaves_blank(numbers, seen)
    if not present:  # who never draws anything leaves all of them blank
        return "no" if leaves_blank == "no" else "unclear"
    # Each side of the comparison must have enough subjects.
    fewer = min(num_subjects(seen), num_subjects(present))
    told_apart = (judge_above(one, TELLS_APART_FROM, num_subjects=fewer) for one in aurocs)
    return worst([leaves_blank, *told_apart])


def _leaves_blank(numbers: Sequence[Figure], seen: Sequence[_Seen]) -> Verdict:
    """Return whether nothing is drawn, for whatever reason."""
    null_accuracy = numbers[0].estimate
    return judge_above(null_accuracy, LEFT_BLANK_FROM, num_subjects=num_subjects(seen))


def _ending(
    blank: _Blank,
    verdict: Verdict,
    numbers: Sequence[Figure],
    seen: Sequence[_Seen],
    present: Sequence[_Seen],
) -> str:
    """Return what a verdict means."""
    if not present and verdict == "unclear":
        return _NEVER_SEEN_TO_DRAW
    if verdict == "no" and _leaves_blank(numbers, seen) != "no":
        return _BLANK_ANYHOW
    return blank.endings.get(verdict, blank.unclear)


def _sentence(blank: _Blank, numbers: Sequence[Figure], ending: str) -> str:
    """Return how often nothing is drawn, how much is drawn else, and what that means."""
    is_blank, area = numbers[:2]
    return (
        f"{blank.opening}, it draws nothing in {percent(is_blank.estimate)} of "
        f"{is_blank.num_cases} questions ({percent(area.estimate, digits=1)} of the picture is "
        f"drawn on average): {ending}."
    )


def _pick_examples(seen: Sequence[_Seen], headline: str) -> tuple[Example, ...]:
    """Return the answers with the largest masks where nothing should be drawn."""
    drawn = sorted(
        (one for one in seen if not one.is_blank), key=lambda one: -float(one.answer.mask.mean())
    )
    return tuple(
        Example(headline=headline, questions=_with_own(one.question))
        for one in drawn[:_MAX_EXAMPLES]
    )


def _with_own(question: Question) -> tuple[Question, ...]:
    """Return a question after the case's own, unless it is that."""
    return (question,) if question.is_own else (own_question(question.case), question)
