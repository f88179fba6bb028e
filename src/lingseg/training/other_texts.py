"""What else can be said of a training case: the same in other words, or what it does not show."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from lingseg.datasets.case import Case, DatasetInfo
from lingseg.datasets.foreign import FOREIGN
from lingseg.language.contradiction import deny_text
from lingseg.language.paraphrase import paraphrase_text
from lingseg.training.augmentation import AbsentText, Change, OtherText, Wording

PHANTOM = "phantom"
"""The name of the data set of phantoms."""
SHORT_TEXT = "text_short"
"""The column with the bare name of a target."""
NORMAL = "normal"
"""The label of a picture in which none of its data set's targets is to be found."""

_KEPT = 20_000
"""Sentences whose other wordings are kept in memory."""
_paraphrases = lru_cache(maxsize=_KEPT)(paraphrase_text)
_denial = lru_cache(maxsize=_KEPT)(deny_text)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A case, and what is known of its data set."""

    case: Case
    info: DatasetInfo


class OtherTexts:
    """Sentences beside each case's own."""

    def __init__(self, groups: Sequence[Sequence[Example]]) -> None:
        """Gather the sentences of every data set."""
        self._groups = groups
        self._texts = [sorted({example.case.text for example in group}) for group in groups]
        self._foreign = _foreign(groups, self._texts)
        self._lacking = [_lacking(group) for group in groups]

    def say(
        self, wording: Wording, rng: np.random.Generator, dataset: int, number: int
    ) -> list[Change]:
        """Return what shows a case with such a sentence; nothing where there is none."""
        case = self._groups[dataset][number].case
        if wording == "none":
            return [OtherText("")]
        if wording == "short":
            short = case.columns.get(SHORT_TEXT, "")
            return [OtherText(short)] if short else []
        if wording == "paraphrase":
            return [OtherText(text) for text in _one_of(rng, _paraphrases(case.text, case.side))]
        if wording == "denied":
            denial = _denial(case.text, case.side)
            return [AbsentText(denial)] if denial else []
        if wording == "absent":
            return [AbsentText(text) for text in _one_of(rng, self._absent(rng, dataset, number))]
        return []

    def _absent(self, rng: np.random.Generator, dataset: int, number: int) -> Sequence[str]:
        """Return sentences of one kind, drawn among those that there are, that are not true."""
        if self._groups[dataset][number].case.label == NORMAL:
            return self._texts[dataset]
        sources = [*self._foreign[dataset], self._lacking[dataset][number]]
        sources = [source for source in sources if source]
        return sources[int(rng.integers(len(sources)))] if sources else ()


def siblings_of(examples: Sequence[Example]) -> list[list[int]]:
    """Return, for each case, the other cases of its picture that have another mask."""
    of_picture = _by_picture(examples)
    return [
        [
            other
            for other in of_picture[example.case.image]
            if examples[other].case.mask != example.case.mask
        ]
        for example in examples
    ]


def _foreign(
    groups: Sequence[Sequence[Example]], texts: Sequence[Sequence[str]]
) -> list[tuple[Sequence[str], ...]]:
    """Return, for each data set, the sentences of the others, and what such pictures cannot show.

    Phantoms neither give nor take any: a phantom has lesions of every kind, so that a sentence
    about another picture could be true of it.
    """
    names = [group[0].info.name if group else PHANTOM for group in groups]
    return [
        ()
        if name == PHANTOM
        else (
            [
                text
                for other, said in zip(names, texts, strict=True)
                if other not in (name, PHANTOM)
                for text in said
            ],
            [f"the {thing}" for thing in FOREIGN.get(group[0].info.modality, ())],
        )
        for name, group in zip(names, groups, strict=True)
    ]


def _lacking(examples: Sequence[Example]) -> list[Sequence[str]]:
    """Return, for each case, what its set says of the targets that its picture lacks.

    Only where pictures have several targets: else each is annotated for a single one.
    """
    of_picture = _by_picture(examples)
    if examples and (examples[0].info.name == PHANTOM or len(of_picture) == len(examples)):
        return [()] * len(examples)
    texts: dict[str, set[str]] = {}
    for example in examples:
        texts.setdefault(example.case.label, set()).add(example.case.text)
    lacking: dict[Path, list[str]] = {}
    for image, numbers in of_picture.items():
        shown = {examples[number].case.label for number in numbers}
        lacking[image] = sorted(set().union(*(texts[label] for label in texts.keys() - shown)))
    return [lacking[example.case.image] for example in examples]


def _by_picture(examples: Sequence[Example]) -> dict[Path, list[int]]:
    """Return the numbers of each picture's cases."""
    of_picture: dict[Path, list[int]] = {}
    for number, example in enumerate(examples):
        of_picture.setdefault(example.case.image, []).append(number)
    return of_picture


def _one_of(rng: np.random.Generator, texts: Sequence[str]) -> Sequence[str]:
    """Return one of the texts, or nothing if there is none."""
    return [texts[int(rng.integers(len(texts)))]] if texts else []
