"""LingNet: a small model that reads, made for two CPU cores.

Paper       none; our own. First version.
Reference   none
Parity      none possible: there is no other implementation
Deviations  none

An EfficientNet-Lite0 sees the picture, MiniLM's first layers read the sentence. At stride 16 every
pixel looks at the other pixels and at the words; a query that sums up the sentence listens in. In
training a coarse mask is asked of pixels and query right there: else the finer layers, which see
much and read little, learn to do without the sentence.
Words are heard again at stride 8 and, through the query, at strides 4 and 2. The query then picks
the pixels that it means, and says whether what it looks for is there at all. A null word, always
present, is all that is left of an empty sentence: the model then segments by the picture alone.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.efficientnet_lite import DIMS, EfficientNetLite0
from lingseg.nn.listener import Listener, NullWord
from lingseg.nn.losses import mask_cross_entropy, soft_dice_loss
from lingseg.nn.place import PlaceEmbedding
from lingseg.nn.shapes import ImageBatch, MaskBatch, MaskLogits, Scalar, WordMask, Words
from lingseg.nn.text_encoders import TextEncoderName, build_text_encoder


@dataclass(frozen=True, kw_only=True)
class LingNetConfig:
    """How large a LingNet is, and what its objective weighs."""

    dim: int = 160
    """Features of one pixel or word at stride 16."""
    num_heads: int = 5
    num_blocks: int = 3
    """Blocks in which pixels, query and words meet at stride 16."""
    decoder_dims: tuple[int, int, int] = (96, 64, 32)
    """Features at strides 8, 4 and 2."""
    text_encoder: TextEncoderName = "minilm"
    text_weights: str = ""
    max_words: int = 64
    pretrained: bool = True
    """Start the image encoder from ImageNet weights."""
    presence_weight: float = 0.25
    coarse_weight: float = 1.0
    """Of the mask at stride 16, asked in training only."""

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
    coarse_logits: MaskLogits | None = None
    """At the size of the image, drawn at stride 16."""


class LingNet(Segmenter):
    """Pixels, a query and words meet at stride 16; a light decoder draws the mask."""

    def __init__(self, config: LingNetConfig) -> None:
        """Build the model; the parts that have pretrained weights start from them."""
        super().__init__()
        self.config = config
        self.text_encoder = build_text_encoder(
            config.text_encoder, weights=config.text_weights, max_words=config.max_words
        )
        self.image_encoder = EfficientNetLite0(pretrained=config.pretrained)
        self.reader = Reader(self.text_encoder.dim, config.dim, config.num_heads)
        self.meeting = Meeting(config)
        self.coarse_pick = nn.Linear(config.dim, config.dim)
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
        """Return the feature maps at strides 2 to 32."""
        return self.image_encoder(image)

    def segment_encoded(
        self,
        encoded: tuple[Tensor, ...],
        words: Words,
        word_mask: WordMask,
        size: tuple[int, int],
    ) -> LingNetSegmentation:
        """Segment what the words describe in the encoded image."""
        stride_2, stride_4, stride_8, stride_16, stride_32 = encoded
        words, word_mask = self.reader(words, word_mask)
        deep, query = self.meeting(stride_16, stride_32, words, word_mask)
        mask_logits = self.decoder(deep, (stride_8, stride_4, stride_2), query, words, word_mask)
        coarse_logits = _picked(deep, self.coarse_pick(query)) if self.training else None
        return LingNetSegmentation(
            mask_logits=_enlarge(mask_logits, *size),
            presence_logits=self.presence_head(query)[:, 0],
            coarse_logits=None if coarse_logits is None else _enlarge(coarse_logits, *size),
        )

    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Ask where it is, and whether it is there.

        Raises:
            ValueError: The segmentation was made in eval mode, or not by a LingNet.
        """
        if not isinstance(segmentation, LingNetSegmentation) or segmentation.coarse_logits is None:
            raise ValueError(
                "This segmentation lacks the coarse mask that LingNet's losses need; one made in "
                "train mode was expected. Call model.train() before the model."
            )
        is_there = reference.flatten(1).any(dim=1).float()
        presence = F.binary_cross_entropy_with_logits(
            segmentation.presence_logits.float(), is_there
        )
        coarse = mask_cross_entropy(segmentation.coarse_logits, reference)
        coarse = coarse + soft_dice_loss(segmentation.coarse_logits, reference)
        return {
            "cross_entropy": mask_cross_entropy(segmentation.mask_logits, reference),
            "dice": soft_dice_loss(segmentation.mask_logits, reference),
            "coarse": self.config.coarse_weight * coarse,
            "presence": self.config.presence_weight * presence,
        }


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


