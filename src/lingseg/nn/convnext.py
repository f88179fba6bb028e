"""ConvNeXt as an image encoder: feature maps at strides 4, 8, 16 and 32.

Source: Liu et al., A ConvNet for the 2020s, CVPR 2022. Weights are read from a local folder in
Hugging Face's form (`facebook/convnext-tiny-224`, also `-22k`), whose features these are to 1e-5;
its last norm and its classifier have no effect on the maps and are left out.

The encoder does not normalise: hand in an image that its method has normalised (the methods differ;
`standardise` is what LanGuideMedSeg, MMI-UNet and TMCA do). It pads on the right and at the bottom,
with zeros, to the next multiple of 32, so each map is exactly twice the next; models crop the mask.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

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
"""Images are padded to a multiple of it."""
_FIRST_STRIDE = 4
_EPS = 1e-6
_UNUSED = ("layernorm.", "classifier.")


@dataclass(frozen=True, kw_only=True)
class ConvNeXtShape:
    """How large a ConvNeXt is; by default Tiny."""

    depths: tuple[int, int, int, int] = (3, 3, 9, 3)
    dims: tuple[int, int, int, int] = (96, 192, 384, 768)
    """Features at strides 4, 8, 16 and 32."""
    drop_path: float = 0.0
    """How often the last block is left out in training; earlier ones are in proportion."""
    layer_scale: float = 1e-6
    """Where the learned scale of each block starts."""

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if not 0 <= self.drop_path < 1:
            raise ValueError(f"drop_path={self.drop_path}; choose a share from 0 to below 1.")
        if min(*self.depths, *self.dims) < 1:
            raise ValueError(
                f"depths={self.depths} and dims={self.dims}; each number must be 1 or more."
            )


ATTO = ConvNeXtShape(depths=(2, 2, 6, 2), dims=(40, 80, 160, 320))
"""ConvNeXt V2's Atto, which trains on two CPU cores: 3.4 M weights, 0.55 GMAC at 224 x 224."""


class ConvNeXt(nn.Module):
    """Four stages, each after its downsampling: call it whole, or step by step.

    Step by step: `features = pad_to_stride(image)`, then for each of the four
    `features = stage(downsampling(features))`.
    """

    def __init__(self, shape: ConvNeXtShape) -> None:
        """Build the encoder with random weights, drawn as the authors did."""
        super().__init__()
        self.dims = shape.dims
        self.downsamplings = nn.ModuleList([Stem(shape.dims[0])])
        for finer, coarser in zip(shape.dims[:-1], shape.dims[1:], strict=True):
            self.downsamplings.append(Downsampling(finer, coarser))
        last = max(sum(shape.depths) - 1, 1)
        rates = (shape.drop_path * number / last for number in range(sum(shape.depths)))
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(dim, shape.layer_scale, rate) for rate in islice(rates, depth)))
            for dim, depth in zip(shape.dims, shape.depths, strict=True)
        )
        self.apply(_initialise)

    @property
    def stem(self) -> nn.Module:
        """The first downsampling, from pixels to stride 4."""
        return self.downsamplings[0]

    def forward(self, image: ImageBatch) -> tuple[Float[Tensor, "batch _ _ _"], ...]:
        """Return the maps at strides 4, 8, 16 and 32 of a normalised image of any size."""
        features, maps = pad_to_stride(image), []
        for downsampling, stage in zip(self.downsamplings, self.stages, strict=True):
            features = stage(downsampling(features))
            maps.append(features)
        return tuple(maps)


class Stem(nn.Module):
    """Turns patches of 4 x 4 pixels into features."""

    def __init__(self, dim: int) -> None:
        """Build the stem with random weights."""
        super().__init__()
        self.convolution = nn.Conv2d(3, dim, kernel_size=_FIRST_STRIDE, stride=_FIRST_STRIDE)
        self.norm = PixelNorm(dim, eps=_EPS)

    def forward(self, image: ImageBatch) -> Float[Tensor, "batch dim height_4 width_4"]:
        """Return the features of an image whose sides are multiples of 4."""
        return self.norm(self.convolution(image))


