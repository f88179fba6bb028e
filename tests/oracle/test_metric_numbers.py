"""Our scores against those of other libraries; `make_metric_numbers.py` wrote theirs down.

MONAI measures distances as we do, between centres of outline pixels, and so do ITK's contours and
distance maps. surface-distance (DeepMind) lays the outline between the pixels and weighs it by its
length, so that its distances may be off ours by up to a pixel's diagonal.
"""

import json
import math
from pathlib import Path

import pytest
from oracle.mask_pairs import mask_pairs

from lingseg.metrics import hd95, measure_overlap, measure_reliability, measure_surfaces, nsd

NUMBERS = json.loads(Path(__file__).with_name("metric_numbers.json").read_text(encoding="utf-8"))
PAIRS = [pytest.param(pair, NUMBERS["pairs"][pair.name], id=pair.name) for pair in mask_pairs()]


def surfaces(pair):
    return measure_surfaces(pair.prediction, pair.reference, spacing=pair.spacing)


@pytest.mark.parametrize(("pair", "theirs"), PAIRS)
@pytest.mark.parametrize("library", ["monai", "scikit-learn", "simpleitk", "surface-distance"])
def test_overlaps_are_those_of_four_libraries(pair, theirs, library):
    overlap = measure_overlap(pair.prediction, pair.reference)
    assert overlap.dice == pytest.approx(theirs[library]["dice"], abs=1e-6)
    if "iou" in theirs[library]:
        assert overlap.iou == pytest.approx(theirs[library]["iou"], abs=1e-6)


@pytest.mark.parametrize(("pair", "theirs"), PAIRS)
@pytest.mark.parametrize("library", ["monai", "simpleitk"])
def test_outlines_are_measured_as_by_two_libraries(pair, theirs, library):
    assert hd95(surfaces(pair)) == pytest.approx(theirs[library]["hd95"], abs=1e-5)
    assert nsd(surfaces(pair), tolerance=pair.tolerance) == pytest.approx(
        theirs[library]["nsd"], abs=1e-6
    )


@pytest.mark.parametrize(("pair", "theirs"), PAIRS)
def test_an_outline_laid_between_the_pixels_is_a_pixel_off_at_most(pair, theirs):
    diagonal = math.hypot(*pair.spacing)
    other = theirs["surface-distance"]
    assert hd95(surfaces(pair)) == pytest.approx(other["hd95"], abs=diagonal)
    narrow, wide = (
        nsd(surfaces(pair), tolerance=max(0.0, pair.tolerance + step))
        for step in (-diagonal, diagonal)
    )
    assert narrow - 0.05 <= other["nsd"] <= wide + 0.05  # lengths weigh a few points otherwise


@pytest.mark.parametrize(("pair", "theirs"), PAIRS)
def test_calibration_is_that_of_scikit_learn(pair, theirs):
    reliability = measure_reliability(pair.probabilities, pair.reference)
    assert reliability.ece == pytest.approx(theirs["scikit-learn"]["ece"], abs=1e-8)
    assert reliability.brier == pytest.approx(theirs["scikit-learn"]["brier"], abs=1e-8)


def test_the_pairs_are_of_many_kinds():
    found = [numbers["monai"] for numbers in NUMBERS["pairs"].values()]
    for metric in ("dice", "iou", "nsd"):
        assert min(one[metric] for one in found) == 0
        assert max(one[metric] for one in found) == 1
        assert len({one[metric] for one in found}) > 8
    assert {"monai", "scikit-learn", "simpleitk", "surface-distance"} <= set(NUMBERS["versions"])
