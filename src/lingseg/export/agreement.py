"""The proof that a bundle computes what its run computes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lingseg.datasets.case import Case
from lingseg.datasets.progress import Progress, no_progress
from lingseg.models import Segmenter
from lingseg.nn.shapes import ImageBatch
from lingseg.prediction.graphs import Graphs
from lingseg.prediction.sentence import SentenceReader
from lingseg.training.batch import PixelCache, collate
from lingseg.training.recipe import Data

MAX_DIFFERENCE = 1e-3
"""Largest difference in probability, of any pixel, that an export in fp32 may have."""


class Disagreement(ValueError):
    """The bundle and its run do not compute the same."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Probabilities that one side gave."""

    mask: torch.Tensor
    presence: float | None


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

    def ask(self, image: ImageBatch, text: str) -> tuple[Answer, Answer]:
        """Return what the model and what the graphs say of one picture and sentence.

        Raises:
            Disagreement: The two do not even read the same tokens.
        """
        return self._ask_model(image, text), self.ask_graphs(image, text)

    @torch.no_grad()
    def _ask_model(self, image: ImageBatch, text: str) -> Answer:
        """Return what the model says."""
        token_ids, word_mask = self._model.text_encoder.tokenize([text])
        found = self._model(image, self._model.text_encoder(token_ids, word_mask), word_mask)
        presence = found.presence_logits
        return Answer(
            mask=found.mask_logits[0, 0].sigmoid(),
            presence=None if presence is None else float(presence[0].sigmoid()),
        )

    def ask_graphs(self, image: ImageBatch, text: str) -> Answer:
        """Return what the graphs say.

        Raises:
            Disagreement: The exported tokenizer reads other tokens than the model's own.
        """
        sentence = self._reader.read(text)
        token_ids, _ = self._model.text_encoder.tokenize([text])
        if not np.array_equal(sentence.token_ids, token_ids.numpy()):
            raise Disagreement("The exported tokenizer reads other tokens than the run's own.")
        words = self._graphs.encode_words(sentence.token_ids, sentence.word_mask)
        encoded = self._graphs.encode_image(image.numpy())
        logits, presence = self._graphs.segment(encoded, words, sentence.word_mask)
        return Answer(
            mask=torch.from_numpy(logits).sigmoid(),
            presence=None if presence is None else float(torch.tensor(presence).sigmoid()),
        )


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


def _difference(expected: Answer, given: Answer) -> float:
    """Return the largest difference on one picture and sentence, mask and presence alike."""
    difference = float((given.mask - expected.mask).abs().max())
    if given.presence is None or expected.presence is None:
        return difference
    return max(difference, abs(given.presence - expected.presence))
