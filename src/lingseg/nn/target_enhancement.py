"""Three ways in which a sentence redirects an image's features before they are decoded.

Source: Li et al., TMCA, 2026 (arXiv 2412.13533), whose abstract names a language-guided target
enhancement that reuses the aligned sentence; its equations were not at hand, and the gate is a
reading of it. The other two are there to be compared with it.
"""

import math
from typing import TypeAlias

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.shapes import FeatureMap, WordMask

Directions: TypeAlias = Float[Tensor, "batch align_dim"]
TargetMap: TypeAlias = Float[Tensor, "batch 1 height width"]


class CommonSpace(nn.Module):
    """Brings pixels and sentences to directions in one space."""

    def __init__(self, dim: int, text_dim: int, align_dim: int) -> None:
        """Build the projections with random weights."""
        super().__init__()
        self.of_pixel = nn.Conv2d(dim, align_dim, kernel_size=1)
        self.of_sentence = nn.Sequential(
            nn.Linear(text_dim, align_dim),
            nn.LayerNorm(align_dim),
            nn.GELU(),
            nn.Linear(align_dim, align_dim),
        )

    def forward(
        self, features: FeatureMap, mean_words: Float[Tensor, "batch text_dim"]
    ) -> tuple[Float[Tensor, "batch align_dim height width"], Directions]:
        """Return v and u, in single precision."""
        pixels = F.normalize(self.of_pixel(features).float(), dim=1)
        return pixels, F.normalize(self.of_sentence(mean_words).float(), dim=1)


class SimilarityGate(nn.Module):
    """Language-guided target enhancement: what is near the sentence is made stronger."""

    def __init__(self, *, scale: float, shift: float, gain: float, keeps_sign: bool) -> None:
        """Build the gate.

        Args:
            scale: Where the learned slope from similarity to target map starts.
            shift: Where its intercept starts.
            gain: Where the learned gain starts; at 0 the gate changes nothing.
            keeps_sign: Whether the gain is bound below, so that no feature changes its sign.
        """
        super().__init__()
        self.keeps_sign = keeps_sign
        self.scale = nn.Parameter(torch.tensor(scale))
        self.shift = nn.Parameter(torch.tensor(shift))
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(
        self,
        features: FeatureMap,
        pixels: Float[Tensor, "batch align_dim height width"],
        sentences: Directions,
    ) -> tuple[FeatureMap, TargetMap]:
        """Return F (1 + gamma A) and the target map A."""
        near = (pixels * sentences[..., None, None]).sum(dim=1, keepdim=True)
        target_map = (self.scale * near + self.shift).sigmoid()
        # Above -log 2, so that the features' factor stays positive.
        gain = F.softplus(self.gain) - math.log(2) if self.keeps_sign else self.gain
        return features * (1 + gain * target_map), target_map


class Modulation(nn.Module):
    """FiLM: the sentence scales and shifts every feature; at the start it changes nothing.

    Source: Perez et al., FiLM, AAAI 2018.
    """

    def __init__(self, dim: int, text_dim: int) -> None:
        """Build the layer with zeros."""
        super().__init__()
        self.modulate = nn.Linear(text_dim, 2 * dim)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(
        self, features: FeatureMap, mean_words: Float[Tensor, "batch text_dim"]
    ) -> FeatureMap:
        """Return the modulated features."""
        scale, shift = self.modulate(mean_words)[..., None, None].chunk(2, dim=1)
        return features * (1 + scale) + shift


class WordAttention(nn.Module):
    """Pixels look at the words and add, with a gain, what they heard."""

    def __init__(self, dim: int, text_dim: int, *, num_heads: int, gain: float) -> None:
        """Build the attention with random weights; at a gain of 0 it changes nothing."""
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(
            dim, num_heads, kdim=text_dim, vdim=text_dim, batch_first=True
        )
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(
        self,
        features: FeatureMap,
        words: Float[Tensor, "batch words text_dim"],
        word_mask: WordMask,
    ) -> FeatureMap:
        """Return the features with what their pixels heard; a null sentence is words of nothing."""
        pixels = rearrange(features, "batch dim height width -> batch (height width) dim")
        words = words.masked_fill(~word_mask[..., None], 0)
        is_hidden = ~word_mask & word_mask.any(dim=1, keepdim=True)
        heard, _ = self.attention(self.norm(pixels), words, words, is_hidden, need_weights=False)
        heard = rearrange(
            heard, "batch (height width) dim -> batch dim height width", height=features.shape[2]
        )
        return features + self.gain * heard
