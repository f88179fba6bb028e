"""LingNet: a small model that reads, made for two CPU cores.

Paper       none; our own. First version.
Reference   none
Parity      none possible: there is no other implementation
Deviations  none

An EfficientNet-Lite2 sees the picture, MiniLM's first layers read the sentence. At stride 16 every
pixel looks at the other pixels and at the words; a query that sums up the sentence listens in. In
training a coarse mask is asked of pixels and query right there: else the finer layers, which see
much and read little, learn to do without the sentence.
Words are heard again at stride 8 and, through the query, at strides 4 and 2. The query then picks
the pixels that it means, and says whether what it looks for is there at all. A null word, always
present, is all that is left of an empty sentence: the model then segments by the picture alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.efficientnet_lite import EfficientNetLite, LiteSize
from lingseg.nn.listener import Listener, NullWord
from lingseg.nn.losses import mask_cross_entropy, soft_dice_loss
from lingseg.nn.mscan import MSCA, MSCANShape
from lingseg.nn.pixel_norm import PixelNorm
from lingseg.nn.place import PlaceEmbedding
from lingseg.nn.shapes import ImageBatch, MaskBatch, MaskLogits, Scalar, WordMask, Words
from lingseg.nn.target_alignment import target_text_loss
from lingseg.nn.text_contrast import mean_word, soft_shares
from lingseg.nn.text_encoders import TextEncoderName, build_text_encoder
from lingseg.nn.word_rebuilding import WordRebuilding

_HIDDEN = 0.3
"""How many of the words are hidden, to be rebuilt."""


@dataclass(frozen=True, kw_only=True)
class LingNetConfig:
    """How large a LingNet is, and what its objective weighs."""

    dim: int = 160
    """Features of one pixel or word at stride 16."""
    num_heads: int = 5
    num_image_blocks: int = 0
    """Blocks in which pixels look at each other at stride 16, before a word is heard."""
    num_blocks: int = 3
    """Blocks in which pixels, query and words meet there."""
    decoder_dims: tuple[int, int, int] = (64, 32, 16)
    """Features at strides 8, 4 and 2."""
    listens_at_8: bool = True
    """Whether pixels at stride 8 hear the words once more."""
    image_encoder: LiteSize = "lite2"
    frozen_blocks: int = 7
    """The image encoder's stem, so many of its blocks and its depthwise kernels stay as they come;
    without `pretrained` nothing does."""
    text_encoder: TextEncoderName = "minilm"
    text_weights: str = ""
    max_words: int = 64
    pretrained: bool = True
    """Start the image encoder from ImageNet weights."""
    presence_weight: float = 0.25
    coarse_weight: float = 1.0
    """Of the mask at stride 16, asked in training only."""
    alignment_weight: float = 0.0
    """Of TMCA's contrast between targets and sentences; training only."""
    rebuilding_weight: float = 0.0
    """Of RecLMIS's rebuilding of hidden words from the picture; training only."""
    scale_attention: bool = False
    """SegNeXt's attention over several scales, as LSMS has it, after the words were heard."""

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.dim % self.num_heads:
            raise ValueError(
                f"dim={self.dim} cannot be split over num_heads={self.num_heads}; "
                f"choose a dim that is a multiple of {self.num_heads}."
            )

    @classmethod
    def small(cls) -> "LingNetConfig":
        """Return the size that trains on two CPU cores: its only one."""
        return cls()


@dataclass(frozen=True, kw_only=True)
class LingNetSegmentation(Segmentation):
    """A segmentation whose presence is always asked, and in train mode a coarse mask as well."""

    presence_logits: Float[Tensor, " batch"]
    taught: "Taught | None" = None
    """What training alone asks for."""


@dataclass(frozen=True, kw_only=True)
class Taught:
    """What the losses of training compare."""

    coarse_logits: MaskLogits
    """At the size of the image, drawn at stride 16."""
    pixels: Float[Tensor, "batch dim height_16 width_16"]
    """At stride 16, once the words were heard."""
    sentences: Float[Tensor, "batch dim"]
    is_said: Bool[Tensor, " batch"]
    rebuilding: Scalar | None


