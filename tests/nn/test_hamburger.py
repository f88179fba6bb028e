"""The factorisation by numbers, and that chance has no place in eval."""

import pytest
import torch
from torch import nn

from lingseg.nn.hamburger import (
    Hamburger,
    HamburgerShape,
    LightHead,
    MixNormReLU,
    draw_bases,
    factorise,
    updated,
)

SHAPE = HamburgerShape(dim=6, rank=3)


def features():
    return torch.randn(2, 6, 4, 5, generator=torch.Generator().manual_seed(1))


def test_one_update_of_a_2_by_2_is_what_a_reader_computes_by_hand():
    # X = [[1, 2], [3, 4]] by dim and pixel, D = I, C = [[1, 1], [1, 2]] by pixel and basis.
    pixels = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    bases = torch.eye(2)[None]
    coefficients = torch.tensor([[[1.0, 1.0], [1.0, 2.0]]])
    # X^T D = [[1, 3], [2, 4]]; C D^T D = C; so C becomes X^T D.
    new = updated(coefficients, pixels.mT @ bases, bases)
    torch.testing.assert_close(new, torch.tensor([[[1.0, 3.0], [2.0, 4.0]]]))
    # X C = [[3, 5], [7, 11]]; C^T C = [[2, 3], [3, 5]]; D (C^T C) = C^T C on the diagonal.
    new = updated(bases, pixels @ coefficients, coefficients)
    torch.testing.assert_close(new, torch.tensor([[[3 / 2, 0.0], [0.0, 11 / 5]]]))


def test_without_steps_it_is_a_softmax_and_one_update():
    # One basis: its softmax is 1, so C = X^T D / (D^T D) = [2, 4], and D C^T rebuilds X.
    pixels = torch.tensor([[[2.0, 4.0], [0.0, 0.0]]])
    rebuilt = factorise(pixels, torch.tensor([[[1.0], [0.0]]]), 0)
    torch.testing.assert_close(rebuilt, pixels)


def test_what_has_that_rank_is_rebuilt_and_more_steps_come_closer():
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.rand(1, 2, size, generator=generator) for size in (6, 20))
    pixels = left.mT @ right
    bases = draw_bases(1, HamburgerShape(dim=6, rank=2), generator)
    errors = [(factorise(pixels, bases, steps) - pixels).norm().item() for steps in (1, 7, 200)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.02 * pixels.norm()


def test_bases_have_length_1_and_no_negative_number():
    bases = draw_bases(2, SHAPE, None)
    assert bases.shape == (2, 6, 3)
    assert (bases >= 0).all()
    torch.testing.assert_close(bases.norm(dim=1), torch.ones(2, 3))


def test_two_eval_passes_are_identical_whatever_was_drawn_between():
    model = Hamburger(SHAPE).eval()
    first = model(features())
    torch.rand(7)
    assert torch.equal(model(features()), first)


def test_any_two_of_one_shape_have_the_same_table():
    torch.manual_seed(0)
    first = Hamburger(SHAPE).bases
    torch.manual_seed(1)
    assert torch.equal(Hamburger(SHAPE).bases, first)


@pytest.mark.parametrize("is_handed_in", [True, False])
def test_a_training_pass_is_reproduced_by_its_seed(is_handed_in):
    def answer(seed):
        torch.manual_seed(0)
        generator = torch.Generator() if is_handed_in else None
        model = Hamburger(SHAPE, generator=generator)
        (generator or torch.default_generator).manual_seed(seed)
        return model(features())

    assert torch.equal(answer(3), answer(3))
    assert not torch.equal(answer(3), answer(4))


def test_each_case_has_its_own_bases_in_training_and_the_same_in_eval():
    torch.manual_seed(0)
    model = Hamburger(SHAPE)
    twins = features()[:1].repeat(2, 1, 1, 1)
    assert not torch.equal(*model(twins))
    assert torch.equal(*model.eval()(twins))


@pytest.mark.parametrize(("mode", "steps"), [("train", 2), ("eval", 3)])
def test_each_mode_has_its_number_of_steps(mode, steps, monkeypatch):
    asked = []

    def listen(pixels, _, num_steps):
        asked.append(num_steps)
        return pixels

    monkeypatch.setattr("lingseg.nn.hamburger.factorise", listen)
    model = Hamburger(HamburgerShape(dim=6, rank=3, num_steps=2, num_eval_steps=3))
    model.train(mode == "train")(features())
    assert asked == [steps]


def test_gradients_flow_through_every_step():
    pixels = features().flatten(2).abs().requires_grad_()
    bases = draw_bases(2, SHAPE, torch.Generator().manual_seed(0)).requires_grad_()
    factorise(pixels, bases, 3).square().sum().backward()
    assert pixels.grad.abs().min() > 0
    assert bases.grad.abs().sum() > 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_large_features_stay_finite_in_half_precision(dtype):
    torch.manual_seed(0)
    with torch.autocast("cpu", dtype=dtype):
        answer = Hamburger(SHAPE)(1e3 * features())
    assert answer.isfinite().all()


def test_nothing_seen_is_nothing_rebuilt():
    nothing = torch.zeros(1, 6, 5)
    assert torch.equal(factorise(nothing, draw_bases(1, SHAPE, None), 7), nothing)


def test_not_a_number_does_not_become_one():
    shown = features()
    shown[0, 0, 0, 0] = torch.nan
    assert Hamburger(SHAPE).eval()(shown)[0].isnan().any()


def test_the_head_joins_maps_at_the_finest_stride():
    head = LightHead(5, 32, 8, nn.Identity())
    assert head([torch.rand(1, 2, 8, 12), torch.rand(1, 3, 2, 3)]).shape == (1, 8, 8, 12)


def test_features_that_make_no_groups_are_refused():
    with pytest.raises(ValueError, match="40 features"):
        MixNormReLU(4, 40)
