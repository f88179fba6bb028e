"""MMI-UNet: after each stage of the encoder, pixels ask the words and the words ask the pixels.

Paper       Bui, Le, Choo, Visual-Textual Matching Attention for Lesion Segmentation in Chest
            Images, MICCAI 2024.
Reference   github.com/nguyenpbui/MMI-UNet, commit f5dc3ea, class MMIUNet_V2; GPL-3.0. Written from
            a description of what it computes; its code was run, not read.
Parity      tests/parity/test_mmiunet_parity.py: mask, each stage's map, Dice and gradients agree
            with the official network to 2e-5, on texts of 24 tokens, at full size and at a small
            one.
Deviations  Padding changes nothing here: no word and no pixel looks at it. In the official network
            all do, so parity is for texts of 24 tokens.
            A text without words is read as one word whose vector is 0, which keeps it finite.
            Any size, not 224 x 224 only: zeros fill the image to a multiple of 32, on the right and
            at the bottom, and the mask is cropped; a map of one pixel is filled to two before it is
            halved, and the extra row of an odd map at stride 32 follows the map, not the stage.
            Images are standardised inside the model.
            Left out, without effect: what the words ask the pixels of the last stage, ConvNeXt's
            last norm and classifier.
            The loss is computed on logits. By default it is Dice alone, with which the published
            numbers were made: of MONAI 1.0.1's DiceCELoss the cross-entropy is exactly 0 when there
            is one class. "dice+bce" adds the binary cross-entropy that its name promises.
            Kept, odd as they are: a stage's map enters the next stage twice, alone and with what it
            heard; the last row and column of an odd map neither ask nor hear.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.convnext import ATTO, ConvNeXtShape, build_convnext, pad_to_stride, standardise
from lingseg.nn.losses import mask_cross_entropy, soft_dice_loss
from lingseg.nn.null_word import with_null_word
from lingseg.nn.shapes import FeatureMap, ImageBatch, MaskBatch, Scalar, WordMask, Words
from lingseg.nn.subpixel_upsample import SubpixelUpsample
from lingseg.nn.text_encoders import TextEncoderName, build_text_encoder
from lingseg.nn.unet_blocks import ConvolutionNormReLU

Said: TypeAlias = Float[Tensor, "batch words text_dim"]
Rows: TypeAlias = Float[Tensor, "batch rows dim"]
Others: TypeAlias = Float[Tensor, "batch others dim"]


@dataclass(frozen=True, kw_only=True)
class MMIUNetConfig:
    """How large an MMI-UNet is and what it is asked for; by default as published."""

    depths: tuple[int, int, int, int] = (3, 3, 9, 3)
    dims: tuple[int, int, int, int] = (96, 192, 384, 768)
    """Blocks and features of ConvNeXt at strides 4, 8, 16 and 32; by default Tiny's."""
    image_weights: str = ""
    """A folder of facebook/convnext-tiny-224, a .safetensors file, or "random"."""
    num_heads: int = 8
    feed_forward_dim: int = 128
    dropout: float = 0.1
    objective: Literal["dice", "dice+bce"] = "dice"
    dice_smoothing: float = 1e-5
    """In pixels, as MONAI's."""
    text_encoder: TextEncoderName = "bert"
    text_weights: str = ""
    max_words: int = 24

    @classmethod
    def small(cls) -> "MMIUNetConfig":
        """Return the size that trains on two CPU cores."""
        return cls(
            depths=ATTO.depths, dims=ATTO.dims, image_weights="random", text_encoder="minilm"
        )

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        for dim in self.dims:
            if dim % self.num_heads:
                raise ValueError(
                    f"dims={self.dims}: {dim} is not a multiple of num_heads={self.num_heads}; "
                    f"choose a number of heads that divides all of them."
                )


