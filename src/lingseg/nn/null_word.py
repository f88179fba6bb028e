"""For attentions, which need a word to look at: a text that has none is one word of nothing."""

import torch

from lingseg.nn.shapes import WordMask, Words


def with_null_word(words: Words, word_mask: WordMask) -> tuple[Words, WordMask]:
    """Return words that are 0 where there is none, and let an empty row have its first."""
    is_first = torch.arange(word_mask.shape[1], device=word_mask.device) == 0
    is_seen = word_mask | (is_first & ~word_mask.any(dim=1, keepdim=True))
    return words.masked_fill(~word_mask[..., None], 0), is_seen