class LingNet(Segmenter):
    """Pixels, a query and words meet at stride 16; a light decoder draws the mask."""

    def __init__(self, config: LingNetConfig) -> None:
        """Build the model; the parts that have pretrained weights start from them."""
        super().__init__()
        self.config = config
        self.text_encoder = build_text_encoder(
            config.text_encoder, weights=config.text_weights, max_words=config.max_words
        )
        self.image_encoder = EfficientNetLite(
            config.image_encoder,
            pretrained=config.pretrained,
            num_frozen=config.frozen_blocks if config.pretrained else 0,
        )
        self.seeing = Seeing(config, self.image_encoder.dims)
        self.reader = Reader(self.text_encoder.dim, config.dim, config.num_heads)
        self.meeting = Meeting(config)
        self.coarse_pick = nn.Linear(config.dim, config.dim)
        self.rebuilding = (
            WordRebuilding(config.dim, self.text_encoder.dim, config.num_heads, rate=_HIDDEN)
            if config.rebuilding_weight
            else None
        )
        self.decoder = Decoder(config)
        self.presence_head = nn.Sequential(
            nn.LayerNorm(config.dim),
            nn.Linear(config.dim, config.dim),
            nn.GELU(),
            nn.Linear(config.dim, 1),
        )

    def forward(self, image: ImageBatch, words: Words, word_mask: WordMask) -> LingNetSegmentation:
        """Segment what the words describe."""
        size = (image.shape[-2], image.shape[-1])
        return self.segment_encoded(self.encode_image(image), words, word_mask, size)

    def encode_image(self, image: ImageBatch) -> tuple[Tensor, ...]:
        """Return the feature maps at strides 16, 8, 4 and 2, as wide as the rest needs them."""
        return self.seeing(self.image_encoder(image))

    def segment_encoded(
        self,
        encoded: tuple[Tensor, ...],
        words: Words,
        word_mask: WordMask,
        size: tuple[int, int],
    ) -> LingNetSegmentation:
        """Segment what the words describe in the encoded image."""
        stride_16, *skips = encoded
        heard, is_heard = self.reader(words, word_mask)
        deep, query = self.meeting(stride_16, heard, is_heard)
        mask_logits = self.decoder(deep, skips, query, heard, is_heard)
        taught = None
        if self.training:
            coarse_logits = _picked(deep, self.coarse_pick(query))
            taught = Taught(
                coarse_logits=_enlarge(coarse_logits, *size),
                pixels=deep,
                sentences=mean_word(heard[:, 1:], word_mask),
                is_said=word_mask.any(dim=1),
                rebuilding=self._rebuild(words, word_mask, stride_16, coarse_logits),
            )
        return LingNetSegmentation(
            mask_logits=_enlarge(mask_logits, *size),
            presence_logits=self.presence_head(query)[:, 0],
            taught=taught,
        )

    def _rebuild(
        self, words: Words, word_mask: WordMask, stride_16: Tensor, coarse_logits: Tensor
    ) -> Scalar | None:
        """Return how badly hidden words are rebuilt from the pixels that are meant."""
        if self.rebuilding is None:
            return None
        interest = coarse_logits.detach().sigmoid().flatten(1)
        return self.rebuilding(words, word_mask, _as_rows(stride_16), interest)

    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Ask where it is, and whether it is there.

        Raises:
            ValueError: The segmentation was made in eval mode, or not by a LingNet.
        """
        if not isinstance(segmentation, LingNetSegmentation) or segmentation.taught is None:
            raise ValueError(
                "This segmentation lacks the coarse mask that LingNet's losses need; one made in "
                "train mode was expected. Call model.train() before the model."
            )
        weights, taught = self.config, segmentation.taught
        is_there = reference.flatten(1).any(dim=1)
        presence = F.binary_cross_entropy_with_logits(
            segmentation.presence_logits.float(), is_there.float()
        )
        losses = {
            "cross_entropy": mask_cross_entropy(segmentation.mask_logits, reference),
            "dice": soft_dice_loss(segmentation.mask_logits, reference),
            "presence": weights.presence_weight * presence,
        }
        if weights.coarse_weight:
            coarse = mask_cross_entropy(taught.coarse_logits, reference)
            coarse = coarse + soft_dice_loss(taught.coarse_logits, reference)
            losses["coarse"] = weights.coarse_weight * coarse
        if weights.alignment_weight:
            alignment = _alignment(taught, reference, taught.is_said & is_there)
            losses["alignment"] = weights.alignment_weight * alignment
        if taught.rebuilding is not None:
            losses["rebuilding"] = weights.rebuilding_weight * taught.rebuilding
        return losses


def _alignment(taught: Taught, reference: MaskBatch, is_there: Bool[Tensor, " batch"]) -> Scalar:
    """Return TMCA's contrast of each target with the sentences of the batch."""
    sentences = F.normalize(taught.sentences.float(), dim=1)
    target = F.adaptive_avg_pool2d(
        reference.float(), (taught.pixels.shape[-2], taught.pixels.shape[-1])
    )
    return target_text_loss(
        F.normalize(taught.pixels.float(), dim=1),
        sentences,
        (target, torch.ones_like(target)),
        soft_shares(sentences, reference, is_there, text_share=0.5, softness=0.1),
        is_there,
        pool="mask",
        temperature=0.1,
        background_negative=True,
    )


