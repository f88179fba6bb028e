"""The shapes that cross module borders, in the words used all through the package.

batch    cases in a batch            words    tokens of the text, padding included
classes  segmented structures        pixels   height * width, flattened row by row
height   rows                        dim      features of one pixel or word
width    columns                     heads    heads of an attention
"""

from typing import TypeAlias

from jaxtyping import Bool, Float, Int
from torch import Tensor

Scalar: TypeAlias = Float[Tensor, ""]
ImageBatch: TypeAlias = Float[Tensor, "batch 3 height width"]
MaskLogits: TypeAlias = Float[Tensor, "batch classes height width"]
MaskBatch: TypeAlias = Bool[Tensor, "batch classes height width"]
FeatureMap: TypeAlias = Float[Tensor, "batch dim height width"]
TokenIds: TypeAlias = Int[Tensor, "batch words"]
WordMask: TypeAlias = Bool[Tensor, "batch words"]
Words: TypeAlias = Float[Tensor, "batch words dim"]
PresenceLogits: TypeAlias = Float[Tensor, " batch"]
