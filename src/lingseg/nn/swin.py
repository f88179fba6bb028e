"""Swin as an image encoder: feature maps at strides 4, 8, 16 and 32, stage by stage if need be.

Source: Liu et al., Swin Transformer, ICCV 2021. Weights are read from a local folder in Hugging
Face's form (such as `microsoft/swin-base-patch4-window12-384-in22k`), whose features these are to
1e-5; its last norm, pooler and classifier have no effect on the maps and are left out.

Any size: the image is padded to whole patches, each map to whole windows and to an even size before
it is halved; zeros, on the right and at the bottom, cut off again. As in the authors' segmentation
code, every second block shifts its windows even where one window holds the whole map; in their
classification code, and in `transformers`, it does not shift there.

The encoder does not normalise: hand in an image that its method has normalised.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from lingseg.nn.drop_path import DropPath
from lingseg.nn.image_weights import fill_image_encoder
from lingseg.nn.shapes import ImageBatch

Pixels: TypeAlias = Float[Tensor, "batch height width dim"]
"""A map whose features lie last, as attention and layer norms want them."""
Windows: TypeAlias = Float[Tensor, "batch windows pixels dim"]
IsApart: TypeAlias = Bool[Tensor, "windows pixels pixels"]

_PATCH_SIZE = 4
_UNUSED = ("layernorm.", "pooler.", "classifier.")
_BUFFER = "relative_position_index"


@dataclass(frozen=True, kw_only=True)
class SwinShape:
    """How large a Swin is; by default Tiny."""

    dim: int = 96
    """Features at stride 4; twice as many at each stride below."""
    depths: tuple[int, ...] = (2, 2, 6, 2)
    num_heads: tuple[int, ...] = (3, 6, 12, 24)
    window_size: int = 7
    drop_path: float = 0.0
    """How often the last block is left out in training; earlier ones are in proportion."""

    @property
    def dims(self) -> tuple[int, ...]:
        """Features after each stage."""
        return tuple(self.dim * 2**stage for stage in range(len(self.depths)))

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if len(self.num_heads) != len(self.depths):
            raise ValueError(
                f"depths={self.depths} and num_heads={self.num_heads}; give one number a stage."
            )
        for dim, heads in zip(self.dims, self.num_heads, strict=True):
            if dim % heads:
                raise ValueError(
                    f"dim={self.dim} makes {dim} features in a stage, which its {heads} heads do "
                    f"not divide; choose num_heads that do."
                )


SWIN_TINY = SwinShape()
SWIN_SMALL = SwinShape(depths=(2, 2, 18, 2))
SWIN_BASE = SwinShape(dim=128, depths=(2, 2, 18, 2), num_heads=(4, 8, 16, 32))


class Swin(nn.Module):
    """An embedding, then stages with mergings between them: call it whole, or step by step.

    Step by step: `pixels = stages[0](embedding(image))`, then for each of the others
    `pixels = stages[n](mergings[n - 1](pixels))`.
    """

    def __init__(self, shape: SwinShape) -> None:
        """Build the encoder with random weights, drawn as the authors did."""
        super().__init__()
        self.dims = shape.dims
        self.embedding = PatchEmbedding(shape.dim)
        rates = iter(torch.linspace(0, shape.drop_path, sum(shape.depths), device="cpu").tolist())
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(
                    SwinBlock(
                        dim=dim,
                        num_heads=heads,
                        window_size=shape.window_size,
                        is_shifted=number % 2 == 1,
                        drop_path=next(rates),
                    )
                    for number in range(depth)
                )
            )
            for dim, depth, heads in zip(shape.dims, shape.depths, shape.num_heads, strict=True)
        )
        self.mergings = nn.ModuleList(PatchMerging(dim) for dim in shape.dims[:-1])
        self.apply(_initialise)

    def forward(self, image: ImageBatch) -> tuple[Float[Tensor, "batch _ _ _"], ...]:
        """Return the maps after each stage, features first, of a normalised image of any size."""
        pixels, maps = self.embedding(image), []
        for number, stage in enumerate(self.stages):
            pixels = stage(self.mergings[number - 1](pixels) if number else pixels)
            maps.append(rearrange(pixels, "batch height width dim -> batch dim height width"))
        return tuple(maps)


class PatchEmbedding(nn.Module):
    """Turns patches of 4 x 4 pixels into features."""

    def __init__(self, dim: int) -> None:
        """Build the embedding with random weights."""
        super().__init__()
        self.convolution = nn.Conv2d(3, dim, kernel_size=_PATCH_SIZE, stride=_PATCH_SIZE)
        self.norm = nn.LayerNorm(dim)

    def forward(self, image: ImageBatch) -> Float[Tensor, "batch height_4 width_4 dim"]:
        """Return the features of the patches."""
        height, width = image.shape[-2:]
        image = F.pad(image, (0, -width % _PATCH_SIZE, 0, -height % _PATCH_SIZE))
        features = self.convolution(image)
        return self.norm(rearrange(features, "batch dim height width -> batch height width dim"))


class PatchMerging(nn.Module):
    """Halves a map: four neighbours become one."""

    def __init__(self, dim: int) -> None:
        """Build the step with random weights."""
        super().__init__()
        self.norm = nn.LayerNorm(4 * dim)
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, pixels: Pixels) -> Float[Tensor, "batch half_height half_width double_dim"]:
        """Return the coarser map; an odd one is padded first."""
        pixels = _pad(pixels, 2)
        together = rearrange(
            pixels,
            "batch (height down) (width right) dim -> batch height width (right down dim)",
            down=2,
            right=2,
        )
        return self.reduction(self.norm(together))


class SwinBlock(nn.Module):
    """Pixels look at their window, shifted or not, then think."""

    def __init__(
        self, *, dim: int, num_heads: int, window_size: int, is_shifted: bool, drop_path: float
    ) -> None:
        """Build the block with random weights."""
        super().__init__()
        self.window_size = window_size
        self.shift = window_size // 2 if is_shifted else 0
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = WindowAttention(dim=dim, num_heads=num_heads, window_size=window_size)
        self.norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, 4 * dim)
        self.narrow = nn.Linear(4 * dim, dim)
        self.drop_path = DropPath(drop_path)

    def forward(self, pixels: Pixels) -> Pixels:
        """Transform the map."""
        pixels = pixels + self.drop_path(self._attend(self.attention_norm(pixels)))
        return pixels + self.drop_path(self.narrow(F.gelu(self.widen(self.norm(pixels)))))

    def _attend(self, pixels: Pixels) -> Pixels:
        """Let pixels look at the others of their window."""
        height, width = pixels.shape[1:3]
        shift, is_apart = self.shift, None
        padded = _pad(pixels, self.window_size)
        if shift:
            is_apart = wrapped_apart(padded.shape[1], padded.shape[2], self.window_size, shift)
            is_apart = is_apart.to(pixels.device)
            padded = padded.roll((-shift, -shift), dims=(1, 2))
        heard = self.attention(_as_windows(padded, self.window_size), is_apart)
        heard = rearrange(
            heard,
            "batch (rows columns) (high wide) dim -> batch (rows high) (columns wide) dim",
            rows=padded.shape[1] // self.window_size,
            high=self.window_size,
        )
        if shift:
            heard = heard.roll((shift, shift), dims=(1, 2))
        return heard[:, :height, :width]


class WindowAttention(nn.Module):
    """Self-attention inside each window, with a learned bias for each offset of two pixels."""

    def __init__(self, *, dim: int, num_heads: int, window_size: int) -> None:
        """Build the attention with random weights."""
        super().__init__()
        self.num_heads = num_heads
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.heard = nn.Linear(dim, dim)
        self.offset_bias = nn.Parameter(torch.empty((2 * window_size - 1) ** 2, num_heads))
        nn.init.trunc_normal_(self.offset_bias, std=0.02)
        self.offsets: Tensor
        self.register_buffer("offsets", offset_numbers(window_size), persistent=False)

    def forward(self, windows: Windows, is_apart: IsApart | None = None) -> Windows:
        """Return what each pixel heard; those that `is_apart` marks do not see each other."""
        query, key, value = rearrange(
            self.query_key_value(windows),
            "batch windows pixels (parts heads dim) -> parts batch windows heads pixels dim",
            parts=3,
            heads=self.num_heads,
        )
        bias = rearrange(
            self.offset_bias[self.offsets], "pixels others heads -> heads pixels others"
        )
        scores = query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2) + bias
        if is_apart is not None:
            scores = scores.masked_fill(is_apart[:, None], -torch.inf)
        heard = scores.softmax(dim=-1).to(value.dtype) @ value
        return self.heard(
            rearrange(heard, "batch windows heads pixels dim -> batch windows pixels (heads dim)")
        )


def build_swin(shape: SwinShape, *, image_weights: str) -> Swin:
    """Build a Swin with the weights that were asked for.

    Args:
        shape: How large it is; it must be the size, and the window, of the weights.
        image_weights: A folder in Hugging Face's form, a .safetensors file or "random".

    Raises:
        MissingWeights: Nothing was named, or nothing is there.
        MismatchedWeights: The weights are not those of a Swin of this shape.
    """
    encoder = Swin(shape)
    fill_image_encoder(
        encoder,
        image_weights,
        our_names=_in_our_names,
        source="microsoft/swin-base-patch4-window12-384-in22k",
    )
    return encoder


def offset_numbers(window_size: int) -> Int[Tensor, "pixels pixels"]:
    """Number the offset from each pixel of a window to each other, row by row from -(w - 1)."""
    places = torch.cartesian_prod(*2 * [torch.arange(window_size, device="cpu")])
    down, right = (places[:, None] - places + window_size - 1).unbind(-1)
    return down * (2 * window_size - 1) + right


def wrapped_apart(height: int, width: int, window_size: int, shift: int) -> IsApart:
    """Tell which pixels of a window are only neighbours because the shifted map wraps around."""
    shifted = {"window_size": window_size, "shift": shift}
    part = _parts(height, **shifted)[:, None] * 3 + _parts(width, **shifted)
    windows = _as_windows(part[None, ..., None].float(), window_size)[0, ..., 0]
    return windows[:, :, None] != windows[:, None]


def _parts(size: int, *, window_size: int, shift: int) -> Int[Tensor, " size"]:
    """Number the parts of one side: whole windows, the cut one, what wrapped around."""
    places = torch.arange(size, device="cpu")
    return (places >= size - window_size).long() + (places >= size - shift).long()


def _as_windows(pixels: Pixels, window_size: int) -> Windows:
    """Cut a map into windows, row by row."""
    return rearrange(
        pixels,
        "batch (rows high) (columns wide) dim -> batch (rows columns) (high wide) dim",
        high=window_size,
        wide=window_size,
    )


def _pad(pixels: Pixels, multiple: int) -> Float[Tensor, "batch padded_height padded_width dim"]:
    """Pad with zeros, on the right and at the bottom, to the next multiple."""
    height, width = pixels.shape[1:3]
    return F.pad(pixels, (0, 0, 0, -width % multiple, 0, -height % multiple))


def _initialise(module: nn.Module) -> None:
    """Draw a layer's weights as the authors did."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


