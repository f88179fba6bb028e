"""RecLMIS: a U-Net whose bottleneck reads, taught by rebuilding hidden words and patches.

Paper       Huang et al., Cross-Modal Conditioned Reconstruction for Language-guided Medical Image
            Segmentation, IEEE TMI 44(4):1821-1835; arXiv 2404.02845.
Reference   github.com/ShawnHuang497/RecLMIS, commit 00a7385; MIT and Apache-2.0.
Parity      tests/parity/test_reclmis_parity.py: mask, POI, WOI, each loss and gradients agree with
            the official network to 2e-5, on texts without padding, at full size and at a small one.
Deviations  Padding changes nothing here: no word sees, convolves, norms or is compared with it. In
            the official network all four do, so parity is for texts without padding.
            A text without words is read as one word whose vector is 0, which keeps it finite.
            Any size, not 224 x 224 only: maps halve rounding up, positions are interpolated.
            Nothing is hidden in eval. Errors and losses that are not finite stay what they are
            (there, they end all three losses, or count as 0). A batch of one has nothing to tell
            apart: its contrast is exactly 0, as it is there.
            What is hidden is drawn by torch, not numpy: same law, reproducible, on any device.
            Words of another width are rebuilt through one linear layer; as a target they get no
            gradient (CLIP is frozen). Cross-entropy is taken on logits. Images are RGB, not BGR.
            Left out, without effect: decoder1's cross-attention, conv_sig, CLIP's visual tower.
            Left to the data: "EOF XXX" fillers, masks dilated by resizing, flips that belie a text.
            Kept, odd as they are, since the published numbers come from them: the interaction has
            no residual; POI and WOI pass a second softmax in the contrast; patches are rebuilt to
            V', not V, and V' learns from that; every self-attention of the reconstructors is
            causal, for patches in raster order, without positions; hidden tokens are zeros.
"""

from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from einops import einsum, rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.causal_mask import causal_mask
from lingseg.nn.losses import mask_cross_entropy, squared_dice_loss
from lingseg.nn.null_word import with_null_word
from lingseg.nn.pixel_level_attention import PixelLevelAttention
from lingseg.nn.shapes import FeatureMap, ImageBatch, MaskBatch, Scalar, WordMask, Words
from lingseg.nn.text_encoders import TextEncoderName, build_text_encoder
from lingseg.nn.unet_blocks import ConvolutionNormReLU, Down, Up
from lingseg.nn.word_convolution import WordConvolution, WordConvolutionNormReLU

Patches: TypeAlias = Float[Tensor, "batch patches dim"]
Tokens: TypeAlias = Float[Tensor, "batch tokens dim"]
IsThere: TypeAlias = Bool[Tensor, "batch tokens"]


@dataclass(frozen=True, kw_only=True)
class RecLMISConfig:
    """How large a RecLMIS is, what it hides and what it weighs; by default as on QaTa-COV19."""

    base_dim: int = 64
    """Features of a pixel at full size; a patch and a word have 8 times as many."""
    num_heads: int = 4
    num_reconstructor_layers: int = 4
    grid: tuple[int, int] = (14, 14)
    """Rows and columns of the table of patch positions; it is interpolated to other grids."""
    dropout: float = 0.1
    interest_dropout: float = 0.0
    text_mask_rate: float = 0.3
    image_mask_rate: float = 0.5
    contrast_scale: float = 100.0
    """exp of CLIP's frozen logit_scale."""
    segmentation_weight: float = 5.0
    contrast_weight: float = 0.2
    language_weight: float = 1.0
    vision_weight: float = 1.0
    text_encoder: TextEncoderName = "clip"
    text_weights: str = ""
    max_words: int = 18

    @property
    def dim(self) -> int:
        """Features of a patch or a word."""
        return 8 * self.base_dim

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.dim % self.num_heads:
            raise ValueError(
                f"base_dim={self.base_dim} makes {self.dim} features, which num_heads="
                f"{self.num_heads} does not divide; choose a number of heads that does."
            )
        for name in ("text_mask_rate", "image_mask_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)}; choose a share from 0 to 1.")

    @classmethod
    def small(cls) -> "RecLMISConfig":
        """Return the size that trains on two CPU cores, with a text encoder that pip installs."""
        return cls(base_dim=16, text_encoder="minilm")


@dataclass(frozen=True)
class Modality:
    """The words, or the patches row by row, as the reconstructors and the contrast take them."""

    tokens: Tokens
    """E or V: before they met each other."""
    is_there: IsThere
    interest: Float[Tensor, "batch tokens"]
    """WOI or POI: shares of 1; 0 where there is no token."""


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """What the auxiliary losses compare."""

    image: Modality
    text: Modality
    rebuilt_patches: Patches
    wanted_patches: Patches
    """V': the patches after they met the words."""
    rebuilt_words: Float[Tensor, "batch words text_dim"]
    wanted_words: Float[Tensor, "batch words text_dim"]
    """E_clip: what the text encoder said."""


