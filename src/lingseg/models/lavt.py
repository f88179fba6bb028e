"""LAVT: a Swin transformer that hears the sentence after each of its stages.

Paper       Yang et al., LAVT: Language-Aware Vision Transformer for Referring Image Segmentation,
            CVPR 2022; arXiv 2112.02244.
Reference   github.com/yz93/LAVT-RIS, commit 1da0af9; GPL-3.0. Written from a description of what it
            computes; its code was run, not read.
Parity      tests/parity/test_lavt_parity.py: mask, each stage's map and gradients agree with the
            official network to 1e-6 in double precision, padded words included, at full size and at
            a small one.
Deviations  Two classes become our one mask logit: the difference of the two logits, of which the
            weighted cross-entropy is the same. The objective "cross_entropy+dice" adds a soft Dice
            of our own: the repository's README says that a Dice loss gives more.
            A text without words is heard as nothing, and stays finite: then, as after a text of one
            token, every pixel hears the same, the instance norm makes that 0, and the mask no
            longer depends on the image. BERT's tokens [CLS] and [SEP] keep that from happening.
            Maps of one pixel are normed to 0; there, torch refuses them.
            Left out, without effect: the last stage's gate, and the biases of keys (which a softmax
            cancels) and of queries, values and what was heard (which instance norms cancel).
            Kept, odd as it is: BERT's embeddings and last two layers do not learn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.bert_text_encoder import BertTextEncoder
from lingseg.nn.gated_cross_attention import GatedCrossAttention
from lingseg.nn.imagenet import imagenet_normalised
from lingseg.nn.losses import soft_dice_loss, weighted_cross_entropy
from lingseg.nn.shapes import FeatureMap, ImageBatch, MaskBatch, Scalar, WordMask, Words
from lingseg.nn.swin import Pixels, SwinShape, build_swin
from lingseg.nn.text_encoders import TextEncoderName, build_text_encoder

Said: TypeAlias = Float[Tensor, "batch words text_dim"]


@dataclass(frozen=True, kw_only=True)
class LAVTConfig:
    """How large a LAVT is and what its objective weighs; by default as published for RefCOCO."""

    dim: int = 128
    """Features at stride 4; twice as many at strides 8, 16 and 32."""
    depths: tuple[int, int, int, int] = (2, 2, 18, 2)
    num_heads: tuple[int, int, int, int] = (4, 8, 16, 32)
    """Blocks and heads of Swin's stages; by default Base's."""
    window_size: int = 12
    drop_path: float = 0.3
    image_weights: str = ""
    """A folder of microsoft/swin-base-patch4-window12-384-in22k, a .safetensors file, "random"."""
    background_weight: float = 0.9
    foreground_weight: float = 1.1
    """What the cross-entropy of a pixel weighs."""
    objective: Literal["cross_entropy", "cross_entropy+dice"] = "cross_entropy"
    text_encoder: TextEncoderName = "bert-tuned"
    text_weights: str = ""
    max_words: int = 20
    num_tuned_layers: int = 10
    """How many of a "bert-tuned"'s first layers learn; its embeddings do not."""

    @property
    def shape(self) -> SwinShape:
        """How large the Swin is."""
        return SwinShape(
            dim=self.dim,
            depths=self.depths,
            num_heads=self.num_heads,
            window_size=self.window_size,
            drop_path=self.drop_path,
        )

    @classmethod
    def small(cls) -> "LAVTConfig":
        """Return the size that trains on two CPU cores."""
        return cls(
            dim=32,
            depths=(2, 2, 2, 2),
            num_heads=(2, 4, 8, 16),
            window_size=7,
            drop_path=0.1,
            image_weights="random",
            text_encoder="minilm",
        )

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        for name in ("background_weight", "foreground_weight"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)}; choose a number above 0.")
        _ = self.shape