class MMIUNet(Segmenter):
    """ConvNeXt with a bridger after each stage, and a U-Net's decoder."""

    def __init__(self, config: MMIUNetConfig) -> None:
        """Build the model; its encoders start from pretrained weights unless told otherwise.

        Raises:
            MissingWeights: Pretrained weights are not named, or not there.
            MismatchedWeights: The weights that are there are not these encoders'.
        """
        super().__init__()
        self.config, dims = config, config.dims
        self.text_encoder = build_text_encoder(
            config.text_encoder, weights=config.text_weights, max_words=config.max_words
        )
        self.image_encoder = build_convnext(
            ConvNeXtShape(depths=config.depths, dims=dims), image_weights=config.image_weights
        )
        self.bridgers = nn.ModuleList(
            Bridger(dim, self.text_encoder.dim, config, tells_words=stage + 1 < len(dims))
            for stage, dim in enumerate(dims)
        )
        self.ups = nn.ModuleList(map(Up, dims[:0:-1], dims[-2::-1]))
        self.upsample = SubpixelUpsample(dims[0], dims[0] // 4, factor=4)
        self.mask_head = nn.Conv2d(dims[0] // 4, 1, kernel_size=1)

    def forward(self, image: ImageBatch, words: Words, word_mask: WordMask) -> Segmentation:
        """Segment what the words describe."""
        height, width = image.shape[-2:]
        *skips, features = self._meet(pad_to_stride(standardise(image)), words, word_mask)
        for up, skip in zip(self.ups, reversed(skips), strict=True):
            features = up(features, skip)
        mask_logits = self.mask_head(self.upsample(features))
        return Segmentation(mask_logits=mask_logits[..., :height, :width])

    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Ask for the overlap and, if the objective says so, of every pixel."""
        logits, smoothing = segmentation.mask_logits, self.config.dice_smoothing
        terms = {"dice": soft_dice_loss(logits, reference, smoothing=smoothing)}
        if self.config.objective == "dice+bce":
            terms["cross_entropy"] = mask_cross_entropy(logits, reference)
        return terms

    def _meet(self, image: ImageBatch, words: Words, word_mask: WordMask) -> list[Tensor]:
        """Return the maps of each stage after they met the words, finest first."""
        said, is_seen = with_null_word(words, word_mask)
        heard, features, maps = said, image, []
        steps = zip(
            self.image_encoder.downsamplings, self.image_encoder.stages, self.bridgers, strict=True
        )
        for downsampling, stage, bridger in steps:
            seen = stage(downsampling(features))
            met, told = bridger(seen, heard, is_seen)
            features, heard = seen + met, said + told
            maps.append(met)
        return maps


class Bridger(nn.Module):
    """Pixels ask the words, and the words ask the pixels; each adds what it heard."""

    def __init__(
        self, dim: int, text_dim: int, config: MMIUNetConfig, *, tells_words: bool
    ) -> None:
        """Build the bridger with random weights."""
        super().__init__()
        self.tells_words = tells_words
        self.halve = nn.Conv2d(dim, dim, kernel_size=2, stride=2, bias=False)
        self.pixel_norm = nn.LayerNorm(dim)
        self.narrow = nn.Linear(text_dim, dim)
        self.word_norm = nn.LayerNorm(dim)
        self.ask_words = Interactor(dim, config)
        self.enlarge = nn.ConvTranspose2d(dim, dim, kernel_size=2, stride=2, bias=False)
        if tells_words:
            self.ask_pixels = Interactor(dim, config)
            self.widen = nn.Linear(dim, text_dim)

    def forward(
        self, features: FeatureMap, words: Said, word_mask: WordMask
    ) -> tuple[FeatureMap, Said]:
        """Return the map and the words after they met; the last bridger leaves the words."""
        height, width = features.shape[-2:]
        # One pixel cannot be halved.
        coarse = self.halve(F.pad(features, (0, max(0, 2 - width), 0, max(0, 2 - height))))
        pixels = rearrange(coarse, "batch dim height width -> batch (height width) dim")
        pixels, rows = self.pixel_norm(pixels), self.word_norm(self.narrow(words))
        is_pixel = torch.ones_like(pixels[..., 0], dtype=torch.bool)
        heard = self.enlarge(
            rearrange(
                self.ask_words(pixels, is_pixel, rows, word_mask),
                "batch (height width) dim -> batch dim height width",
                height=coarse.shape[-2],
            )
        )
        # Zeros for the last row and column of an odd map, which were not looked at.
        margins = (0, width - heard.shape[-1], 0, height - heard.shape[-2])
        met = features + F.pad(heard, margins)
        if not self.tells_words:
            return met, words
        return met, words + self.widen(self.ask_pixels(rows, word_mask, pixels, is_pixel))


class Interactor(nn.Module):
    """Rows look at each other, then at the others, then think; a norm follows each sum."""

    def __init__(self, dim: int, config: MMIUNetConfig) -> None:
        """Build the layer with random weights."""
        super().__init__()
        heads, rate = config.num_heads, config.dropout
        self.look = nn.MultiheadAttention(dim, heads, dropout=rate, batch_first=True)
        self.look_norm = nn.LayerNorm(dim)
        self.ask = nn.MultiheadAttention(dim, heads, dropout=rate, batch_first=True)
        self.ask_norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, config.feed_forward_dim)
        self.narrow = nn.Linear(config.feed_forward_dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(rate)

    def forward(
        self,
        rows: Rows,
        is_row: Bool[Tensor, "batch rows"],
        others: Others,
        is_other: Bool[Tensor, "batch others"],
    ) -> Rows:
        """Return the rows after they heard the others."""
        seen, _ = self.look(rows, rows, rows, key_padding_mask=~is_row, need_weights=False)
        rows = self.look_norm(rows + self.dropout(seen))
        heard, _ = self.ask(rows, others, others, key_padding_mask=~is_other, need_weights=False)
        rows = self.ask_norm(rows + self.dropout(heard))
        thought = self.narrow(self.dropout(self.widen(rows).relu()))
        return self.norm(rows + self.dropout(thought))


class Up(nn.Module):
    """Doubles the deep map by a transposed convolution, joins the skip, convolves."""

    def __init__(self, in_dim: int, dim: int) -> None:
        """Build the step with random weights."""
        super().__init__()
        self.enlarge = nn.ConvTranspose2d(in_dim, dim, kernel_size=2, stride=2)
        self.convolution = ConvolutionNormReLU(2 * dim, dim)

    def forward(
        self,
        deep: Float[Tensor, "batch deep_dim coarser_height coarser_width"],
        skip: FeatureMap,
    ) -> FeatureMap:
        """Return features at the size of the skip, which is twice the deep map's."""
        return self.convolution(torch.cat([self.enlarge(deep), skip], dim=1))
