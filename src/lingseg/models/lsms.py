"""LSMS: words enter every block of a multi-scale encoder; a decoder sees all scales at once.

Paper       Ouyang et al., Language-guided Scale-aware MedSegmentor for Lesion Segmentation in
            Medical Imaging, arXiv 2408.17347 (v3; v1 and v2: "for Medical Image Referring
            Segmentation").
Reference   none published. Re-implementation from the abstract and the authors' earlier code
            (SLViT), as described; the encoder's convolutions are SegNeXt's (Apache-2.0).
Parity      none possible: no code published. tests/models/test_lsms.py checks each equation by
            numbers, the sizes of the design's prototype to 2 %, and that the attention without
            words is SegNeXt's exactly.
Deviations  Every reading that we chose for want of the paper is a field of the config; the method
            card lists them. From the earlier code we differ where it is at odds with itself:
            All regions meet across scales. There, the "uncertain" ones are chosen by a map that is
            constant, and the others are doubled.
            The factorisation's bases are a fixed table in eval, so two passes agree; in training
            they are drawn reproducibly. Its first product is computed once, not twice.
            Left out, without effect: an unused projection of the gate, and the biases of query,
            key, value and output, which a softmax or an instance norm removes.
            One mask logit, the difference of the two classes' logits there; cross-entropy with the
            same class weights, its sum divided by the sum of the weights.
            A map of one pixel has no variance: what it hears is 0, where torch refuses to norm it.
            Any size: padded with zeros to multiples of 32, and cropped. The contrast does not look
            at the padding.
            A null sentence adds nothing in any block (the "no text" path), and has no contrast.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from einops import einsum, rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.cross_scale_attention import CrossScaleAttention
from lingseg.nn.gated_cross_attention import GatedCrossAttention
from lingseg.nn.hamburger import Hamburger, HamburgerShape, LightHead
from lingseg.nn.imagenet import imagenet_normalised
from lingseg.nn.losses import soft_dice_loss, weighted_cross_entropy
from lingseg.nn.mscan import (
    MSCAN,
    MSCAN_SIZES,
    STRIDE,
    MSCANShape,
    MSCANSize,
    MultiScaleConvolution,
    fill_mscan,
)
from lingseg.nn.shapes import FeatureMap, ImageBatch, MaskBatch, Scalar, WordMask, Words
from lingseg.nn.text_contrast import (
    mean_word,
    pixel_text_loss,
    region_directions,
    region_text_loss,
    soft_shares,
)
from lingseg.nn.text_encoders import TextEncoderName, build_text_encoder

Decoder: TypeAlias = Literal["xscale+ham", "ham", "xscale"]
Contrast: TypeAlias = Literal["pixel-text", "region-infonce", "none"]
Pixels: TypeAlias = Float[Tensor, "batch pixels dim"]

_FINEST = 4  # stride of the decoder


@dataclass(frozen=True, kw_only=True)
class LSMSConfig:
    """How large an LSMS is and how we read it; by default Base, as proposed for the paper."""

    dims: tuple[int, int, int, int] = (64, 128, 320, 512)
    """Features at strides 4, 8, 16 and 32. Unknown: the paper's size."""
    depths: tuple[int, int, int, int] = (3, 3, 12, 3)
    mlp_ratios: tuple[int, int, int, int] = (8, 8, 4, 4)
    drop_path: float = 0.2
    local_kernel_size: int = 5
    kernel_sizes: tuple[int, ...] = (7, 11, 21)
    """Lengths of the strip pairs. Unknown: the paper's kernels."""
    num_heads: int = 1
    """Heads of the attention to words. Unknown."""
    gate: Literal["tanh", "none"] = "tanh"
    """Whether what was heard is gated. Unknown."""
    decoder: Decoder = "xscale+ham"
    """Attention across scales, factorisation, or both. Unknown."""
    cross_scale_dim: int = 256
    cross_scale_heads: int = 8
    ham_dim: int = 512
    ham_rank: int = 64
    ham_steps: int = 6
    ham_eval_steps: int = 7
    head_dim: int = 256
    dropout: float = 0.1
    segmentation_loss: Literal["ce", "ce+dice"] = "ce+dice"
    """Unknown; "ce" is the earlier code's."""
    class_weights: tuple[float, float] = (0.9, 1.1)
    """Of background and foreground in the cross-entropy."""
    contrast: Contrast = "pixel-text"
    """Unknown: the form of the vision-language contrastive loss."""
    contrast_weight: float = 0.1
    """Unknown."""
    contrast_temperature: float = 0.07
    """Unknown."""
    contrast_dim: int = 256
    contrast_text_share: float = 0.5
    """Of "region-infonce": what sentences weigh in how alike cases are; masks weigh the rest."""
    contrast_softness: float = 0.1
    """Of "region-infonce": how soft the targets are."""
    image_weights: str = ""
    """SegNeXt's weights: a .safetensors file, a folder with one, or "random"."""
    text_encoder: TextEncoderName = "bert-tuned"
    """Unknown; BERT-base, trained with the model, is the earlier code's."""
    text_weights: str = ""
    max_words: int = 20

    @classmethod
    def of_size(cls, size: MSCANSize) -> "LSMSConfig":
        """Return the config of size "t", "s", "b" or "l"; heads as wide as SegNeXt's."""
        shape = MSCAN_SIZES[size]
        sized = replace(cls(), dims=shape.dims, depths=shape.depths)
        return replace(
            sized,
            ham_dim={"t": 256, "s": 256, "b": 512, "l": 1024}[size],
            ham_rank=16 if size in ("t", "s") else 64,
            head_dim=128 if size == "t" else 256,
        )

    @classmethod
    def small(cls) -> "LSMSConfig":
        """Return the config of a size that trains on two CPU cores."""
        return cls(
            dims=(24, 48, 96, 160),
            depths=(2, 2, 3, 2),
            mlp_ratios=(4, 4, 4, 4),
            drop_path=0.1,
            cross_scale_dim=96,
            cross_scale_heads=4,
            ham_dim=96,
            ham_rank=16,
            head_dim=64,
            contrast_dim=64,
            image_weights="random",
            text_encoder="minilm",
            max_words=64,
        )

    @property
    def encoder_shape(self) -> MSCANShape:
        """How large the image encoder is."""
        return MSCANShape(
            dims=self.dims,
            depths=self.depths,
            mlp_ratios=self.mlp_ratios,
            local_kernel_size=self.local_kernel_size,
            kernel_sizes=self.kernel_sizes,
            drop_path=self.drop_path,
        )

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if any(dim % self.num_heads for dim in self.dims):
            raise ValueError(
                f"num_heads={self.num_heads} does not divide each of dims={self.dims}; choose a "
                f"number of heads that does."
            )
        if self.cross_scale_dim % self.cross_scale_heads:
            raise ValueError(
                f"cross_scale_heads={self.cross_scale_heads} does not divide cross_scale_dim="
                f"{self.cross_scale_dim}; choose a number of heads that does."
            )
        if min(self.contrast_temperature, self.contrast_softness) <= 0:
            raise ValueError(
                f"contrast_temperature={self.contrast_temperature} and contrast_softness="
                f"{self.contrast_softness}; choose numbers above 0."
            )


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """What the contrast compares, in one space; padding of the image is cut off."""

    pixels: FeatureMap
    """Directions, at stride 4."""
    sentences: Float[Tensor, "batch dim"]
    """Directions."""
    mean_words: Float[Tensor, "batch text_dim"]
    """What the text encoder said."""
    is_said: Bool[Tensor, " batch"]
    """False for null sentences."""


