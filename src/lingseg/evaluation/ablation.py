"""The same predictor with its sentence taken away, or with other subjects'."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

from lingseg.datasets.case import Case
from lingseg.evaluation.chance import rng_of
from lingseg.evaluation.protocol import Predictor
from lingseg.imaging.image import Image, Probabilities

NUM_DRAWS = 5
"""Sentences that are drawn for each case: one alone moved the mean Dice of a small set by nine
points from one draw to the next."""


@dataclass(frozen=True)
class WithoutText:
    """A predictor that is always given the empty sentence."""

    predictor: Predictor

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"{self.predictor.name}, no text"

    @property
    def threshold(self) -> float:
        """The predictor's own."""
        return self.predictor.threshold

    def probabilities(self, case: Case, image: Image) -> Probabilities:
        """Return what is found with nothing said."""
        return self.predictor.probabilities(replace(case, text=""), image)


@dataclass(frozen=True)
class ShuffledText:
    """A predictor that is given the sentences of other subjects' cases."""

    predictor: Predictor
    cases: tuple[Case, ...]
    """The cases to score: every case once for each sentence drawn for it."""
    originals: Mapping[str, Case]
    """By the id of each of `cases`: the case as the predictor knows it."""

    @classmethod
    def of(cls, predictor: Predictor, cases: Sequence[Case], *, seed: int) -> "ShuffledText":
        """Draw the sentences.

        Raises:
            ValueError: No case has another subject's sentence that reads differently.
        """
        texts = draw_other_texts(cases, seed=seed)
        if not texts:
            raise ValueError(
                f"None of the {len(cases)} cases has a sentence of another subject that reads "
                f"differently. Evaluate more subjects, or use --text none."
            )
        told, originals = [], {}
        for case in cases:
            for nth, text in enumerate(texts.get(case.case_id, ()), 1):
                name = f"{case.case_id} (sentence {nth})"
                originals[name] = case
                told.append(replace(case, case_id=name, text=text))
        return cls(predictor, tuple(told), originals)

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"{self.predictor.name}, shuffled text"

    @property
    def threshold(self) -> float:
        """The predictor's own."""
        return self.predictor.threshold

    def probabilities(self, case: Case, image: Image) -> Probabilities:
        """Return what is found where another picture's sentence is said."""
        known = self.originals[case.case_id]
        return self.predictor.probabilities(replace(known, text=case.text), image)


def draw_other_texts(cases: Sequence[Case], *, seed: int) -> dict[str, tuple[str, ...]]:
    """Return for each case id the texts of cases of other subjects that read differently.

    The cases are drawn without putting them back, so that frequent texts come up more often; where
    there are fewer than `NUM_DRAWS`, they come up again. A case without any is left out, as is one
    that says nothing. What is drawn for a case hangs on the seed and on its name alone, not on the
    place where it stands.
    """
    drawn = {}
    for case in cases:
        found = _draw_for(case, cases, seed) if case.text.strip() else []
        if found:
            drawn[case.case_id] = tuple(islice(cycle(found), NUM_DRAWS))
    return drawn


def _draw_for(case: Case, cases: Sequence[Case], seed: int) -> list[str]:
    """Return at most `NUM_DRAWS` texts of other cases."""
    order = rng_of(seed, "shuffled", case.case_id).permutation(len(cases))
    others = (cases[place] for place in order)
    alike = ("", case.text.strip())
    found = (o.text for o in others if o.subject != case.subject and o.text.strip() not in alike)
    return list(islice(found, NUM_DRAWS))
