"""The same predictor with its sentence taken away, or with other subjects'."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
    """A predictor that is given the sentences of other subjects' cases.

    It is scored on `cases`, which hold every case once for each sentence drawn for it.
    """

    predictor: Predictor
    originals: Mapping[str, Case]
    """By case id: the cases that are scored, as the predictor knows them."""
    texts: Mapping[str, Sequence[str]]
    """By the original's case id, as `draw_other_texts` makes them."""

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
        originals = {
            _name_of_draw(case, nth): case
            for case in cases
            for nth in range(len(texts.get(case.case_id, ())))
        }
        return cls(predictor, originals, texts)

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"{self.predictor.name}, shuffled text"

    @property
    def threshold(self) -> float:
        """The predictor's own."""
        return self.predictor.threshold

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases to score: those of one picture follow each other."""
        told = ((case, text) for case in self._distinct for text in self.texts[case.case_id])
        return tuple(
            replace(case, case_id=name, text=text)
            for name, (case, text) in zip(self.originals, told, strict=True)
        )

    @property
    def _distinct(self) -> tuple[Case, ...]:
        """The originals, each once."""
        return tuple({case.case_id: case for case in self.originals.values()}.values())

    def probabilities(self, case: Case, image: Image) -> Probabilities:
        """Return what is found where another picture's sentence is said."""
        known = self.originals[case.case_id]
        return self.predictor.probabilities(replace(known, text=case.text), image)


def draw_other_texts(
    cases: Sequence[Case], *, seed: int, num_draws: int = NUM_DRAWS
) -> dict[str, tuple[str, ...]]:
    """Return for each case id the texts of cases of other subjects that read differently.

    The cases are drawn without putting them back, so that frequent texts come up more often; where
    there are fewer than `num_draws`, they come up again. A case without any is left out, as is one
    that says nothing. What is drawn for a case hangs on the seed and on its name alone, not on the
    place where it stands.
    """
    drawn = {}
    for case in cases:
        found = _draw_for(case, cases, seed, num_draws) if case.text.strip() else []
        if found:
            drawn[case.case_id] = tuple(found[nth % len(found)] for nth in range(num_draws))
    return drawn


def _draw_for(case: Case, cases: Sequence[Case], seed: int, num_draws: int) -> list[str]:
    """Return at most `num_draws` texts of other cases."""
    found: list[str] = []
    for place in rng_of(seed, "shuffled", case.case_id).permutation(len(cases)):
        other = cases[place]
        if other.subject != case.subject and other.text.strip() not in ("", case.text.strip()):
            found.append(other.text)
            if len(found) == num_draws:
                break
    return found


def _name_of_draw(case: Case, nth: int) -> str:
    """Return what a case is called with a sentence drawn for it."""
    return f"{case.case_id} (sentence {nth + 1})"
