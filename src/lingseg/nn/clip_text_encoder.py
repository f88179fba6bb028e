"""CLIP's text tower as a frozen text encoder that gives one vector a token.

Source: Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021.
Weights are read from a local folder in Hugging Face's format (RecLMIS uses those of
`openai/clip-vit-base-patch32`); nothing is downloaded, and there is no random start. The final norm
and the text projection are applied to *every* token, not to the sentence's last one only.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool
from tokenizers import Tokenizer
from torch import Tensor, nn

from lingseg.nn.causal_mask import causal_mask
from lingseg.nn.pretrained import MismatchedWeights, MissingWeights, fill_exactly
from lingseg.nn.shapes import TokenIds, WordMask, Words
from lingseg.nn.text_encoder import TextEncoder
from lingseg.nn.text_weights import (
    WEIGHTS,
    checked_sizes,
    fit_tokenizer,
    read_settings,
    read_tensors,
    read_tokenizer,
)

_FILES = ("config.json", WEIGHTS, "tokenizer.json")
_ACTIVATION = "quick_gelu"
_MODEL_TYPES = ("clip_text_model", "clip")
# A whole CLIP may be in the file; these are its other parts and a buffer of older versions.
_OTHER_PARTS = ("vision_model.", "visual_projection.", "logit_scale")
_OLD_BUFFER = "embeddings.position_ids"
_SHORTEST = 3  # start, one word, end


@dataclass(frozen=True, kw_only=True)
class ClipTextShape:
    """How large a CLIP text tower is, in the names of its config.json; by default ViT-B/32's."""

    vocab_size: int = 49408
    hidden_size: int = 512
    intermediate_size: int = 2048
    projection_dim: int = 512
    num_hidden_layers: int = 12
    num_attention_heads: int = 8
    max_position_embeddings: int = 77
    layer_norm_eps: float = 1e-5


class ClipTextEncoder(TextEncoder):
    """A frozen pre-norm transformer in which a token sees itself and the tokens before it."""

    is_frozen = True

    def __init__(self, shape: ClipTextShape, tokenizer: Tokenizer, *, max_words: int) -> None:
        """Build the encoder with random weights; `load_clip` gives it real ones."""
        super().__init__()
        if not _SHORTEST <= max_words <= shape.max_position_embeddings:
            raise ValueError(
                f"max_words={max_words}; this text tower reads {_SHORTEST} to "
                f"{shape.max_position_embeddings} tokens. Choose a length in that range."
            )
        self.dim = shape.projection_dim
        self.tokenizer = tokenizer
        fit_tokenizer(
            tokenizer,
            max_words=max_words,
            max_positions=shape.max_position_embeddings,
            vocab_size=shape.vocab_size,
        )
        self.token_embedding = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.position_embedding = nn.Embedding(shape.max_position_embeddings, shape.hidden_size)
        self.layers = nn.ModuleList(ClipTextLayer(shape) for _ in range(shape.num_hidden_layers))
        self.final_layer_norm = nn.LayerNorm(shape.hidden_size, eps=shape.layer_norm_eps)
        self.text_projection = nn.Linear(shape.hidden_size, shape.projection_dim, bias=False)
        self.requires_grad_(False)

    def forward(self, token_ids: TokenIds, word_mask: WordMask) -> Words:
        """Return the projected states of the last layer, zero where there is no word."""
        words = self.token_embedding(token_ids)
        words = words + self.position_embedding.weight[: token_ids.shape[1]]
        is_seen = causal_mask(word_mask)
        for layer in self.layers:
            words = layer(words, is_seen)
        projected = self.text_projection(self.final_layer_norm(words))
        return projected * word_mask[..., None]


class ClipTextLayer(nn.Module):
    """Self-attention and a feed-forward, each after a norm and added to what was there."""

    def __init__(self, shape: ClipTextShape) -> None:
        """Build the layer with random weights."""
        super().__init__()
        dim = shape.hidden_size
        self.layer_norm1 = nn.LayerNorm(dim, eps=shape.layer_norm_eps)
        self.self_attn = ClipAttention(dim, shape.num_attention_heads)
        self.layer_norm2 = nn.LayerNorm(dim, eps=shape.layer_norm_eps)
        self.mlp = nn.ModuleDict(
            {
                "fc1": nn.Linear(dim, shape.intermediate_size),
                "fc2": nn.Linear(shape.intermediate_size, dim),
            }
        )

    def forward(self, words: Words, is_seen: Bool[Tensor, "batch words words"]) -> Words:
        """Let every word look at those that `is_seen` shows it, then think it over."""
        words = words + self.self_attn(self.layer_norm1(words), is_seen)
        thought = self.mlp["fc1"](self.layer_norm2(words))
        thought = thought * torch.sigmoid(1.702 * thought)  # QuickGELU
        return words + self.mlp["fc2"](thought)


