import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from fake_bundle import write_fake_bundle
from fakes import write_folder_dataset

from lingseg.cli.main import run
from lingseg.datasets import find_dataset
from lingseg.imaging.reading import read_mask
from lingseg.metrics import measure_overlap
from lingseg.prediction import load


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def dataset(tmp_path):
    return write_folder_dataset(tmp_path / "blocks", num_cases={"train": 6, "val": 4, "test": 6})


@pytest.fixture
def bundle(tmp_path):
    return write_fake_bundle(tmp_path / "fake.lingseg")


def scores(capsys, *arguments):
    """Return what `--json` prints, by predictor."""
    assert run(["evaluate", *map(str, arguments), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    return {found["name"]: found["overall"] for found in printed["predictors"]}


def dice(found, name):
    return found[name]["dice_per_image"]["value"]


def test_explain_names_the_convention(capsys):
    assert run(["evaluate", "--explain", "84.15", "75.20"]) == 0
    assert capsys.readouterr().out.startswith("Per image")
    assert run(["evaluate", "--explain", "0.8978", "0.8145"]) == 0
    assert capsys.readouterr().out.startswith("Pooled")


def test_a_model_is_scored_beside_the_floors(capsys, bundle, dataset):
    assert run(["evaluate", str(bundle), str(dataset)]) == 0
    text = capsys.readouterr().out
    for words in ("blocks, test", "fake", "mean mask", "text lookup", "Dice per image", "subjects"):
        assert words in text


def test_floors_can_be_left_out(capsys, bundle, dataset):
    assert set(scores(capsys, bundle, dataset)) == {"fake", "mean mask", "text lookup"}
    assert set(scores(capsys, bundle, dataset, "--no-floors")) == {"fake"}


def test_the_model_hears_the_text_that_was_asked_for(capsys, bundle, dataset):
    choices = (bundle, dataset, "--no-floors", "--text")
    right = dice(scores(capsys, *choices, "right"), "fake")
    none = dice(scores(capsys, *choices, "none"), "fake, no text")
    shuffled = dice(scores(capsys, *choices, "shuffled"), "fake, shuffled text")
    assert right > none > shuffled


def test_a_sentence_with_the_patients_left_is_understood(capsys, bundle, tmp_path):
    pictures = {"num_cases": {"test": 6}, "seed": 3}
    image = write_folder_dataset(tmp_path / "image", **pictures)
    patient = write_folder_dataset(tmp_path / "patient", side="patient", **pictures)
    assert scores(capsys, bundle, image) == scores(capsys, bundle, patient)


def test_a_threshold_below_the_models_own_is_obeyed(capsys, dataset, tmp_path):
    timid = write_fake_bundle(tmp_path / "timid.lingseg", threshold=0.9999999)
    assert dice(scores(capsys, timid, dataset, "--no-floors"), "fake") < 0.1
    assert dice(scores(capsys, timid, dataset, "--no-floors", "--threshold", 0.5), "fake") > 0.3


def test_nothing_is_drawn_where_the_model_says_so(capsys, dataset, tmp_path):
    certain = write_fake_bundle(tmp_path / "certain.lingseg", presence_threshold=0.9999999)
    found = scores(capsys, certain, dataset, "--no-floors", "--threshold", 0.01)["fake"]
    assert found["num_missed_whole"] == 6


def test_what_is_unsure_is_scored_as_it_is_drawn(capsys, bundle, dataset, tmp_path):
    unsure = write_fake_bundle(tmp_path / "fake.lingseg", presence_sure_from=0.9999999)
    found = [scores(capsys, path, dataset, "--no-floors")["fake"] for path in (unsure, bundle)]
    assert found[0] == found[1]


def test_the_report_is_written_and_agrees_with_the_terminal(capsys, bundle, dataset, tmp_path):
    found = scores(capsys, bundle, dataset, "--out", tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "per_case.csv",
        "per_case_mean_mask.csv",
        "per_case_text_lookup.csv",
        "scores.json",
    ]
    written = json.loads((tmp_path / "out/scores.json").read_text())
    assert written["predictors"][0]["overall"] == found["fake"]
    assert (written["dataset"], written["split"], written["text"]) == ("blocks", "test", "right")
    with (tmp_path / "out/per_case.csv").open(encoding="utf-8", newline="") as table:
        mean = np.mean([float(row["dice"]) for row in csv.DictReader(table)])
    assert mean == pytest.approx(dice(found, "fake"), abs=1e-6)


def test_the_report_says_which_weights_it_is_of(bundle, dataset, tmp_path):
    assert run(["evaluate", str(bundle), str(dataset), "--out", str(tmp_path), "--quiet"]) == 0
    told = json.loads((tmp_path / "scores.json").read_text())
    assert told["model_sha256"] == load(str(bundle)).hash


def test_every_case_scores_what_the_model_draws_on_its_own_picture(
    capsys, bundle, dataset, tmp_path
):
    scores(capsys, bundle, dataset, "--no-floors", "--out", tmp_path / "out")
    model = load(bundle)
    expected = []
    for case in find_dataset(str(dataset)).split("test"):
        drawn = model.segment(case.image, case.text).mask
        expected.append(measure_overlap(drawn, read_mask(case.mask).pixels).dice)
    with (tmp_path / "out/per_case.csv").open(encoding="utf-8", newline="") as table:
        assert [float(row["dice"]) for row in csv.DictReader(table)] == pytest.approx(
            expected, abs=1e-6
        )
    assert len(set(expected)) > 3


def test_the_same_call_gives_the_same_numbers(capsys, bundle, dataset):
    first, second = (scores(capsys, bundle, dataset, "--text", "shuffled") for _ in range(2))
    assert first == second


def test_saved_predictions_are_scored(capsys, dataset, tmp_path):
    from fakes import write_png

    for case in find_dataset(str(dataset)).split("test"):
        pixels = read_mask(case.mask).pixels.astype(np.uint8) * 255
        write_png(tmp_path / "mine" / f"{case.image.stem}.png", pixels)
    assert dice(scores(capsys, tmp_path / "mine", dataset), "mine") == 1


@pytest.mark.parametrize(("asked", "name"), [("mean-mask", "mean mask"), ("text-lookup", None)])
def test_a_floor_can_be_asked_for_by_name(capsys, dataset, asked, name):
    found = scores(capsys, asked, dataset)
    assert next(iter(found)) == (name or "text lookup")
    assert len(found) == 2


def test_a_data_set_without_training_masks_has_no_floors(capsys, bundle, tmp_path):
    only_test = write_folder_dataset(tmp_path / "lone", num_cases={"test": 3})
    assert run(["evaluate", str(bundle), str(only_test)]) == 0
    assert "No floors: lone has no training masks" in capsys.readouterr().out
    assert run(["evaluate", "mean-mask", str(only_test)]) == 2
    assert "is an average of training masks" in capsys.readouterr().err


def test_limit_takes_some_cases_only(capsys, bundle, dataset):
    found = scores(capsys, bundle, dataset, "--limit", 2)
    assert {summary["num_images"] for summary in found.values()} == {2}


def test_only_cases_with_a_label_are_scored(capsys, bundle, dataset):
    table = dataset / "test.csv"
    table.write_text(table.read_text().replace(",block,", ",other,", 2))
    found = scores(capsys, bundle, dataset, "--no-floors", "--labels", "other")
    assert found["fake"]["num_images"] == 2


def test_an_unknown_label_is_refused_with_those_there_are(capsys, bundle, dataset):
    assert run(["evaluate", str(bundle), str(dataset), "--labels", "melanoma"]) == 2
    assert "melanoma" in capsys.readouterr().err


def test_quiet_says_nothing(capsys, bundle, dataset):
    assert run(["evaluate", str(bundle), str(dataset), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["BUNDLE"], "expected a model and a data set"),
        (["BUNDLE", "DATASET", "--split", "west"], "no split 'west'"),
        (["BUNDLE", "DATASET", "--resume"], "Name the one with --out"),
        (["BUNDLE", "DATASET", "--threshold", "0"], "expected more than 0"),
        (["BUNDLE", "DATASET", "--tolerance", "-1"], "expected 0 or more"),
        (["nobody", "DATASET"], "no model 'nobody'"),
        (["BUNDLE", "nowhere"], "nowhere"),
        (["DATASET/images", "DATASET/../empty"], "empty"),
        (["--explain", "120", "75"], "expected 0 to 1 or 0 to 100"),
    ],
)
def test_a_wrong_call_gets_one_line_and_no_traceback(capsys, bundle, dataset, arguments, told):
    names = {"BUNDLE": str(bundle), "DATASET": str(dataset)}
    filled = []
    for argument in arguments:
        for name, path in names.items():
            argument = argument.replace(name, path)  # noqa: PLW2901
        filled.append(argument)
    assert run(["evaluate", *filled]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_cases_without_masks_cannot_be_scored(capsys, bundle, tmp_path):
    unmarked = write_folder_dataset(tmp_path / "unmarked", with_masks=False)
    assert run(["evaluate", str(bundle), str(unmarked)]) == 2
    assert "2 of 2 cases have no reference mask" in capsys.readouterr().err


def test_scoring_a_bundle_needs_no_torch(bundle, dataset):
    code = (
        "import sys; from lingseg.cli.main import run; "
        f"code = run(['evaluate', {str(bundle)!r}, {str(dataset)!r}, '--quiet']); "
        "sys.exit(code or 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == 0
