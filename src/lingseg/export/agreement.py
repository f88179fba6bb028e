"""The proof that a bundle computes what its run computes."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from lingseg.datasets.case import Case
from lingseg.models import Segmenter
from lingseg.nn.shapes import ImageBatch
from lingseg.prediction.graphs import Graphs
from lingseg.prediction.sentence import SentenceReader
from lingseg.training.batch import PixelCache, collate
from lingseg.training.recipe import Data

MAX_DIFFERENCE = 1e-3
"""Largest difference in probability, of any pixel, that an export may have."""


class Disagreement(ValueError):
    """ONNX Runtime and torch do not compute the same."""


def largest_difference(
    model: Segmenter, files: Mapping[str, bytes], cases: Sequence[Case], data: Data
) -> float:
    """Return the largest difference in probability between torch and the exported graphs.

    Every case is asked with its own sentence and with none.

    Args:
        model: The torch model, in evaluation mode, on the CPU.
        files: The graphs and the tokenizer, by their names in a bundle.
        cases: Real pictures.
        data: How pictures are shown to the model.

    Raises:
        Disagreement: The two do not even read the same tokens.
    """
    graphs = Graphs(files, size=(data.height, data.width))
    max_words = model.text_encoder.max_words
    reader = SentenceReader(files["tokenizer.json"].decode(), max_words=max_words)
    cache = PixelCache(data)
    return max(
        _difference(model, graphs, reader, collate([cache.triple(case)]).image, text)
        for case in cases
        for text in (case.text, "")
    )


@torch.no_grad()
def _difference(
    model: Segmenter, graphs: Graphs, reader: SentenceReader, image: ImageBatch, text: str
) -> float:
    """Return the largest difference on one picture and sentence, mask and presence alike."""
    token_ids, word_mask = model.text_encoder.tokenize([text])
    sentence = reader.read(text)
    if not np.array_equal(sentence.token_ids, token_ids.numpy()):
        raise Disagreement("The exported tokenizer reads other tokens than the run's own.")
    found = model(image, model.text_encoder(token_ids, word_mask), word_mask)
    words = graphs.encode_words(sentence.token_ids, sentence.word_mask)
    encoded = graphs.encode_image(image.numpy())
    mask_logits, presence_logit = graphs.segment(encoded, words, sentence.word_mask)
    pairs = [(torch.from_numpy(mask_logits), found.mask_logits[0, 0])]
    if presence_logit is not None and found.presence_logits is not None:
        pairs.append((torch.tensor(presence_logit), found.presence_logits[0]))
    return max(float((one.sigmoid() - other.sigmoid()).abs().max()) for one, other in pairs)
