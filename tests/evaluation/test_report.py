import csv
import json
from io import StringIO

import numpy as np
import pytest
from fake_predictors import Fixed, Oracle, box, write_case
from rich.console import Console

from lingseg.evaluation.evaluate import evaluate
from lingseg.evaluation.journal import journal_path
from lingseg.evaluation.report import as_json, label_table, score_table, write_report
from lingseg.metrics.overlap import Overlap, dice_per_image, dice_pooled


@pytest.fixture
def evaluations(tmp_path):
    masks = [box(2, 2, 4, 5), box(3, 4, 6, 6), box(0, 0, 0, 0), box(1, 1, 2, 2), box(5, 5, 5, 5)]
    cases = [
        write_case(tmp_path, f"c{n}", mask, label=("even", "odd")[n % 2])
        for n, mask in enumerate(masks)
    ]
    predictors = [Fixed(box(2, 2, 5, 6) * 0.7), Oracle(name="a / b")]
    return [
        evaluate(one, cases, rng=np.random.default_rng(0), out=tmp_path / "out")
        for one in predictors
    ]


def printed(table):
    console = Console(width=80, file=StringIO())
    console.print(table)
    return console.file.getvalue()


def test_the_table_names_both_conventions(evaluations):
    text = printed(score_table(evaluations, title="boxes, test"))
    for row in ("Dice per image", "Dice pooled", "IoU per image", "IoU pooled", "NSD at 2 px"):
        assert row in text
    assert "\nDice " not in text.replace("Dice per", "").replace("Dice pooled", "")


def test_the_table_shows_score_interval_and_counts(evaluations):
    text = printed(score_table(evaluations, title="boxes, test"))
    overall = evaluations[0].overall
    estimate = overall.estimates["dice_per_image"]
    low, high = 100 * estimate.interval.low, 100 * estimate.interval.high
    assert f"{100 * estimate.value:.2f} [{low:.1f}, {high:.1f}]" in text
    assert ["drawn", "on", "nothing", "1", "0"] in [line.split() for line in text.splitlines()]


def test_three_predictors_fit_into_80_columns(evaluations):
    text = printed(score_table([*evaluations, evaluations[0]], title="boxes, test"))
    rows = [line for line in text.splitlines() if line.strip().startswith("Dice")]
    assert len(rows) == 2
    assert all(row.count("[") >= 2 for row in rows)


def test_the_labels_have_their_table(evaluations):
    lines = [line.split() for line in printed(label_table(evaluations[0])).splitlines()]
    assert [line[:2] for line in lines if line and line[0] in ("even", "odd")] == [
        ["even", "3"],
        ["odd", "2"],
    ]


def test_anyone_can_score_the_set_again_from_the_cases(evaluations, tmp_path):
    write_report(tmp_path / "out", evaluations, {"dataset": "boxes"})
    with (tmp_path / "out/per_case.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    overlaps = [
        Overlap(**{key: int(row[key]) for key in ("intersection", "prediction", "reference")})
        for row in rows
    ]
    scores = json.loads((tmp_path / "out/scores.json").read_text())["predictors"][0]["overall"]
    assert dice_per_image(overlaps) == pytest.approx(scores["dice_per_image"]["value"])
    assert dice_pooled(overlaps) == pytest.approx(scores["dice_pooled"]["value"])
    assert [row["case_id"] for row in rows] == ["c0", "c1", "c2", "c3", "c4"]
    assert "text" not in rows[0]


def test_a_distance_that_is_undefined_is_blank(evaluations, tmp_path):
    write_report(tmp_path / "out", evaluations, {})
    with (tmp_path / "out/per_case.csv").open(encoding="utf-8", newline="") as table:
        assert [row["hd95"] == "" for row in csv.DictReader(table)] == [0, 0, 1, 0, 0]


def test_every_predictor_has_its_file_and_no_journal_is_left(evaluations, tmp_path):
    assert journal_path(tmp_path / "out", "fixed").is_file()
    write_report(tmp_path / "out", evaluations, {})
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["per_case.csv", "per_case_a_b.csv", "scores.json"]


def test_json_is_strict_and_says_what_it_holds(evaluations):
    found = as_json(evaluations, {"dataset": "boxes", "split": "test"})
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["dataset"], found["split"]) == ("boxes", "test")
    assert found["predictors"][0]["by_label"]["odd"]["num_images"] == 2
    low, value, high = (
        found["predictors"][0]["overall"]["dice_pooled"][key] for key in ("low", "value", "high")
    )
    assert 0 <= low <= value <= high <= 1
