"""Tiny: one cross-attention from pixels to words. The smallest model that listens.

Paper       none; it exists for tests and for reading first
Reference   none
Parity      none possible: there is no other implementation
Deviations  none
"""

from dataclasses import dataclass

import torch.nn.functional as F
from einops import rearrange
from torch import nn

from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.listener import Listener, NullWord
from lingseg.nn.losses import mask_cross_entropy
from lingseg.nn.place import PlaceEmbedding
from lingseg.nn.shapes import ImageBatch, MaskBatch, Scalar, WordMask, Words
from lingseg.nn.text_encoders import TextEncoderName, build_text_encoder


@dataclass(frozen=True, kw_only=True)
class TinyConfig:
    """How large a Tiny is."""

    dim: int = 32
    """Features of one pixel or word."""
    num_heads: int = 2
    patch_size: int = 4
    text_encoder: TextEncoderName = "words"
    text_weights: str = ""
    max_words: int = 64

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.dim % self.num_heads:
            raise ValueError(
                f"dim={self.dim} cannot be split over num_heads={self.num_heads}; "
                f"choose a dim that is a multiple of {self.num_heads}."
            )

    @classmethod
    def small(cls) -> "TinyConfig":
        """Return the size that trains on two CPU cores: its only one."""
        return cls()


class Tiny(Segmenter):
    """One cross-attention from pixels to words, between a patch embedding and its inverse."""

    def __init__(self, config: TinyConfig) -> None:
        """Build the model with random weights."""
        super().__init__()
        self.config = config
        dim, patch_size = config.dim, config.patch_size
        self.text_encoder = build_text_encoder(
            config.text_encoder, weights=config.text_weights, max_words=config.max_words
        )
        self.patch_embedding = nn.Conv2d(3, dim, kernel_size=patch_size, stride=patch_size)
        self.place = PlaceEmbedding(dim)
        self.word_projection = nn.Linear(self.text_encoder.dim, dim)
        self.null_word = NullWord(dim)
        self.listen = Listener(dim, config.num_heads)
        self.mask_head = nn.ConvTranspose2d(dim, 1, kernel_size=patch_size, stride=patch_size)

    def forward(self, image: ImageBatch, words: Words, word_mask: WordMask) -> Segmentation:
        """Segment what the words describe."""
        height, width = image.shape[-2:]
        patch_size = self.config.patch_size
        margins = (0, -width % patch_size, 0, -height % patch_size)
        features = self.patch_embedding(F.pad(image, margins))
        rows, columns = features.shape[-2:]
        pixels = rearrange(features, "batch dim height width -> batch (height width) dim")
        words, word_mask = self.null_word(self.word_projection(words), word_mask)
        pixels = self.listen(pixels + self.place(rows, columns), words, word_mask)
        features = rearrange(
            pixels, "batch (height width) dim -> batch dim height width", height=rows
        )
        return Segmentation(mask_logits=self.mask_head(features)[..., :height, :width])

    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Ask of every pixel whether it is in the mask."""
        return {"cross_entropy": mask_cross_entropy(segmentation.mask_logits, reference)}
