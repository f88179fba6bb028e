"""A layer norm for maps."""

import torch

from lingseg.nn.pixel_norm import PixelNorm


def test_pixels_are_normed_by_themselves():
    normed = PixelNorm(2)(torch.tensor([[[[1.0, 5.0]], [[3.0, 5.0]]]]))
    expected = torch.tensor([[[[-1.0, 0.0]], [[1.0, 0.0]]]])
    torch.testing.assert_close(normed, expected, atol=1e-4, rtol=0)
