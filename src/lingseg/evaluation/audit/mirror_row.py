"""Row 4: a mirrored picture with a mirrored sentence must have a mirrored mask."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lingseg.datasets.case import Case, DatasetInfo
from lingseg.evaluation.audit.answer import Answers, find_if_answered
from lingseg.evaluation.audit.contradiction import facts_of
from lingseg.evaluation.audit.estimates import (
    Observation,
    estimate_mean,
    figure_of_mean,
    num_subjects,
)
from lingseg.evaluation.audit.question import Question, View, own_question
from lingseg.evaluation.audit.row import Example, Figure, Row, Verdict, not_measured
from lingseg.evaluation.audit.verdicts import judge_above, worst
from lingseg.evaluation.audit.wording import percent
from lingseg.imaging.image import Image, MaskPixels, Pixels
from lingseg.language.contradiction import is_same
from lingseg.language.turn import can_mirror, mirror_text
from lingseg.metrics.overlap import measure_overlap

ALIKE_FROM = 0.8
"""Dice from which on two masks of mirrored pictures count as one: what two readers agree to on
small lesions, and more than most models lose by the resampling and the borders of a mirror."""
HEEDS_FROM = 0.1
"""By how much Dice exchanging the side words must bring the mask nearer to the mirrored one, in
the mean of sentences that name a side: by less, the words have hardly a say."""

_MAX_EXAMPLES = 2


def _mirror(image: Image) -> Image:
    """Return the picture with left and right exchanged."""
    pixels: Pixels = image.pixels[:, ::-1].copy()
    return replace(image, pixels=pixels)


MIRRORED = View("mirrored", _mirror, keeps_places=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """How alike the answers about a picture and its mirror image are; two empty masks are."""

    case: Case
    names_side: bool
    dice: float
    dice_not_swapped: float | None
    """With the sentence as it was; None where it names no side."""
    is_drawn: bool
    """Whether any of the masks has a pixel."""

    @property
    def subject(self) -> str:
        """Whose picture it is."""
        return self.case.subject


@dataclass(frozen=True, kw_only=True)
class MirrorRow:
    """Dice between mask(mirrored picture, mirrored sentence) and the mirrored mask.

    No reference is needed. A model that ignores the sentence agrees, too; so the mirrored picture
    is shown a second time with the side words left as they were: then the mask should *not* be
    the mirrored one.
    """

    cases: tuple[Case, ...]
    info: DatasetInfo
    number: int = 4
    title: str = "Mirror: picture and sentence flipped together"

    def questions(self, case: Case) -> Iterable[Question]:
        """Yield the case's own question and those about its mirror image."""
        if self._why_not() or not can_mirror(case.text, "horizontal", case.side):
            return
        yield own_question(case)
        yield _swapped(case)
        if _names_side(case):
            yield _not_swapped(case)

    def judge(self, answers: Answers, rng: np.random.Generator) -> Row:
        """Return the row."""
        seen = [] if self._why_not() else [_see(answers, case) for case in self.cases]
        found = [one for one in seen if one is not None]
        if not found:
            why = self._why_not() or "No case could be asked mirrored."
            return not_measured(self.number, self.title, why)
        return self._row(found, rng)

    def _why_not(self) -> str:
        """Return why pictures must not be mirrored; empty: they may be."""
        if self.info.symmetry == "none":
            return (
                f"{self.info.name} declares symmetry none: a mirrored picture shows what cannot "
                f"be, say a heart on the right, so nobody can tell what its mask should be."
            )
        return ""

    def _row(self, seen: Sequence[_Seen], rng: np.random.Generator) -> Row:
        """Sum up what was seen."""
        one_sided = [one for one in seen if one.names_side]
        other = [one for one in seen if not one.names_side]
        figures = tuple(
            figure_of_mean(key, name, values, rng=rng)
            for key, name, values in (
                ("mirror_dice", "Dice with the mirrored mask", _dice(seen)),
                ("mirror_dice_one_sided", "the same, sentences that name a side", _dice(one_sided)),
                ("mirror_dice_no_side", "the same, sentences that name none", _dice(other)),
                (
                    "mirror_dice_not_swapped",
                    "Dice with the mirrored mask, side words NOT swapped",
                    _dice_not_swapped(one_sided),
                ),
            )
            if values
        )
        # Empty masks are alike, whoever left them so: they tell of nobody.
        drawn = [one for one in seen if one.is_drawn]
        keeps = judge_above(figures[0].estimate, ALIKE_FROM, num_subjects=num_subjects(drawn))
        heeds = self._heeds(one_sided, rng)
        return Row(
            number=self.number,
            title=self.title,
            verdict=worst((keeps, heeds)),
            sentence=_sentence(figures, keeps, heeds, num_drawn=len(drawn)),
            figures=figures,
            examples=_pick_examples(seen),
            traits=(("side", "no"),) if heeds == "no" else (),
        )

    def _heeds(self, one_sided: Sequence[_Seen], rng: np.random.Generator) -> Verdict:
        """Return whether it matters if the side words are swapped."""
        gains = [
            Observation(one.subject, one.dice - one.dice_not_swapped)
            for one in one_sided
            if one.dice_not_swapped is not None
        ]
        if not gains:
            return "not measured"
        estimate = estimate_mean(gains, rng=rng)
        drawn = [one for one in one_sided if one.is_drawn]
        return judge_above(estimate, HEEDS_FROM, num_subjects=num_subjects(drawn))


