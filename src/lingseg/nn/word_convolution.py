"""Convolutions along the words of a text, as in LViT and RecLMIS, that padding does not touch."""

from jaxtyping import Float
from torch import Tensor, nn

from lingseg.nn.shapes import WordMask, Words


class WordConvolution(nn.Module):
    """A convolution over three neighbouring words; beyond the last one there is nothing."""

    def __init__(self, in_dim: int, dim: int) -> None:
        """Build the block with random weights."""
        super().__init__()
        self.convolution = nn.Conv1d(in_dim, dim, kernel_size=3, padding=1)

    def forward(self, words: Words, word_mask: WordMask) -> Float[Tensor, "batch words out_dim"]:
        """Return the words in sight of their neighbours, and zeros where there is no word."""
        words = words.masked_fill(~word_mask[..., None], 0)
        features = self.convolution(words.transpose(1, 2)).transpose(1, 2)
        return features.masked_fill(~word_mask[..., None], 0)


class WordConvolutionNormReLU(nn.Module):
    """A convolution along the words, a batch norm over the real ones and a ReLU; for training."""

    def __init__(self, dim: int) -> None:
        """Build the block with random weights."""
        super().__init__()
        self.convolution = WordConvolution(dim, dim)
        self.norm = nn.BatchNorm1d(dim)

    def forward(self, words: Words, word_mask: WordMask) -> Words:
        """Return the refined words, and zeros where there is no word."""
        features = self.convolution(words, word_mask)
        real = features[word_mask]
        # One word alone has no variance to be divided by.
        normed = self.norm(real) if len(real) > 1 else real * self.norm.weight + self.norm.bias
        refined = features.masked_scatter(word_mask[..., None], normed.to(features.dtype))
        return refined.relu()
