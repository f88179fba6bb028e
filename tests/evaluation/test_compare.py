from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lingseg.evaluation.compare import compare
from lingseg.evaluation.scored_cases import ScoredCase, ScoredCases
from lingseg.metrics.overlap import Overlap
from lingseg.metrics.uncertainty import smallest_detectable

NUM_SUBJECTS, IMAGES_EACH = 20, 3


def rng():
    return np.random.default_rng(0)


def scored_case(hits, subject, *, reference=100, nsd=0.5, unit="px"):
    overlap = Overlap(intersection=hits, prediction=100, reference=reference)
    return ScoredCase(subject=subject, overlap=overlap, nsd=nsd, unit=unit)


def model(name, hits, *, subjects=NUM_SUBJECTS, **changes):
    """Return a model that hits so many of a hundred pixels in every case; Dice is a hundredth."""
    cases = {
        f"c{number}": scored_case(int(hit), f"s{number % subjects}")
        for number, hit in enumerate(hits)
    }
    values = {"name": name, "path": Path(name) / "per_case.csv", "dataset": "boxes"}
    values |= {"split": "test", "tolerance": 2.0, "cases": cases}
    return ScoredCases(**(values | changes))


@pytest.fixture
def hits():
    """Hits of two models, the first some 5 points better, images of a subject alike."""
    draw = np.random.default_rng(3)
    number = NUM_SUBJECTS * IMAGES_EACH
    subjects = np.arange(number) % NUM_SUBJECTS
    second = 60 + draw.integers(0, 20, NUM_SUBJECTS)[subjects]
    gaps = draw.integers(1, 10, NUM_SUBJECTS)[subjects]
    return second + gaps, second


@pytest.fixture
def pair(hits):
    return [model(name, found) for name, found in zip("AB", hits, strict=True)]


def test_the_difference_is_that_of_the_means(pair, hits):
    found = compare(pair, rng=rng())
    first, second = (values.mean() / 100 for values in hits)
    dice = found.differences[0]
    assert (dice.metric, dice.first_mean, dice.second_mean) == (
        "dice",
        pytest.approx(first),
        pytest.approx(second),
    )
    assert dice.difference == pytest.approx(first - second)
    assert dice.interval.low < dice.difference < dice.interval.high
    assert (found.num_images, found.num_subjects) == (60, 20)
    assert [one.metric for one in found.differences] == ["dice", "iou", "nsd"]


def test_a_model_that_is_better_everywhere_is_told_from_the_other(pair):
    found = compare(pair, rng=rng(), metrics=("dice",)).differences[0]
    assert found.is_significant
    assert found.p_value == found.p_adjusted == 1 / 10_001
    assert 0 < found.smallest_detectable < found.difference


def test_models_that_differ_by_chance_are_not_told_apart(hits):
    second = hits[1]
    other = second + np.where(np.arange(60) % 20 < 10, 1, -1)
    found = compare([model("A", second), model("B", other)], rng=rng()).differences[0]
    assert not found.is_significant
    assert found.p_value > 0.5


def test_subjects_are_the_witnesses_and_not_images(hits):
    first, second = hits
    few = compare(
        [model("A", first, subjects=4), model("B", second, subjects=4)],
        rng=rng(),
        metrics=("dice",),
    )
    assert few.num_subjects == 4
    assert few.differences[0].p_value == 2 / 2**4


def test_copies_of_an_image_make_no_difference_surer(hits):
    first, second = hits  # every subject has three images that are alike
    many, one = (
        compare(
            [model("A", first[:number]), model("B", second[:number])], rng=rng(), metrics=("dice",)
        ).differences[0]
        for number in (60, 20)
    )
    for end in ("low", "high"):
        assert getattr(many.interval, end) == pytest.approx(getattr(one.interval, end))
    assert many.smallest_detectable == pytest.approx(one.smallest_detectable)
    gaps = (first[:20] - second[:20]) / 100
    subjects = [f"s{number}" for number in range(20)]
    assert one.smallest_detectable == pytest.approx(smallest_detectable(gaps, subjects))


def test_every_score_is_its_own():
    found = compare([model("A", [50] * 9), model("B", [100] * 9)], rng=rng()).differences
    means = {one.metric: (one.first_mean, one.second_mean) for one in found}
    assert means["dice"] == pytest.approx((0.5, 1))
    assert means["iou"] == pytest.approx((1 / 3, 1))
    assert means["nsd"] == pytest.approx((0.5, 0.5))
    cases = {f"c{n}": scored_case(50, f"s{n}", nsd=0.9) for n in range(9)}
    nsd = compare([model("A", [50] * 9), model("B", [50] * 9, cases=cases)], rng=rng())
    assert nsd.differences[-1].second_mean == pytest.approx(0.9)


