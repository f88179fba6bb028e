"""How much of a machine a model uses."""

import pytest

from lingseg.prediction.speed import utilisation


def test_a_multiply_add_is_two_operations():
    assert utilisation(1.0, per_second=50.0, gflops=200.0) == pytest.approx(0.5)
