import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lingseg.metrics.calibration import NUM_BINS, measure_reliability, pool_reliability

maps = arrays(np.float32, (4, 6), elements=st.floats(0, 1, width=32))
masks = arrays(np.bool_, (4, 6))


def table(value, hits, size=(2, 5)):
    """Return a map of one value and a reference with so many hits."""
    reference = np.arange(size[0] * size[1]).reshape(size) < hits
    return measure_reliability(np.full(size, value, dtype=np.float32), reference)


def test_a_frequency_that_is_met_costs_nothing():
    assert table(0.3, hits=3).ece == pytest.approx(0, abs=1e-6)


def test_a_frequency_that_is_missed_costs_its_distance():
    assert table(0.9, hits=3).ece == pytest.approx(0.6, abs=1e-6)
    assert table(0.1, hits=3).ece == pytest.approx(0.2, abs=1e-6)


def test_brier_is_the_mean_squared_error():
    assert table(0.9, hits=3).brier == pytest.approx((3 * 0.01 + 7 * 0.81) / 10, abs=1e-6)


@settings(deadline=None)
@given(maps, masks)
def test_scores_agree_with_their_formulas(probabilities, reference):
    reliability = measure_reliability(probabilities, reference)
    if reliability.is_hard:
        return
    stated = probabilities.astype(float)
    gap = 0.0
    for number in range(NUM_BINS):
        last = number == NUM_BINS - 1
        inside = (stated * NUM_BINS >= number) & ((stated * NUM_BINS < number + 1) | last)
        if inside.any():
            gap += inside.mean() * abs(stated[inside].mean() - reference[inside].mean())
    assert reliability.ece == pytest.approx(gap, abs=1e-9)
    assert reliability.brier == pytest.approx(np.mean((stated - reference) ** 2))


@settings(deadline=None)
@given(st.lists(st.tuples(maps, masks), min_size=1, max_size=4))
def test_pictures_measured_apart_add_up_to_one_picture(pairs):
    apart = pool_reliability([measure_reliability(*pair) for pair in pairs])
    whole = measure_reliability(*(np.concatenate(side) for side in zip(*pairs, strict=True)))
    assert apart.num_pixels.tolist() == whole.num_pixels.tolist()
    assert apart.ece == (None if whole.is_hard else pytest.approx(whole.ece))
    assert apart.brier == (None if whole.is_hard else pytest.approx(whole.brier))


def test_hard_masks_have_no_calibration():
    mask = np.eye(3, 4, dtype=np.float32)
    hard = measure_reliability(mask, mask > 0)
    assert hard.is_hard
    assert hard.ece is None
    assert hard.brier is None


def test_one_soft_map_makes_the_set_soft():
    mask = np.eye(3, 4, dtype=np.float32)
    hard, soft = (measure_reliability(mask * scale, mask > 0) for scale in (1, np.float32(0.7)))
    assert not pool_reliability([hard, soft]).is_hard
    assert not pool_reliability([soft, hard]).is_hard
    assert pool_reliability([hard, hard]).ece is None


@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan, np.inf])
def test_what_is_no_probability_is_refused(value):
    probabilities = np.full((2, 3), 0.5, dtype=np.float32)
    probabilities[1, 2] = value
    with pytest.raises(ValueError, match="expected 0 to 1"):
        measure_reliability(probabilities, probabilities > 0)


def test_a_reference_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(3, 2\)"):
        measure_reliability(np.zeros((2, 3), dtype=np.float32), np.zeros((3, 2), dtype=bool))


def test_a_map_without_pixels_is_refused():
    with pytest.raises(ValueError, match="at least one pixel"):
        measure_reliability(np.zeros((0, 3), dtype=np.float32), np.zeros((0, 3), dtype=bool))
