"""From a batch to the loss terms of a step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lingseg.models import EncodesImageFirst, Segmentation, Segmenter
from lingseg.nn.shapes import MaskBatch, Scalar, TokenIds, WordMask, Words
from lingseg.nn.text_encoder import TextEncoder
from lingseg.training.batch import Batch


class TextReader:
    """What a step needs of its sentences; a frozen encoder reads each of them once."""

    def __init__(self, encoder: TextEncoder, device: torch.device) -> None:
        """Start with nothing read; `device` is where the encoder lies."""
        self._encoder, self._device = encoder, device
        self._words: dict[str, Float[Tensor, "words dim"]] = {}

    def read(self, texts: Sequence[str]) -> tuple[Words | TokenIds, WordMask]:
        """Return the words of a frozen encoder or the token ids for a trained one, and a mask."""
        token_ids, word_mask = self._encoder.tokenize(texts)
        token_ids, word_mask = token_ids.to(self._device), word_mask.to(self._device)
        if not self._encoder.is_frozen:
            return token_ids, word_mask
        words = torch.zeros(*token_ids.shape, self._encoder.dim, device=self._device)
        for row, text in enumerate(texts):
            if text not in self._words:
                self._words[text] = self._read_one(text)
            found = self._words[text]
            words[row, : len(found)] = found
        return words, word_mask

    @torch.no_grad()
    def _read_one(self, text: str) -> Float[Tensor, "words dim"]:
        """Return the words of one sentence."""
        token_ids, word_mask = self._encoder.tokenize([text])
        return self._encoder(token_ids.to(self._device), word_mask.to(self._device))[0]


class Objective(nn.Module):
    """A segmenter and its losses as one module, so that one wrapper spreads both over processes."""

    def __init__(self, segmenter: Segmenter) -> None:
        """Take the segmenter in."""
        super().__init__()
        self.segmenter = segmenter

    def forward(
        self,
        image: Float[Tensor, "pictures 3 height width"],
        asked: Int[Tensor, " batch"],
        text: Words | TokenIds,
        word_mask: WordMask,
        reference: MaskBatch,
    ) -> dict[str, Scalar]:
        """Return the named loss terms.

        Args:
            image: The pictures.
            asked: Which picture each text is about.
            text: The words of a frozen text encoder, or the token ids for a trained one.
            word_mask: True where a word is.
            reference: The masks held to be true.
        """
        found = segment(self.segmenter, image, asked, text, word_mask)
        return self.segmenter.losses(found, reference)


def segment(
    segmenter: Segmenter,
    image: Float[Tensor, "pictures 3 height width"],
    asked: Int[Tensor, " batch"],
    text: Words | TokenIds,
    word_mask: WordMask,
) -> Segmentation:
    """Return what the segmenter says of the batch, its text encoder run first if it is trained.

    A picture that several texts ask about is encoded once, by a method that can.
    """
    words = text if text.is_floating_point() else segmenter.text_encoder(text, word_mask)
    if len(image) == len(asked):
        return segmenter(image, words, word_mask)
    if not isinstance(segmenter, EncodesImageFirst):
        return segmenter(image[asked], words, word_mask)
    encoded = tuple(found[asked] for found in segmenter.encode_image(image))
    size = (image.shape[-2], image.shape[-1])
    return segmenter.segment_encoded(encoded, words, word_mask, size)


@contextmanager
def asking(segmenter: Segmenter) -> Iterator[TextReader]:
    """Keep a segmenter from learning while the block runs; yield what reads its sentences."""
    was_training = segmenter.training
    segmenter.eval()
    with torch.no_grad():
        yield TextReader(segmenter.text_encoder, next(segmenter.parameters()).device)
    segmenter.train(was_training)


def segment_batch(segmenter: Segmenter, batch: Batch, reader: TextReader) -> Segmentation:
    """Return what the segmenter says of a batch as it was collated."""
    text, word_mask = reader.read(batch.texts)
    device = word_mask.device
    return segment(segmenter, batch.image.to(device), batch.asked.to(device), text, word_mask)
