"""MSCAN, the image encoder of SegNeXt: feature maps at strides 4, 8, 16 and 32.

Source: Guo et al., SegNeXt, NeurIPS 2022. Weights are read from a local .safetensors file or folder
with SegNeXt's names, of the encoder alone or of a whole segmenter; the features are those of the
official code (github.com/Visual-Attention-Network/SegNeXt, commit c87bcae, Apache-2.0) to 1e-5.

What re-weights the features in a block is a part that is passed in: MSCA, or what a method puts in
its place. The encoder takes normalised images whose sides are multiples of 32.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.depthwise import DepthwiseConvolution
from lingseg.nn.drop_path import DropPath
from lingseg.nn.image_weights import fill_image_encoder
from lingseg.nn.pixel_norm import PixelNorm
from lingseg.nn.shapes import FeatureMap, ImageBatch

STRIDE = 32
"""The sides of an image are multiples of it."""
MSCANSize: TypeAlias = Literal["t", "s", "b", "l"]
_LAYER_SCALE = 1e-2


@dataclass(frozen=True, kw_only=True)
class MSCANShape:
    """How large an MSCAN is; by default Base."""

    dims: tuple[int, int, int, int] = (64, 128, 320, 512)
    """Features at strides 4, 8, 16 and 32."""
    depths: tuple[int, int, int, int] = (3, 3, 12, 3)
    mlp_ratios: tuple[int, int, int, int] = (8, 8, 4, 4)
    local_kernel_size: int = 5
    kernel_sizes: tuple[int, ...] = (7, 11, 21)
    """Lengths of the strip pairs."""
    drop_path: float = 0.1
    """How often the last block is left out in training; earlier ones are in proportion."""

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.dims[0] % 2 or min(*self.dims, *self.depths, *self.mlp_ratios) < 1:
            raise ValueError(
                f"dims={self.dims}, depths={self.depths} and mlp_ratios={self.mlp_ratios}; each "
                f"number must be 1 or more, and the first of dims even."
            )
        if not all(size % 2 for size in (self.local_kernel_size, *self.kernel_sizes)):
            raise ValueError(
                f"local_kernel_size={self.local_kernel_size} and kernel_sizes={self.kernel_sizes}; "
                f"choose odd numbers, so that a kernel has a middle."
            )


_BASE = MSCANShape()
MSCAN_SIZES: dict[MSCANSize, MSCANShape] = {
    "t": replace(_BASE, dims=(32, 64, 160, 256), depths=(3, 3, 5, 2)),
    "s": replace(_BASE, depths=(2, 2, 4, 2)),
    "b": _BASE,
    "l": replace(_BASE, depths=(3, 5, 27, 3)),
}


class MSCAN(nn.Module):
    """Four stages of blocks, each after its downsampling."""

    def __init__(
        self, shape: MSCANShape, build_attention: Callable[[int], nn.Module] | None = None
    ) -> None:
        """Build the encoder with random weights, drawn as the authors did.

        Args:
            shape: How large it is.
            build_attention: Makes what re-weights a block's features, of so many dims; by default
                MSCA.
        """
        super().__init__()
        build = build_attention or (lambda dim: MSCA(dim, shape))
        self.downsamplings = nn.ModuleList([stem(shape.dims[0])])
        for finer, coarser in zip(shape.dims[:-1], shape.dims[1:], strict=True):
            self.downsamplings.append(downsampling(finer, coarser))
        rates = _drop_rates(shape)
        self.stages = nn.ModuleList(
            Stage(Block(dim, build(dim), ratio, rate) for rate in islice(rates, depth))
            for dim, depth, ratio in zip(shape.dims, shape.depths, shape.mlp_ratios, strict=True)
        )
        self.norms = nn.ModuleList(map(PixelNorm, shape.dims))
        self.apply(_initialise)

    def forward(
        self, image: ImageBatch, *context: Tensor
    ) -> tuple[Float[Tensor, "batch _ _ _"], ...]:
        """Return the maps at strides 4, 8, 16 and 32.

        Args:
            image: Normalised, its sides multiples of 32.
            *context: What the blocks' attention takes besides the features; nothing for MSCA.
        """
        features, maps = image, []
        for coarsen, stage, norm in zip(self.downsamplings, self.stages, self.norms, strict=True):
            features = norm(stage(coarsen(features), *context))
            maps.append(features)
        return tuple(maps)


class Stage(nn.ModuleList):
    """Blocks one after another."""

    def forward(self, features: FeatureMap, *context: Tensor) -> FeatureMap:
        """Transform the features."""
        for block in self:
            features = block(features, *context)
        return features


class Block(nn.Module):
    """Re-weight the features by their surroundings, then think in each pixel and its neighbours."""

    def __init__(self, dim: int, attention: nn.Module, mlp_ratio: int, drop_rate: float) -> None:
        """Build the block with random weights around an attention."""
        super().__init__()
        self.attention_norm = nn.BatchNorm2d(dim)
        self.project_in = nn.Conv2d(dim, dim, kernel_size=1)
        self.attention = attention
        self.project_out = nn.Conv2d(dim, dim, kernel_size=1)
        self.attention_scale = nn.Parameter(torch.full((dim,), _LAYER_SCALE))
        self.mlp_norm = nn.BatchNorm2d(dim)
        self.mlp = MLP(dim, mlp_ratio * dim)
        self.mlp_scale = nn.Parameter(torch.full((dim,), _LAYER_SCALE))
        self.drop = DropPath(drop_rate)

    def forward(self, features: FeatureMap, *context: Tensor) -> FeatureMap:
        """Transform the features."""
        normed = self.attention_norm(features)
        attended = self.attention(F.gelu(self.project_in(normed)), *context)
        attended = self.project_out(attended) + normed  # the inner shortcut
        features = features + self.drop(self.attention_scale[:, None, None] * attended)
        thought = self.mlp(self.mlp_norm(features))
        return features + self.drop(self.mlp_scale[:, None, None] * thought)


class MultiScaleConvolution(nn.Module):
    """A square kernel, then pairs of strips of several lengths side by side."""

    def __init__(self, dim: int, shape: MSCANShape) -> None:
        """Build the convolutions with random weights."""
        super().__init__()
        self.local = DepthwiseConvolution(dim, shape.local_kernel_size, shape.local_kernel_size)
        self.strips = nn.ModuleList(
            nn.Sequential(DepthwiseConvolution(dim, 1, size), DepthwiseConvolution(dim, size, 1))
            for size in shape.kernel_sizes
        )

    def forward(self, features: FeatureMap) -> tuple[FeatureMap, FeatureMap]:
        """Return what the square kernel saw, and that plus what each pair made of it."""
        local = scales = self.local(features)
        for pair in self.strips:
            scales = scales + pair(local)
        return local, scales


class MSCA(nn.Module):
    """Multi-scale convolutional attention: the surroundings of a pixel re-weight its features."""

    def __init__(self, dim: int, shape: MSCANShape) -> None:
        """Build the attention with random weights."""
        super().__init__()
        self.scales = MultiScaleConvolution(dim, shape)
        self.mix = nn.Conv2d(dim, dim, kernel_size=1)

    def forward(self, features: FeatureMap) -> FeatureMap:
        """Re-weight the features."""
        _, scales = self.scales(features)
        return self.mix(scales) * features


class MLP(nn.Module):
    """Widen, look at the neighbours in each channel, narrow."""

    def __init__(self, dim: int, wide_dim: int) -> None:
        """Build the layers with random weights."""
        super().__init__()
        self.widen = nn.Conv2d(dim, wide_dim, kernel_size=1)
        self.look = DepthwiseConvolution(wide_dim, 3, 3)
        self.narrow = nn.Conv2d(wide_dim, dim, kernel_size=1)

    def forward(self, features: FeatureMap) -> FeatureMap:
        """Transform the features."""
        return self.narrow(F.gelu(self.look(self.widen(features))))


def stem(dim: int) -> nn.Sequential:
    """Return the step from pixels to stride 4."""
    first, second = downsampling(3, dim // 2), downsampling(dim // 2, dim)
    return nn.Sequential(*first, nn.GELU(), *second)


def downsampling(in_dim: int, dim: int) -> nn.Sequential:
    """Return the step that halves a map."""
    convolution = nn.Conv2d(in_dim, dim, kernel_size=3, stride=2, padding=1)
    return nn.Sequential(convolution, nn.BatchNorm2d(dim))


def fill_mscan(encoder: MSCAN, image_weights: str, *, new_part: str = "") -> None:
    """Give an MSCAN its start.

    Args:
        encoder: Already initialised at random.
        image_weights: A .safetensors file with SegNeXt's names, a folder with a model.safetensors,
            or "random".
        new_part: The name, inside a block's attention, of the part that SegNeXt lacks and that
            keeps its random start.

    Raises:
        MissingWeights: Nothing was named, or nothing is there.
        MismatchedWeights: The weights are not those of an MSCAN of this shape.
    """
    own = encoder.state_dict()
    # Converters drop the batch norms' counters, which nothing reads.
    unshared = re.compile(rf"num_batches_tracked$|\.attention\.{new_part or '$'}\.")
    kept = {name: value for name, value in own.items() if unshared.search(name)}
    fill_image_encoder(
        encoder,
        image_weights,
        our_names=lambda weights: kept | _in_our_names(weights),
        source="SegNeXt's MSCAN",
    )


def _drop_rates(shape: MSCANShape) -> Iterator[float]:
    """Return the share of steps that each block sits out, from none to `drop_path`."""
    last = max(sum(shape.depths) - 1, 1)
    return (shape.drop_path * number / last for number in range(sum(shape.depths)))


def _initialise(module: nn.Module) -> None:
    """Draw a convolution's weights as the authors did."""
    if isinstance(module, nn.Conv2d):
        fan_out = math.prod(module.kernel_size) * module.out_channels // module.groups
        nn.init.normal_(module.weight, std=math.sqrt(2 / fan_out))
        if module.bias is not None:
            nn.init.zeros_(module.bias)


