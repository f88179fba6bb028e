"""LanGuideMedSeg: ConvNeXt sees, and at three strides of the decoder its pixels ask the sentence.

Paper       Zhong et al., Ariadne's Thread: Using Text Prompts to Improve Segmentation of Infected
            Areas from Chest X-ray Images, MICCAI 2023; arXiv 2307.03942.
Reference   github.com/Junelin2333/LanGuideMedSeg-MICCAI2023, commit acfd134; GPL-3.0. Written from
            a description of what it computes; its code was run, not read.
Parity      tests/parity/test_languidemedseg_parity.py: mask and Dice agree with the official
            network to 2e-5, gradients to 1e-3, on texts of 24 tokens, at full size and at a small
            one.
Deviations  Padding changes nothing here: a short text is filled with zeros. In the official
            network padding has vectors, too, so parity is for texts of 24 tokens.
            Any size, not 224 x 224 only: zeros fill the image to a multiple of 32, on the right and
            at the bottom, and the mask is cropped. Images are standardised inside the model.
            Left out, without effect: the image's and the text's projection heads, CXR-BERT's head
            of masked words (run at every pass there), ConvNeXt's last norm.
            The loss is computed on logits. By default it is Dice alone, with which the published
            numbers were made: of MONAI 1.0.1's DiceCELoss the cross-entropy is exactly 0 when there
            is one class. "dice+bce" adds the binary cross-entropy that its name promises.
            Kept, odd as they are: places are counted along the rows of the map, not in two
            directions; a text is summarised across its tokens by one table of weights.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from torch import Tensor

from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.convnext import ATTO, ConvNeXtShape, build_convnext, standardise
from lingseg.nn.guide_decoder import GuideDecoder, GuideShape
from lingseg.nn.losses import mask_cross_entropy, soft_dice_loss
from lingseg.nn.shapes import ImageBatch, MaskBatch, Scalar, WordMask, Words
from lingseg.nn.text_encoders import TextEncoderName, build_text_encoder

Objective: TypeAlias = Literal["dice", "dice+bce"]


@dataclass(frozen=True, kw_only=True)
class LanGuideMedSegConfig:
    """How large a LanGuideMedSeg is and what it is asked for; by default as published."""

    depths: tuple[int, int, int, int] = (3, 3, 9, 3)
    dims: tuple[int, int, int, int] = (96, 192, 384, 768)
    """Blocks and features of ConvNeXt at strides 4, 8, 16 and 32; by default Tiny's."""
    image_weights: str = ""
    """A folder of facebook/convnext-tiny-224, a .safetensors file, or "random"."""
    num_summaries: tuple[int, int, int] = (24, 12, 9)
    """What the tokens are summarised to at strides 32, 16 and 8."""
    num_heads: int = 4
    text_scale: float = 1.421
    """Where the learned scale of what the pixels heard starts."""
    objective: Objective = "dice"
    dice_smoothing: float = 1e-5
    """In pixels, as MONAI's."""
    text_encoder: TextEncoderName = "bert"
    text_weights: str = ""
    max_words: int = 24

    @classmethod
    def small(cls) -> "LanGuideMedSegConfig":
        """Return the size that trains on two CPU cores."""
        return cls(
            depths=ATTO.depths, dims=ATTO.dims, image_weights="random", text_encoder="minilm"
        )


class LanGuideMedSeg(Segmenter):
    """ConvNeXt with a guide decoder, which asks the sentence at strides 32, 16 and 8."""

    def __init__(self, config: LanGuideMedSegConfig) -> None:
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
        self.image_encoder = build_convnext(
            ConvNeXtShape(depths=config.depths, dims=config.dims),
            image_weights=config.image_weights,
        )
        self.decoder = GuideDecoder(
            GuideShape(
                dims=config.dims,
                text_dim=self.text_encoder.dim,
                num_words=config.max_words,
                num_summaries=config.num_summaries,
                num_heads=config.num_heads,
                text_scale=config.text_scale,
            )
        )

    def forward(self, image: ImageBatch, words: Words, word_mask: WordMask) -> Segmentation:
        """Segment what the words describe."""
        size = (image.shape[-2], image.shape[-1])
        return self.segment_encoded(self.encode_image(image), words, word_mask, size)

    def encode_image(self, image: ImageBatch) -> tuple[Tensor, ...]:
        """Return the feature maps at strides 4, 8, 16 and 32."""
        return self.image_encoder(standardise(image))

    def segment_encoded(
        self, encoded: tuple[Tensor, ...], words: Words, word_mask: WordMask, size: tuple[int, int]
    ) -> Segmentation:
        """Segment what the words describe in the encoded image."""
        height, width = size
        mask_logits = self.decoder(encoded, words, word_mask)
        return Segmentation(mask_logits=mask_logits[..., :height, :width])

    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Ask for the overlap and, if the objective says so, of every pixel."""
        logits, smoothing = segmentation.mask_logits, self.config.dice_smoothing
        terms = {"dice": soft_dice_loss(logits, reference, smoothing=smoothing)}
        if self.config.objective == "dice+bce":
            terms["cross_entropy"] = mask_cross_entropy(logits, reference)
        return terms
