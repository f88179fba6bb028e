"""LingNet: what is its own beside what every model keeps."""

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
    assert model(**inputs).coarse_logits.shape == (2, 1, 64, 48)
    assert model.eval()(**inputs).coarse_logits is None


def test_losses_refuse_what_was_made_without_a_coarse_mask(model):
    found = model.eval()(**batch(model))
    with pytest.raises(ValueError, match=r"Call model\.train\(\)"):
        model.losses(found, torch.zeros_like(found.mask_logits, dtype=torch.bool))


def test_a_coarse_mask_that_is_right_costs_nothing(model):
    reference = torch.zeros(2, 1, 64, 48, dtype=torch.bool)
    reference[:, :, 16:40, 8:32] = True
    sure = torch.where(reference, 40.0, -40.0)
    found = model(**batch(model))
    right = type(found)(mask_logits=sure, presence_logits=found.presence_logits, coarse_logits=sure)
    wrong = type(found)(
        mask_logits=sure, presence_logits=found.presence_logits, coarse_logits=-sure
    )
    assert model.losses(right, reference)["coarse"] < 1e-3
    assert model.losses(wrong, reference)["coarse"] == pytest.approx(41, rel=0.01)
