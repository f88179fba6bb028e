from dataclasses import replace

import numpy as np
import pytest
from block_readers import reader

from lingseg.evaluation.audit.callable_predictor import CallablePredictor
from lingseg.evaluation.audit.degradation_row import DegradationRow
from lingseg.evaluation.audit.degraded_view import degraded_views
from lingseg.imaging.image import Image


def tolerant(image, text):
    """Read, and find blocks whose edges are soft or noisy."""
    bright = image.mean(axis=2) > 200
    return reader(np.where(bright[..., None], 255, 0).astype(np.uint8).repeat(3, axis=2), text)


@pytest.fixture
def picture():
    rng = np.random.default_rng(0)
    return Image(pixels=rng.integers(0, 255, size=(40, 60), dtype=np.uint8), spacing=(2.0, 2.0))


def test_a_model_that_needs_perfect_pixels_is_convicted(judge, figure, cases):
    row = judge(CallablePredictor(reader), DegradationRow(cases=cases, seed=0), cases)
    assert row.verdict == "no"
    assert figure(row, "dice_noise_5") < 0.95
    assert figure(row, "drop_words_lost_100") > 0


def never(image, _):
    """Draw nothing."""
    return np.zeros(image.shape[:2])


def always(image, _):
    """Draw nothing in its place: far from any block."""
    drawn = np.zeros(image.shape[:2])
    drawn[0, 0] = 1
    return drawn


@pytest.mark.parametrize("model", [never, always])
def test_who_finds_nothing_has_nothing_to_lose(judge, figure, cases, model):
    row = judge(CallablePredictor(model), DegradationRow(cases=cases, seed=0), cases)
    assert figure(row, "drop_noise_5") == 0
    assert row.verdict == "unclear"
    assert "nothing to lose" in row.sentence


def test_fewer_words_never_help_a_reader(judge, cases):
    row = judge(CallablePredictor(reader), DegradationRow(cases=cases, seed=0), cases)
    (line,) = next(plot for plot in row.plots if plot.key == "words_lost").lines
    assert line.xs == (0, 25, 50, 75, 100)
    assert line.ys[0] == 1
    assert list(line.ys) == sorted(line.ys, reverse=True)


def test_noise_costs_a_tolerant_model_less(judge, figure, cases):
    check = DegradationRow(cases=cases, seed=0)
    strict = judge(CallablePredictor(reader), check, cases)
    kind = judge(CallablePredictor(tolerant), check, cases)
    assert figure(kind, "drop_noise_5") < figure(strict, "drop_noise_5") - 0.1


def test_a_set_without_sentences_still_has_pictures_to_spoil(judge, cases):
    silent = tuple(replace(case, text="") for case in cases)
    row = judge(CallablePredictor(reader), DegradationRow(cases=silent, seed=0), silent)
    assert {plot.key for plot in row.plots} == {"noise", "blur", "down_sampling"}
    assert "No case has a sentence" in row.why_not


def test_a_degraded_picture_is_the_same_every_time(picture):
    for again in (degraded_views(3), degraded_views(3)):
        for kind, by_strength in degraded_views(3).items():
            for strength, view in by_strength.items():
                first, second = view.show(picture), again[kind][strength].show(picture)
                assert np.array_equal(first.pixels, second.pixels)
    one, other = (degraded_views(seed)["noise"][5].show(picture) for seed in (3, 4))
    assert not np.array_equal(one.pixels, other.pixels)


def test_a_degraded_picture_keeps_its_size_and_spacing_and_its_grey(picture):
    for by_strength in degraded_views(0).values():
        for view in by_strength.values():
            shown = view.show(picture)
            assert (shown.size, shown.spacing) == (picture.size, picture.spacing)
            assert np.ptp(shown.pixels.astype(int), axis=2).max() == 0
            assert view.keeps_places


@pytest.mark.parametrize("kind", ["noise", "blur", "down-sampling"])
def test_a_stronger_degradation_leaves_less_of_the_picture(picture, kind):
    errors = [
        np.abs(view.show(picture).pixels[..., 0].astype(float) - picture.pixels).mean()
        for view in degraded_views(0)[kind].values()
    ]
    assert errors == sorted(errors)
    assert errors[0] > 1


def test_every_degraded_view_has_a_name_of_its_own():
    views = [view.name for by in degraded_views(0).values() for view in by.values()]
    assert len(set(views)) == len(views) == 9
