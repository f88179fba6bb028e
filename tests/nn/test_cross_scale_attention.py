"""Attention between scales: who meets whom."""

import pytest
import torch
from torch import nn

from lingseg.nn.cross_scale_attention import CrossScaleAttention

DIMS = (3, 4, 5, 6)


def maps(rows=2, columns=3):
    generator = torch.Generator().manual_seed(1)
    return [
        torch.randn(2, dim, side * rows, side * columns, generator=generator)
        for dim, side in zip(DIMS, (8, 4, 2, 1), strict=True)
    ]


@pytest.fixture
def attention():
    torch.manual_seed(0)
    return CrossScaleAttention(DIMS, dim=8, num_heads=2)


def test_maps_keep_their_shapes(attention):
    assert [found.shape for found in attention(maps())] == [found.shape for found in maps()]


def test_a_region_has_85_tokens(attention, monkeypatch):
    seen = []
    monkeypatch.setattr(attention, "_meet", lambda tokens: seen.append(tokens.shape) or tokens)
    attention(maps())
    assert seen == [(2 * 2 * 3, 85, 8)]


def test_every_scale_of_a_region_hears_of_every_other_and_other_regions_do_not(attention):
    plain, changed = maps(), maps()
    changed[0][0, :, 9, 17] += 1  # in the region of row 1, column 2
    for side, before, after in zip((8, 4, 2, 1), attention(plain), attention(changed), strict=True):
        moved = (before - after).abs().amax(dim=1) > 1e-7
        inside = torch.zeros_like(moved)
        inside[0, side:, 2 * side :] = True
        assert torch.equal(moved & inside, moved)
        assert moved[inside].float().mean() > 0.9


def test_tokens_go_back_to_where_they_came_from(attention):
    # Nothing is heard, and what is restored is what was unified: each map beside itself.
    nn.init.zeros_(attention.scale)
    attention.unify, attention.restore = (
        nn.ModuleList(nn.Identity() for _ in DIMS) for _ in range(2)
    )
    attention.fuse = nn.ModuleList(Difference() for _ in DIMS)
    alike = [found[:, :1].expand(-1, 8, -1, -1) for found in maps()]
    assert not any(found.any() for found in attention(alike))


class Difference(nn.Module):
    def forward(self, learned, features):
        return learned - features


def test_every_weight_gets_a_gradient(attention):
    sum(found.square().sum() for found in attention(maps())).backward()
    assert not [name for name, weight in attention.named_parameters() if not weight.grad.any()]
