import numpy as np
import pytest

from lingseg.metrics.selective import aurc, risk_coverage


def test_the_curve_is_the_mean_risk_of_the_surest():
    curve = risk_coverage([0.4, 0.0, 0.2], [0.1, 0.9, 0.5])
    assert curve == pytest.approx([0.0, 0.1, 0.2])
    assert aurc([0.4, 0.0, 0.2], [0.1, 0.9, 0.5])[0] == pytest.approx(0.1)


def test_a_confidence_that_says_nothing_gives_the_mean_risk():
    assert aurc([0.4, 0.0, 0.2], [0.5, 0.5, 0.5])[0] == pytest.approx(0.2)


def test_a_confidence_the_wrong_way_round_gives_more_than_the_mean_risk():
    assert aurc([0.4, 0.0, 0.2], [0.9, 0.1, 0.5])[0] > 0.2


def test_a_case_that_weighs_two_counts_as_two():
    rng = np.random.default_rng(0)
    risks, confidences = rng.random((2, 6))
    weights = np.array([[2.0, 0.0, 1.0, 1.0, 0.0, 2.0]])
    doubled = [place for place, weight in enumerate(weights[0]) for _ in range(int(weight))]
    # Between the two copies of one case the curve goes on flat, so that both have one risk.
    order = sorted(doubled, key=lambda place: -confidences[place])
    kept = np.cumsum([risks[place] for place in order]) / np.arange(1, len(order) + 1)
    last = {place: kept[max(n for n, o in enumerate(order) if o == place)] for place in order}
    assert aurc(risks, confidences, weights)[0] == pytest.approx(
        np.mean([last[place] for place in order])
    )
