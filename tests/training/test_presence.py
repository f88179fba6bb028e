"""From which presence on a target is drawn, and from which on it is found."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import write_png
from training.judging import Judging
from training.small_run import RECIPE, write_blocks

from lingseg.models import build_model
from lingseg.training.batch import PixelCache
from lingseg.training.presence import (
    AbsentQuestions,
    Presence,
    choose_presence_thresholds,
    present_targets,
)
from lingseg.training.validation import CaseScore


def one_each(probabilities, name="a"):
    return [
        Presence(subject=f"{name}{number}", probability=float(probability))
        for number, probability in enumerate(probabilities)
    ]


def share(found, test):
    return np.mean([test(one.probability) for one in found])


def test_where_present_and_absent_mix_there_is_an_unsure_zone_between_the_rates():
    present, absent = one_each(np.linspace(0.3, 0.99, 99)), one_each(np.linspace(0.01, 0.7, 99))
    chosen = choose_presence_thresholds(present, absent)
    assert chosen.draw_from < chosen.sure_from
    assert 0.03 < share(present, lambda one: one < chosen.draw_from) <= 0.05
    assert 0.03 < share(absent, lambda one: one >= chosen.sure_from) <= 0.05


def test_none_is_refused_where_that_refuses_no_more_of_what_is_absent():
    present, absent = one_each(np.linspace(0.3, 0.99, 99)), one_each([0.1] * 80 + [0.95] * 10)
    chosen = choose_presence_thresholds(present, absent)
    assert chosen.draw_from == 0.3
    low = [replace(one, subject="a0") for one in one_each([0.01] * 1000)]
    assert choose_presence_thresholds([*present, *low], absent).draw_from == 0.3  # one subject


@pytest.mark.parametrize(
    ("present", "absent", "expected"),
    [
        ((0.8, 0.99), (0.01, 0.2), 0.5),
        ((0.8, 0.99), (0.5, 0.7), 0.69),
        ((0.2, 0.4), (0, 0.1), 0.21),
    ],
)
def test_where_the_two_are_apart_one_threshold_near_one_half_keeps_both_rates(
    present, absent, expected
):
    present, absent = one_each(np.linspace(*present, 60)), one_each(np.linspace(*absent, 60))
    chosen = choose_presence_thresholds(present, absent)
    assert chosen.draw_from == chosen.sure_from == pytest.approx(expected, abs=0.01)
    assert share(present, lambda one: one < chosen.draw_from) <= 0.05
    assert share(absent, lambda one: one >= chosen.sure_from) <= 0.05


def test_with_few_absent_subjects_nothing_is_said_to_be_sure():
    present = one_each(np.linspace(0.9, 0.99, 60))
    absent = [replace(one, subject=f"{number % 18}") for number, one in enumerate(present)]
    chosen = choose_presence_thresholds(present, absent)
    assert (chosen.draw_from, chosen.sure_from) == (0.5, None)
    assert choose_presence_thresholds(present, []) == chosen


def test_with_few_present_subjects_none_of_them_is_refused():
    absent = one_each(np.linspace(0.0, 0.8, 60))
    chosen = choose_presence_thresholds(one_each([0.3, 0.9]), absent)
    assert chosen.draw_from == 0.3
    assert 0.7 < chosen.sure_from < 0.8
    assert choose_presence_thresholds(one_each([0.99]), []).draw_from == 0.5


def test_a_model_that_is_not_asked_has_no_thresholds():
    chosen = choose_presence_thresholds([], one_each(np.linspace(0, 1, 60)))
    assert (chosen.draw_from, chosen.sure_from) == (None, None)


def test_probabilities_that_ran_into_one_claim_nothing():
    ends = one_each([1.0] * 60)
    assert choose_presence_thresholds(ends, ends).sure_from is None
    apart = choose_presence_thresholds(ends, one_each([0.0] * 60))
    assert apart.draw_from == apart.sure_from == 0.5


def test_present_targets_that_are_given_nothing_are_not_refused_for_it():
    chosen = choose_presence_thresholds(one_each([0.0] * 60), one_each([0.0] * 60))
    assert chosen.draw_from is None


def test_absent_is_below_sure_even_where_many_are_alike():
    absent = one_each([0.1] * 30 + [0.75] * 30)
    chosen = choose_presence_thresholds(one_each(np.linspace(0.2, 0.99, 60)), absent)
    assert share(absent, lambda one: one >= chosen.sure_from) == 0


@pytest.mark.parametrize("shift", [0.5, 3.0])
def test_both_rates_hold_on_exchangeable_draws(shift):
    rng = np.random.default_rng(3)

    def drawn(count, middle):
        return 1 / (1 + np.exp(-rng.normal(middle, 1.0, count)))

    new_present, new_absent = drawn(20_000, shift), drawn(20_000, -shift)
    refused, found = [], []
    for _ in range(300):
        chosen = choose_presence_thresholds(one_each(drawn(40, shift)), one_each(drawn(40, -shift)))
        refused.append(np.mean(new_present < chosen.draw_from))
        found.append(np.mean(new_absent >= chosen.sure_from))
    for rates in (refused, found):
        assert np.mean(rates) <= 0.05 + 2 * np.std(rates) / np.sqrt(len(rates))
    assert np.mean(refused) > 0.03 or shift > 1


def case_score(presence, *, subject="s", is_there=True):
    return CaseScore(subject=subject, overlaps=(), presence=presence, is_there=is_there)


def test_present_are_targets_that_are_there_and_subjects_of_two_sets_are_two():
    scores = {
        "one": [case_score(0.9), case_score(0.2, is_there=False)],
        "other": [case_score(0.8), case_score(None)],
    }
    assert present_targets(scores) == [
        Presence(subject="one/s", probability=0.9),
        Presence(subject="other/s", probability=0.8),
    ]


@pytest.fixture(scope="module")
def blocks(tmp_path_factory):
    """Two sets, of which each shows what the other does not; one case has nothing to show."""
    folder = tmp_path_factory.mktemp("blocks")
    first, second = write_blocks(folder / "a"), write_blocks(folder / "b")
    first, second = renamed(first, "first", "the first"), renamed(second, "second", "the second")
    nothing, vanishing, *rest = first.splits["val"]
    write_png(nothing.mask, np.zeros((24, 32), dtype=np.uint8))
    speck = np.zeros((240, 320), dtype=np.uint8)
    speck[7, 9] = 255
    write_png(vanishing.mask, speck)
    return replace(first, splits={**first.splits, "val": (nothing, vanishing, *rest)}), second


def renamed(dataset, name, text):
    cases = tuple(replace(case, text=text) for case in dataset.splits["val"])
    info = replace(dataset.info, name=name, modality="")
    return replace(dataset, info=info, splits={**dataset.splits, "val": cases})


def asked(datasets, seed=0):
    cache = PixelCache(RECIPE.data)
    return AbsentQuestions(datasets, cache, batch_size=3, seed=seed)


def test_each_case_is_asked_once_for_what_it_does_not_show(blocks):
    found = list(asked(blocks).questions())
    texts = [case.text for _, case in found]
    assert texts == ["the first", *["the second"] * 3, *["the first"] * 4]
    assert [name.split("/")[0] for name, _ in found] == ["first"] * 4 + ["second"] * 4


def test_no_denial_is_asked(blocks):
    denying = [renamed(one, one.info.name, "no mass") for one in blocks]
    assert list(asked(denying).questions()) == []


def test_the_same_seed_asks_the_same(blocks):
    some = [
        replace(one, info=replace(one.info, modality="MR"), splits={"val": one.splits["val"]})
        for one in blocks
    ]
    asked_twice = [[case.text for _, case in asked(some).questions()] for _ in range(2)]
    assert asked_twice[0] == asked_twice[1]
    assert asked_twice[0] != [case.text for _, case in asked(some, seed=1).questions()]


@pytest.mark.parametrize("judges", [True, False])
def test_a_model_is_asked_in_batches_and_only_told_what_it_judges(blocks, judges):
    model = Judging(build_model(RECIPE.model), judges=judges)
    longer = renamed(blocks[0], "first", "the very first of all the blocks")
    found = asked([longer, blocks[1]]).ask(model)
    if not judges:
        assert found == []
        return
    of_first = [one.probability for one in found if one.subject.startswith("first/")]
    of_second = [one.probability for one in found if one.subject.startswith("second/")]
    assert len(of_first) == len(of_second) == 4
    assert max(of_first[1:]) < min(of_second) == max(of_second) == of_first[0]
