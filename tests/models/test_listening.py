"""Every model learns to listen: "the left one", "the right one", on phantoms with two blobs."""

import time

import numpy as np
import pytest
import torch
from models.small import SMALL

from lingseg.datasets.phantom import referring_pairs
from lingseg.models import MODELS, UNetConfig, build_model

pytestmark = pytest.mark.slow

SIZE = (32, 40)
DEAF = {UNetConfig}
"""Models that look at the image alone: with two blobs and no ear, half is all there is to have."""
NUM_STEPS = 250
LONGEST = 2 * 120.0
"""CPU seconds: two minutes on two cores, however busy the machine is."""
LEARNING_RATE = 3e-3


def batch(rng, num_cases):
    pairs = referring_pairs(rng, num_cases, SIZE)
    return torch.from_numpy(pairs.images), pairs.texts, torch.from_numpy(pairs.masks)


def segment(model, image, texts):
    token_ids, word_mask = model.text_encoder.tokenize(texts)
    return model(image, model.text_encoder(token_ids, word_mask), word_mask)


def referring_accuracy(model, image, texts, reference):
    """Share of cases in which more of the meant blob is drawn than of the other."""
    with torch.no_grad():
        probabilities = segment(model, image, texts).mask_logits.sigmoid()
    other = reference.unflatten(0, (-1, 2)).flip(1).flatten(0, 1)
    meant = (probabilities * reference).flatten(1).sum(dim=1) / reference.flatten(1).sum(dim=1)
    wrong = (probabilities * other).flatten(1).sum(dim=1) / other.flatten(1).sum(dim=1)
    return (meant > wrong).float().mean().item()


def train(model, rng):
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, NUM_STEPS)
    model.train()
    for _ in range(NUM_STEPS):
        image, texts, reference = batch(rng, 16)
        terms = model.losses(segment(model, image, texts), reference)
        optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
    model.eval()


@pytest.mark.parametrize("config", MODELS, ids=lambda config: config.__name__)
def test_a_model_learns_which_of_two_is_meant(config):
    torch.manual_seed(0)
    began = time.process_time()
    model = build_model(SMALL[config])
    train(model, np.random.default_rng(0))
    assert time.process_time() - began < LONGEST
    image, texts, reference = batch(np.random.default_rng(1), 200)
    shuffled = tuple(np.random.default_rng(2).permutation(texts))
    right = referring_accuracy(model, image, texts, reference)
    if config in DEAF:
        assert right == pytest.approx(0.5, abs=0.1)
        return
    assert right >= 0.9
    assert referring_accuracy(model, image, shuffled, reference) == pytest.approx(0.5, abs=0.1)
