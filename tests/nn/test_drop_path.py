"""Stochastic depth."""

import pytest
import torch

from lingseg.nn.drop_path import DropPath


def test_whole_images_are_left_out_at_the_rate_and_the_mean_is_kept():
    torch.manual_seed(0)
    dropped = DropPath(0.25).train()(torch.ones(4_000, 2, 3))
    is_left_out = (dropped == 0).flatten(1)
    assert torch.equal(is_left_out.all(dim=1), is_left_out.any(dim=1))
    assert is_left_out[:, 0].float().mean().item() == pytest.approx(0.25, abs=0.02)
    torch.testing.assert_close(dropped.amax(), torch.tensor(1 / 0.75))


def test_nothing_is_left_out_in_eval():
    branch = torch.rand(9, 2)
    assert torch.equal(DropPath(0.9).eval()(branch), branch)


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValueError, match=f"rate of {rate}"):
        DropPath(rate)
