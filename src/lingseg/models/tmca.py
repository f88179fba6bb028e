"""TMCA: LanGuideMedSeg's network whose targets and sentences are drawn together at every stride.

Paper       Li et al., Language-guided Medical Image Segmentation with Target-informed Multi-level
            Contrastive Alignments, Expert Systems with Applications, article 133507, 2026;
            arXiv 2412.13533.
Reference   none: github.com/tzcskys/TMCA held a promise of code when this was written. This is a
            re-implementation from the abstract and the authors' earlier code.
Parity      none possible: no code published. tests/models/test_tmca.py checks each equation on
            numbers that a reader can compute.
Deviations  None can be told from choices of ours. Every field of TMCAConfig marked "Unknown" is
            one; the encoders, the decoder and its recipe are those of the lab's earlier papers.
            Alignment is taken on the encoder's maps, from the first step on, within one batch on
            one device. Pairs without a target or without a sentence are left out of it.
            Any size, not 224 x 224 only: zeros fill the image to a multiple of 32, on the right and
            at the bottom; they belong to neither target nor background, and the mask is cropped.
            Padding changes nothing; a text is filled with zeros to 24 tokens.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.convnext import ATTO, ConvNeXtShape, build_convnext, standardise
from lingseg.nn.guide_decoder import GuideDecoder, GuideShape
from lingseg.nn.losses import mask_cross_entropy, soft_dice_loss
from lingseg.nn.shapes import FeatureMap, ImageBatch, MaskBatch, Scalar, WordMask, Words
from lingseg.nn.target_alignment import Pool, area_shares, stride_between, target_text_loss
from lingseg.nn.target_enhancement import (
    CommonSpace,
    Directions,
    Modulation,
    SimilarityGate,
    TargetMap,
    WordAttention,
)
from lingseg.nn.text_contrast import mean_word, soft_shares
from lingseg.nn.text_encoders import TextEncoderName, build_text_encoder

Enhancement: TypeAlias = Literal["gate", "film", "cross_attn", "none"]


@dataclass(frozen=True, kw_only=True)
class TMCAConfig:
    """How large a TMCA is, how it aligns and what that weighs."""

    depths: tuple[int, int, int, int] = (3, 3, 9, 3)
    dims: tuple[int, int, int, int] = (96, 192, 384, 768)
    """Blocks and features of ConvNeXt at strides 4, 8, 16 and 32. Unknown: Tiny is the lab's."""
    image_weights: str = ""
    """A folder of facebook/convnext-tiny-224, a .safetensors file, or "random"."""
    num_summaries: tuple[int, int, int] = (24, 12, 9)
    num_heads: int = 4
    text_scale: float = 0.01
    """Where the learned scale (alpha) of what the decoder's pixels heard starts. Unknown."""
    levels: tuple[int, ...] = (1, 2, 3, 4)
    """Encoder maps that are aligned and enhanced, 1 the finest. Unknown."""
    align_dim: int = 256
    """Features of the space in which pixels and sentences meet. Unknown."""
    tsd_pool: Pool = "mask"
    """Whether a sentence meets the mean of its target or of the whole image. Unknown."""
    tsd_targets: Literal["onehot", "text", "target", "mixed"] = "mixed"
    """Which pairs are held to suit: its own only, by sentence, by target, by both. Unknown."""
    tsd_text_share: float = 0.5
    """Of "mixed": what sentences weigh (w); targets weigh the rest. Unknown."""
    tsd_softness: float = 0.1
    """Distances between cases are divided by it (kappa). Unknown."""
    background_negative: bool = True
    """Whether a sentence must also be nearer its target than the rest of that image. Unknown."""
    temperature: float = 0.1
    """Similarities are divided by it (tau). Unknown."""
    alignment_weight: float = 0.2
    """Lambda. Unknown."""
    lte: Enhancement = "gate"
    """How the aligned sentence redirects the encoder's maps. Unknown."""
    gate_scale: float = 5.0
    gate_shift: float = 0.0
    """Where the learned line from similarity to target map starts. Unknown."""
    gain: float = 0.0
    """Where the learned gain (gamma) of the enhancement starts; 0 leaves the maps. Unknown."""
    gain_keeps_sign: bool = False
    """Whether the gain is bound below (softplus), so that no feature changes its sign."""
    target_map_weight: float = 0.0
    """Of an auxiliary Dice between target maps and reference; off, as in the abstract."""
    objective: Literal["dice", "dice+bce"] = "dice+bce"
    """Unknown; of the lab's earlier losses, the cross-entropy had no effect."""
    dice_smoothing: float = 1e-5
    text_encoder: TextEncoderName = "bert"
    """Unknown: CXR-BERT, frozen; "bert-tuned" is trained, as in SGSeg."""
    text_weights: str = ""
    max_words: int = 24

    @classmethod
    def small(cls) -> "TMCAConfig":
        """Return the size that trains on two CPU cores."""
        return cls(
            depths=ATTO.depths,
            dims=ATTO.dims,
            align_dim=64,
            image_weights="random",
            text_encoder="minilm",
        )

    @property
    def needs_similarity(self) -> bool:
        """Whether pixels and sentences are brought to one space at all."""
        return self.alignment_weight > 0 or self.lte == "gate"

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if not self.levels or sorted({*self.levels} & {1, 2, 3, 4}) != sorted(self.levels):
            raise ValueError(
                f"levels={self.levels}; choose one or more of 1, 2, 3 and 4, each once."
            )
        if min(self.temperature, self.tsd_softness) <= 0:
            raise ValueError(
                f"temperature={self.temperature} and tsd_softness={self.tsd_softness}; choose "
                f"numbers above 0."
            )
        if not 0 <= self.tsd_text_share <= 1:
            raise ValueError(f"tsd_text_share={self.tsd_text_share}; choose a share from 0 to 1.")
        if self.target_map_weight and self.lte != "gate":
            raise ValueError(
                f"target_map_weight={self.target_map_weight} with lte={self.lte!r}; only "
                f"lte='gate' makes target maps. Set one of the two."
            )


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """What the alignment compares; maps and directions are in the order of the config's levels."""

    pixels: tuple[Float[Tensor, "batch align_dim _ _"], ...]
    """v: the direction of every pixel."""
    sentences: tuple[Directions, ...]
    """u: the direction of every sentence."""
    mean_words: Float[Tensor, "batch text_dim"]
    """What the text encoder said."""
    is_said: Bool[Tensor, " batch"]
    """False for null sentences."""


