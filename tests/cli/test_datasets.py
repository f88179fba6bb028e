import json
import sys
import types

import pytest
from fakes import write_folder_dataset, write_lvit_dataset

from lingseg.cli.main import run
from lingseg.datasets.catalogue import CATALOGUE, DATA_VARIABLE


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    """Tables are as wide as the terminal, whatever it is; no data folder is named."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


def test_list_names_every_set_and_whether_it_is_here(tmp_path, capsys):
    (tmp_path / "busi").mkdir()
    assert run(["datasets", "list", "--data-root", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in CATALOGUE:
        (line,) = [line for line in lines if line.strip().startswith(f"{name} ")]
        assert line.split()[-1] == ("yes" if name == "busi" else "no")


def test_list_says_how_to_name_the_data_folder(capsys):
    assert run(["datasets", "list"]) == 0
    assert "set LINGSEG_DATA" in capsys.readouterr().out


def test_list_speaks_json(tmp_path, capsys):
    (tmp_path / "hc18").mkdir()
    assert run(["datasets", "list", "--json", "--data-root", str(tmp_path)]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == set(CATALOGUE)
    assert rows["hc18"]["found"] == str(tmp_path / "hc18")
    assert (rows["busi"]["found"], rows["busi"]["ship_weights"]) == (None, True)


def test_a_sound_dataset_passes_the_check(tmp_path, capsys):
    root = write_folder_dataset(tmp_path / "blocks")
    assert run(["datasets", "check", str(root), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert "blocks (4 train, 2 val, 2 test): 0 errors, 1 warning, 3 notes" in captured.out
    assert captured.err == ""


def test_errors_fail_the_check_and_long_lists_are_cut(tmp_path, capsys):
    root = write_folder_dataset(tmp_path / "[bold]blocks", num_cases={"train": 7, "test": 1})
    for mask in (root / "masks").glob("train_*.png"):
        mask.unlink()
    assert run(["datasets", "check", str(root), "--show", "2", "--quiet"]) == 1
    out = capsys.readouterr().out
    assert out.count("does not exist") == 2
    assert "and 5 more" in out
    assert "[bold]blocks (7 train, 1 test): 7 errors, 1 warning" in out


def test_the_check_speaks_json_whole(tmp_path, capsys):
    root = write_folder_dataset(tmp_path / "blocks", num_cases={"train": 7})
    for mask in (root / "masks").iterdir():
        mask.unlink()
    assert run(["datasets", "check", str(root), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["dataset"], report["side"]) == ("blocks", "image")
    assert [finding["kind"] for finding in report["findings"]] == [
        *["missing file"] * 7,
        "unknown words",  # "block"
    ]
    assert report["findings"][0]["case_ids"] == ["train/train_000"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "busi"], "lingseg: busi was not looked for"),
        (["check", "nowhere"], "lingseg: nowhere is neither a folder"),
        (["stats", "nowhere"], "lingseg: nowhere is neither a folder"),
        (["check", ".", "--show", "-1"], "lingseg: --show is -1"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(arguments, message, capsys):
    assert run(["datasets", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith(message)
    assert len(err.splitlines()) == 1


def test_lvits_layout_needs_its_side(tmp_path, capsys):
    root = write_lvit_dataset(tmp_path / "covid")
    assert run(["datasets", "check", str(root), "--quiet"]) == 2
    assert "which does not say whose left" in capsys.readouterr().err
    assert run(["datasets", "check", str(root), "--quiet", "--side", "image"]) == 0


def test_stats_counts_every_split(tmp_path, capsys):
    root = write_folder_dataset(tmp_path / "blocks")
    assert run(["datasets", "stats", str(root), "--quiet"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["cases", "4", "2", "2"] in rows
    assert ["empty", "masks", "0", "0", "0"] in rows


def test_stats_speaks_json(tmp_path, capsys):
    root = write_folder_dataset(tmp_path / "blocks")
    assert run(["datasets", "stats", str(root), "--json", "--quiet"]) == 0
    splits = json.loads(capsys.readouterr().out)["splits"]
    assert splits["train"]["picture_sizes"] == {"24 x 32": 4}


def test_a_bar_goes_to_the_error_stream(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    root = write_folder_dataset(tmp_path / "blocks")
    assert run(["datasets", "stats", str(root), "--json"]) == 0
    captured = capsys.readouterr()
    assert "reading files" in captured.err
    assert json.loads(captured.out)["dataset"] == "blocks"


def test_phantoms_are_drawn_as_asked(tmp_path, capsys, monkeypatch):
    asked = {}

    def draw_phantoms(out, *, progress, **choices):
        asked.update(choices, out=out)
        progress(1, 6)

    drawing = types.SimpleNamespace(draw_phantoms=draw_phantoms)
    monkeypatch.setitem(sys.modules, "lingseg.datasets.phantom", drawing)
    arguments = ["--out", str(tmp_path), "--cases", "6", "--seed", "3", "--height", "40"]
    assert run(["datasets", "phantom", *arguments]) == 0
    assert asked == {"out": tmp_path, "num_cases": 6, "seed": 3, "size": (40, 224)}
    assert "6 cases in" in capsys.readouterr().out


def test_a_combination_is_kept_out_of_training(tmp_path, capsys):
    root = write_folder_dataset(tmp_path / "blocks")
    arguments = ["datasets", "split", str(root), "--hold-out", "block right", "--out"]
    assert run([*arguments, str(tmp_path / "new")]) == 0
    out = capsys.readouterr().out
    assert "train: 2 cases of 2 subjects, none states 'block right'" in out
    assert "test: 4 cases of 4 subjects, all state 'block right'" in out
    assert "left out: 0 other cases of subjects in test, 1 case of the old test split" in out
    assert run(["datasets", "check", str(tmp_path / "new"), "--quiet"]) == 0


def test_a_split_speaks_json_and_copies(tmp_path, capsys):
    root = write_folder_dataset(tmp_path / "blocks")
    arguments = ["datasets", "split", str(root), "--hold-out", "left", "--copy", "--json"]
    assert run([*arguments, "--out", str(tmp_path / "new")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["splits"]["test"] == {"cases": 4, "subjects": 4}
    assert report["left_out_of_old_test"] == 1
    assert not any(path.is_symlink() for path in (tmp_path / "new").rglob("*"))


@pytest.mark.parametrize(
    ("phrase", "message"), [("left right", "No sentence of blocks states"), ("block", "Every tra")]
)
def test_a_split_with_an_empty_side_is_one_line(tmp_path, capsys, phrase, message):
    root = write_folder_dataset(tmp_path / "blocks")
    arguments = ["--hold-out", phrase, "--out", str(tmp_path / "new")]
    assert run(["datasets", "split", str(root), *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"lingseg: {message}")
    assert len(err.splitlines()) == 1