_PARTS = {
    "norm1": "attention_norm",
    "attn.proj_1": "project_in",
    "attn.spatial_gating_unit.conv0": "attention.scales.local",
    "attn.spatial_gating_unit.conv3": "attention.mix",
    "attn.proj_2": "project_out",
    "norm2": "mlp_norm",
    "mlp.fc1": "mlp.widen",
    "mlp.dwconv": "mlp.look",
    "mlp.dwconv.dwconv": "mlp.look",
    "mlp.fc2": "mlp.narrow",
}
_SCALES = {"layer_scale_1": "attention_scale", "layer_scale_2": "mlp_scale"}
_DOWNSAMPLING = {"proj": "0", "norm": "1"}


def _in_our_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the encoder's weights by our names; heads are left out."""
    is_segmenter = any(name.startswith("backbone.") for name in weights)
    ours = {}
    for name, value in weights.items():
        belongs = name.startswith("backbone.") if is_segmenter else not name.startswith("head.")
        if belongs:
            our_name = _our_name(name.removeprefix("backbone."))
            ours[our_name] = value.float() if value.is_floating_point() else value
    return ours


def _our_name(theirs: str) -> str:
    """Return our name of a weight; one that we do not know keeps its own."""
    if found := re.fullmatch(r"patch_embed1\.proj\.(\d\.\w+)", theirs):
        return f"downsamplings.0.{found[1]}"
    if found := re.fullmatch(r"patch_embed(\d)\.(proj|norm)\.(\w+)", theirs):
        return f"downsamplings.{int(found[1]) - 1}.{_DOWNSAMPLING[found[2]]}.{found[3]}"
    if found := re.fullmatch(r"norm(\d)\.(\w+)", theirs):
        return f"norms.{int(found[1]) - 1}.{found[2]}"
    if found := re.fullmatch(r"block(\d)\.(\d+)\.(.+)", theirs):
        part = _our_part(found[3])
        return f"stages.{int(found[1]) - 1}.{found[2]}.{part}" if part else theirs
    return theirs


def _our_part(theirs: str) -> str | None:
    """Return our name of a weight inside a block."""
    if theirs in _SCALES:
        return _SCALES[theirs]
    if found := re.fullmatch(r"attn\.spatial_gating_unit\.conv(\d+)_([12])\.(\w+)", theirs):
        return f"attention.scales.strips.{found[1]}.{int(found[2]) - 1}.{found[3]}"
    part, _, weight = theirs.rpartition(".")
    return f"{_PARTS[part]}.{weight}" if part in _PARTS else None
