"""LanGuideMedSeg's decoder: at three strides pixels look at each other, then at the sentence.

Source: Zhong et al., Ariadne's Thread, MICCAI 2023, figure 2 ("GuideDecoder"). TMCA uses it, too.
A fixed number of tokens is summarised by a convolution whose channels they are, so a text is cut or
filled with zeros to that number; padding is zero here and so has no say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.shapes import FeatureMap, WordMask, Words
from lingseg.nn.subpixel_upsample import SubpixelUpsample

_SLOPE = 0.01  # of the leaky ReLU
_LONGEST_WAVE = 10_000.0


@dataclass(frozen=True, kw_only=True)
class GuideShape:
    """How large a guide decoder is; by default as published, over ConvNeXt-Tiny."""

    dims: tuple[int, ...] = (96, 192, 384, 768)
    """Features of the encoder's maps, finest first; each map is half as fine as the one before."""
    text_dim: int = 768
    num_words: int = 24
    """Tokens that a text is cut or filled to."""
    num_summaries: tuple[int, ...] = (24, 12, 9)
    """What they are summarised to at each stage, coarsest first."""
    num_heads: int = 4
    """Of the attention to the text; pixels look at each other with one head."""
    text_scale: float = 1.421
    """Where the learned scale of what the pixels heard starts."""

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if len(self.num_summaries) != len(self.dims) - 1:
            raise ValueError(
                f"num_summaries={self.num_summaries} for dims={self.dims}; give one number for "
                f"each map but the finest."
            )
        for dim in self.dims[1:]:
            if dim % self.num_heads or dim % 2:
                raise ValueError(
                    f"dims={self.dims}: {dim} must be even and a multiple of num_heads="
                    f"{self.num_heads}."
                )


class GuideDecoder(nn.Module):
    """From an encoder's four maps and a text to mask logits at four times the finest map."""

    def __init__(self, shape: GuideShape) -> None:
        """Build the decoder with random weights."""
        super().__init__()
        self.shape = shape
        coarse, fine = shape.dims[:0:-1], shape.dims[-2::-1]
        self.guides = nn.ModuleList(
            Guide(dim, number, shape)
            for dim, number in zip(coarse, shape.num_summaries, strict=True)
        )
        self.ups = nn.ModuleList(map(TransposedUp, coarse, fine))
        self.upsample = SubpixelUpsample(shape.dims[0], shape.dims[0] // 4, factor=4)
        self.mask_head = nn.Conv2d(shape.dims[0] // 4, 1, kernel_size=1)

    def forward(
        self, maps: Sequence[Tensor], words: Words, word_mask: WordMask
    ) -> Float[Tensor, "batch 1 height width"]:
        """Return mask logits; `maps` come finest first."""
        words = fixed_words(words, word_mask, self.shape.num_words)
        features = maps[-1]
        for guide, up, skip in zip(self.guides, self.ups, maps[-2::-1], strict=True):
            features = up(guide(features, words), skip)
        return self.mask_head(self.upsample(features))


class Guide(nn.Module):
    """Pixels look at each other, then at a summary of the text; each adds what it saw."""

    def __init__(self, dim: int, num_summaries: int, shape: GuideShape) -> None:
        """Build the stage with random weights."""
        super().__init__()
        self.summarise = nn.Conv1d(shape.num_words, num_summaries, kernel_size=1)
        self.project = nn.Linear(shape.text_dim, dim)
        self.pixel_norm = nn.LayerNorm(dim)
        self.pixel_attention = nn.MultiheadAttention(dim, 1, batch_first=True)
        self.seen_norm = nn.LayerNorm(dim)
        self.query_norm = nn.LayerNorm(dim)
        self.text_attention = nn.MultiheadAttention(dim, shape.num_heads, batch_first=True)
        self.heard_norm = nn.LayerNorm(dim)
        self.text_scale = nn.Parameter(torch.tensor(shape.text_scale))

    def forward(
        self, features: FeatureMap, words: Float[Tensor, "batch words text_dim"]
    ) -> FeatureMap:
        """Return the features after they saw each other and heard the text."""
        height = features.shape[2]
        pixels = rearrange(features, "batch dim height width -> batch (height width) dim")
        pixels = self._hear(self._see(pixels), words)
        return rearrange(
            pixels, "batch (height width) dim -> batch dim height width", height=height
        )

    def _see(self, pixels: Float[Tensor, "batch pixels dim"]) -> Float[Tensor, "batch pixels dim"]:
        """Let every pixel look at every other."""
        normed = self.pixel_norm(pixels)
        placed = normed + sinusoids(normed)
        seen, _ = self.pixel_attention(placed, placed, normed, need_weights=False)
        return pixels + self.seen_norm(seen)

    def _hear(
        self,
        pixels: Float[Tensor, "batch pixels dim"],
        words: Float[Tensor, "batch words text_dim"],
    ) -> Float[Tensor, "batch pixels dim"]:
        """Let every pixel look at the summary of the text."""
        text = F.leaky_relu(self.project(F.gelu(self.summarise(words))), _SLOPE)
        normed = self.query_norm(pixels)
        placed_pixels, placed_text = normed + sinusoids(normed), text + sinusoids(text)
        heard, _ = self.text_attention(placed_pixels, placed_text, text, need_weights=False)
        return pixels + self.text_scale * self.heard_norm(heard)


class TransposedUp(nn.Module):
    """Doubles the deep map by a transposed convolution, joins the skip, convolves twice."""

    def __init__(self, in_dim: int, dim: int) -> None:
        """Build the step with random weights."""
        super().__init__()
        self.enlarge = nn.ConvTranspose2d(in_dim, dim, kernel_size=2, stride=2, bias=False)
        self.convolutions = nn.Sequential(*_convolution(2 * dim, dim), *_convolution(dim, dim))

    def forward(
        self,
        deep: Float[Tensor, "batch deep_dim coarser_height coarser_width"],
        skip: FeatureMap,
    ) -> FeatureMap:
        """Return features at the size of the skip, which is twice the deep map's."""
        return self.convolutions(torch.cat([self.enlarge(deep), skip], dim=1))


def _convolution(in_dim: int, dim: int) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Return a 3 x 3 convolution, its batch norm and its leaky ReLU."""
    convolution = nn.Conv2d(in_dim, dim, kernel_size=3, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(dim), nn.LeakyReLU(_SLOPE, inplace=True)


def fixed_words(
    words: Words, word_mask: WordMask, num_words: int
) -> Float[Tensor, "batch fixed_words dim"]:
    """Return exactly `num_words` words, zeros where there is none; later words are cut."""
    words = words.masked_fill(~word_mask[..., None], 0)
    filler = words.new_zeros(words.shape[0], num_words, words.shape[2])
    return torch.cat([words, filler], dim=1)[:, :num_words]


def sinusoids(rows: Float[Tensor, "batch rows dim"]) -> Float[Tensor, "rows dim"]:
    """Return the place of each row, in waves from 2 pi rows to 10 000 times that.

    Source: Vaswani et al., Attention Is All You Need, 2017: sine and cosine alternate.
    """
    number, dim = rows.shape[1], rows.shape[2]
    place = torch.arange(number, device=rows.device, dtype=torch.float32)
    wave = torch.arange(0, dim, 2, device=rows.device, dtype=torch.float32) / dim
    angle = place[:, None] * _LONGEST_WAVE**-wave
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).to(rows.dtype)