class Meeting(nn.Module):
    """Where pixels, the query and the words meet, at stride 16."""

    def __init__(self, config: LingNetConfig) -> None:
        """Build the blocks with random weights."""
        super().__init__()
        dim = config.dim
        self.stride_16 = nn.Conv2d(DIMS[3], dim, kernel_size=1)
        self.stride_32 = nn.Conv2d(DIMS[4], dim, kernel_size=1)
        self.place = PlaceEmbedding(dim)
        self.query = nn.Parameter(torch.randn(dim) * 0.02)
        self.to_words = nn.ModuleList(
            Listener(dim, config.num_heads) for _ in range(config.num_blocks)
        )
        self.to_all = nn.ModuleList(
            Listener(dim, config.num_heads) for _ in range(config.num_blocks)
        )

    def forward(
        self,
        stride_16: Float[Tensor, "batch dim_16 height width"],
        stride_32: Float[Tensor, "batch dim_32 height_32 width_32"],
        words: Float[Tensor, "batch words dim"],
        word_mask: WordMask,
    ) -> tuple[Float[Tensor, "batch dim height width"], Float[Tensor, "batch dim"]]:
        """Return what the pixels at stride 16, and the query, made of what they heard."""
        height, width = stride_16.shape[-2:]
        features = self.stride_16(stride_16) + _enlarge(self.stride_32(stride_32), height, width)
        pixels = rearrange(features, "batch dim height width -> batch (height width) dim")
        rows = torch.cat([self.query.expand(len(pixels), 1, -1), pixels], dim=1)
        # Told anew in every block: "left" is about where a pixel lies, not about what it shows.
        place = F.pad(self.place(height, width), (0, 0, 1, 0))
        for to_words, to_all in zip(self.to_words, self.to_all, strict=True):
            rows = to_words(rows + place, words, word_mask)
            rows = to_all(rows, rows + place)
        deep = rearrange(
            rows[:, 1:], "batch (height width) dim -> batch dim height width", height=height
        )
        return deep, rows[:, 0]


class Decoder(nn.Module):
    """From stride 16 back to stride 2, the words and the query at hand."""

    def __init__(self, config: LingNetConfig) -> None:
        """Build the decoder with random weights."""
        super().__init__()
        dim_8, dim_4, dim_2 = config.decoder_dims
        self.deep = nn.Conv2d(config.dim, dim_8, kernel_size=1)
        self.step_8 = Step(dim_8, DIMS[2], dim_8, config.dim)
        self.words_8 = nn.Linear(config.dim, dim_8)
        self.place_8 = PlaceEmbedding(dim_8)
        self.listen_8 = Listener(dim_8, num_heads=dim_8 // 32)
        self.step_4 = Step(dim_8, DIMS[1], dim_4, config.dim)
        self.step_2 = Step(dim_4, DIMS[0], dim_2, config.dim)
        self.pick = nn.Linear(config.dim, dim_2)
        self.mask_head = nn.Conv2d(dim_2, 1, kernel_size=1)

    def forward(
        self,
        deep: Float[Tensor, "batch dim height width"],
        skips: tuple[Tensor, Tensor, Tensor],
        query: Float[Tensor, "batch dim"],
        words: Float[Tensor, "batch words dim"],
        word_mask: WordMask,
    ) -> Float[Tensor, "batch 1 height_2 width_2"]:
        """Return mask logits at stride 2."""
        features = self.step_8(self.deep(deep), skips[0], query)
        height, width = features.shape[-2:]
        pixels = rearrange(features, "batch dim height width -> batch (height width) dim")
        pixels = pixels + self.place_8(height, width)
        pixels = self.listen_8(pixels, self.words_8(words), word_mask)
        features = rearrange(
            pixels, "batch (height width) dim -> batch dim height width", height=height
        )
        features = self.step_4(features, skips[1], query)
        features = self.step_2(features, skips[2], query)
        return self.mask_head(features) + _picked(features, self.pick(query))


class Step(nn.Module):
    """One stride finer: add the skip, scale and shift by the query, look around."""

    def __init__(self, in_dim: int, skip_dim: int, dim: int, query_dim: int) -> None:
        """Build the step with random weights."""
        super().__init__()
        self.narrow = nn.Conv2d(in_dim, dim, kernel_size=1)
        self.skip = nn.Conv2d(skip_dim, dim, kernel_size=1)
        self.modulate = nn.Linear(query_dim, 2 * dim)
        self.look = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(dim),
            nn.ReLU(inplace=True),
        )

    def forward(
        self,
        features: Float[Tensor, "batch in_dim height width"],
        skip: Float[Tensor, "batch skip_dim finer_height finer_width"],
        query: Float[Tensor, "batch query_dim"],
    ) -> Float[Tensor, "batch dim finer_height finer_width"]:
        """Return features at the stride of the skip."""
        height, width = skip.shape[-2:]
        features = _enlarge(self.narrow(features), height, width) + self.skip(skip)
        scale, shift = self.modulate(query)[..., None, None].chunk(2, dim=1)
        return self.look(F.relu(features * (1 + scale) + shift))


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
