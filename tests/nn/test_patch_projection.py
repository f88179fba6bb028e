"""From the pixels of a patch to its features."""

import pytest
import torch
import torch.nn.functional as F

from lingseg.nn.patch_projection import PatchProjection


@pytest.mark.parametrize(("dim", "patch_size"), [(3, 4), (8, 16), (16, 16), (16, 8), (32, 2)])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)], ids=["fp32", "bf16"]
)
def test_it_is_the_convolution_of_patches(dim, patch_size, dtype, tolerance):
    torch.manual_seed(0)
    projection = PatchProjection(dim, 24, patch_size)
    features = torch.randn(2, dim, 3 * patch_size, 2 * patch_size)
    with torch.no_grad(), torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        found = projection(features)
    wanted = F.conv2d(features, projection.weight, projection.bias, stride=patch_size)
    assert found.dtype == dtype
    assert found.shape == (2, 24, 3, 2)
    assert (found.float() - wanted).abs().mean() < tolerance * wanted.std()
