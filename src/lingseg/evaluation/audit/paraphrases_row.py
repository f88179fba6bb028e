"""Row 5: the same sentence in other words must give the same mask."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.answer import CHANGED_BELOW, Answers, find_if_answered
from lingseg.evaluation.audit.estimates import Observation, figure_of_mean, num_subjects
from lingseg.evaluation.audit.question import Question, own_question
from lingseg.evaluation.audit.row import (
    Example,
    Figure,
    Line,
    Plot,
    Row,
    Unit,
    Verdict,
    not_measured,
)
from lingseg.evaluation.audit.verdicts import judge_below
from lingseg.evaluation.audit.wording import percent, points
from lingseg.language.paraphrase import paraphrase_text

UNSTEADY_FROM = 0.2
"""A user who finds one picture in five answered otherwise for no reason but the wording cannot
rely on any."""

OTHER_WORDS = "other words"
"""What the headline calls it."""

_MAX_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class _Group:
    """What became of one case in several wordings."""

    case: Case
    likeness: tuple[float, ...]
    """Dice of the mask of each paraphrase with that of the own sentence."""
    dice: tuple[float, ...]
    """Of every wording with the reference, the own one first; empty where there is none."""
    draws: bool
    """Whether any wording made it draw anything: an empty mask that stays empty proves nothing."""
    worst_text: str
    """The paraphrase whose mask is least like that of the own sentence."""

    @property
    def subject(self) -> str:
        """Whose picture it is."""
        return self.case.subject

    @property
    def is_changed(self) -> bool:
        """Whether any wording changes the mask by more than ten points."""
        return min(self.likeness) < CHANGED_BELOW

    @property
    def spread(self) -> float:
        """Between the best and the worst Dice; without a reference, from the own mask."""
        return max(self.dice) - min(self.dice) if self.dice else 1 - min(self.likeness)


@dataclass(frozen=True, kw_only=True)
class ParaphrasesRow:
    """Each sentence that is understood whole is said in four more ways."""

    cases: tuple[Case, ...]
    number: int = 5
    title: str = "Paraphrases: the same in other words"

    def questions(self, case: Case) -> Iterable[Question]:
        """Yield the case's own question and its paraphrases."""
        texts = _paraphrases(case)
        if texts:
            yield own_question(case)
        for text in texts:
            yield Question(case=case, text=text)

    def judge(self, answers: Answers, rng: np.random.Generator) -> Row:
        """Return the row."""
        groups = [group for case in self.cases if (group := _see(answers, case)) is not None]
        left_out = sum(not _paraphrases(case) for case in self.cases)
        why_not = _why_not_all(self.cases)
        if not groups:
            return not_measured(self.number, self.title, why_not or "There is no case.")
        figures = _figures(groups, rng)
        changed = figures[0].estimate
        telling = num_subjects(group for group in groups if group.draws)
        steady = judge_below(changed, UNSTEADY_FROM, num_subjects=telling)
        return Row(
            number=self.number,
            title=self.title,
            verdict=steady,
            sentence=_sentence(groups, figures, left_out, steady),
            figures=figures,
            plots=(_plot(groups),),
            examples=_pick_examples(groups),
            why_not=why_not,
            traits=((OTHER_WORDS, steady),),
        )


def _paraphrases(case: Case) -> tuple[str, ...]:
    """Return what else a case's sentence could read."""
    return _cached_paraphrases(case.text, case.side)


_cached_paraphrases = lru_cache(maxsize=16_384)(paraphrase_text)


def _see(answers: Answers, case: Case) -> _Group | None:
    """Compare the answers to one case's wordings; None where there are none."""
    texts = _paraphrases(case)
    own = find_if_answered(answers, own_question(case)) if texts else None
    if own is None:
        return None
    asked = {text: find_if_answered(answers, Question(case=case, text=text)) for text in texts}
    told = {text: answer for text, answer in asked.items() if answer is not None}
    if not told:
        return None
    likeness = {text: own.likeness(one) for text, one in told.items()}
    overlaps = [one.overlap for one in (own, *told.values()) if one.overlap is not None]
    return _Group(
        case=case,
        likeness=tuple(likeness.values()),
        dice=tuple(overlap.dice for overlap in overlaps),
        draws=any(one.mask.any() for one in (own, *told.values())),
        worst_text=min(likeness, key=lambda text: likeness[text]),
    )