@dataclass(frozen=True, kw_only=True)
class RecLMISSegmentation(Segmentation):
    """A segmentation that in train mode also holds what was hidden and rebuilt."""

    reconstruction: Reconstruction | None = None


class RecLMIS(Segmenter):
    """A U-Net with conditioned interaction in its bottleneck and two reconstructors to train it."""

    def __init__(self, config: RecLMISConfig, *, generator: torch.Generator | None = None) -> None:
        """Build the model, random but for its text encoder.

        What is hidden in training is drawn from `generator` or, without one, from torch's own on
        the CPU: whoever seeds and restores that, as dropout needs too, reproduces the training.
        """
        super().__init__()
        self.config, self.generator = config, generator
        self.text_encoder = build_text_encoder(
            config.text_encoder, weights=config.text_weights, max_words=config.max_words
        )
        base, dim, text_dim = config.base_dim, config.dim, self.text_encoder.dim
        dims = [base, 2 * base, 4 * base, 8 * base]
        self.stem = ConvolutionNormReLU(3, base)
        self.downs = nn.ModuleList(map(Down, dims, [*dims[1:], dim]))
        self.skip_attentions = nn.ModuleList(map(PixelLevelAttention, dims))
        self.word_convolution = WordConvolution(text_dim, dim)
        self.interaction = Interaction(config)
        self.ups = nn.ModuleList(map(Up, [2 * wide for wide in dims], [base, *dims[:-1]]))
        self.mask_head = nn.Conv2d(base, 1, kernel_size=1)
        self.patch_interest = InterestHead(dim, config.interest_dropout)
        self.word_refinement = WordConvolutionNormReLU(dim)
        self.word_interest = InterestHead(dim, config.interest_dropout)
        self.patch_reconstructor = Reconstructor(config)
        self.word_reconstructor = Reconstructor(config)
        self.to_text_dim = nn.Linear(dim, text_dim) if text_dim != dim else nn.Identity()

    def forward(self, image: ImageBatch, words: Words, word_mask: WordMask) -> RecLMISSegmentation:
        """Segment what the words describe; in train mode, also hide and rebuild."""
        size = (image.shape[-2], image.shape[-1])
        return self.segment_encoded(self.encode_image(image), words, word_mask, size)

    def encode_image(self, image: ImageBatch) -> tuple[Tensor, ...]:
        """Return the bottleneck, and the scaled skips at strides 8, 4, 2 and 1."""
        maps = [self.stem(image)]
        for down in self.downs:
            maps.append(down(maps[-1]))
        bottleneck = maps.pop()
        skips = [attend(skip) for attend, skip in zip(self.skip_attentions, maps, strict=True)]
        return bottleneck, *reversed(skips)

    def segment_encoded(
        self, encoded: tuple[Tensor, ...], words: Words, word_mask: WordMask, size: tuple[int, int]
    ) -> RecLMISSegmentation:
        """Segment what the words describe in the encoded image."""
        del size  # the skip at stride 1 has it
        bottleneck, *skips = encoded
        said, word_mask = with_null_word(words, word_mask)
        words = self.word_convolution(said, word_mask)
        seen_words, patches = self.interaction(bottleneck, words, word_mask)
        features = patches.transpose(1, 2).reshape(bottleneck.shape)
        for up, skip in zip(reversed(self.ups), skips, strict=True):
            features = up(features, skip)
        made = None
        if self.training:
            is_patch = torch.ones_like(patches[..., 0], dtype=torch.bool)
            poi = self.patch_interest(patches, is_patch)
            woi = self.word_interest(self.word_refinement(seen_words, word_mask), word_mask)
            image = Modality(_as_patches(bottleneck), is_patch, poi)
            text = Modality(words, word_mask, woi)
            made = self._reconstruct(image, text, patches, said.detach())
        return RecLMISSegmentation(mask_logits=self.mask_head(features), reconstruction=made)

    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Ask for the mask, for what was hidden, and that each text suit its own image best.

        Raises:
            ValueError: The segmentation was made in eval mode, where nothing is hidden and rebuilt.
        """
        if not isinstance(segmentation, RecLMISSegmentation) or segmentation.reconstruction is None:
            raise ValueError(
                "This segmentation lacks what RecLMIS hid and rebuilt, which its losses need; one "
                "made in train mode was expected. Call model.train() before the model."
            )
        weights, made = self.config, segmentation.reconstruction
        half = weights.segmentation_weight / 2
        contrast = contrast_loss(made.image, made.text, scale=weights.contrast_scale)
        is_word = made.text.is_there
        language = F.mse_loss(made.rebuilt_words[is_word].float(), made.wanted_words[is_word])
        vision = F.mse_loss(made.rebuilt_patches.float(), made.wanted_patches)
        return {
            "dice": half * squared_dice_loss(segmentation.mask_logits, reference),
            "cross_entropy": half * mask_cross_entropy(segmentation.mask_logits, reference),
            "contrast": weights.contrast_weight * contrast,
            "language_reconstruction": weights.language_weight * language,
            "vision_reconstruction": weights.vision_weight * vision,
        }

    def _reconstruct(
        self, image: Modality, text: Modality, wanted_patches: Tensor, wanted_words: Tensor
    ) -> Reconstruction:
        """Hide words and patches, interesting ones most often, and rebuild each from the other."""
        hidden_patches = draw_hidden(image, self.config.image_mask_rate, self.generator)
        hidden_words = draw_hidden(text, self.config.text_mask_rate, self.generator)
        patches = image.tokens.masked_fill(hidden_patches[..., None], 0)
        words = text.tokens.masked_fill(hidden_words[..., None], 0)
        rebuilt_words = self.word_reconstructor(words, text.is_there, image)
        return Reconstruction(
            image=image,
            text=text,
            rebuilt_patches=self.patch_reconstructor(patches, image.is_there, text),
            wanted_patches=wanted_patches,
            rebuilt_words=self.to_text_dim(rebuilt_words),
            wanted_words=wanted_words,
        )


class Interaction(nn.Module):
    """Conditioned interaction: the words look at the patches, then the patches at those words."""

    def __init__(self, config: RecLMISConfig) -> None:
        """Build the block with random weights and no positions yet."""
        super().__init__()
        dim, heads, rate = config.dim, config.num_heads, config.dropout
        self.grid = config.grid
        self.patch_projection = nn.Conv2d(dim, dim, kernel_size=1)
        self.positions = nn.Parameter(torch.zeros(1, self.grid[0] * self.grid[1], dim))
        self.dropout = nn.Dropout(rate)
        self.to_patches = nn.MultiheadAttention(dim, heads, dropout=rate, batch_first=True)
        self.to_words = nn.MultiheadAttention(dim, heads, dropout=rate, batch_first=True)

    def forward(
        self, bottleneck: FeatureMap, words: Words, word_mask: WordMask
    ) -> tuple[Words, Patches]:
        """Return the words after they saw the patches, and the patches after that."""
        table = self.positions.transpose(1, 2).reshape(1, -1, *self.grid)
        grid = (bottleneck.shape[2], bottleneck.shape[3])
        positions = F.interpolate(table, grid, mode="bilinear", align_corners=False)
        patches = self.dropout(_as_patches(self.patch_projection(bottleneck) + positions))
        words, _ = self.to_patches(words, patches, patches, need_weights=False)
        heard, _ = self.to_words(patches, words, words, ~word_mask, need_weights=False)
        return words, heard


class InterestHead(nn.Module):
    """POI or WOI: which tokens matter."""

    def __init__(self, dim: int, dropout: float) -> None:
        """Build the head with random weights."""
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, 1))

    def forward(self, tokens: Tokens, is_there: IsThere) -> Float[Tensor, "batch tokens"]:
        """Return each token's share of 1."""
        scores = self.score(self.dropout(tokens))[..., 0]
        return scores.masked_fill(~is_there, -torch.inf).softmax(dim=-1)