def test_all_pairs_and_scores_are_corrected_together(pair, hits):
    three = [*pair, model("C", hits[1] + np.arange(60) % 3)]
    found = compare(three, rng=rng(), metrics=("dice", "iou"))
    names = [(one.first, one.second, one.metric) for one in found.differences]
    assert names == [(a, b, m) for a, b in ("AB", "AC", "BC") for m in ("dice", "iou")]
    least = min(found.differences, key=lambda one: one.p_value)
    assert least.p_adjusted == pytest.approx(6 * least.p_value)


def test_what_does_not_hold_after_the_correction_is_not_significant(pair):
    found = compare(pair, rng=rng(), metrics=("dice",)).differences[0]
    assert not replace(found, p_value=0.01, p_adjusted=0.06).is_significant
    assert not replace(found, p_value=0.01, p_adjusted=0.05).is_significant
    assert replace(found, p_value=0.01, p_adjusted=0.04).is_significant


def test_a_score_that_is_asked_for_twice_is_compared_once(pair):
    found = compare(pair, rng=rng(), metrics=("iou", "dice", "iou"))
    assert [one.metric for one in found.differences] == ["iou", "dice"]


def test_as_many_exchanges_are_drawn_as_asked_for(pair):
    found = compare(pair, rng=rng(), metrics=("dice",), num_permutations=99)
    assert found.differences[0].p_value == 1 / 100


def test_the_same_seed_gives_the_same_comparison(pair):
    assert compare(pair, rng=rng()) == compare(pair, rng=rng())


def test_cases_are_paired_by_name_and_not_by_place(pair):
    turned = replace(pair[1], cases=dict(reversed(pair[1].cases.items())))
    assert compare([pair[0], turned], rng=rng()) == compare(pair, rng=rng())


def test_other_cases_are_refused_unless_asked_for(pair):
    fewer = replace(pair[1], cases=dict(list(pair[1].cases.items())[6:]))
    with pytest.raises(ValueError, match=r"all have 54, and beyond these A 6.* --common"):
        compare([pair[0], fewer], rng=rng())
    found = compare([pair[0], fewer], rng=rng(), common=True)
    assert (found.num_images, dict(found.num_left_out)) == (54, {"A": 6, "B": 0})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "other"}, "A was scored on boxes, test, B on other, test"),
        ({"split": "val"}, "A was scored on boxes, test, B on boxes, val"),
        ({"cases": {"x": scored_case(1, "s0")}}, "no case in common"),
    ],
)
def test_other_data_are_refused_even_where_names_agree(pair, changes, message):
    with pytest.raises(ValueError, match=message):
        compare([pair[0], replace(pair[1], **changes)], rng=rng(), common=True)


@pytest.mark.parametrize(
    "other", [scored_case(60, "s0", reference=101), scored_case(60, "stranger")]
)
def test_a_case_with_another_reference_or_subject_is_another_case(pair, other):
    changed = replace(pair[1], cases={**pair[1].cases, "c0": other})
    with pytest.raises(ValueError, match="c0 is not one case"):
        compare([pair[0], changed], rng=rng())


@pytest.mark.parametrize(
    "changes",
    [{"tolerance": 3.0}, {"cases": {f"c{n}": scored_case(9, f"s{n % 20}", unit="mm")
                                    for n in range(60)}}],
)  # fmt: skip
def test_surface_scores_that_mean_different_things_are_left_out(pair, changes):
    others = [pair[0], replace(pair[1], **changes)]
    found = compare(others, rng=rng())
    assert {one.metric for one in found.differences} == {"dice", "iou"}
    assert found.tolerance is None
    with pytest.raises(ValueError, match="one --tolerance"):
        compare(others, rng=rng(), metrics=("nsd",))


def test_images_without_a_target_can_be_left_out():
    def with_blanks(name, drawn):
        blank = Overlap(intersection=0, prediction=drawn, reference=0)
        cases = {f"b{n}": ScoredCase(subject=f"b{n}", overlap=blank, nsd=1.0, unit="px")
                 for n in range(8)}  # fmt: skip
        return model(name, [50] * 8, cases=cases | dict(model(name, [50] * 8).cases))

    both = [with_blanks("A", 0), with_blanks("B", 7)]
    counted = compare(both, rng=rng(), metrics=("dice",)).differences[0]
    assert counted.difference == pytest.approx(0.5)
    found = compare(both, rng=rng(), metrics=("dice",), empty="exclude")
    assert (found.differences[0].difference, found.num_images) == (0, 8)
    only = [replace(one, cases={n: c for n, c in one.cases.items() if n[0] == "b"}) for one in both]
    with pytest.raises(ValueError, match="Every reference is empty"):
        compare(only, rng=rng(), empty="exclude")


def test_models_of_one_name_are_told_apart_by_their_folders(pair):
    again = replace(pair[1], name="A")
    assert compare([pair[0], again], rng=rng()).models == ("A (A)", "A (B)")


def test_one_model_is_no_comparison(pair):
    with pytest.raises(ValueError, match="expected two or more"):
        compare(pair[:1], rng=rng())
    with pytest.raises(ValueError, match="named twice"):
        compare([pair[0], pair[0]], rng=rng())
