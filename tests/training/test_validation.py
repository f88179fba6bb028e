"""Scores while a model trains, and the thresholds that they choose."""

import numpy as np

from lingseg.metrics.overlap import measure_overlap
from lingseg.training.validation import (
    THRESHOLDS,
    CaseScore,
    choose_threshold,
    mean_dice,
)


def scored(probabilities, reference):
    overlaps = tuple(measure_overlap(probabilities >= level, reference) for level in THRESHOLDS)
    return CaseScore(subject="s", overlaps=overlaps, presence=None, is_there=bool(reference.any()))


def test_the_threshold_with_the_best_dice_is_chosen():
    reference = np.array([[True, True, False]])
    probabilities = np.array([[0.9, 0.66, 0.56]])
    assert choose_threshold({"blocks": [scored(probabilities, reference)]}) == 0.6


def test_every_data_set_counts_the_same_however_large():
    full, nothing = np.ones((2, 3), dtype=bool), np.zeros((2, 3), dtype=bool)
    scores = {
        "large": [scored(full * 0.9, full)] * 9,
        "small": [scored(nothing * 0.1, full)],
    }
    assert mean_dice(scores) == {"large": 1.0, "small": 0.0}
