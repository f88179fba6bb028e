"""The proof that a bundle computes what its run computes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lingseg.datasets.case import Case
from lingseg.datasets.progress import Progress, no_progress
from lingseg.metrics.overlap import Overlap, dice_per_image, measure_overlap
from lingseg.models import Segmenter
from lingseg.nn.shapes import ImageBatch
from lingseg.prediction.graphs import Graphs
from lingseg.prediction.sentence import SentenceReader
from lingseg.training.batch import PixelCache, collate
from lingseg.training.recipe import Data

MAX_DIFFERENCE = 1e-3
"""Largest difference in probability, of any pixel, that an export in fp32 may have."""
MAX_DICE_DIFFERENCE = 3e-3
"""Largest difference in validation Dice, of any data set, that an export in int8 may have."""


class Disagreement(ValueError):
    """The bundle and its run do not compute the same."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """From which probabilities on a pixel is in, and a target is there."""

    mask: float
    presence: float | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Probabilities that one side gave."""

    mask: torch.Tensor
    presence: torch.Tensor | None

    def is_refusal(self, thresholds: Thresholds) -> bool:
        """Tell whether nothing is drawn, because the target is not there."""
        if self.presence is None or thresholds.presence is None:
            return False
        return float(self.presence) < thresholds.presence


class Pair:
    """A run's model and the graphs that were made of it, asked the same."""

    def __init__(self, model: Segmenter, files: Mapping[str, bytes], data: Data) -> None:
        """Load the graphs.

        Args:
            model: The torch model, in evaluation mode, on the CPU.
            files: The graphs and the tokenizer, by their names in a bundle.
            data: How pictures are shown to the model.
        """
        self._model = model
        self._graphs = Graphs(files, size=(data.height, data.width))
        max_words = model.text_encoder.max_words
        self._reader = SentenceReader(files["tokenizer.json"].decode(), max_words=max_words)

    @torch.no_grad()
    def ask(self, image: ImageBatch, text: str) -> tuple[Answer, Answer]:
        """Return what the model and what the graphs say of one picture and sentence.

        Raises:
            Disagreement: The two do not even read the same tokens.
        """
        token_ids, word_mask = self._model.text_encoder.tokenize([text])
        sentence = self._reader.read(text)
        if not np.array_equal(sentence.token_ids, token_ids.numpy()):
            raise Disagreement("The exported tokenizer reads other tokens than the run's own.")
        found = self._model(image, self._model.text_encoder(token_ids, word_mask), word_mask)
        words = self._graphs.encode_words(sentence.token_ids, sentence.word_mask)
        encoded = self._graphs.encode_image(image.numpy())
        mask_logits, presence_logit = self._graphs.segment(encoded, words, sentence.word_mask)
        presence = found.presence_logits
        expected = Answer(
            mask=found.mask_logits[0, 0].sigmoid(),
            presence=None if presence is None else presence[0].sigmoid(),
        )
        given = Answer(
            mask=torch.from_numpy(mask_logits).sigmoid(),
            presence=None if presence_logit is None else torch.tensor(presence_logit).sigmoid(),
        )
        return expected, given


def largest_difference(
    pair: Pair, cases: Sequence[Case], data: Data, progress: Progress = no_progress
) -> float:
    """Return the largest difference in probability between torch and the exported graphs.

    Every case is asked with its own sentence and with none.

    Raises:
        Disagreement: The two do not even read the same tokens.
    """
    cache = PixelCache(data)
    differences = []
    for number, case in enumerate(cases, start=1):
        image = collate([cache.triple(case)]).image
        differences += [_difference(*pair.ask(image, text)) for text in (case.text, "")]
        progress(number, len(cases))
    return float(np.max(differences))


def dice_difference(
    pair: Pair,
    cases: Sequence[Case],
    data: Data,
    thresholds: Thresholds,
    progress: Progress = no_progress,
) -> tuple[float, int]:
    """Return how far the graphs' Dice per image is above the run's, and how many verdicts differ.

    A verdict is whether the target is there at all. Every case is asked with its own sentence, at
    the size that the model is shown.
    """
    cache = PixelCache(data)
    overlaps: tuple[list[Overlap], list[Overlap]] = ([], [])
    disagreements = 0
    for number, case in enumerate(cases, start=1):
        triple = cache.triple(case)
        answers = pair.ask(collate([triple]).image, case.text)
        refusals = [answer.is_refusal(thresholds) for answer in answers]
        disagreements += refusals[0] != refusals[1]
        for side, answer, is_refusal in zip(overlaps, answers, refusals, strict=True):
            mask = (answer.mask.numpy() >= thresholds.mask) & (not is_refusal)
            side.append(measure_overlap(mask, triple.reference))
        progress(number, len(cases))
    expected, given = (dice_per_image(side) or 0.0 for side in overlaps)
    return given - expected, disagreements


def _difference(expected: Answer, given: Answer) -> float:
    """Return the largest difference on one picture and sentence, mask and presence alike."""
    difference = float((given.mask - expected.mask).abs().max())
    if given.presence is None or expected.presence is None:
        return difference
    return max(difference, float((given.presence - expected.presence).abs()))
