"""The running average of a model's weights."""

import torch
from models.small import SMALL

from lingseg.models import UNetConfig, build_model
from lingseg.training.average import WeightAverage


def moved(model, by):
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(by)
    return model


def test_without_decay_the_model_stands_for_its_average():
    model = build_model(SMALL[UNetConfig])
    average = WeightAverage(model, 0.0)
    average.update(model)
    assert average.model is model
    assert list(average.state_dict()) == ["num_updates"]


def test_the_average_follows_slowly():
    model = build_model(SMALL[UNetConfig])
    before = model.mask_head.bias.item()
    average = WeightAverage(model, 0.5)
    for _ in range(20):
        average.update(model)
    average.update(moved(model, 1.0))
    assert abs(average.model.mask_head.bias.item() - (before + 0.5)) < 1e-6


def test_early_averages_are_not_held_back_by_the_random_start():
    model = build_model(SMALL[UNetConfig])
    before = model.mask_head.bias.item()
    average = WeightAverage(model, 0.999)
    average.update(moved(model, 1.0))
    assert average.model.mask_head.bias.item() > before + 0.85


def test_statistics_of_norms_are_the_models_own():
    model = build_model(SMALL[UNetConfig]).train()
    average = WeightAverage(model, 0.999)
    with torch.no_grad():
        model(torch.rand(2, 3, 32, 48), torch.zeros(2, 1, 1), torch.ones(2, 1, dtype=torch.bool))
    average.update(model)
    for kept, buffer in zip(average.model.buffers(), model.buffers(), strict=True):
        assert torch.equal(kept, buffer)
