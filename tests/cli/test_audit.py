import csv
import json
from pathlib import Path

import block_readers
import pytest
from fake_bundle import write_fake_bundle
from fakes import write_folder_dataset

from lingseg.cli.main import run

READERS = Path(block_readers.__file__)


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def dataset(tmp_path):
    return write_folder_dataset(tmp_path / "blocks", num_cases={"train": 4, "test": 10})


def audited(capsys, *arguments):
    """Return what `--json` prints."""
    assert run(["audit", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def verdicts(found):
    return {row["number"]: row["verdict"] for row in found["rows"]}


def test_an_audit_leaves_a_table_a_record_and_a_page(capsys, dataset, tmp_path):
    out = tmp_path / "out"
    model = f"{READERS}:reader"
    assert run(["audit", model, str(dataset), "--rows", "1,2", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    for words in ("reader on blocks, test", "reads: sentence yes", "Floors"):
        assert words in text
    assert json.loads((out / "audit.json").read_text())["headline"] == "reads: sentence yes"
    assert "reads: sentence yes" in (out / "audit.html").read_text()
    assert (out / "answers.sqlite").is_file()
    assert "answers were taken" not in text


def test_a_deaf_function_is_convicted(capsys, dataset):
    found = audited(capsys, f"{READERS}:deaf", dataset, "--rows", "1,2")
    assert verdicts(found) == {1: "no", 2: "no"}
    assert found["headline"] == "reads: sentence no"


def test_a_bundle_is_known_by_its_seal_and_audited_beside_its_twin(capsys, dataset, tmp_path):
    bundle = write_fake_bundle(tmp_path / "fake.lingseg")
    found = audited(capsys, bundle, dataset, "--rows", "1,2", "--twin", bundle)
    assert len(found["predictor_hash"]) == 64
    assert verdicts(found)[2] == "yes"
    figures = {figure["key"]: figure["value"] for figure in found["rows"][0]["figures"]}
    assert figures["gain_over_image_only_twin"] == 0
    assert figures["gain_over_no_sentence"] > 0


def test_a_function_of_a_module_is_found_beside_the_user(capsys, dataset, tmp_path, monkeypatch):
    (tmp_path / "my_model.py").write_text(READERS.read_text())
    monkeypatch.chdir(tmp_path)
    found = audited(capsys, "my_model:reader", dataset, "--rows", "2")
    assert verdicts(found) == {2: "yes"}


def test_saved_masks_get_the_rows_that_they_allow(capsys, dataset):
    found = audited(capsys, dataset / "masks", dataset, "--rows", "1,2,7,8,9")
    assert verdicts(found) == {
        1: "yes",
        2: "not measured",
        7: "not measured",
        8: "yes",
        9: "not measured",
    }
    assert "each case's own sentence" in found["rows"][1]["why_not"]


def test_an_audit_that_was_stopped_goes_on(capsys, dataset, tmp_path):
    choices = (dataset, "--rows", "2", "--out", tmp_path / "out")
    first = audited(capsys, f"{READERS}:reader", *choices)
    assert run(["audit", f"{READERS}:reader", *map(str, choices), "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == first
    number = len({line for line in told.err.splitlines() if "answers were taken from" in line})
    assert number == 1
    assert "reader is known by its file" in told.err


def test_a_function_that_was_changed_is_another_one(capsys, dataset, tmp_path):
    model = tmp_path / "model.py"
    model.write_text(READERS.read_text())
    call = ["audit", f"{model}:reader", str(dataset), "--rows", "2", "--out", str(tmp_path / "out")]
    assert run(call) == 0
    model.write_text(READERS.read_text().replace("(bright & ", "(~bright & "))
    assert run(call) == 2
    assert "begin anew with --fresh" in capsys.readouterr().err
    assert run([*call, "--fresh"]) == 0


def test_who_refuses_every_sentence_still_gets_the_rows_that_need_none(capsys, dataset, tmp_path):
    model = tmp_path / "model.py"
    model.write_text("def refuse(image, text):\n    raise ValueError('say it in Latin')\n")
    assert run(["audit", f"{model}:refuse", str(dataset), "--json"]) == 2
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert printed.err.splitlines()[-1].startswith(
        "lingseg: refuse answered no case's own sentence"
    )
    assert "say it in Latin" in printed.err
    told = verdicts(found)
    assert told.pop(8) == "yes"
    assert set(told.values()) == {"not measured"}
    assert "say it in Latin" in found["rows"][0]["why_not"]


def test_a_table_without_sentences_gets_the_rows_that_need_none(capsys, dataset):
    for table in dataset.glob("*.csv"):
        rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
        with table.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["image", "mask"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
    told = verdicts(audited(capsys, f"{READERS}:deaf", dataset, "--rows", "1,2,5,8"))
    assert told == {1: "yes", 2: "not measured", 5: "not measured", 8: "yes"}


def test_answers_of_another_model_are_refused_until_told_to_forget(capsys, dataset, tmp_path):
    choices = [str(dataset), "--rows", "2", "--out", str(tmp_path / "out")]
    assert run(["audit", f"{READERS}:reader", *choices]) == 0
    assert run(["audit", f"{READERS}:deaf", *choices]) == 2
    assert "begin anew with --fresh" in capsys.readouterr().err
    assert run(["audit", f"{READERS}:deaf", *choices, "--fresh"]) == 0


def test_a_model_that_refuses_the_empty_sentence_is_still_audited(capsys, dataset):
    found = audited(capsys, f"{READERS}:choosy", dataset, "--rows", "2")
    assert verdicts(found) == {2: "yes"}
    assert "10 of 90 questions were not answered" in found["rows"][0]["why_not"]
    assert "say something" in found["rows"][0]["why_not"]


@pytest.mark.parametrize(
    "command", [["audit"], ["compare"], ["datasets", "check"], ["datasets", "split"]]
)
def test_a_choice_that_is_off_shows_once(capsys, command):
    assert run([*command, "--help"]) == 0
    told = capsys.readouterr().out
    assert "--json" in told
    assert "--no-" not in told


def test_a_limit_takes_few_cases(capsys, dataset):
    found = audited(capsys, f"{READERS}:deaf", dataset, "--rows", "2", "--limit", "4")
    assert found["num_cases"] == 4


@pytest.mark.parametrize(
    ("model", "choices", "told"),
    [
        ("{readers}:turned", ["--rows", "2"], "returned shape (32, 24) for an image of (24, 32)"),
        ("{readers}:missing", [], "has no function 'missing'; it has reader, deaf"),
        ("nowhere.py:f", [], "There is no file nowhere.py"),
        ("no_such_module:f", [], "There is no module 'no_such_module'"),
        ("{readers}:deaf", ["--rows", "1,ten"], "expected numbers with commas"),
        ("{readers}:deaf", ["--rows", "10"], "There is no row 10"),
        ("{readers}:deaf", ["--fresh"], "--fresh has no folder"),
        ("{readers}:deaf", ["--threshold", "0"], "The threshold is 0"),
        ("{readers}:deaf", ["--limit", "0"], "The limit is 0"),
        ("{readers}:deaf", ["--labels", "liver"], "No case has the label 'liver'"),
        ("{readers}", [], "Name one of them: {readers}:NAME"),
        ("no-such-model", [], "There is no model 'no-such-model'"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(capsys, dataset, model, choices, told):
    call = ["audit", model.format(readers=READERS), str(dataset), *choices]
    assert run(call) == 2
    error = capsys.readouterr().err
    assert told.format(readers=READERS) in error
    assert error.count("\n") == 1
