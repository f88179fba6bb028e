from dataclasses import replace

import numpy as np
import pytest
from fake_predictors import SIZE, Fixed, Oracle, box, write_case

from lingseg.evaluation.evaluate import evaluate, spread, spread_pictures
from lingseg.evaluation.journal import journal_path
from lingseg.imaging.reading import read_image

BLANK = box(0, 0, 0, 0)


@pytest.fixture
def cases(tmp_path):
    return [
        write_case(tmp_path, "a1", box(2, 2, 4, 5), subject="a", label="box"),
        write_case(tmp_path, "a2", box(3, 4, 6, 6), subject="a", label="box"),
        write_case(tmp_path, "b1", box(1, 9, 2, 8), subject="b", label="bar"),
        write_case(tmp_path, "c1", BLANK, subject="c", label="none"),
    ]


def run(predictor, cases, **choices):
    return evaluate(predictor, cases, rng=np.random.default_rng(0), **choices)


def value(evaluation, name):
    return evaluation.overall.estimates[name].value


def test_the_reference_itself_scores_full_marks(cases):
    evaluation = run(Oracle(), cases)
    for name in ("dice_per_image", "dice_pooled", "iou_per_image", "iou_pooled", "nsd"):
        assert value(evaluation, name) == 1
    assert value(evaluation, "hd95") == 0
    assert value(evaluation, "null_accuracy") == 1


def test_scores_follow_from_the_boxes_by_hand(cases):
    evaluation = run(Fixed(box(2, 2, 4, 5)), cases)
    shared = 3 * 3  # of the first answer, 20 pixels, with the second box, 36
    dice = [1, 2 * shared / 56, 0, 0]
    assert [score.overlap.dice for score in evaluation.cases] == pytest.approx(dice)
    assert value(evaluation, "dice_per_image") == pytest.approx(sum(dice) / 4)
    assert value(evaluation, "dice_pooled") == pytest.approx(2 * 29 / (4 * 20 + 20 + 36 + 16))
    assert value(evaluation, "null_accuracy") == 0
    overall = evaluation.overall
    assert (overall.num_images, overall.num_subjects) == (4, 3)
    assert (overall.num_both_empty, overall.num_drawn_on_nothing) == (0, 1)


def test_an_undefined_distance_stays_out_of_the_mean(cases):
    evaluation = run(Oracle(), cases)
    assert [score.hd95 for score in evaluation.cases] == [0, 0, 0, None]
    missed = run(Fixed(BLANK), cases)
    assert value(missed, "hd95") is None
    assert missed.overall.num_missed_whole == 3
    assert value(missed, "nsd") == pytest.approx(1 / 4)


def test_empty_pairs_can_be_left_out_of_the_means(cases):
    counted = run(Fixed(BLANK), cases)
    left_out = run(Fixed(BLANK), cases, empty="exclude")
    assert value(counted, "dice_per_image") == pytest.approx(1 / 4)
    assert value(left_out, "dice_per_image") == 0
    assert left_out.overall.num_both_empty == 1


def test_every_label_has_its_own_summary(cases):
    evaluation = run(Fixed(box(2, 2, 4, 5)), cases)
    assert list(evaluation.by_label) == ["box", "bar", "none"]
    assert evaluation.by_label["box"].num_images == 2
    assert evaluation.by_label["bar"].estimates["dice_per_image"].value == 0


def test_one_label_alone_makes_no_groups(cases):
    assert not run(Oracle(), cases[:2]).by_label


def test_a_threshold_that_is_given_goes_before_the_predictors_own(cases):
    assert value(run(Oracle(probability=0.4), cases), "dice_pooled") == 0
    assert value(run(Oracle(probability=0.4), cases, threshold=0.3), "dice_pooled") == 1


def test_a_pixel_at_the_threshold_is_in(cases):
    assert value(run(Oracle(probability=0.5), cases), "dice_pooled") == 1


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.5, float("nan")])
def test_a_threshold_that_is_none_is_refused(cases, threshold):
    with pytest.raises(ValueError, match="expected more than 0 and at most 1"):
        run(Oracle(), cases, threshold=threshold)


def test_a_reference_on_another_grid_is_met_there(tmp_path):
    case = write_case(tmp_path, "big", box(4, 4, 8, 10, size=(24, 40)))
    small = write_case(tmp_path, "small", box(2, 2, 4, 5))
    mixed = write_case(tmp_path, "mixed", box(2, 2, 4, 5), mask=case.mask)
    evaluation = run(Fixed(box(2, 2, 4, 5)), [small, mixed])
    assert evaluation.cases[1].overlap.reference == 80
    assert evaluation.cases[1].overlap.dice > 0.8
    assert read_image(mixed.image).size == SIZE