class Reconstructor(nn.Module):
    """Rebuilds hidden tokens of one modality from its other tokens and the other modality."""

    def __init__(self, config: RecLMISConfig) -> None:
        """Build the reconstructor with random weights."""
        super().__init__()
        layers = range(config.num_reconstructor_layers)
        self.context_attention = nn.ModuleList(ConditionedAttention(config) for _ in layers)
        self.context_thought = nn.ModuleList(FeedForward(config) for _ in layers)
        self.token_attention = nn.ModuleList(ConditionedAttention(config) for _ in layers)
        self.cross_attention = nn.ModuleList(ConditionedAttention(config) for _ in layers)
        self.token_thought = nn.ModuleList(FeedForward(config) for _ in layers)

    def forward(self, tokens: Tokens, is_there: IsThere, other: Modality) -> Tokens:
        """Return the tokens, rebuilt."""
        context, is_earlier = other.tokens, causal_mask(other.is_there)
        for attend, think in zip(self.context_attention, self.context_thought, strict=True):
            context = think(attend(context, context, is_earlier, other.interest))
        is_earlier, is_context = causal_mask(is_there), other.is_there[:, None]
        layers = zip(self.token_attention, self.cross_attention, self.token_thought, strict=True)
        for attend, ask, think in layers:
            tokens = attend(tokens, tokens, is_earlier)
            tokens = think(ask(tokens, context, is_context, other.interest))
        return tokens


