"""Hidden words rebuilt from the picture: what makes pixels know what is said of them.

The language half of RecLMIS's conditioned reconstruction (Huang et al., IEEE TMI 2024), in one
layer: some words are hidden, and rebuilt from the words that are left and from the pixels, each of
which is heard as much as it is thought to be meant. Used in training only.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lingseg.nn.listener import Listener
from lingseg.nn.shapes import Scalar, WordMask, Words


class WordRebuilding(nn.Module):
    """Hides words and asks for them back."""

    def __init__(self, dim: int, text_dim: int, num_heads: int, *, rate: float) -> None:
        """Build it with random weights; `rate` of the words are hidden."""
        super().__init__()
        self.rate = rate
        self.hidden_word = nn.Parameter(torch.randn(dim) * 0.02)
        self.narrow = nn.Linear(text_dim, dim)
        self.to_words = Listener(dim, num_heads)
        self.to_pixels = Listener(dim, num_heads)
        self.widen = nn.Linear(dim, text_dim)

    def forward(
        self,
        words: Words,
        word_mask: WordMask,
        pixels: Float[Tensor, "batch pixels inner_dim"],
        interest: Float[Tensor, "batch pixels"],
    ) -> Scalar:
        """Return the mean squared error of the hidden words; 0 if none was hidden.

        Args:
            words: As the text encoder gives them, levelled.
            word_mask: Where there are words.
            pixels: What the picture shows, before any word was heard.
            interest: How much each pixel is meant, 0 to 1.
        """
        is_hidden = self._draw(word_mask)
        told = self.narrow(words)
        told = self.hidden_word.to(told.dtype).where(is_hidden[..., None], told)
        # Of an empty sentence nothing is hidden, and what is rebuilt does not count.
        is_there = word_mask | ~word_mask.any(dim=1, keepdim=True)
        told = self.to_words(told, told, is_there)
        rebuilt = self.widen(self.to_pixels(told, pixels * interest[..., None]))
        errors = (rebuilt.float() - words.detach().float()).square().mean(dim=-1)
        return errors.where(is_hidden, 0).sum() / is_hidden.sum().clamp(min=1)

    def _draw(self, word_mask: WordMask) -> Bool[Tensor, "batch words"]:
        """Return which words are hidden; drawn on the CPU, so that every device hides the same."""
        chances = torch.rand(word_mask.shape).to(word_mask.device)
        return (chances < self.rate) & word_mask
