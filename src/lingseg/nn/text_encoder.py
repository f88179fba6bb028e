"""The face behind which every text encoder stands: sentences go in, one vector a word comes out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import nn

from lingseg.nn.shapes import TokenIds, WordMask, Words


class TextEncoder(nn.Module, ABC):
    """A tokenizer and the network that reads its tokens.

    `tokenizer` truncates at the encoder's longest text and does not pad. An empty text is the null
    sentence: it has no word, not even the tokenizer's own start and end.
    """

    tokenizer: Tokenizer
    dim: int
    """Features of one word."""
    is_frozen: bool
    """Whether its words may be computed once per distinct sentence and kept."""

    @abstractmethod
    def forward(self, token_ids: TokenIds, word_mask: WordMask) -> Words:
        """Return one vector a token; rows where `word_mask` is False hold anything finite."""

    @property
    def max_words(self) -> int:
        """The longest text in tokens, the tokenizer's own start and end included."""
        truncation = self.tokenizer.truncation
        assert truncation is not None  # noqa: S101  # every encoder sets one
        return int(truncation["max_length"])

    def cuts(self, text: str) -> bool:
        """Return whether `text` is longer than the longest text."""
        return bool(self.tokenizer.encode(text).overflowing)

    def tokenize(self, texts: Sequence[str]) -> tuple[TokenIds, WordMask]:
        """Return the token ids of `texts`, padded with 0 to the longest, and where tokens are."""
        encodings = self.tokenizer.encode_batch(list(texts))
        ids = [found.ids if text else [] for found, text in zip(encodings, texts, strict=True)]
        longest = max(1, *(len(row) for row in ids)) if ids else 1
        token_ids = torch.zeros(len(ids), longest, dtype=torch.int64)
        word_mask = torch.zeros(len(ids), longest, dtype=torch.bool)
        for row, numbers in enumerate(ids):
            token_ids[row, : len(numbers)] = torch.tensor(numbers, dtype=torch.int64)
            word_mask[row, : len(numbers)] = True
        return token_ids, word_mask
