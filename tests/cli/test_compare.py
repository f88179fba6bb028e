import json

import numpy as np
import pytest
from fake_predictors import Fixed, Oracle, box, write_case

from lingseg.cli.main import run
from lingseg.evaluation import evaluate, write_report


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def folders(tmp_path):
    """Scores of a model that is always right, and of one that never moves; a floor beside it."""
    cases = [write_case(tmp_path, f"c{n}", box(n, n, 4, 5)) for n in range(8)]
    never, blank = Fixed(box(2, 2, 5, 6) * 0.7), Fixed(box(0, 0, 0, 0) * 1.0)
    blank.name = "blank"
    for name, predictors in (("right", [Oracle()]), ("fixed", [never, blank])):
        done = [evaluate(one, cases, rng=np.random.default_rng(0)) for one in predictors]
        write_report(tmp_path / name, done, {"dataset": "boxes", "split": "test"})
    return tmp_path / "right", tmp_path / "fixed"


def test_the_better_model_is_named(folders, capsys):
    assert run(["compare", *map(str, folders)]) == 0
    out = capsys.readouterr().out
    assert "boxes, test: 8 images of 8 subjects" in out
    assert "oracle is better than fixed by" in out
    assert "after Holm over 3 comparisons" in out
    assert out.count("one time in five") == 3


def test_json_files_and_terminal_agree(folders, capsys, tmp_path):
    arguments = [*map(str, folders), "--metrics", "dice", "--out", str(tmp_path / "out"), "--json"]
    assert run(["compare", *arguments]) == 0
    captured = capsys.readouterr()
    printed = json.loads(captured.out)
    assert printed == json.loads((tmp_path / "out/compare.json").read_text())
    (found,) = printed["differences"]
    assert found["p_value"] == 2 / 2**8
    assert found["sentence"] in captured.err
    assert found["sentence"] in (tmp_path / "out/compare.md").read_text()


def test_a_floor_can_be_compared_by_its_table(folders, capsys):
    table = folders[1] / "per_case_blank.csv"
    assert run(["compare", *map(str, folders), str(table), "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["models"] == ["oracle", "fixed", "blank"]
    assert captured.err == ""


def test_what_both_have_is_compared_when_asked_for(folders, capsys):
    table = folders[1] / "per_case.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    assert run(["compare", *map(str, folders)]) == 2
    err = capsys.readouterr().err
    assert "--common" in err
    assert len(err.splitlines()) == 1
    assert run(["compare", *map(str, folders), "--common"]) == 0
    assert "1 cases of oracle are left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "There is 0 folder of scores"),
        (["right"], "There is 1 folder of scores"),
        (["right", "nowhere"], "is missing; a folder of scores holds it. Make one with `lingseg "),
        (["right", "nowhere"], "evaluate MODEL DATASET --out nowhere`"),
        (["right", "fixed", "--permutations", "99"], "--permutations is 99"),
    ],
)
def test_a_wrong_call_is_one_line(folders, arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(folders[0].parent)
    assert run(["compare", *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1
