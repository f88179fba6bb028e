from itertools import product

import numpy as np
import pytest

from lingseg.metrics import uncertainty
from lingseg.metrics.uncertainty import (
    bootstrap_mean,
    bootstrap_ratio,
    bootstrap_statistic,
    holm,
    mean_error,
    paired_permutation_test,
    smallest_detectable,
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
    assert paired_permutation_test(gaps, np.zeros(6), names(6), rng=rng()) == exact


def test_drawn_exchanges_agree_with_all_of_them(monkeypatch):
    gaps = rng(8).normal(0.03, 0.1, size=14)
    exact = paired_permutation_test(gaps, np.zeros(14), names(14), rng=rng())
    monkeypatch.setattr(uncertainty, "MAX_EXACT_SUBJECTS", 13)
    drawn = paired_permutation_test(gaps, np.zeros(14), names(14), rng=rng())
    assert 0.1 < exact < 0.9
    assert drawn == pytest.approx(exact, abs=0.02)
    assert drawn != exact


def test_subjects_on_which_models_agree_have_no_say():
    gaps = np.array([0.3, 0.2, 0.25, 0.1, *[0.0] * 40])
    assert paired_permutation_test(gaps, np.zeros(44), names(44), rng=rng()) == 2 / 2**4


def test_permutation_exchanges_whole_subjects():
    better = np.full(90, 0.1)
    few, many = names(3) * 30, names(90)
    assert paired_permutation_test(better, np.zeros(90), few, rng=rng()) == 0.25
    assert paired_permutation_test(better, np.zeros(90), many, rng=rng()) == 1 / 10_001


def test_equal_models_do_not_differ():
    scores = rng(2).random(50)
    assert paired_permutation_test(scores, scores, names(50), rng=rng()) == 1


@pytest.mark.parametrize(("first", "second"), [([], []), ([0.1], [0.1, 0.2])])
def test_scores_that_are_no_pairs_are_refused(first, second):
    with pytest.raises(ValueError, match="Pair them by case"):
        paired_permutation_test(first, second, names(len(first)), rng=rng())


def test_the_error_of_a_mean_is_the_textbooks_where_every_subject_has_one_image():
    values = rng(4).normal(size=30)
    assert mean_error(values, names(30)) == pytest.approx(values.std(ddof=1) / np.sqrt(30))


def test_copies_of_an_image_make_a_mean_no_surer():
    values = rng(4).normal(size=30)
    copied = mean_error(np.repeat(values, 5), sorted(names(30) * 5))
    assert copied == pytest.approx(mean_error(values, sorted(names(30))))


def test_the_smallest_detectable_difference_is_that_of_the_table():
    # t(0.975, 9) = 2.2622 and t(0.8, 9) = 0.8834, from a table of Student's distribution
    values = rng(4).normal(size=10)
    least = smallest_detectable(values, names(10))
    assert least == pytest.approx((2.2622 + 0.8834) * values.std(ddof=1) / np.sqrt(10), rel=1e-4)


def test_one_subject_tells_nothing_of_others():
    assert mean_error([0.1, 0.9], ["a", "a"]) is None
    assert smallest_detectable([0.1, 0.9], ["a", "a"]) is None


def draw_clustered(draw, *, mean=0.0, subjects=60):
    """Return values of subjects with one to eight images each, and their subjects."""
    sizes = draw.integers(1, 9, size=subjects)
    own = draw.normal(mean, 0.1, size=subjects)
    values = np.repeat(own, sizes) + draw.normal(0, 0.05, size=sizes.sum())
    return values, [f"s{index:03d}" for index in np.repeat(np.arange(subjects), sizes)]


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    draw, number = rng(11), 1200
    num_held = num_held_by_images = 0
    for _ in range(number):
        values, subjects = draw_clustered(draw, mean=0.8, subjects=80)
        interval = bootstrap_mean(values, subjects, rng=draw, num_resamples=600)
        num_held += interval.low <= 0.8 <= interval.high
        # As if images were strangers: the mistake that drawing subjects is for.
        half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
        num_held_by_images += abs(values.mean() - 0.8) <= half
    assert num_held / number == pytest.approx(0.95, abs=0.02)
    assert num_held_by_images / number < 0.75


@pytest.mark.slow
def test_equal_models_are_called_different_one_time_in_twenty():
    draw, number, num_wrong = rng(12), 1000, 0
    for _ in range(number):
        gaps, subjects = draw_clustered(draw, subjects=25)
        p_value = paired_permutation_test(
            gaps, np.zeros(len(gaps)), subjects, rng=draw, num_permutations=400
        )
        num_wrong += p_value <= 0.05
    assert num_wrong / number == pytest.approx(0.05, abs=0.02)


@pytest.mark.slow
def test_the_smallest_detectable_difference_is_found_four_times_in_five():
    draw, number, num_found = rng(13), 1000, 0
    least = np.mean([smallest_detectable(*draw_clustered(draw, subjects=40)) for _ in range(200)])
    for _ in range(number):
        gaps, subjects = draw_clustered(draw, mean=least, subjects=40)
        p_value = paired_permutation_test(
            gaps, np.zeros(len(gaps)), subjects, rng=draw, num_permutations=400
        )
        num_found += p_value <= 0.05
    assert num_found / number == pytest.approx(0.8, abs=0.05)


def test_holm_agrees_with_its_paper():
    # 0.01 * 4, max(0.04, 0.013 * 3), max(., 0.03 * 2), max(., 0.04 * 1), in another order
    assert holm([0.04, 0.01, 0.03, 0.013]) == pytest.approx([0.06, 0.04, 0.06, 0.04])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_statistic_of_weights_has_the_interval_of_a_mean():
    rng = np.random.default_rng(0)
    values = rng.random(60)
    subjects = [str(number // 3) for number in range(60)]
    found = bootstrap_statistic(
        lambda weights: weights @ values / weights.sum(axis=1),
        subjects,
        rng=np.random.default_rng(1),
    )
    known = bootstrap_mean(values, subjects, rng=np.random.default_rng(2))
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=0.01)
    assert bootstrap_statistic(lambda w: w.sum(axis=1), ["a"], rng=rng) is None
    assert bootstrap_statistic(lambda w: 0 * w[:, 0], ["a", "b"], rng=rng) is None
