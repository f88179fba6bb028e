"""LingNet: what is its own beside what every model keeps."""

from dataclasses import replace

import pytest
import torch
from models.small import SMALL, batch

from lingseg.models import LingNetConfig, build_model


@pytest.fixture
def model():
    torch.manual_seed(0)
    return build_model(SMALL[LingNetConfig])


def test_the_coarse_mask_is_drawn_in_training_only(model):
    inputs = batch(model)
    assert model(**inputs).taught.coarse_logits.shape == (2, 1, 64, 48)
    assert model.eval()(**inputs).taught is None


def test_losses_refuse_what_was_made_without_a_coarse_mask(model):
    found = model.eval()(**batch(model))
    with pytest.raises(ValueError, match=r"Call model\.train\(\)"):
        model.losses(found, torch.zeros_like(found.mask_logits, dtype=torch.bool))


def test_a_coarse_mask_that_is_right_costs_nothing(model):
    reference = torch.zeros(2, 1, 64, 48, dtype=torch.bool)
    reference[:, :, 16:40, 8:32] = True
    sure = torch.where(reference, 40.0, -40.0)
    found = model(**batch(model))
    right, wrong = (
        replace(found, mask_logits=sure, taught=replace(found.taught, coarse_logits=coarse))
        for coarse in (sure, -sure)
    )
    assert model.losses(right, reference)["coarse"] < 1e-3
    assert model.losses(wrong, reference)["coarse"] == pytest.approx(41, rel=0.01)


def parts(**choices):
    torch.manual_seed(0)
    model = build_model(replace(SMALL[LingNetConfig], **choices))
    reference = torch.zeros(2, 1, 64, 48, dtype=torch.bool)
    reference[:, :, 16:40, 8:32] = True
    return model, model.losses(model(**batch(model)), reference)


def test_a_loss_that_is_not_wanted_is_no_term():
    assert set(parts()[1]) == {"cross_entropy", "dice", "presence", "coarse"}
    assert set(parts(coarse_weight=0.0)[1]) == {"cross_entropy", "dice", "presence"}


@pytest.mark.parametrize("part", ["alignment", "rebuilding"])
def test_a_part_that_only_trains_is_a_term_of_its_own_and_costs_no_mask(part):
    model, losses = parts(**{f"{part}_weight": 0.5})
    assert losses[part] > 0
    losses[part].backward()
    assert model.seeing.stride_16.weight.grad.abs().sum() > 0
    plain, _ = parts()
    plain.load_state_dict(model.state_dict(), strict=False)
    inputs = batch(model)
    torch.testing.assert_close(
        model.eval()(**inputs).mask_logits, plain.eval()(**inputs).mask_logits
    )


@pytest.mark.parametrize("choice", [{"num_image_blocks": 1}, {"scale_attention": True}])
def test_what_is_switched_on_is_trained(choice):
    model, losses = parts(**choice)
    added = {name for name, _ in model.named_parameters()}
    added -= {name for name, _ in parts()[0].named_parameters()}
    torch.stack(list(losses.values())).sum().backward()
    assert added
    assert all(model.get_parameter(name).grad is not None for name in added)


def test_nothing_is_aligned_or_rebuilt_where_nothing_is_said():
    torch.manual_seed(0)
    config = replace(SMALL[LingNetConfig], alignment_weight=0.5, rebuilding_weight=0.5)
    model = build_model(config)
    inputs = batch(model)
    inputs["word_mask"] = torch.zeros_like(inputs["word_mask"])
    losses = model.losses(model(**inputs), torch.ones(2, 1, 64, 48, dtype=torch.bool))
    assert losses["alignment"] == 0
    assert losses["rebuilding"] == 0