class LAVT(Segmenter):
    """A Swin with a pixel-word attention and a language gate after each stage, and a decoder."""

    def __init__(self, config: LAVTConfig) -> None:
        """Build the model; its encoders start from pretrained weights unless told otherwise.

        Raises:
            MissingWeights: Pretrained weights are not named, or not there.
            MismatchedWeights: The weights that are there are not these encoders'.
        """
        super().__init__()
        self.config = config
        self.text_encoder = build_text_encoder(
            config.text_encoder, weights=config.text_weights, max_words=config.max_words
        )
        tune_first_layers(self.text_encoder, config.num_tuned_layers)
        self.image_encoder = build_swin(config.shape, image_weights=config.image_weights)
        dims, text_dim = config.shape.dims, self.text_encoder.dim
        self.fusions = nn.ModuleList(PixelWordAttention(dim, text_dim) for dim in dims)
        self.gates = nn.ModuleList(map(LanguageGate, dims[:-1]))
        self.norms = nn.ModuleList(map(nn.LayerNorm, dims))
        self.decoder = Decoder(dims)

    def forward(self, image: ImageBatch, words: Words, word_mask: WordMask) -> Segmentation:
        """Segment what the words describe."""
        maps = self._listen(imagenet_normalised(image), words, word_mask)
        return Segmentation(mask_logits=_enlarge(self.decoder(maps), image.shape[-2:]))

    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Ask of every pixel whether it is in the mask and, if so chosen, for the overlap."""
        logits, config = segmentation.mask_logits, self.config
        terms = {
            "cross_entropy": weighted_cross_entropy(
                logits,
                reference,
                background=config.background_weight,
                foreground=config.foreground_weight,
            )
        }
        if config.objective == "cross_entropy+dice":
            terms["dice"] = soft_dice_loss(logits, reference)
        return terms

    def _listen(
        self, image: ImageBatch, words: Words, word_mask: WordMask
    ) -> tuple[Float[Tensor, "batch _ _ _"], ...]:
        """Return what pixels and words made together after each stage."""
        swin, maps = self.image_encoder, []
        pixels = swin.embedding(image)
        for number, stage in enumerate(swin.stages):
            pixels = stage(swin.mergings[number - 1](pixels) if number else pixels)
            fused = self.fusions[number](pixels, words, word_mask)
            if number < len(self.gates):
                pixels = pixels + self.gates[number](fused)
            normed = self.norms[number](fused)
            maps.append(rearrange(normed, "batch height width dim -> batch dim height width"))
        return tuple(maps)


class PixelWordAttention(nn.Module):
    """PWAM: each pixel looks at the words, and is multiplied by what it heard."""

    def __init__(self, dim: int, text_dim: int) -> None:
        """Build the block with random weights."""
        super().__init__()
        self.listen = GatedCrossAttention(dim, text_dim, gate="none")
        self.seen = nn.Linear(dim, dim)
        self.together = nn.Linear(dim, dim)

    def forward(self, pixels: Pixels, words: Said, word_mask: WordMask) -> Pixels:
        """Return what pixels and words made together."""
        words = words.masked_fill(~word_mask[..., None], 0)
        flat = rearrange(pixels, "batch height width dim -> batch (height width) dim")
        heard = self.listen(flat, words, word_mask).view_as(pixels)
        return F.gelu(self.together(F.gelu(self.seen(pixels)) * heard))


class LanguageGate(nn.Module):
    """Decides, feature by feature, how much of what was heard goes on into the next stage."""

    def __init__(self, dim: int) -> None:
        """Build the gate with random weights."""
        super().__init__()
        self.widen = nn.Linear(dim, dim, bias=False)
        self.openness = nn.Linear(dim, dim, bias=False)

    def forward(self, fused: Pixels) -> Pixels:
        """Return what passes."""
        return self.openness(self.widen(fused).relu()).tanh() * fused


class Decoder(nn.Module):
    """From the coarsest map to the finest: enlarge, join, convolve twice."""

    def __init__(self, dims: Sequence[int]) -> None:
        """Build the decoder with random weights."""
        super().__init__()
        dim = dims[-1] // 2
        in_dims = [
            deep + skip for deep, skip in zip([dims[-1], dim, dim], dims[-2::-1], strict=True)
        ]
        self.convolutions = nn.ModuleList(
            nn.Sequential(*_convolution(in_dim, dim), *_convolution(dim, dim)) for in_dim in in_dims
        )
        self.classify = nn.Conv2d(dim, 2, kernel_size=1)

    def forward(self, maps: Sequence[Tensor]) -> Float[Tensor, "batch 1 height width"]:
        """Return mask logits at the size of the finest map; `maps` come finest first."""
        features = maps[-1]
        for convolve, skip in zip(self.convolutions, maps[-2::-1], strict=True):
            features = _enlarge(features, skip.shape[-2:])
            features = convolve(torch.cat([features, skip], dim=1))
        background, foreground = self.classify(features).split(1, dim=1)
        return foreground - background


def tune_first_layers(text_encoder: nn.Module, number: int) -> None:
    """Let only the first layers of a BERT that is trained with its model learn."""
    if isinstance(text_encoder, BertTextEncoder) and not text_encoder.is_frozen:
        text_encoder.requires_grad_(requires_grad=False)
        for layer in text_encoder.layers[:number]:
            layer.requires_grad_(requires_grad=True)


def _enlarge(
    features: FeatureMap, size: torch.Size
) -> Float[Tensor, "batch dim finer_height finer_width"]:
    """Interpolate, corner to corner."""
    return F.interpolate(features, size, mode="bilinear", align_corners=True)


def _convolution(in_dim: int, dim: int) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Return a 3 x 3 convolution, its batch norm and its ReLU."""
    convolution = nn.Conv2d(in_dim, dim, kernel_size=3, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(dim), nn.ReLU(inplace=True)
