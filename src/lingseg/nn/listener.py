"""Attention from rows to other rows, and the word that is there even when nothing is said."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lingseg.nn.shapes import WordMask, Words


class NullWord(nn.Module):
    """A learned word put before all others; of an empty sentence it is all there is to hear."""

    def __init__(self, dim: int) -> None:
        """Build the word with random weights."""
        super().__init__()
        self.word = nn.Parameter(torch.randn(dim) * 0.02)

    def forward(
        self, words: Words, word_mask: WordMask
    ) -> tuple[Float[Tensor, "batch all_words dim"], Bool[Tensor, "batch all_words"]]:
        """Return the words and where they are, the null word first."""
        null_word = self.word.to(words.dtype).expand(len(words), 1, -1)
        return torch.cat([null_word, words], dim=1), F.pad(word_mask, (1, 0), value=True)


class Listener(nn.Module):
    """Rows listen to other rows and think it over: a pre-norm transformer layer."""

    def __init__(self, dim: int, num_heads: int) -> None:
        """Build the layer with random weights."""
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(dim)
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.heard = nn.Linear(dim, dim)
        self.thought = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)
        )

    def forward(
        self,
        rows: Float[Tensor, "batch rows dim"],
        others: Float[Tensor, "batch others dim"],
        is_other: Bool[Tensor, "batch others"] | None = None,
    ) -> Float[Tensor, "batch rows dim"]:
        """Let `rows` listen to `others`, of which only those that `is_other` marks exist."""
        query = self._split(self.query(self.norm(rows)))
        key, value = (self._split(part) for part in self.key_value(others).chunk(2, dim=-1))
        # Written out: torch's fused attention takes three times as long to train on CPUs.
        looks = query * query.shape[-1] ** -0.5 @ key.mT
        if is_other is not None:
            looks = looks.masked_fill(~is_other[:, None, None, :], -torch.inf)
        heard = looks.softmax(dim=-1) @ value
        rows = rows + self.heard(rearrange(heard, "batch heads rows dim -> batch rows (heads dim)"))
        return rows + self.thought(rows)

    def _split(
        self, rows: Float[Tensor, "batch rows dim"]
    ) -> Float[Tensor, "batch heads rows head_dim"]:
        """Give each head its share of the features."""
        return rearrange(
            rows, "batch rows (heads dim) -> batch heads rows dim", heads=self.num_heads
        )
