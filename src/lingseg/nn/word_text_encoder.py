"""A small text encoder that is trained with its model, from the package's own list of words."""

from string import ascii_lowercase, digits, punctuation

import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece
from torch import nn

from lingseg.language.vocabulary import WORDS
from lingseg.nn.shapes import TokenIds, WordMask, Words
from lingseg.nn.text_encoder import TextEncoder


def word_tokenizer(max_words: int) -> Tokenizer:
    """Return a tokenizer of whole words that spells, letter by letter, those it does not know."""
    letters = ascii_lowercase + digits + punctuation
    pieces = ["[PAD]", "[UNK]", *letters, *(f"##{letter}" for letter in letters)]
    pieces += [word for word in WORDS if word not in set(letters)]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.enable_truncation(max_words)
    return tokenizer


class WordTextEncoder(TextEncoder):
    """Word and place embeddings, and one transformer layer."""

    is_frozen = False

    def __init__(self, *, dim: int = 64, num_heads: int = 4, max_words: int = 64) -> None:
        """Build the encoder with random weights."""
        super().__init__()
        self.dim = dim
        self.tokenizer = word_tokenizer(max_words)
        self.word_table = nn.Embedding(self.tokenizer.get_vocab_size(), dim)
        self.position_table = nn.Embedding(max_words, dim)
        self.norm = nn.LayerNorm(dim)
        self.layer = nn.TransformerEncoderLayer(
            dim, num_heads, 4 * dim, dropout=0.0, batch_first=True, norm_first=True
        )

    def forward(self, token_ids: TokenIds, word_mask: WordMask) -> Words:
        """Return the states of the transformer layer."""
        words = self.norm(
            self.word_table(token_ids) + self.position_table.weight[: token_ids.shape[1]]
        )
        # A null sentence has no word to look at: it looks at its padding, and is blanked below.
        is_null = ~word_mask.any(dim=1, keepdim=True)
        words = self.layer(words, src_key_padding_mask=~(word_mask | is_null))
        return words * word_mask[..., None]


class NoTextEncoder(TextEncoder):
    """For models that look at the image alone: every sentence becomes the same nothing."""

    is_frozen = True

    def __init__(self) -> None:
        """Build the encoder; it has no weights."""
        super().__init__()
        self.dim = 1
        self.tokenizer = word_tokenizer(max_words=64)

    def forward(self, token_ids: TokenIds, word_mask: WordMask) -> Words:  # noqa: ARG002
        """Return zeros."""
        return torch.zeros(*token_ids.shape, 1, device=token_ids.device)
