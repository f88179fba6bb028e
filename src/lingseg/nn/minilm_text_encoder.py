"""MiniLM's words as models hear them: what each word is, beside what it means in its place.

Token states of a sentence encoder lie in a narrow cone: what "left" and "right" share is far larger
than what tells them apart, and a model that starts from such words learns for long without them. So
the embeddings that go into the first layer stand beside the states of the last, and every feature
is moved and scaled to mean 0 and spread 1 over the package's own list of words.
"""

import torch
from torch import Tensor

from lingseg.language.vocabulary import WORDS
from lingseg.nn.bert_text_encoder import BertTextEncoder
from lingseg.nn.shapes import TokenIds, WordMask, Words
from lingseg.nn.text_encoder import TextEncoder

_SENTENCE_LENGTH = 8
"""Words of one of the made-up sentences over which features are levelled."""
_LEAST_SPREAD = 1e-3


class MiniLMTextEncoder(TextEncoder):
    """A frozen BERT whose words are levelled."""

    is_frozen = True

    def __init__(self, bert: BertTextEncoder) -> None:
        """Measure the mean and the spread of each feature, and keep them."""
        super().__init__()
        self.bert = bert
        self.tokenizer = bert.tokenizer
        self.dim = 2 * bert.dim
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", torch.zeros(self.dim))
        self.register_buffer("spread", torch.ones(self.dim))
        self._level()

    def forward(self, token_ids: TokenIds, word_mask: WordMask) -> Words:
        """Return first and last states side by side, zero where there is no word."""
        states = self.bert.states(token_ids, word_mask)
        words = torch.cat([states[0], states[-1]], dim=-1)
        return (words - self.mean) / self.spread * word_mask[..., None]

    @torch.no_grad()
    def _level(self) -> None:
        """Take the mean and the spread over sentences of every word of the list."""
        starts = range(0, len(WORDS), _SENTENCE_LENGTH)
        texts = [" ".join(WORDS[start : start + _SENTENCE_LENGTH]) for start in starts]
        token_ids, word_mask = self.tokenize(texts)
        words = self(token_ids, word_mask)[word_mask]
        self.mean.copy_(words.mean(dim=0).half())
        self.spread.copy_(words.std(dim=0).clamp(min=_LEAST_SPREAD).half())