@dataclass(frozen=True, kw_only=True)
class LSMSSegmentation(Segmentation):
    """A segmentation that in train mode also holds what the contrast compares."""

    alignment: Alignment | None = None


class LSMS(Segmenter):
    """Scale-aware vision-language attention in every block (SVLA), then a full-scale decoder."""

    def __init__(self, config: LSMSConfig, *, generator: torch.Generator | None = None) -> None:
        """Build the model.

        The factorisation's bases in training are drawn from `generator` or, without one, from
        torch's own on the CPU.

        Raises:
            MissingWeights: The encoders' weights are not on this machine.
            MismatchedWeights: The image encoder's weights do not fit.
        """
        super().__init__()
        self.config = config
        self.text_encoder = build_text_encoder(
            config.text_encoder, weights=config.text_weights, max_words=config.max_words
        )
        text_dim, features_dim = self.text_encoder.dim, config.head_dim
        self.image_encoder = MSCAN(config.encoder_shape, _svla_builder(config, text_dim))
        fill_mscan(self.image_encoder, config.image_weights, new_part="listen")
        self.decoder = FullScaleDecoder(config, generator)
        self.dropout = nn.Dropout2d(config.dropout)
        self.mask_head = nn.Conv2d(features_dim, 1, kernel_size=1)
        if config.contrast != "none":
            self.pixel_projection = nn.Conv2d(features_dim, config.contrast_dim, kernel_size=1)
            self.text_projection = nn.Linear(text_dim, config.contrast_dim)

    def forward(self, image: ImageBatch, words: Words, word_mask: WordMask) -> LSMSSegmentation:
        """Segment what the words describe; in train mode, also bring pixels and words together."""
        height, width = image.shape[-2:]
        image = F.pad(imagenet_normalised(image), (0, -width % STRIDE, 0, -height % STRIDE))
        size = (image.shape[-2], image.shape[-1])
        words = words.masked_fill(~word_mask[..., None], 0)
        features = self.decoder(self.image_encoder(image, words, word_mask))
        mask_logits = self.mask_head(self.dropout(features))
        mask_logits = F.interpolate(mask_logits, size, mode="bilinear", align_corners=True)
        seen = features[..., : -(-height // _FINEST), : -(-width // _FINEST)]
        aligns = self.training and self.config.contrast != "none"
        return LSMSSegmentation(
            mask_logits=mask_logits[..., :height, :width],
            alignment=self._align(seen, words, word_mask) if aligns else None,
        )

    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Ask for the mask, and that the words be near to the pixels that they mean.

        Raises:
            ValueError: The segmentation was made in eval mode, where nothing is aligned.
        """
        weights, mask_logits = self.config, segmentation.mask_logits
        background, foreground = weights.class_weights
        terms = {
            "cross_entropy": weighted_cross_entropy(
                mask_logits, reference, background=background, foreground=foreground
            )
        }
        if weights.segmentation_loss == "ce+dice":
            terms["dice"] = soft_dice_loss(mask_logits, reference)
        if weights.contrast == "none":
            return terms
        if not isinstance(segmentation, LSMSSegmentation) or segmentation.alignment is None:
            raise ValueError(
                "This segmentation lacks the pixels and sentences that LSMS's contrast compares; "
                "one made in train mode was expected. Call model.train() before the model."
            )
        contrast = self._contrast(segmentation.alignment, reference)
        return terms | {"contrast": weights.contrast_weight * contrast}

    def _align(
        self,
        features: FeatureMap,
        words: Float[Tensor, "batch words text_dim"],
        word_mask: WordMask,
    ) -> Alignment:
        """Bring pixels and sentences into one space."""
        mean_words = mean_word(words, word_mask)
        return Alignment(
            pixels=F.normalize(self.pixel_projection(features).float(), dim=1),
            sentences=F.normalize(self.text_projection(mean_words).float(), dim=1),
            mean_words=mean_words.detach(),
            is_said=word_mask.any(dim=1),
        )

    def _contrast(self, made: Alignment, reference: MaskBatch) -> Scalar:
        """Return the vision-language contrastive loss, unweighted."""
        config, is_target = self.config, at_stride_4(reference)[:, 0]
        if config.contrast == "pixel-text":
            scores = einsum(made.pixels, made.sentences, "batch dim ..., batch dim -> batch ...")
            return pixel_text_loss(scores / config.contrast_temperature, is_target, made.is_said)
        is_there = made.is_said & is_target.flatten(1).any(dim=1)
        shares = soft_shares(
            made.mean_words,
            reference,
            is_there,
            text_share=config.contrast_text_share,
            softness=config.contrast_softness,
        )
        similarities = region_directions(made.pixels, is_target.to(made.pixels)) @ made.sentences.T
        return region_text_loss(similarities / config.contrast_temperature, shares, is_there)


class ScaleAwareAttention(nn.Module):
    """SVLA: MSCA, with what each pixel heard of the words as one more scale."""

    def __init__(self, dim: int, shape: MSCANShape, listen: GatedCrossAttention) -> None:
        """Build the attention with random weights around one to the words."""
        super().__init__()
        self.scales = MultiScaleConvolution(dim, shape)
        self.listen = listen
        self.mix = nn.Conv2d(dim, dim, kernel_size=1)

    def forward(
        self,
        features: FeatureMap,
        words: Float[Tensor, "batch words text_dim"],
        word_mask: WordMask,
    ) -> FeatureMap:
        """Re-weight the features by their surroundings and by what is said."""
        local, scales = self.scales(features)
        pixels = rearrange(local, "batch dim height width -> batch (height width) dim")
        heard = rearrange(
            self.listen(pixels, words, word_mask),
            "batch (height width) dim -> batch dim height width",
            height=local.shape[-2],
        )
        return self.mix(scales + heard) * features


class FullScaleDecoder(nn.Module):
    """FSD: the scales meet region by region, then the whole image in a factorisation."""

    def __init__(self, config: LSMSConfig, generator: torch.Generator | None) -> None:
        """Build the parts that the config names, with random weights."""
        super().__init__()
        self.cross_scale: CrossScaleAttention | None = None
        middle: nn.Module = nn.Identity()
        if "xscale" in config.decoder:
            self.cross_scale = CrossScaleAttention(
                config.dims, dim=config.cross_scale_dim, num_heads=config.cross_scale_heads
            )
        if "ham" in config.decoder:
            shape = HamburgerShape(
                dim=config.ham_dim,
                rank=config.ham_rank,
                num_steps=config.ham_steps,
                num_eval_steps=config.ham_eval_steps,
            )
            middle = Hamburger(shape, generator=generator)
        self.head = LightHead(sum(config.dims), config.ham_dim, config.head_dim, middle)

    def forward(self, maps: tuple[Float[Tensor, "batch _ _ _"], ...]) -> FeatureMap:
        """Return features at stride 4."""
        return self.head(self.cross_scale(maps) if self.cross_scale is not None else maps)


def at_stride_4(reference: MaskBatch) -> Bool[Tensor, "batch classes height_4 width_4"]:
    """Return where at least half of a 4 x 4 patch, or of what of it is in the image, is True."""
    return F.avg_pool2d(reference.float(), _FINEST, ceil_mode=True) >= 0.5


def _svla_builder(config: LSMSConfig, text_dim: int) -> Callable[[int], ScaleAwareAttention]:
    """Return what makes the attention of a block."""

    def build(dim: int) -> ScaleAwareAttention:
        listen = GatedCrossAttention(dim, text_dim, num_heads=config.num_heads, gate=config.gate)
        return ScaleAwareAttention(dim, config.encoder_shape, listen)

    return build
