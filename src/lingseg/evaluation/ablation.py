"""The same predictor with its sentence taken away, or with another subject's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.protocol import Predictor
from lingseg.imaging.image import Image, Probabilities


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
    """A predictor that is given the sentence of another subject's case."""

    predictor: Predictor
    texts: Mapping[str, str]
    """By case id, as `shuffle_texts` makes them."""

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
        return self.predictor.probabilities(replace(case, text=self.texts[case.case_id]), image)


def shuffle_texts(cases: Sequence[Case], *, rng: np.random.Generator) -> dict[str, str]:
    """Return for every case id the text of a case of another subject.

    The texts change places, none is used twice, unless one subject has more than half of the
    cases: then the others' texts are drawn for it again and again. By chance a text may still read
    the same as the right one; `share_unchanged` counts these.

    Raises:
        ValueError: All cases are of one subject.
    """
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.subject, []).append(case)
    if len(groups) < 2:
        raise ValueError(
            f"All {len(cases)} cases are of one subject, so no text is another subject's. "
            f"Evaluate more subjects, or use --text none."
        )
    subjects = [list(groups.values())[place] for place in rng.permutation(len(groups))]
    # Cases of a subject often come in one order of labels; moved by a whole subject they would
    # meet their own label again.
    ring = [group[place] for group in subjects for place in rng.permutation(len(group))]
    # In a ring of groups, a step as long as the longest group leaves every group.
    step = max(map(len, subjects))
    return {
        case.case_id: _text_of_another(case, ring[(place + step) % len(ring)], ring, rng)
        for place, case in enumerate(ring)
    }


def share_unchanged(cases: Sequence[Case], texts: Mapping[str, str]) -> float:
    """Return the share of cases whose other text reads the same as their own."""
    return sum(texts[case.case_id] == case.text for case in cases) / len(cases)


def _text_of_another(
    case: Case, found: Case, ring: Sequence[Case], rng: np.random.Generator
) -> str:
    """Return the text of the case found, or of one drawn where that is the same subject's."""
    if found.subject != case.subject:
        return found.text
    others = [other for other in ring if other.subject != case.subject]
    return others[rng.integers(len(others))].text
