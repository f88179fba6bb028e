import json
from dataclasses import replace
from io import StringIO
from types import MappingProxyType

import pytest
from rich.console import Console

from lingseg.evaluation.compare import Comparison, Difference
from lingseg.evaluation.comparison_report import (
    comparison_as_json,
    comparison_as_markdown,
    comparison_table,
    describe_difference,
    notes,
    write_comparison,
)
from lingseg.metrics.uncertainty import Interval

BETTER = Difference(
    first="A", second="B[red]", metric="dice", first_mean=0.853, second_mean=0.84,
    interval=Interval(0.004, 0.022), p_value=0.0013, p_adjusted=0.004, smallest_detectable=0.009,
)  # fmt: skip
COMPARISON = Comparison(
    dataset="boxes", split="test", models=("A", "B[red]"), num_images=60, num_subjects=20,
    num_left_out=MappingProxyType({"A": 2, "B[red]": 0}), tolerance=2.0, empty="count",
    differences=(BETTER, replace(BETTER, metric="iou"), replace(BETTER, metric="nsd")),
)  # fmt: skip


def with_p(p_value):
    """Return a comparison of one pair with this p value."""
    return replace(COMPARISON, differences=(replace(BETTER, p_value=p_value, p_adjusted=0.5),))


def test_a_difference_reads_as_a_sentence():
    assert describe_difference(BETTER, COMPARISON) == (
        "A is better than B[red] by 1.3 points of Dice per image [0.4, 2.2], p = 0.004 after Holm "
        "over 3 comparisons; differences below 0.9 points would be missed more than one time in "
        "five."
    )


def test_the_better_one_is_named_first():
    turned = replace(BETTER, first_mean=0.84, second_mean=0.853, interval=Interval(-0.022, -0.004))
    assert describe_difference(turned, COMPARISON).startswith(
        "B[red] is better than A by 1.3 points of Dice per image [0.4, 2.2]"
    )


def test_what_is_not_told_apart_is_called_so():
    close = replace(BETTER, p_adjusted=0.05, interval=Interval(-0.001, 0.02))
    alone = replace(COMPARISON, differences=(close,))
    assert describe_difference(close, alone) == (
        "A and B[red] are not told apart: 1.3 points of Dice per image between them [-0.1, 2.0], "
        "p = 0.05; differences below 0.9 points would be missed more than one time in five."
    )


def test_equal_models_and_single_subjects_have_their_own_sentence():
    same = replace(BETTER, second_mean=0.853, interval=None, smallest_detectable=0.0)
    assert "do not differ" in describe_difference(same, COMPARISON)
    single = replace(BETTER, interval=None, p_adjusted=1.0, smallest_detectable=None)
    assert describe_difference(single, COMPARISON).endswith("one subject tells nothing of others.")


def test_equal_means_of_unequal_subjects_may_still_differ():
    level = replace(BETTER, second_mean=0.853, p_adjusted=1.0, interval=Interval(-0.01, 0.01))
    assert "not told apart: 0.0 points" in describe_difference(level, COMPARISON)


@pytest.mark.parametrize("tolerance", [2.0, None])
def test_the_tolerance_is_told_where_there_is_one(tolerance):
    told = " ".join(notes(replace(COMPARISON, tolerance=tolerance)))
    assert ("a tolerance of 2." in told) == (tolerance is not None)


@pytest.mark.parametrize(("subjects", "is_told"), [(2, True), (5, True), (6, False)])
def test_too_few_subjects_are_told_of(subjects, is_told):
    told = " ".join(notes(replace(COMPARISON, num_subjects=subjects)))
    assert ("it takes six" in told) == is_told
    assert "2 cases of A are left out" in told


def test_the_table_shows_every_difference_and_takes_names_as_they_are():
    console = Console(width=100, file=StringIO())
    console.print(comparison_table(COMPARISON))
    text = console.file.getvalue()
    assert "boxes, test: 60 images of 20 subjects" in text
    assert "A - B[red]" in text
    (line,) = [line for line in text.splitlines() if line.strip().startswith("Dice")]
    for cell in ("85.30", "84.00", "+1.30", "+0.40, +2.20", "0.0013", "0.004", "0.90"):
        assert cell in line


def test_small_p_values_are_short_and_never_nought():
    (row,) = [line for line in comparison_as_markdown(with_p(0.00001234)).splitlines()
              if line.startswith("| A - ")]  # fmt: skip
    assert "| 1.2e-05 |" in row
    assert "| 5.2e-04 |" in comparison_as_markdown(with_p(0.00052))
    assert "| 0.0012 |" in comparison_as_markdown(with_p(0.001234))


def test_a_bar_in_a_name_does_not_split_its_row():
    named = replace(BETTER, second="B|old")
    page = comparison_as_markdown(replace(COMPARISON, differences=(named,)))
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert "A - B/old" in rows[-1]
    assert len({row.count("|") for row in rows}) == 1


def test_files_hold_the_numbers_and_the_sentences(tmp_path):
    write_comparison(tmp_path / "out", COMPARISON)
    found = json.loads((tmp_path / "out/compare.json").read_text())
    assert found == json.loads(json.dumps(comparison_as_json(COMPARISON)))
    first = found["differences"][0]
    assert first["difference"] == pytest.approx(0.013)
    assert (first["interval"], first["is_significant"]) == ({"low": 0.004, "high": 0.022}, True)
    page = (tmp_path / "out/compare.md").read_text()
    assert describe_difference(BETTER, COMPARISON) in page
    assert len([line for line in page.splitlines() if line.startswith("| A - B[red] |")]) == 3
