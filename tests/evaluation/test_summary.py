import numpy as np
import pytest

from lingseg.evaluation.score import CaseScore
from lingseg.evaluation.summary import SCORES, summarise
from lingseg.metrics.calibration import measure_reliability
from lingseg.metrics.overlap import Overlap


def score(number, **changes):
    area = 20 + number
    values = {
        "case_id": f"c{number}",
        "subject": f"s{number // 2}",
        "label": "",
        "overlap": Overlap(intersection=10 + number % 7, prediction=area, reference=area),
        "hd95": 2.0 + number % 3,
        "nsd": 0.5 + 0.01 * number,
        "unit": "px",
        "peak": 0.9,
        "reliability": measure_reliability(
            np.full((2, 3), 0.1 * (number % 9) + 0.05, dtype=np.float32), np.eye(2, 3) > 0
        ),
    }
    return CaseScore(**(values | changes))


def summary(scores, **choices):
    return summarise(scores, rng=np.random.default_rng(0), **choices)


def test_every_score_lies_within_its_interval():
    found = summary([score(number) for number in range(30)])
    assert tuple(found.estimates) == SCORES
    for name in ("dice_per_image", "dice_pooled", "iou_per_image", "iou_pooled", "nsd", "hd95"):
        estimate = found.estimates[name]
        assert estimate.interval.low < estimate.value < estimate.interval.high


def test_an_interval_belongs_to_its_score_and_policy():
    blank = Overlap(intersection=0, prediction=0, reference=0)
    scores = [score(n) for n in range(20)] + [score(n, overlap=blank) for n in range(20, 40)]
    for policy in ("count", "exclude"):
        for name in ("dice_per_image", "iou_per_image", "nsd"):
            found = summary(scores, empty=policy).estimates[name]
            assert found.interval.low < found.value < found.interval.high


def test_millimetres_and_pixels_are_never_averaged():
    mixed = summary([score(1), score(2, unit="mm")])
    assert mixed.unit is None
    assert mixed.estimates["hd95"].value is None
    assert summary([score(1, unit="mm"), score(2, unit="mm")]).unit == "mm"


def test_nothing_drawn_where_nothing_is_scores_one_in_both_conventions():
    blank = Overlap(intersection=0, prediction=0, reference=0)
    found = summary([score(n, overlap=blank, hd95=None) for n in range(4)]).estimates
    assert found["dice_per_image"].value == found["dice_pooled"].value == 1
    assert found["hd95"].value is None


def test_presence_is_judged_by_the_peak():
    absent = Overlap(intersection=0, prediction=0, reference=0)
    scores = [score(1, peak=0.9), score(2, peak=0.2), score(3, peak=0.4, overlap=absent)]
    assert summary(scores).estimates["presence_auroc"].value == 0.5


def test_calibration_is_pooled_over_all_pixels():
    scores = [score(1), score(2)]
    squares = sum(one.reliability.squared_error for one in scores)
    assert summary(scores).estimates["brier"].value == pytest.approx(squares / 12)


def test_no_case_has_no_summary():
    with pytest.raises(ValueError, match="no case to score"):
        summary([])
