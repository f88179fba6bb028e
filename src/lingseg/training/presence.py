"""From which presence on a target is drawn, and from which on that is said to be sure.

Validation cases are asked for what they show and for what they do not. Two thresholds are chosen on
the probabilities of presence: below the first nothing is drawn, which at most `MAX_MISSES` of the
targets that are there suffer; from the second on a target counts as found, which at most
`MAX_MISSES` of those that are not there do. What lies between is drawn, and said to be unsure.
Both rates are bounded by split conformal prediction over subjects (`metrics.conformal`). At its
bound the first threshold would refuse as many as it may; it is taken up to there where it tells
present and absent targets apart best (J of Youden 1950, "Index for rating diagnostic tests").

What the rates hold for: a question drawn like those of validation, about a subject drawn like its
subjects, each of whom counts the same; data sets are pooled, so that no rate is claimed of one of
them alone, nor of sentences that are harder than those that `OtherTexts` makes, such as the wrong
side. The thresholds choose nothing but themselves, but the epoch was chosen on these cases, too (by
the Dice of masks), which exchangeability strictly forbids. A mask can come out empty for want of
probable pixels as well; such refusals come on top.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from lingseg.datasets.case import Case, Dataset
from lingseg.imaging.reading import read_mask
from lingseg.language.grammar import understand
from lingseg.language.side import Side
from lingseg.metrics.conformal import lower_bound, upper_bound
from lingseg.models import Segmenter
from lingseg.training.augmentation import AbsentText, Triple
from lingseg.training.batch import PixelCache, collate
from lingseg.training.objective import asking, segment_batch
from lingseg.training.other_texts import Example, OtherTexts
from lingseg.training.validation import CaseScore, presence_of

MAX_MISSES = 0.05
"""Share of present targets that may be refused, and of absent ones that may count as found."""

_HALF = 0.5
"""What a probability is held against where nothing speaks for another threshold."""
_CHANCE = 5
"""Which of a run's streams of chance this is; its batches have the lower numbers."""


@dataclass(frozen=True, kw_only=True)
class Presence:
    """How probable the model held it that one subject shows what a sentence names."""

    subject: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class PresenceThresholds:
    """From which probability of presence on a target is drawn, and from which on found."""

    draw_from: float | None
    """None: whatever the presence."""
    sure_from: float | None
    """None: nothing is claimed of what is drawn."""


class AbsentQuestions:
    """What the validation cases do not show: at most one sentence a case, always the same one.

    It is the case's own where its reference is empty, else one of `OtherTexts`, of the kinds that
    training has. No sentence is a denial: to one, "not found" is no refusal.
    """

    def __init__(
        self, datasets: Sequence[Dataset], cache: PixelCache, *, batch_size: int, seed: int
    ) -> None:
        """Gather the cases that have a reference."""
        self._groups = [
            [
                Example(case=case, info=dataset.info)
                for case in dataset.splits.get("val", ())
                if case.mask is not None
            ]
            for dataset in datasets
        ]
        self._texts = OtherTexts(self._groups)
        self._cache, self._batch_size, self._seed = cache, batch_size, seed

    def ask(self, model: Segmenter) -> list[Presence]:
        """Return how probable it held each; nothing of a model that is not asked for presence."""
        found: list[Presence] = []
        questions = list(self.questions())
        with asking(model) as reader:
            for first in range(0, len(questions), self._batch_size):
                subjects, cases = zip(*questions[first : first + self._batch_size], strict=True)
                batch = collate([self._triple(case) for case in cases])
                presences = presence_of(segment_batch(model, batch, reader), len(cases))
                found += [
                    Presence(subject=subject, probability=probability)
                    for subject, probability in zip(subjects, presences, strict=True)
                    if probability is not None
                ]
        return found

    def questions(self) -> Iterator[tuple[str, Case]]:
        """Yield whom each question is about, and the case with the sentence in place of its own."""
        for dataset, group in enumerate(self._groups):
            for number, example in enumerate(group):
                case = example.case
                text = self._absent_text(dataset, number)
                if text and not _denies(text, case.side):
                    yield (
                        subject_of(example.info.name, case.subject),
                        replace(case, text=text),
                    )

    def _absent_text(self, dataset: int, number: int) -> str:
        """Return what a case does not show; empty where nothing is known."""
        case = self._groups[dataset][number].case
        if self._is_empty(case) and case.text and not _denies(case.text, case.side):
            return case.text
        rng = np.random.default_rng([self._seed, _CHANCE, dataset, number])
        for drawn in self._texts.say("absent", rng, dataset, number):
            if isinstance(drawn, AbsentText):
                return drawn.text
        return ""

    def _is_empty(self, case: Case) -> bool:
        """Tell whether a reference has no pixel, at its own size as well: small ones vanish."""
        if self._triple(case).reference.any() or case.mask is None:
            return False
        return not read_mask(case.mask).pixels.any()

    def _triple(self, case: Case) -> Triple:
        """Return the triple of a case."""
        return self._cache.triple(case)


