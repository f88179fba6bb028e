"""What every model of this package is: an image and words go in, mask logits come out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from lingseg.nn.shapes import (
    ImageBatch,
    MaskBatch,
    MaskLogits,
    PresenceLogits,
    Scalar,
    WordMask,
    Words,
)
from lingseg.nn.text_encoder import TextEncoder


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """What a model says of a batch. A method whose objective needs more adds fields to it."""

    mask_logits: MaskLogits
    """At the size of the image."""
    presence_logits: PresenceLogits | None = None
    """Whether what the text names is there at all, where the method asks that."""


class Segmenter(nn.Module, ABC):
    """An abstract model. Concrete models are final: none inherits from another."""

    text_encoder: TextEncoder

    @abstractmethod
    def forward(self, image: ImageBatch, words: Words, word_mask: WordMask) -> Segmentation:
        """Segment what the words describe. The reference mask is never an input.

        Args:
            image: Red, green and blue, 0 to 1, of any height and width of at least 32 pixels. A
                method normalises them itself.
            words: What `text_encoder` made of the text.
            word_mask: True where a word is. A row without any word is the null sentence.
        """

    @abstractmethod
    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Return the named, weighted terms of the method's training objective."""


@runtime_checkable
class EncodesImageFirst(Protocol):
    """A segmenter whose image part needs no words: a new sentence re-runs only the rest."""

    def encode_image(self, image: ImageBatch) -> tuple[Tensor, ...]:
        """Return what `segment_encoded` needs of the image."""

    def segment_encoded(
        self,
        encoded: tuple[Tensor, ...],
        words: Words,
        word_mask: WordMask,
        size: tuple[int, int],
    ) -> Segmentation:
        """Segment what the words describe in the encoded image of height and width `size`."""
