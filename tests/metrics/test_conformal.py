"""Bounds that hold for the next subject."""

import numpy as np
import pytest

from lingseg.metrics.conformal import lower_bound, upper_bound

RATE = 0.05


def one_each(scores):
    return [float(score) for score in scores], [str(number) for number in range(len(scores))]


@pytest.mark.parametrize(("num_subjects", "expected"), [(19, 1), (38, 1), (39, 2), (99, 5)])
def test_with_one_score_a_subject_it_is_the_textbooks_order_statistic(num_subjects, expected):
    scores, subjects = one_each(range(1, num_subjects + 1))
    assert lower_bound(scores, subjects, miss_rate=RATE) == expected
    assert upper_bound(scores, subjects, miss_rate=RATE) == num_subjects + 1 - expected


def test_of_too_few_subjects_nothing_is_claimed_however_many_their_scores():
    subjects = [str(number % 18) for number in range(900)]
    scores = [float(number) for number in range(900)]
    assert lower_bound(scores, subjects, miss_rate=RATE) is None
    assert upper_bound(scores, subjects, miss_rate=RATE) is None
    assert lower_bound([], [], miss_rate=RATE) is None


def test_a_subject_weighs_the_same_however_many_its_scores():
    scores, subjects = one_each(range(1, 100))
    repeated = scores + [1.0] * 500, subjects + ["0"] * 500
    assert lower_bound(*repeated, miss_rate=RATE) == lower_bound(scores, subjects, miss_rate=RATE)


def test_equal_scores_are_no_misses():
    scores, subjects = one_each([0.0] * 30 + [1.0] * 30)
    assert lower_bound(scores, subjects, miss_rate=RATE) == 0.0
    assert upper_bound(scores, subjects, miss_rate=RATE) == 1.0


def drawn(rng, num_subjects):
    """Return scores of subjects; those with many score higher, and each resembles itself."""
    level = rng.random(num_subjects)
    sizes = np.where(level < 0.5, 1, 9)
    subjects = np.repeat(np.arange(num_subjects), sizes)
    scores = level[subjects] + 0.1 * rng.random(len(subjects))
    return scores.tolist(), [str(subject) for subject in subjects]


@pytest.mark.parametrize("num_subjects", [19, 30, 39])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_rate_holds_for_a_new_subject_on_exchangeable_draws(num_subjects, sign):
    rng = np.random.default_rng(0)
    new = np.sort(rng.random(20_000) + 0.1 * rng.random(20_000))  # a score of each new subject
    missed = []
    for _ in range(600):
        scores, subjects = drawn(rng, num_subjects)
        if sign > 0:
            bound = lower_bound(scores, subjects, miss_rate=RATE)
            missed.append(np.searchsorted(new, bound, "left") / len(new))
        else:
            bound = upper_bound(scores, subjects, miss_rate=RATE)
            missed.append(1 - np.searchsorted(new, bound, "right") / len(new))
    error = np.std(missed) / np.sqrt(len(missed))
    assert np.mean(missed) <= RATE + 2 * error
    assert np.mean(missed) >= RATE / 2


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(ValueError, match="2 scores of 1 subjects"):
        lower_bound([0.1, 0.2], ["a"], miss_rate=RATE)
    with pytest.raises(ValueError, match="miss rate is 5"):
        upper_bound([0.1], ["a"], miss_rate=5.0)
