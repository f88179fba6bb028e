"""UNet: the image alone. What a model that reads has to beat.

Paper       Ronneberger et al., U-Net, MICCAI 2015
Reference   none; written from the paper
Parity      none: the paper's own code is for Caffe, and its unpadded form gives smaller masks
Deviations  padded convolutions, so that the mask has the image's size; batch norms; bilinear
            upsampling with a convolution in place of the transposed one; sigmoid cross-entropy and
            Dice in place of the weighted softmax; no dropout
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.models.segmenter import Segmentation, Segmenter
from lingseg.nn.losses import mask_cross_entropy, soft_dice_loss
from lingseg.nn.shapes import ImageBatch, MaskBatch, Scalar, WordMask, Words
from lingseg.nn.word_text_encoder import NoTextEncoder


@dataclass(frozen=True, kw_only=True)
class UNetConfig:
    """How large a UNet is."""

    base_dim: int = 32
    """Features at full size; twice as many at each of the strides below."""
    num_strides: int = 4

    @classmethod
    def small(cls) -> "UNetConfig":
        """Return the size that trains on two CPU cores."""
        return cls(base_dim=16)


class UNet(Segmenter):
    """Down by halves, up again with what was seen on the way; the words are not looked at."""

    def __init__(self, config: UNetConfig) -> None:
        """Build the model with random weights."""
        super().__init__()
        self.config = config
        self.text_encoder = NoTextEncoder()
        dims = [config.base_dim * 2**stride for stride in range(config.num_strides + 1)]
        self.first = TwoConvolutions(3, dims[0])
        self.down = nn.ModuleList(
            TwoConvolutions(dims[stride], dims[stride + 1]) for stride in range(config.num_strides)
        )
        self.up = nn.ModuleList(
            Up(dims[stride + 1], dims[stride]) for stride in reversed(range(config.num_strides))
        )
        self.mask_head = nn.Conv2d(dims[0], 1, kernel_size=1)

    def forward(self, image: ImageBatch, words: Words, word_mask: WordMask) -> Segmentation:  # noqa: ARG002
        """Segment what pictures of this kind are asked for, whatever the words say."""
        skips = [self.first(image * 2 - 1)]
        for down in self.down:
            skips.append(down(F.max_pool2d(skips[-1], 2, ceil_mode=True)))
        features = skips.pop()
        for up in self.up:
            features = up(features, skips.pop())
        return Segmentation(mask_logits=self.mask_head(features))

    def losses(self, segmentation: Segmentation, reference: MaskBatch) -> dict[str, Scalar]:
        """Ask where it is."""
        return {
            "cross_entropy": mask_cross_entropy(segmentation.mask_logits, reference),
            "dice": soft_dice_loss(segmentation.mask_logits, reference),
        }


class TwoConvolutions(nn.Sequential):
    """Two 3 x 3 convolutions, each with batch norm and ReLU."""

    def __init__(self, in_dim: int, dim: int) -> None:
        """Build the block with random weights."""
        super().__init__(*_convolution(in_dim, dim), *_convolution(dim, dim))


class Up(nn.Module):
    """One stride finer: enlarge, join the skip, two convolutions."""

    def __init__(self, in_dim: int, dim: int) -> None:
        """Build the block with random weights."""
        super().__init__()
        self.narrow = nn.Conv2d(in_dim, dim, kernel_size=1)
        self.look = TwoConvolutions(2 * dim, dim)

    def forward(
        self,
        features: Float[Tensor, "batch in_dim height width"],
        skip: Float[Tensor, "batch dim finer_height finer_width"],
    ) -> Float[Tensor, "batch dim finer_height finer_width"]:
        """Return features at the stride of the skip."""
        size = (skip.shape[-2], skip.shape[-1])
        features = F.interpolate(self.narrow(features), size, mode="bilinear", align_corners=False)
        return self.look(torch.cat([skip, features], dim=1))


def _convolution(in_dim: int, dim: int) -> tuple[nn.Module, ...]:
    """Return one convolution with its norm and activation."""
    return (
        nn.Conv2d(in_dim, dim, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(dim),
        nn.ReLU(inplace=True),
    )