class ConditionedAttention(nn.Module):
    """Attention times the keys' interest, then added and normed."""

    def __init__(self, config: RecLMISConfig) -> None:
        """Build the block with random weights, drawn as fairseq's are."""
        super().__init__()
        dim, self.num_heads = config.dim, config.num_heads
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.heard = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(dim)
        # fairseq draws the first two from one matrix of 3 dim rows, hence their smaller bound.
        for layer, fans in (
            (self.query, 4 * dim),
            (self.key_value, 4 * dim),
            (self.heard, 2 * dim),
        ):
            nn.init.uniform_(layer.weight, -((6 / fans) ** 0.5), (6 / fans) ** 0.5)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        rows: Float[Tensor, "batch rows dim"],
        keys: Float[Tensor, "batch keys dim"],
        is_seen: Bool[Tensor, "batch _ keys"],
        interest: Float[Tensor, "batch keys"] | None = None,
    ) -> Float[Tensor, "batch rows dim"]:
        """Return the rows after they looked at the keys, at interesting ones more."""
        heads = "batch rows (parts heads dim) -> parts batch heads rows dim"
        (query,) = rearrange(self.query(rows), heads, parts=1, heads=self.num_heads)
        key, value = rearrange(self.key_value(keys), heads, parts=2, heads=self.num_heads)
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        attention = scores.masked_fill(~is_seen[:, None], -torch.inf).softmax(dim=-1)
        if interest is not None:
            attention = attention * (interest[:, None, None] + 1e-10)
            attention = attention / attention.sum(dim=-1, keepdim=True)
        heard = rearrange(attention @ value, "batch heads rows dim -> batch rows (heads dim)")
        return self.norm(rows + self.dropout(self.heard(heard)))


class FeedForward(nn.Module):
    """Two linear layers, added and normed."""

    def __init__(self, config: RecLMISConfig) -> None:
        """Build the block with random weights."""
        super().__init__()
        self.widen = nn.Linear(config.dim, 2 * config.dim)
        self.narrow = nn.Linear(2 * config.dim, config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(config.dim)

    def forward(self, tokens: Tokens) -> Tokens:
        """Return the tokens after a thought."""
        return self.norm(tokens + self.dropout(self.narrow(self.widen(tokens).relu())))


def draw_hidden(modality: Modality, rate: float, generator: torch.Generator | None) -> IsThere:
    """Choose max(int(rate * n), 1) of a row's n tokens, without replacement, by their interest.

    In a race where a token needs an exponential time over its interest, the first ones are what
    successive draws with renormalised shares give; those without interest come last. The numbers
    are drawn where the generator lives, so one on the CPU serves any device.
    """
    interest, is_there = modality.interest.detach().float(), modality.is_there
    times = torch.empty(interest.shape, device=generator.device if generator else "cpu")
    times = times.exponential_(generator=generator).to(interest.device)
    speeds = torch.where(interest > 0, interest / times, -times).masked_fill(~is_there, -torch.inf)
    places = speeds.argsort(dim=-1, descending=True).argsort(dim=-1)
    numbers = [0] + [max(int(rate * n), 1) for n in range(1, interest.shape[1] + 1)]
    return places < torch.tensor(numbers, device=interest.device)[is_there.sum(dim=-1), None]


def contrast_loss(image: Modality, text: Modality, *, scale: float) -> Scalar:
    """Ask that texts be closer to their own images than to others, and vice versa (CCL)."""
    words = F.normalize(text.tokens.float(), dim=-1)
    patches = F.normalize(image.tokens.float(), dim=-1)
    near = einsum(words, patches, "text words dim, image patches dim -> text image words patches")
    nearest_patch = near.amax(dim=3)
    nearest_word = near.masked_fill(~text.is_there[:, None, :, None], -torch.inf).amax(dim=2)
    # Interest is a softmax already; the second one levels it.
    word_share = text.interest.float().masked_fill(~text.is_there, -torch.inf).softmax(dim=-1)
    patch_share = image.interest.float().softmax(dim=-1)
    by_text = einsum(nearest_patch, word_share, "text image words, text words -> text image")
    by_image = einsum(nearest_word, patch_share, "text image patches, image patches -> text image")
    logits = scale * (by_text + by_image) / 2
    own = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def _as_patches(features: FeatureMap) -> Patches:
    """Flatten a map row by row."""
    return rearrange(features, "batch dim height width -> batch (height width) dim")
