"""What each pixel hears of the words, gated: the language half of SLViT's and LSMS's attention.

Source: Ouyang et al., SLViT, IJCAI 2023, as described; a later form of LAVT's pixel-word attention
(Yang et al., CVPR 2022).

The earlier code's biases of query, key, value and output are left out: an instance norm removes the
first and the last, a softmax the second, and both together the third. Trap: where there is a single
word, every pixel hears the same, which the norm removes: it is as if nothing was said. Encoders
with a start and an end token never hand in a single word.
"""

from typing import Literal

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.shapes import WordMask

_EPS = 1e-5

Pixels = Float[Tensor, "batch pixels dim"]


class GatedCrossAttention(nn.Module):
    """Each pixel looks at the words; instance norms keep only how pixels differ in it."""

    def __init__(
        self, dim: int, text_dim: int, *, num_heads: int = 1, gate: Literal["tanh", "none"] = "tanh"
    ) -> None:
        """Build the attention with random weights."""
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(dim, dim, bias=False)
        self.key = nn.Linear(text_dim, dim, bias=False)
        self.value = nn.Linear(text_dim, dim, bias=False)
        self.heard = nn.Linear(dim, dim, bias=False)
        self.gate = (
            nn.Sequential(
                nn.Linear(dim, dim, bias=False),
                nn.ReLU(),
                nn.Linear(dim, dim, bias=False),
                nn.Tanh(),
            )
            if gate == "tanh"
            else None
        )

    def forward(
        self, pixels: Pixels, words: Float[Tensor, "batch words text_dim"], word_mask: WordMask
    ) -> Pixels:
        """Return what each pixel heard; 0 if nothing is said.

        Words where `word_mask` is False must be 0.
        """
        query, key, value = (
            rearrange(part, "batch rows (heads dim) -> batch heads rows dim", heads=self.num_heads)
            for part in (instance_norm(self.query(pixels)), self.key(words), self.value(words))
        )
        # Over the full width, even with several heads, as in LAVT.
        scores = query @ key.mT / pixels.shape[-1] ** 0.5
        # Finite, not -inf: a null sentence has no word to look at, and its values are all 0.
        attention = scores.masked_fill(~word_mask[:, None, None], -1e4).softmax(dim=-1)
        heard = rearrange(attention @ value, "batch heads pixels dim -> batch pixels (heads dim)")
        heard = instance_norm(self.heard(heard))
        return heard if self.gate is None else self.gate(heard) * heard


def instance_norm(pixels: Pixels) -> Pixels:
    """Give each feature mean 0 and variance 1 over the pixels of a case; one pixel becomes 0."""
    pixels = pixels.to(torch.promote_types(pixels.dtype, torch.float32))
    variance, mean = torch.var_mean(pixels, dim=1, correction=0, keepdim=True)
    return (pixels - mean) * (variance + _EPS).rsqrt()