def _names_side(case: Case) -> bool:
    """Return whether the sentence reads otherwise in a mirror: not "both lungs", nor a name."""
    own, mirrored = (facts_of(text, case.side) for text in (case.text, _swapped(case).text))
    return not is_same(own, mirrored)


def _swapped(case: Case) -> Question:
    """Return the mirror image with its sentence."""
    text = mirror_text(case.text, "horizontal", case.side)
    return Question(case=case, text=text, view=MIRRORED)


def _not_swapped(case: Case) -> Question:
    """Return the mirror image with the sentence of the picture as it was."""
    return Question(case=case, text=case.text, view=MIRRORED)


def _see(answers: Answers, case: Case) -> _Seen | None:
    """Compare the answers of one case; None where one is missing."""
    if not can_mirror(case.text, "horizontal", case.side):
        return None
    own = find_if_answered(answers, own_question(case))
    swapped = find_if_answered(answers, _swapped(case))
    if own is None or swapped is None:
        return None
    names_side = _names_side(case)
    kept = find_if_answered(answers, _not_swapped(case)) if names_side else None
    masks = [one.mask for one in (own, swapped, kept) if one is not None]
    return _Seen(
        case=case,
        names_side=names_side,
        dice=_alike(own.mask, swapped.mask),
        dice_not_swapped=_alike(own.mask, kept.mask) if kept else None,
        is_drawn=any(mask.any() for mask in masks),
    )


def _alike(mask: MaskPixels, mirrored: MaskPixels) -> float:
    """Return the Dice of a mask and one of the mirror image, brought back."""
    return measure_overlap(mask, np.ascontiguousarray(mirrored[:, ::-1])).dice


def _dice(seen: Sequence[_Seen]) -> list[Observation]:
    """Return how alike the masks are."""
    return [Observation(one.subject, one.dice) for one in seen]


def _dice_not_swapped(seen: Sequence[_Seen]) -> list[Observation]:
    """Return how alike they are with the wrong side words."""
    return [
        Observation(one.subject, one.dice_not_swapped)
        for one in seen
        if one.dice_not_swapped is not None
    ]


def _sentence(figures: Sequence[Figure], keeps: Verdict, heeds: Verdict, *, num_drawn: int) -> str:
    """Return what was found."""
    if not num_drawn:
        return (
            "It draws nothing, neither on the pictures nor on their mirror images, so that nobody "
            "can tell whether it treats left and right alike."
        )
    dice = {figure.key: percent(figure.estimate, digits=1) for figure in figures}
    judged = {
        "yes": "it treats left and right alike",
        "no": "its answer depends on which way round the picture is",
    }.get(keeps, "too few subjects to tell whether it treats left and right alike")
    told = (
        f"Shown the mirrored picture with the mirrored sentence, it draws the mirrored mask with "
        f"a Dice of {dice['mirror_dice']}: {judged}."
    )
    if "mirror_dice_not_swapped" not in dice:
        return told
    follows = {
        "yes": "the side words make a difference",
        "no": "the side words make hardly a difference, so it does not read them",
    }.get(heeds, "too few subjects to tell whether the side words make a difference")
    return (
        f"{told} Of sentences that name a side the Dice is {dice['mirror_dice_one_sided']} with "
        f"left and right exchanged, and {dice['mirror_dice_not_swapped']} with the sentence left "
        f"as it was: {follows}."
    )


def _pick_examples(seen: Sequence[_Seen]) -> tuple[Example, ...]:
    """Return the pictures whose mirror image is answered most differently."""
    worst = sorted((one for one in seen if one.dice < ALIKE_FROM), key=lambda one: one.dice)
    return tuple(
        Example(
            headline="The mirrored picture with the mirrored sentence gets another mask",
            questions=(own_question(one.case), _swapped(one.case)),
        )
        for one in worst[:_MAX_EXAMPLES]
    )
