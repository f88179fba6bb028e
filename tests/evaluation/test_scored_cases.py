import json

import numpy as np
import pytest
from fake_predictors import Fixed, Oracle, box, write_case

from lingseg.evaluation.evaluate import evaluate
from lingseg.evaluation.report import write_report
from lingseg.evaluation.scored_cases import read_scored_cases


@pytest.fixture
def evaluations(tmp_path):
    masks = [box(2, 2, 4, 5), box(3, 4, 6, 6), box(0, 0, 0, 0)]
    cases = [write_case(tmp_path, f"c{n}", mask) for n, mask in enumerate(masks)]
    predictors = [Fixed(box(2, 2, 5, 6) * 0.7), Oracle(name="a / b")]
    return [evaluate(one, cases, rng=np.random.default_rng(0), tolerance=1.5) for one in predictors]


@pytest.fixture
def out(evaluations, tmp_path):
    write_report(tmp_path / "out", evaluations, {"dataset": "boxes", "split": "val"})
    return tmp_path / "out"


def test_what_was_written_is_read(out, evaluations):
    found = read_scored_cases(out)
    assert (found.name, found.dataset, found.split) == ("fixed", "boxes", "val")
    assert found.tolerance == 1.5
    assert list(found.cases) == ["c0", "c1", "c2"]
    for written in evaluations[0].cases:
        case = found.cases[written.case_id]
        assert case.overlap == written.overlap
        assert (case.subject, case.unit) == (written.subject, written.unit)
        assert case.nsd == pytest.approx(written.nsd, abs=1e-6)


def test_a_predictor_beside_the_first_has_its_table(out):
    found = read_scored_cases(out / "per_case_a_b.csv")
    assert found.name == "a / b"
    assert all(case.overlap.dice == 1 for case in found.cases.values())


def test_a_folder_without_scores_is_told_how_to_get_some(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"per_case.csv is missing.*lingseg evaluate"):
        read_scored_cases(tmp_path)


def test_a_table_of_nobody_is_refused(out):
    (out / "per_case.csv").rename(out / "per_case_me.csv")
    with pytest.raises(ValueError, match=r"of no predictor that .* names: fixed, a / b"):
        read_scored_cases(out / "per_case_me.csv")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("c1", "c0", "line 3 .*c0 is there twice"),
        ("intersection", "together", "lacks the column 'intersection'"),
        (",px,", ",miles,", "nsd is .* in miles"),
        (",px,20,30,20", ",px,31,30,20", "counts of pixels"),
        (",px,20,30,20", ",px,many,30,20", "many"),
    ],
)
def test_a_spoilt_table_is_refused_with_its_line(out, old, new, message):
    table = out / "per_case.csv"
    text = table.read_text()
    assert old in text
    table.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_scored_cases(out)


def test_a_table_without_rows_is_refused(out):
    table = out / "per_case.csv"
    table.write_text(table.read_text().splitlines()[0] + "\n")
    with pytest.raises(ValueError, match="has no case"):
        read_scored_cases(out)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "is not JSON"),
        ("[]", "no object in braces"),
        (json.dumps({"predictors": []}), "of no predictor"),
        (json.dumps({"predictors": [{"name": "fixed"}]}), "lacks 'dataset'|lacks 'nsd_tolerance'"),
    ],
)
def test_a_spoilt_summary_is_refused(out, content, message):
    (out / "scores.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_scored_cases(out)