@dataclass(frozen=True, kw_only=True)
class TMCASegmentation(Segmentation):
    """A segmentation with the map that explains it and, in train mode, what is aligned."""

    target_maps: tuple[Float[Tensor, "batch 1 _ _"], ...] | None = None
    """A: how much each cell is meant, 0 to 1, at the config's levels; None unless lte="gate"."""
    alignment: Alignment | None = None


@dataclass(frozen=True, kw_only=True)
class Text:
    """A batch of sentences, word by word and as one."""

    words: Words
    word_mask: WordMask
    mean_words: Float[Tensor, "batch text_dim"]


@dataclass(frozen=True, kw_only=True)
class LevelView:
    """What one level makes of its map."""

    features: FeatureMap
    target_map: TargetMap | None = None
    pixels: Float[Tensor, "batch align_dim height width"] | None = None
    sentences: Directions | None = None


class TMCA(Segmenter):
    """LanGuideMedSeg's network whose targets and sentences are drawn together at every stride."""

    def __init__(self, config: TMCAConfig) -> None:
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
        shape = ConvNeXtShape(depths=config.depths, dims=config.dims)
        self.image_encoder = build_convnext(shape, image_weights=config.image_weights)
        text_dim = self.text_encoder.dim
        self.levels = nn.ModuleList(
            Level(config.dims[level - 1], text_dim, config) for level in config.levels
        )
        self.decoder = GuideDecoder(
            GuideShape(
                dims=config.dims,
                text_dim=text_dim,
                num_words=config.max_words,
                num_summaries=config.num_summaries,
                num_heads=config.num_heads,
                text_scale=config.text_scale,
            )
        )

    def forward(self, image: ImageBatch, words: Words, word_mask: WordMask) -> TMCASegmentation:
        """Segment what the words describe."""
        size = (image.shape[-2], image.shape[-1])
        return self.segment_encoded(self.encode_image(image), words, word_mask, size)

    def encode_image(self, image: ImageBatch) -> tuple[Tensor, ...]:
        """Return the feature maps at strides 4, 8, 16 and 32."""
        return self.image_encoder(standardise(image))

    def segment_encoded(
        self, encoded: tuple[Tensor, ...], words: Words, word_mask: WordMask, size: tuple[int, int]
    ) -> TMCASegmentation:
        """Segment what the words describe in the encoded image; in train mode, also align."""
        text = Text(words=words, word_mask=word_mask, mean_words=mean_word(words, word_mask))
        maps, views = list(encoded), []
        for number, level in zip(self.config.levels, self.levels, strict=True):
            views.append(level(encoded[number - 1], text))
            maps[number - 1] = views[-1].features
        mask_logits = self.decoder(maps, words, word_mask)
        return TMCASegmentation(
            mask_logits=mask_logits[..., : size[0], : size[1]],
            target_maps=self._target_maps(views, size),
            alignment=self._alignment(views, text) if self.training else None,
        )

    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Ask for the mask, and that sentences be near targets that suit them.

        Raises:
            ValueError: The segmentation was made in eval mode, where nothing is aligned.
        """
        config, logits = self.config, segmentation.mask_logits
        terms = {"dice": soft_dice_loss(logits, reference, smoothing=config.dice_smoothing)}
        if config.objective == "dice+bce":
            terms["cross_entropy"] = mask_cross_entropy(logits, reference)
        if config.alignment_weight:
            alignment = _require_alignment(segmentation)
            terms["alignment"] = config.alignment_weight * self._align(alignment, reference)
        if config.target_map_weight:
            found = _require_target_maps(segmentation)
            terms["target_map"] = config.target_map_weight * self._compare(found, reference)
        return terms

    def _target_maps(
        self, views: list[LevelView], size: tuple[int, int]
    ) -> tuple[Tensor, ...] | None:
        """Return the target maps without the cells that hold only filling."""
        maps = []
        for number, view in zip(self.config.levels, views, strict=True):
            if view.target_map is not None:
                height, width = (-(-side // stride_of(number)) for side in size)
                maps.append(view.target_map[..., :height, :width])
        return tuple(maps) if maps else None

    def _alignment(self, views: list[LevelView], text: Text) -> Alignment | None:
        """Gather what the levels brought to one space."""
        if not self.config.alignment_weight:
            return None
        return Alignment(
            pixels=tuple(view.pixels for view in views if view.pixels is not None),
            sentences=tuple(view.sentences for view in views if view.sentences is not None),
            mean_words=text.mean_words,
            is_said=text.word_mask.any(dim=1),
        )

    def _align(self, alignment: Alignment, reference: MaskBatch) -> Scalar:
        """Return the mean over levels of the target-sensitive contrast."""
        config = self.config
        is_there = alignment.is_said & reference.flatten(1).any(dim=1)
        suits = self._which_suit(alignment.mean_words, reference, is_there)
        levels = zip(alignment.pixels, alignment.sentences, strict=True)
        terms = [
            target_text_loss(
                pixels,
                sentences,
                area_shares(reference, stride_between(reference, pixels)),
                suits,
                is_there,
                pool=config.tsd_pool,
                temperature=config.temperature,
                background_negative=config.background_negative,
            )
            for pixels, sentences in levels
        ]
        return torch.stack(terms).mean()

    def _which_suit(
        self,
        mean_words: Float[Tensor, "batch text_dim"],
        reference: MaskBatch,
        is_there: Bool[Tensor, " batch"],
    ) -> Float[Tensor, "batch batch"]:
        """Return Y: how well sentences suit images, in shares of 1 per image."""
        kind, mixed = self.config.tsd_targets, self.config.tsd_text_share
        if kind == "onehot":
            return torch.eye(len(reference), device=reference.device)
        return soft_shares(
            mean_words,
            reference,
            is_there,
            text_share={"text": 1.0, "target": 0.0, "mixed": mixed}[kind],
            softness=self.config.tsd_softness,
        )

    def _compare(self, target_maps: tuple[Tensor, ...], reference: MaskBatch) -> Scalar:
        """Return the mean over levels of the Dice loss between target maps and reference."""
        losses = []
        for number, found in zip(self.config.levels, target_maps, strict=True):
            wanted, _ = area_shares(reference, stride_of(number))
            wanted = wanted[..., : found.shape[-2], : found.shape[-1]]
            overlap = (found.float() * wanted).flatten(1).sum(dim=1)
            areas = (found.float().square() + wanted.square()).flatten(1).sum(dim=1)
            losses.append(1 - ((2 * overlap + 1) / (areas + 1)).mean())
        return torch.stack(losses).mean()


class Level(nn.Module):
    """Brings the pixels and sentences of one map together, and lets the sentence redirect it."""

    def __init__(self, dim: int, text_dim: int, config: TMCAConfig) -> None:
        """Build the parts that the config asks for, with random weights."""
        super().__init__()
        self.align: CommonSpace | None = None
        if config.needs_similarity:
            self.align = CommonSpace(dim, text_dim, config.align_dim)
        self.enhance: SimilarityGate | Modulation | WordAttention | None = None
        if config.lte == "gate":
            self.enhance = SimilarityGate(
                scale=config.gate_scale,
                shift=config.gate_shift,
                gain=config.gain,
                keeps_sign=config.gain_keeps_sign,
            )
        elif config.lte == "film":
            self.enhance = Modulation(dim, text_dim)
        elif config.lte == "cross_attn":
            heads, gain = config.num_heads, config.gain
            self.enhance = WordAttention(dim, text_dim, num_heads=heads, gain=gain)

    def forward(self, features: FeatureMap, text: Text) -> LevelView:
        """Return the redirected features and, where they are needed, what was compared."""
        target_map = pixels = sentences = None
        if self.align is not None and (self.training or isinstance(self.enhance, SimilarityGate)):
            pixels, sentences = self.align(features, text.mean_words)
        if isinstance(self.enhance, SimilarityGate):
            features, target_map = self.enhance(features, pixels, sentences)
        elif isinstance(self.enhance, Modulation):
            features = self.enhance(features, text.mean_words)
        elif isinstance(self.enhance, WordAttention):
            features = self.enhance(features, text.words, text.word_mask)
        return LevelView(
            features=features, target_map=target_map, pixels=pixels, sentences=sentences
        )


def stride_of(level: int) -> int:
    """Return how many pixels of the image are a cell of a level, 1 being the finest."""
    return 2 ** (level + 1)


def _require_alignment(segmentation: Segmentation) -> Alignment:
    """Return what the alignment compares, or refuse a segmentation without it."""
    if not isinstance(segmentation, TMCASegmentation) or segmentation.alignment is None:
        raise ValueError(
            "This segmentation lacks what TMCA aligns, which its losses need; one made in train "
            "mode was expected. Call model.train() before the model."
        )
    return segmentation.alignment


def _require_target_maps(segmentation: Segmentation) -> tuple[Tensor, ...]:
    """Return the target maps, or refuse a segmentation without them."""
    if not isinstance(segmentation, TMCASegmentation) or segmentation.target_maps is None:
        raise ValueError(
            "This segmentation lacks target maps, which target_map_weight asks of; hand in what "
            "TMCA returned."
        )
    return segmentation.target_maps