_PARTS = {
    "layernorm_before": "attention_norm",
    "layernorm_after": "norm",
    "attention.self.query_key_value": "attention.query_key_value",
    "attention.output.dense": "attention.heard",
    "intermediate.dense": "widen",
    "output.dense": "narrow",
}
_BIAS_TABLE = "attention.self.relative_position_bias_table"
_EMBEDDING = {"patch_embeddings.projection": "convolution", "norm": "norm"}


def _in_our_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a SwinModel or SwinForImageClassification by our names."""
    bare = {name.removeprefix("swin."): value.float() for name, value in weights.items()}
    return {
        _our_name(name): value
        for name, value in _joined(bare).items()
        if not name.startswith(_UNUSED) and not name.endswith(_BUFFER)
    }


def _joined(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Put query, key and value of an attention into one; where one lacks, leave the others."""
    joined = dict(weights)
    for name in weights:
        three = [name.replace(".query.", f".{part}.") for part in ("query", "key", "value")]
        if ".query." in name and all(part in weights for part in three):
            whole = name.replace(".query.", ".query_key_value.")
            joined[whole] = torch.cat([joined.pop(part) for part in three])
    return joined


def _our_name(theirs: str) -> str:
    """Return our name of a weight; one that we do not know keeps its own."""
    if found := re.fullmatch(rf"embeddings\.({'|'.join(_EMBEDDING)})\.(\w+)", theirs):
        return f"embedding.{_EMBEDDING[found[1]]}.{found[2]}"
    layer = r"encoder\.layers\.(\d+)\."
    if found := re.fullmatch(layer + r"downsample\.(norm|reduction)\.(\w+)", theirs):
        return f"mergings.{found[1]}.{found[2]}.{found[3]}"
    if found := re.fullmatch(layer + r"blocks\.(\d+)\." + re.escape(_BIAS_TABLE), theirs):
        return f"stages.{found[1]}.{found[2]}.attention.offset_bias"
    if found := re.fullmatch(layer + rf"blocks\.(\d+)\.({'|'.join(_PARTS)})\.(\w+)", theirs):
        return f"stages.{found[1]}.{found[2]}.{_PARTS[found[3]]}.{found[4]}"
    return theirs
