from itertools import product

import numpy as np
import pytest

from lingseg.metrics import uncertainty
from lingseg.metrics.uncertainty import (
    bootstrap_mean,
    bootstrap_ratio,
    holm,
    paired_permutation_test,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def names(number):
    return [f"s{index}" for index in range(number)]


def test_interval_of_a_mean_has_the_width_that_theory_gives():
    values = rng(1).normal(0.8, 0.1, size=400)
    interval = bootstrap_mean(values, names(400), rng=rng(), num_resamples=4000)
    half = 1.96 * values.std() / 20
    assert interval.low == pytest.approx(values.mean() - half, abs=0.001)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.001)


def test_images_of_one_subject_count_as_one_where_they_agree():
    values = rng(1).normal(0.8, 0.1, size=60)
    alone = bootstrap_mean(values, sorted(names(60)), rng=rng(3))
    copies = bootstrap_mean(np.repeat(values, 9), sorted(names(60) * 9), rng=rng(3))
    assert (copies.low, copies.high) == pytest.approx((alone.low, alone.high))


def test_interval_is_that_of_all_resamples_written_out():
    over, under = np.array([1.0, 4.0, 2.0]), np.array([2.0, 5.0, 8.0])
    every = [
        over[list(drawn)].sum() / under[list(drawn)].sum() for drawn in product(range(3), repeat=3)
    ]
    interval = bootstrap_ratio(
        over, under, names(3), rng=rng(), num_resamples=20_000, confidence=0.6
    )
    assert interval.low == pytest.approx(np.percentile(every, 20), abs=0.02)
    assert interval.high == pytest.approx(np.percentile(every, 80), abs=0.02)


def test_a_pooled_ratio_weighs_large_images_more():
    pooled = bootstrap_ratio([90.0, 0.0] * 20, [100.0, 1.0] * 20, names(40), rng=rng())
    assert 0.87 < pooled.low < pooled.high < 0.901


def test_the_same_seed_gives_the_same_interval():
    values = rng(1).random(30)
    first, second, other = (bootstrap_mean(values, names(30), rng=rng(s)) for s in (5, 5, 6))
    assert first == second != other


def test_subjects_drawn_in_small_portions_give_the_same_interval(monkeypatch):
    values = rng(1).random(30)
    whole = bootstrap_mean(values, names(30), rng=rng(5))
    monkeypatch.setattr(uncertainty, "_NUMBERS_AT_ONCE", 100)
    assert bootstrap_mean(values, names(30), rng=rng(5)) == whole


def test_one_subject_has_no_interval():
    assert bootstrap_mean([0.1, 0.9], ["a", "a"], rng=rng()) is None


def test_resamples_with_nothing_to_divide_by_are_left_out():
    interval = bootstrap_ratio([0.0, 1.0, 1.0], [0.0, 2.0, 4.0], names(3), rng=rng())
    assert (interval.low, interval.high) == (0.25, 0.5)
    assert bootstrap_ratio([0.0, 0.0], [0.0, 0.0], ["a", "b"], rng=rng()) is None


def test_a_score_that_no_resample_moves_has_no_interval():
    assert bootstrap_mean([1.0] * 13, names(13), rng=rng()) is None


def test_values_and_subjects_must_go_together():
    with pytest.raises(ValueError, match="2 values for 1 subjects"):
        bootstrap_mean([0.1, 0.9], ["a"], rng=rng())


def test_permutation_p_is_that_of_all_exchanges_written_out():
    gaps = np.array([0.3, -0.1, 0.25, 0.2, -0.05, 0.15])
    signs = np.array(list(product((-1, 1), repeat=6)))
    exact = np.mean(np.abs(signs @ gaps) >= abs(gaps.sum()) - 1e-12)
    found = paired_permutation_test(gaps, np.zeros(6), names(6), rng=rng(), num_permutations=20_000)
    assert found == pytest.approx(exact, abs=0.01)


def test_permutation_exchanges_whole_subjects():
    better = np.full(90, 0.1)
    few, many = names(3) * 30, names(90)
    assert paired_permutation_test(better, np.zeros(90), few, rng=rng()) == pytest.approx(
        0.25, abs=0.02
    )
    assert paired_permutation_test(better, np.zeros(90), many, rng=rng()) == 1 / 10_001


def test_equal_models_do_not_differ():
    scores = rng(2).random(50)
    assert paired_permutation_test(scores, scores, names(50), rng=rng()) == 1


@pytest.mark.parametrize(("first", "second"), [([], []), ([0.1], [0.1, 0.2])])
def test_scores_that_are_no_pairs_are_refused(first, second):
    with pytest.raises(ValueError, match="Pair them by case"):
        paired_permutation_test(first, second, names(len(first)), rng=rng())


def test_holm_agrees_with_its_paper():
    # 0.01 * 4, max(0.04, 0.013 * 3), max(., 0.03 * 2), max(., 0.04 * 1), in another order
    assert holm([0.04, 0.01, 0.03, 0.013]) == pytest.approx([0.06, 0.04, 0.06, 0.04])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
