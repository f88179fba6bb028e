"""`lingseg train` and `lingseg export`, as they are typed."""

import pytest
from fakes import write_folder_dataset

from lingseg.cli import train as command
from lingseg.cli.main import run
from lingseg.training.checkpoint import read_recipe

SMALL = [
    "--model.base-dim", "4", "--model.num-strides", "2", "--data.height", "32",
    "--data.width", "48",
    "--data.empty-shares", "--schedule.batch-size", "2", "--schedule.steps-per-epoch", "2",
    "--schedule.num-epochs", "1",
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_folder_dataset(tmp_path_factory.mktemp("data") / "blocks")


def test_a_recipe_is_trained_with_other_choices(data, tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--data.sets", str(data), *SMALL, "--out", str(out)]
    assert run(["train", "unet-on-open-sets", *options]) == 0
    recipe = read_recipe(out)
    assert recipe.model.base_dim == 4
    assert recipe.schedule.num_epochs == 1
    told = capsys.readouterr().err
    assert "cross_entropy" in told
    assert "validation" in told


def test_a_run_that_does_not_follow_the_side_is_warned_of(data, tmp_path, capsys, monkeypatch):
    seconds = {"compute": 90.0, "data": 10.0, "validation": 30.0}
    summary = {"mirror_dice_per_image": {"blocks": 0.1}, "steps": 7, "seconds": seconds}
    monkeypatch.setattr(command, "read_summary", lambda _: summary)
    monkeypatch.setattr(command, "train", lambda *_, **__: None)
    options = ["--data.sets", str(data), *SMALL, "--out", str(tmp_path / "run")]
    assert run(["train", "unet-on-open-sets", *options]) == 0
    assert "warning: on blocks, masks of mirrored pictures" in capsys.readouterr().err
    del summary["mirror_dice_per_image"]  # a run of an older version
    assert run(["train", "unet-on-open-sets", *options]) == 0
    assert "warning" not in capsys.readouterr().err


def test_the_end_tells_whether_steps_waited_for_their_data():
    seconds = {"compute": 90.0, "data": 10.0, "validation": 30.0}
    assert command._time_line({"steps": 7, "seconds": seconds}) == (
        "7 steps in 1.7 min, 90.0% of it computing and the rest waiting for data; "
        "validation 0.5 min."
    )


def test_the_line_of_an_epoch_tells_of_the_mirror_test():
    assert command._mirror_part({"blocks": 0.5, "spots": None}) == "  |  mirror blocks 0.500"
    assert command._mirror_part({}) == ""


def test_a_run_is_gone_on_with_only_if_asked(data, tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--data.sets", str(data), *SMALL, "--out", str(out), "--quiet"]
    assert run(["train", "unet-on-open-sets", *options]) == 0
    assert run(["train", "unet-on-open-sets", *options]) == 2
    assert "--resume" in capsys.readouterr().err
    assert run(["train", "unet-on-open-sets", *options, "--resume"]) == 0


def test_a_stopped_run_tells_how_to_go_on(data, tmp_path, capsys, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "train", stop)
    out = tmp_path / "run"
    options = ["--data.sets", str(data), *SMALL, "--out", str(out), "--quiet"]
    assert run(["train", "unet-on-open-sets", *options]) == 130
    told = f"lingseg: stopped: --resume goes on from the last state in {out}.\n"
    assert capsys.readouterr().err == told


def test_a_misspelt_choice_is_refused_with_a_suggestion(capsys):
    assert run(["train", "unet-on-open-sets", "--optimizer.learning-rte", "1"]) == 2
    assert "--optimizer.learning-rate" in capsys.readouterr().err


def test_a_value_of_the_wrong_kind_is_refused(capsys):
    assert run(["train", "unet-on-open-sets", "--optimizer.learning-rate", "fast"]) == 2
    assert "--optimizer.learning-rate" in capsys.readouterr().err


def test_an_unknown_recipe_is_refused(capsys):
    assert run(["train", "no-such-recipe"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_missing_data_is_one_clear_line(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("LINGSEG_DATA", raising=False)
    assert run(["train", "unet-on-open-sets", "--out", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert "LINGSEG_DATA" in told
    assert len(told.strip().splitlines()) == 1


def test_an_unfinished_run_is_not_exported(tmp_path, capsys):
    assert run(["export", str(tmp_path), "-o", str(tmp_path / "x.lingseg")]) == 2
    assert "not a training run" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_is_exported_evaluated_and_exported_with_its_scores(data, tmp_path, capsys):
    out, bundle = tmp_path / "run", tmp_path / "blocks.lingseg"
    options = ["--data.sets", str(data), *SMALL, "--out", str(out), "--quiet"]
    assert run(["train", "unet-on-open-sets", *options]) == 0
    assert run(["export", str(out), "-o", str(bundle)]) == 0
    scores = tmp_path / "scores"
    assert run(["evaluate", str(bundle), str(data), "--out", str(scores), "--quiet"]) == 0
    assert "on its card" not in capsys.readouterr().err
    audit = tmp_path / "audit"
    assert run(["audit", str(bundle), str(data), "--rows", "1", "--out", str(audit)]) == 0
    added = ["--scores", str(scores / "scores.json"), "--audits", str(audit / "audit.json")]
    assert run(["export", str(bundle), "-o", str(bundle), *added]) == 0
    assert "on its card, rows of scores: 3, audits: 1" in " ".join(capsys.readouterr().err.split())
    mixed_up = ["--audits", str(scores / "scores.json")]
    assert run(["export", str(bundle), "-o", str(bundle), *mixed_up]) == 2
    assert "is no audit.json of `lingseg audit --out`." in capsys.readouterr().err
