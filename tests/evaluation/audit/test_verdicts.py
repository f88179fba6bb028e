import pytest

from lingseg.evaluation.audit.verdicts import (
    FEWEST_SUBJECTS,
    judge_above,
    judge_below,
    judge_together,
    worst,
)
from lingseg.evaluation.summary import Estimate
from lingseg.metrics.uncertainty import Interval


@pytest.mark.parametrize(
    ("value", "ends", "subjects", "verdict"),
    [
        (0.2, (0.15, 0.3), 9, "yes"),
        (0.05, (0.0, 0.09), 9, "no"),
        (0.2, (0.05, 0.3), 9, "unclear"),
        (0.2, None, 9, "yes"),
        (0.0, None, 9, "no"),
        (0.2, None, 1, "unclear"),
        (None, None, 9, "unclear"),
    ],
)
def test_an_interval_decides_unless_it_holds_the_threshold(value, ends, subjects, verdict):
    estimate = Estimate(value, Interval(*ends) if ends else None)
    opposite = {"yes": "no", "no": "yes"}
    assert judge_above(estimate, 0.1, num_subjects=subjects) == verdict
    below = judge_below(estimate, 0.1, num_subjects=subjects)
    assert below == opposite.get(verdict, verdict)


@pytest.mark.parametrize("ends", [None, (0.45, 0.55), (0.5, 0.5)])
def test_nothing_is_concluded_of_fewer_than_five_subjects(ends):
    estimate = Estimate(0.5, Interval(*ends) if ends else None)
    found = {}
    for subjects in (2, 3, 4, 5, 6):
        found[subjects] = {
            judge(estimate, limit, num_subjects=subjects)
            for judge in (judge_above, judge_below)
            for limit in (0.1, 0.9)
        }
    few, enough = {"unclear"}, {"yes", "no"}
    assert found == {2: few, 3: few, 4: few, 5: enough, 6: enough}
    assert FEWEST_SUBJECTS == 5


def test_the_worst_verdict_is_no_then_unclear_then_partly():
    assert worst(["yes", "partly", "unclear", "no"]) == "no"
    assert worst(["yes", "partly", "unclear"]) == "unclear"
    assert worst(["yes", "partly"]) == "partly"
    assert worst(["yes", "not measured"]) == "yes"
    assert worst([]) == "not measured"


def test_verdicts_that_differ_are_partly():
    assert judge_together(["yes", "yes"]) == "yes"
    assert judge_together(["yes", "no"]) == "partly"
    assert judge_together(["yes", "unclear"]) == "unclear"
    assert judge_together(["not measured", "no"]) == "no"
    assert judge_together([]) == "not measured"