def test_a_map_of_another_size_is_refused(cases):
    with pytest.raises(ValueError, match=r"a1: the prediction has shape \(3, 4\).*\(12, 20\)"):
        run(Fixed(np.zeros((3, 4))), cases)


def test_a_map_that_is_no_probability_is_refused(cases):
    with pytest.raises(ValueError, match="a1: The probabilities go from 0 to 7"):
        run(Fixed(box(2, 2, 4, 5) * 7.0), cases)


def test_cases_without_reference_are_refused_before_any_work(cases, tmp_path):
    oracle = Oracle()
    with pytest.raises(ValueError, match="1 of 5 cases have no reference mask, among them lost"):
        run(oracle, [*cases, write_case(tmp_path, "lost", None)])
    assert not oracle.asked


def test_two_cases_of_one_name_are_refused(cases):
    with pytest.raises(ValueError, match="1 case ids name several cases, among them a1"):
        run(Oracle(), [*cases, cases[0]])


def test_no_case_is_refused():
    with pytest.raises(ValueError, match="no case to score"):
        run(Oracle(), [])


def test_progress_is_told_after_every_case(cases):
    told = []
    run(Oracle(), cases, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


class StoppedError(Exception):
    pass


def stop_after(number):
    def progress(done, _):
        if done == number:
            raise StoppedError

    return progress


def test_a_stopped_evaluation_goes_on_where_it_was(cases, tmp_path):
    whole = run(Fixed(box(2, 2, 4, 5) * 0.8), cases)
    out = tmp_path / "out"
    with pytest.raises(StoppedError):
        run(Fixed(box(2, 2, 4, 5) * 0.8), cases, out=out, progress=stop_after(2))
    journal = journal_path(out, "fixed")
    torn = journal.read_text() + '{"digest": "a torn li'
    journal.write_text(torn)

    rest = Oracle(name="fixed", probability=0.8)
    resumed = run(rest, cases, out=out, resume=True)
    assert [case_id for case_id, _ in rest.asked] == ["b1", "c1"]
    first, second = (evaluation.cases[:2] for evaluation in (whole, resumed))
    assert [vars(s.overlap) for s in first] == [vars(s.overlap) for s in second]
    assert [s.reliability.ece for s in first] == [s.reliability.ece for s in second]
    assert [(s.nsd, s.hd95, s.unit) for s in first] == [(s.nsd, s.hd95, s.unit) for s in second]
    assert len(journal.read_text().splitlines()) == 5


def test_without_resume_everything_is_done_again(cases, tmp_path):
    run(Oracle(), cases, out=tmp_path / "out")
    again = Oracle()
    run(again, cases, out=tmp_path / "out")
    assert len(again.asked) == 4


def test_a_case_that_has_changed_is_scored_again(cases, tmp_path):
    run(Oracle(), cases, out=tmp_path / "out")
    changed = write_case(tmp_path, "a1", box(2, 2, 4, 5), subject="a", text="another text")
    again = Oracle()
    run(again, [changed, *cases[1:]], out=tmp_path / "out", resume=True)
    assert again.asked == [("a1", "another text")]


def test_other_choices_do_not_resume(cases, tmp_path):
    run(Oracle(), cases, out=tmp_path / "out")
    with pytest.raises(ValueError, match="Repeat the choices"):
        run(Oracle(), cases, out=tmp_path / "out", resume=True, tolerance=3.0)


def test_a_file_that_is_no_journal_is_not_resumed(cases, tmp_path):
    journal_path(tmp_path, "oracle").write_text("case,dice\n")
    with pytest.raises(ValueError, match="is no journal"):
        run(Oracle(), cases, out=tmp_path, resume=True)


def test_a_limited_list_is_taken_from_the_whole(cases):
    assert [case.case_id for case in spread(cases, 2)] == ["a1", "b1"]
    assert spread(cases, 9) == tuple(cases)
    with pytest.raises(ValueError, match="limit is 0"):
        spread(cases, 0)


def test_a_limit_keeps_the_cases_of_a_picture_together(tmp_path):
    cases = [
        write_case(tmp_path, f"{picture}_{nth}", box(1, 1, 3, 3))
        for picture in range(6)
        for nth in range(3)
    ]
    cases = [replace(case, image=tmp_path / case.case_id[0]) for case in cases]
    assert [case.case_id for case in spread_pictures(cases, 6)] == [
        "0_0", "0_1", "0_2", "3_0", "3_1", "3_2",
    ]  # fmt: skip
    assert len(spread_pictures(cases, 4)) == 4
    assert len(spread_pictures(cases, 99)) == 18
    with pytest.raises(ValueError, match="limit is 0"):
        spread_pictures(cases, 0)