class ClipAttention(nn.Module):
    """Multi-head self-attention with the names of the weights' file."""

    def __init__(self, dim: int, num_heads: int) -> None:
        """Build the attention with random weights."""
        super().__init__()
        self.num_heads = num_heads
        self.q_proj = nn.Linear(dim, dim)
        self.k_proj = nn.Linear(dim, dim)
        self.v_proj = nn.Linear(dim, dim)
        self.out_proj = nn.Linear(dim, dim)

    def forward(self, words: Words, is_seen: Bool[Tensor, "batch words words"]) -> Words:
        """Return what every word hears from the words it sees."""
        query, key, value = (
            rearrange(
                project(words),
                "batch words (heads dim) -> batch heads words dim",
                heads=self.num_heads,
            )
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        heard = F.scaled_dot_product_attention(query, key, value, attn_mask=is_seen[:, None])
        return self.out_proj(rearrange(heard, "batch heads words dim -> batch words (heads dim)"))


def load_clip(folder: Path, *, max_words: int = 77, is_filled: bool = True) -> ClipTextEncoder:
    """Build the text tower from a local folder.

    Args:
        folder: Has config.json, model.safetensors (of a whole CLIP or of its text tower with
            projection) and tokenizer.json, as Hugging Face writes them.
        max_words: Longest text in tokens, start and end included; a longer one is cut. RecLMIS: 18.
        is_filled: Whether it gets the folder's weights; else the folder needs none, and whoever
            asks for the encoder fills it.

    Raises:
        MissingWeights: The folder lacks one of the three files.
        MismatchedWeights: The files are not those of a CLIP text tower.
    """
    needed = [name for name in _FILES if is_filled or name != WEIGHTS]
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise MissingWeights(
            f"No {', '.join(missing)} in {str(folder)!r}; CLIP's text tower was asked for and is "
            f"never started at random. Put config.json, model.safetensors and tokenizer.json of "
            f"openai/clip-vit-base-patch32 in a folder and name it in text_weights."
        )
    shape = _read_shape(folder / "config.json")
    tokenizer = read_tokenizer(folder / "tokenizer.json")
    if not is_filled:
        return ClipTextEncoder(shape, tokenizer, max_words=max_words)
    with torch.device("meta"):  # no random numbers are drawn for what is filled at once
        encoder = ClipTextEncoder(shape, tokenizer, max_words=max_words)
    path, weights = read_tensors(folder)
    fill_exactly(encoder, _in_our_names(weights), path)
    return encoder


def _read_shape(path: Path) -> ClipTextShape:
    """Read the text tower's sizes from a CLIP's config, or from a text tower's own."""
    whole = read_settings(path)
    # A whole CLIP says the projection's width outside of its text part, and that one counts.
    inherited = {name: whole[name] for name in ("projection_dim",) if name in whole}
    part = whole.get("text_config")
    found = (part if isinstance(part, dict) else whole) | inherited
    expected = {"model_type": _MODEL_TYPES, "hidden_act": (_ACTIVATION,)}
    for name, known in expected.items():
        if found.get(name, known[0]) not in known:
            raise MismatchedWeights(
                f"{path} says {name}={found[name]!r}; only {' or '.join(map(repr, known))}, as in "
                f"OpenAI's own, is known here. Choose a CLIP by OpenAI."
            )
    shape = ClipTextShape(**checked_sizes(found, asdict(ClipTextShape()), path))
    if shape.hidden_size % shape.num_attention_heads:
        raise MismatchedWeights(
            f"{path} says hidden_size={shape.hidden_size}, which num_attention_heads="
            f"{shape.num_attention_heads} does not divide. Fetch the file anew."
        )
    return shape


def _in_our_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the text tower's weights by our names."""
    ours = {}
    for name, value in weights.items():
        if name.startswith(_OTHER_PARTS) or name.endswith(_OLD_BUFFER):
            continue
        our_name = name.removeprefix("text_model.")
        our_name = our_name.removeprefix("embeddings.").removeprefix("encoder.")
        ours[our_name] = value
    return ours