class Downsampling(nn.Module):
    """Halves a map whose sides are even."""

    def __init__(self, in_dim: int, dim: int) -> None:
        """Build the step with random weights."""
        super().__init__()
        self.norm = PixelNorm(in_dim, eps=_EPS)
        self.convolution = nn.Conv2d(in_dim, dim, kernel_size=2, stride=2)

    def forward(
        self, features: Float[Tensor, "batch in_dim height width"]
    ) -> Float[Tensor, "batch dim half_height half_width"]:
        """Return the coarser map."""
        return self.convolution(self.norm(features))


class Block(nn.Module):
    """Look around in each channel, think in each pixel, add a little of it."""

    def __init__(self, dim: int, layer_scale: float, drop_rate: float) -> None:
        """Build the block with random weights."""
        super().__init__()
        self.look = DepthwiseConvolution(dim, 7, 7)
        self.norm = nn.LayerNorm(dim, eps=_EPS)
        self.widen = nn.Linear(dim, 4 * dim)
        self.narrow = nn.Linear(4 * dim, dim)
        self.scale = nn.Parameter(torch.full((dim,), layer_scale))
        self.drop_path = DropPath(drop_rate)

    def forward(self, features: FeatureMap) -> FeatureMap:
        """Transform the features."""
        pixels = self.look(features).permute(0, 2, 3, 1)
        pixels = self.scale * self.narrow(F.gelu(self.widen(self.norm(pixels))))
        return features + self.drop_path(pixels.permute(0, 3, 1, 2))


def build_convnext(shape: ConvNeXtShape, *, image_weights: str) -> ConvNeXt:
    """Build a ConvNeXt with the weights that were asked for.

    Args:
        shape: How large it is; it must be the size of the weights.
        image_weights: A folder in Hugging Face's form, a .safetensors file or "random".

    Raises:
        MissingWeights: Nothing was named, or nothing is there.
        MismatchedWeights: The weights are not those of a ConvNeXt of this shape.
    """
    encoder = ConvNeXt(shape)
    fill_image_encoder(
        encoder, image_weights, our_names=_in_our_names, source="facebook/convnext-tiny-224"
    )
    return encoder


def pad_to_stride(
    pixels: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch channels padded_height padded_width"]:
    """Pad with zeros, on the right and at the bottom, to the next multiple of 32."""
    height, width = pixels.shape[-2:]
    return F.pad(pixels, (0, -width % STRIDE, 0, -height % STRIDE))


def standardise(image: ImageBatch) -> ImageBatch:
    """Give each channel of each image mean 0 and standard deviation 1; a flat one becomes 0.

    Computed in single precision, as MONAI's NormalizeIntensity with channel_wise does.
    """
    image = image.float()
    spread, mean = torch.std_mean(image, dim=(2, 3), correction=0, keepdim=True)
    return (image - mean) / torch.where(spread > 0, spread, 1.0)


def _initialise(module: nn.Module) -> None:
    """Draw a layer's weights as the authors did."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


_PARTS = {
    "dwconv": "look",
    "layernorm": "norm",
    "pwconv1": "widen",
    "pwconv2": "narrow",
    "layer_scale_parameter": "scale",
}
_STEM = {"patch_embeddings": "convolution", "layernorm": "norm"}
_DOWNSAMPLING = ("norm", "convolution")


def _in_our_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a ConvNextModel or ConvNextForImageClassification by our names."""
    ours = {}
    for name, value in weights.items():
        bare = name.removeprefix("convnext.")
        if not bare.startswith(_UNUSED):
            ours[_our_name(bare)] = value.float()
    return ours


def _our_name(theirs: str) -> str:
    """Return our name of a weight; one that we do not know keeps its own."""
    if found := re.fullmatch(r"embeddings\.(patch_embeddings|layernorm)\.(\w+)", theirs):
        return f"downsamplings.0.{_STEM[found[1]]}.{found[2]}"
    stage = r"encoder\.stages\.(\d+)\."
    if found := re.fullmatch(stage + r"downsampling_layer\.([01])\.(\w+)", theirs):
        return f"downsamplings.{found[1]}.{_DOWNSAMPLING[int(found[2])]}.{found[3]}"
    if found := re.fullmatch(stage + rf"layers\.(\d+)\.({'|'.join(_PARTS)})(\.\w+)?", theirs):
        return f"stages.{found[1]}.{found[2]}.{_PARTS[found[3]]}{found[4] or ''}"
    return theirs