def _figures(groups: Sequence[_Group], rng: np.random.Generator) -> tuple[Figure, ...]:
    """Return the numbers of the row, the share of changed groups first."""
    scored = [group for group in groups if group.dice]
    measured: tuple[tuple[str, str, Unit, list[Observation]], ...] = (
        (
            "changed",
            "Groups whose mask changes by more than 10 points",
            "percent",
            [Observation(group.subject, float(group.is_changed)) for group in groups],
        ),
        (
            "likeness",
            "Worst Dice of a paraphrase's mask with the own mask",
            "percent",
            [Observation(group.subject, min(group.likeness)) for group in groups],
        ),
        (
            "spread",
            "Spread of Dice per image within a group",
            "points",
            [Observation(group.subject, group.spread) for group in scored],
        ),
        (
            "worst",
            "Worst Dice per image of a group",
            "percent",
            [Observation(group.subject, min(group.dice)) for group in scored],
        ),
        (
            "own",
            "Dice per image of the own sentence, same cases",
            "percent",
            [Observation(group.subject, group.dice[0]) for group in scored],
        ),
    )
    return tuple(
        figure_of_mean(f"paraphrases_{key}", name, seen, rng=rng, unit=unit)
        for key, name, unit, seen in measured
        if seen
    )


def _sentence(
    groups: Sequence[_Group], figures: Sequence[Figure], left_out: int, steady: Verdict
) -> str:
    """Return what was found."""
    found = {figure.key.removeprefix("paraphrases_"): figure.estimate for figure in figures}
    size = max(len(group.likeness) for group in groups)
    told = (
        f"Said in up to {size} other ways, {len(groups)} sentences give another mask in "
        f"{percent(found['changed'])} of cases (by more than 10 points of Dice)."
    )
    if "spread" in found:
        told += (
            f" The Dice of one case spreads over {points(found['spread'])}, and the worst wording "
            f"scores {percent(found['worst'], digits=1)} where the own one scores "
            f"{percent(found['own'], digits=1)}."
        )
    if not any(group.draws for group in groups):
        told += " It drew nothing for any of them, so that nothing could change."
    elif steady == "unclear":
        told += " Too few subjects to tell whether it stays the same."
    left = f" {left_out} sentences were left out." if left_out else ""
    return told + left


def _why_not_all(cases: Sequence[Case]) -> str:
    """Return why some sentences have no paraphrases; empty if all have."""
    num_silent = sum(not case.text.strip() for case in cases)
    num_left = sum(not _paraphrases(case) for case in cases) - num_silent
    told = []
    if num_silent:
        told.append(f"{num_silent} of {len(cases)} cases have no sentence.")
    if num_left:
        told.append(
            f"{num_left} of {len(cases)} sentences have no paraphrase: the grammar does not "
            f"understand every word of them, or they are not English."
        )
    return " ".join(told)


def _plot(groups: Sequence[_Group]) -> Plot:
    """Return the spread of every group, the widest last."""
    spreads = sorted(group.spread for group in groups)
    return Plot(
        key="paraphrases_spread",
        title="Spread within each group of paraphrases",
        x_label="Case, from the steadiest to the least steady",
        y_label="Best less worst Dice"
        if all(group.dice for group in groups)
        else "Best less worst Dice (no reference: 1 less the worst Dice with the own mask)",
        lines=(
            Line(
                name="spread",
                xs=tuple(float(nth) for nth in range(1, len(spreads) + 1)),
                ys=tuple(spreads),
            ),
        ),
        kind="points",
    )


def _pick_examples(groups: Sequence[_Group]) -> tuple[Example, ...]:
    """Return the groups with the least steady masks."""
    changed = sorted(
        (group for group in groups if group.is_changed), key=lambda group: min(group.likeness)
    )
    return tuple(
        Example(
            headline="Other words for the same, and another mask",
            questions=(own_question(group.case), Question(case=group.case, text=group.worst_text)),
        )
        for group in changed[:_MAX_EXAMPLES]
    )