class Reader(nn.Module):
    """Brings the words to the model's width, puts the null word first, lets them look around."""

    def __init__(self, text_dim: int, dim: int, num_heads: int) -> None:
        """Build the reader with random weights."""
        super().__init__()
        self.project = nn.Linear(text_dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.null_word = NullWord(dim)
        self.layer = Listener(dim, num_heads)

    def forward(
        self, words: Words, word_mask: WordMask
    ) -> tuple[Float[Tensor, "batch all_words inner_dim"], Bool[Tensor, "batch all_words"]]:
        """Return the words and where they are, the null word included."""
        words, word_mask = self.null_word(self.norm(self.project(words)), word_mask)
        return self.layer(words, words, word_mask), word_mask


class Seeing(nn.Module):
    """What of the picture does not depend on the sentence."""

    def __init__(self, config: LingNetConfig, encoder_dims: tuple[int, ...]) -> None:
        """Build it with random weights."""
        super().__init__()
        dim = config.dim
        *finer, dim_16, dim_32 = encoder_dims
        self.stride_16 = nn.Conv2d(dim_16, dim, kernel_size=1)
        self.stride_32 = nn.Conv2d(dim_32, dim, kernel_size=1)
        self.skips = nn.ModuleList(
            nn.Conv2d(wide, narrow, kernel_size=1)
            for wide, narrow in zip(reversed(finer), config.decoder_dims, strict=True)
        )
        self.place = PlaceEmbedding(dim) if config.num_image_blocks else None
        self.to_pixels = nn.ModuleList(
            Listener(dim, config.num_heads) for _ in range(config.num_image_blocks)
        )

    def forward(self, maps: tuple[Float[Tensor, "batch _ _ _"], ...]) -> tuple[Tensor, ...]:
        """Return the maps at strides 16, 8, 4 and 2."""
        *finer, stride_16, stride_32 = maps
        height, width = stride_16.shape[-2:]
        features = self.stride_16(stride_16) + _enlarge(self.stride_32(stride_32), height, width)
        if self.place is not None:
            pixels, place = _as_rows(features), self.place(height, width)
            for to_pixels in self.to_pixels:
                pixels = to_pixels(pixels, pixels + place)
            features = _as_map(pixels, height)
        skips = (skip(found) for skip, found in zip(self.skips, reversed(finer), strict=True))
        return features, *skips


class Meeting(nn.Module):
    """Where pixels, the query and the words meet, at stride 16."""

    def __init__(self, config: LingNetConfig) -> None:
        """Build the blocks with random weights."""
        super().__init__()
        dim = config.dim
        self.place = PlaceEmbedding(dim)
        self.query = nn.Parameter(torch.randn(dim) * 0.02)
        self.to_words = nn.ModuleList(
            Listener(dim, config.num_heads) for _ in range(config.num_blocks)
        )
        self.to_all = nn.ModuleList(
            Listener(dim, config.num_heads) for _ in range(config.num_blocks)
        )
        self.scales = (
            nn.Sequential(PixelNorm(dim), MSCA(dim, MSCANShape()))
            if config.scale_attention
            else None
        )

    def forward(
        self,
        stride_16: Float[Tensor, "batch dim height width"],
        words: Float[Tensor, "batch words dim"],
        word_mask: WordMask,
    ) -> tuple[Float[Tensor, "batch dim height width"], Float[Tensor, "batch dim"]]:
        """Return what the pixels at stride 16, and the query, made of what they heard."""
        height, width = stride_16.shape[-2:]
        pixels = _as_rows(stride_16)
        rows = torch.cat([self.query.expand(len(pixels), 1, -1), pixels], dim=1)
        # Told anew in every block: "left" is about where a pixel lies, not about what it shows.
        place = F.pad(self.place(height, width), (0, 0, 1, 0))
        for to_words, to_all in zip(self.to_words, self.to_all, strict=True):
            rows = to_words(rows + place, words, word_mask)
            rows = to_all(rows, rows + place)
        deep, query = _as_map(rows[:, 1:], height), rows[:, 0]
        return (deep if self.scales is None else deep + self.scales(deep)), query


class Decoder(nn.Module):
    """From stride 16 back to stride 2, the words and the query at hand."""

    def __init__(self, config: LingNetConfig) -> None:
        """Build the decoder with random weights."""
        super().__init__()
        dim_8, dim_4, dim_2 = config.decoder_dims
        self.step_8 = Step(config.dim, dim_8, config.dim)
        self.hearing = Hearing(config.dim, dim_8) if config.listens_at_8 else None
        self.step_4 = Step(dim_8, dim_4, config.dim)
        self.step_2 = Step(dim_4, dim_2, config.dim)
        self.pick = nn.Linear(config.dim, dim_2)
        self.mask_head = nn.Conv2d(dim_2, 1, kernel_size=1)

    def forward(
        self,
        deep: Float[Tensor, "batch dim height width"],
        skips: Sequence[Tensor],
        query: Float[Tensor, "batch dim"],
        words: Float[Tensor, "batch words dim"],
        word_mask: WordMask,
    ) -> Float[Tensor, "batch 1 height_2 width_2"]:
        """Return mask logits at stride 2."""
        features = self.step_8(deep, skips[0], query)
        if self.hearing is not None:
            features = self.hearing(features, words, word_mask)
        features = self.step_4(features, skips[1], query)
        features = self.step_2(features, skips[2], query)
        return self.mask_head(features) + _picked(features, self.pick(query))


class Hearing(nn.Module):
    """Pixels at a finer stride hear the words."""

    def __init__(self, text_dim: int, dim: int) -> None:
        """Build it with random weights."""
        super().__init__()
        self.words = nn.Linear(text_dim, dim)
        self.place = PlaceEmbedding(dim)
        self.listen = Listener(dim, num_heads=dim // 32)

    def forward(
        self,
        features: Float[Tensor, "batch dim height width"],
        words: Float[Tensor, "batch words text_dim"],
        word_mask: WordMask,
    ) -> Float[Tensor, "batch dim height width"]:
        """Return the features of what the pixels heard."""
        height, width = features.shape[-2:]
        pixels = _as_rows(features) + self.place(height, width)
        return _as_map(self.listen(pixels, self.words(words), word_mask), height)


class Step(nn.Module):
    """One stride finer: add the skip, scale and shift by the query, look around."""

    def __init__(self, in_dim: int, dim: int, query_dim: int) -> None:
        """Build the step with random weights."""
        super().__init__()
        self.narrow = nn.Conv2d(in_dim, dim, kernel_size=1)
        self.modulate = nn.Linear(query_dim, 2 * dim)
        self.look = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(dim),
            nn.ReLU(inplace=True),
        )

    def forward(
        self,
        features: Float[Tensor, "batch in_dim height width"],
        skip: Float[Tensor, "batch dim finer_height finer_width"],
        query: Float[Tensor, "batch query_dim"],
    ) -> Float[Tensor, "batch dim finer_height finer_width"]:
        """Return features at the stride of the skip."""
        height, width = skip.shape[-2:]
        features = _enlarge(self.narrow(features), height, width) + skip
        scale, shift = self.modulate(query)[..., None, None].chunk(2, dim=1)
        return self.look(F.relu(features * (1 + scale) + shift))


def _as_rows(
    features: Float[Tensor, "batch dim height width"],
) -> Float[Tensor, "batch pixels dim"]:
    """Return the pixels row by row."""
    return rearrange(features, "batch dim height width -> batch (height width) dim")


def _as_map(
    pixels: Float[Tensor, "batch pixels dim"], height: int
) -> Float[Tensor, "batch dim height width"]:
    """Return the pixels where they lie."""
    return rearrange(pixels, "batch (height width) dim -> batch dim height width", height=height)


def _picked(
    features: Float[Tensor, "batch dim height width"], wanted: Float[Tensor, "batch dim"]
) -> Float[Tensor, "batch 1 height width"]:
    """Return how much each pixel is what is wanted."""
    agreement = (features * wanted[..., None, None]).sum(dim=1, keepdim=True)
    return agreement / features.shape[1] ** 0.5


def _enlarge(
    features: Float[Tensor, "batch dim coarser_height coarser_width"], height: int, width: int
) -> Float[Tensor, "batch dim height width"]:
    """Return `features` at height x width, bilinear."""
    return F.interpolate(features, (height, width), mode="bilinear", align_corners=False)