def subject_of(dataset: str, subject: str) -> str:
    """Return a subject's name among those of all data sets."""
    return f"{dataset}/{subject}"


def present_targets(scores: Mapping[str, Sequence[CaseScore]]) -> list[Presence]:
    """Return how probable what is there was held to be, of a model that is asked for it."""
    return [
        Presence(subject=subject_of(name, score.subject), probability=score.presence)
        for name, cases in scores.items()
        for score in cases
        if score.is_there and score.presence is not None
    ]


def choose_presence_thresholds(
    present: Sequence[Presence], absent: Sequence[Presence]
) -> PresenceThresholds:
    """Return thresholds that keep both rates, at most `MAX_MISSES` each.

    Every threshold up to the first bound refuses few enough of the present, every one from the
    second bound on calls few enough of the absent found. Where the bounds leave a gap, the first
    threshold is the one up to its bound that tells the two apart best, and what lies between it and
    the second is unsure. Where they cross, every threshold between them keeps both rates: the one
    nearest to one half is taken, and nothing is unsure. With too few absent subjects nothing is
    claimed of what is drawn, and the first threshold is one half at most. With too few present ones
    the first rate is not claimed: one half, or less where that would refuse any of them.
    """
    if not present:
        return PresenceThresholds(draw_from=None, sure_from=None)
    lowest = _refusing_few(present)
    sure_from = _finding_few(absent)
    if sure_from is not None and sure_from <= lowest:
        between = min(max(_HALF, sure_from), lowest)
        return PresenceThresholds(draw_from=between, sure_from=between)
    if sure_from is None:
        draw_from = min(_HALF, lowest)
    else:
        draw_from = _telling_apart(present, absent, at_most=lowest)
    return PresenceThresholds(draw_from=draw_from if draw_from > 0 else None, sure_from=sure_from)


def _refusing_few(present: Sequence[Presence]) -> float:
    """Return the highest threshold that refuses few enough of what is there."""
    probabilities = [one.probability for one in present]
    bound = lower_bound(probabilities, [one.subject for one in present], miss_rate=MAX_MISSES)
    return min(_HALF, *probabilities) if bound is None else bound


def _finding_few(absent: Sequence[Presence]) -> float | None:
    """Return the lowest threshold that few enough of what is absent reach, if there is one."""
    probabilities = [one.probability for one in absent]
    bound = upper_bound(probabilities, [one.subject for one in absent], miss_rate=MAX_MISSES)
    if bound is None:
        return None
    above = float(np.nextafter(bound, 2.0))  # the bound itself may be reached more often
    return above if above < 1 else None


def _telling_apart(
    present: Sequence[Presence], absent: Sequence[Presence], *, at_most: float
) -> float:
    """Return the threshold that refuses most of the absent less what it refuses of the present."""
    probabilities = [one.probability for one in present if one.probability < at_most]
    thresholds = np.unique([*probabilities, at_most])
    youden = _refused(absent, thresholds) - _refused(present, thresholds)
    return float(thresholds[youden.argmax()])


def _refused(
    asked: Sequence[Presence], thresholds: Float[np.ndarray, " thresholds"]
) -> Float[np.ndarray, " thresholds"]:
    """Return which share lies below each threshold; all subjects weigh the same."""
    _, which, counts = np.unique(
        [one.subject for one in asked], return_inverse=True, return_counts=True
    )
    weights = 1 / (len(counts) * counts[which])
    order = np.argsort([one.probability for one in asked])
    probabilities = np.array([one.probability for one in asked])[order]
    below = np.concatenate([[0.0], np.cumsum(weights[order])])
    return below[np.searchsorted(probabilities, thresholds)]


def _denies(text: str, side: Side) -> bool:
    """Tell whether a sentence says that something is not there, and nothing else."""
    return understand(text, side=side).facts.denies_all
