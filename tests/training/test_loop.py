"""The one training loop: what it leaves behind, and that it goes on exactly where it stopped."""

import csv
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from models.small import SMALL, batch
from training.small_run import RECIPE, run_small, write_blocks

from lingseg.datasets.folder import read_folder
from lingseg.imaging.reading import read_image
from lingseg.models import LSMSConfig, MMIUNetConfig, RecLMISConfig, TinyConfig, build_model
from lingseg.nn.pretrained import MissingWeights
from lingseg.training.checkpoint import load_run, read_summary
from lingseg.training.loop import NonFiniteLoss, Stopwatch, _channels_last, schedule_factor
from lingseg.training.recipe import Schedule, recipe_to_json, with_choices
from lingseg.training.run_predictor import RunPredictor

TESTS = Path(__file__).parents[1]


def losses(run):
    with (run / "losses.csv").open() as table:
        return [float(row["loss"]) for row in csv.DictReader(table)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_small(tmp_path_factory.mktemp("finished"))


def test_a_run_leaves_what_the_next_step_needs(finished):
    names = {
        path.relative_to(finished).as_posix() for path in finished.rglob("*") if path.is_file()
    }
    assert names == {
        "recipe.json", "weights.safetensors", "losses.csv", "metrics.csv", "run.json", "card.md",
        "state/latest.safetensors",
    }  # fmt: skip


def test_every_step_and_epoch_is_written_down(finished):
    assert len(losses(finished)) == 9
    with (finished / "metrics.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert list(rows[0]) == ["epoch", "data", "data mirror"]
    assert all(row["data mirror"] == "" or 0 <= float(row["data mirror"]) <= 1 for row in rows)


def test_the_loss_curve_is_the_one_it_always_was(finished):
    # Made by this very test; a change of data order, augmentation, model or optimizer moves it.
    expected = [0.69385, 0.67821, 0.65027, 0.61429, 0.57516, 0.53674, 0.50689, 0.48518, 0.47651]
    torch.testing.assert_close(losses(finished), expected, atol=1e-4, rtol=0)


def test_a_finished_run_can_be_loaded_and_says_what_it_found(finished):
    model, recipe = load_run(finished)
    assert recipe == RECIPE
    assert not model.training
    summary = read_summary(finished)
    assert summary["side"] == "image"
    assert 0 < summary["threshold"] < 1
    assert summary["data"][0]["train_cases"] == 10
    assert set(summary["mirror_dice_per_image"]) == {"data"}
    assert summary["presence_threshold"] is summary["presence_sure_from"] is None
    assert summary["presence_subjects"] == {"present": 0, "absent": 0}  # Tiny is not asked
    assert "Mirror test" in (finished / "card.md").read_text(encoding="utf-8")


def test_a_run_hears_the_patients_left_as_the_pictures_right(finished):
    case = read_folder(finished.parent / "data").split("test")[0]
    image = read_image(case.image)
    predictor = RunPredictor(finished)
    of_picture = predictor.probabilities(replace(case, text="the block on the left"), image)
    patient = replace(case, side="patient", text="the block on the right")
    np.testing.assert_array_equal(predictor.probabilities(patient, image), of_picture)
    other = predictor.probabilities(replace(patient, side="image"), image)
    assert np.abs(other - of_picture).max() > 1e-4


def test_sentences_that_are_cut_are_told_once(tmp_path):
    told = []
    model = replace(RECIPE.model, max_words=3)
    run_small(tmp_path, replace(RECIPE, model=model), report=told.append)
    assert len(told[0].notices) == 1
    assert "training sentences are longer than 3 tokens and are cut" in told[0].notices[0]
    assert not any(report.notices for report in told[1:])


def test_a_model_that_cannot_be_built_leaves_no_folder(tmp_path):
    recipe = replace(RECIPE, model=RecLMISConfig(text_encoder="clip", text_weights=""))
    with pytest.raises(MissingWeights):
        run_small(tmp_path, recipe)
    assert not (tmp_path / "run").exists()


def test_a_folder_with_a_run_is_not_overwritten(finished):
    with pytest.raises(FileExistsError, match="--resume"):
        run_small(finished.parent)


def test_a_run_is_not_resumed_with_other_choices(finished):
    with pytest.raises(ValueError, match="other choices"):
        run_small(finished.parent, replace(RECIPE, seed=5), resume=True)


class Stop(Exception):
    """Somebody pulled the plug."""


@pytest.mark.parametrize("steps_done", [1, 4, 6])
def test_a_stopped_run_goes_on_as_if_nothing_had_happened(finished, tmp_path, steps_done):
    def stop(state):
        if state.step == steps_done:
            raise Stop

    with pytest.raises(Stop):
        run_small(tmp_path, report=stop)
    run = run_small(tmp_path, resume=True)
    torch.testing.assert_close(losses(run), losses(finished), atol=1e-6, rtol=0)
    for one, other in zip(
        load_run(run)[0].parameters(), load_run(finished)[0].parameters(), strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def test_the_time_of_a_run_is_counted_over_its_parts(tmp_path, monkeypatch):
    def stop(state):
        if state.step == 6:
            raise Stop

    monkeypatch.setattr(Stopwatch, "lap", lambda _: 1.0)
    with pytest.raises(Stop):
        run_small(tmp_path, report=stop)
    summary = read_summary(run_small(tmp_path, resume=True))
    assert summary["seconds"] == {"compute": 9.0, "data": 9.0, "validation": 3.0}


def test_a_table_that_an_older_version_began_keeps_its_columns(tmp_path):
    def stop(state):
        if state.step == 4:
            raise Stop

    with pytest.raises(Stop):
        run_small(tmp_path, report=stop)
    table = tmp_path / "run" / "metrics.csv"
    table.write_text("epoch,data\n0,0.5\n")
    run_small(tmp_path, resume=True)
    lines = table.read_text().splitlines()
    assert [line.count(",") for line in lines] == [1, 1, 1, 1]


def test_chance_inside_a_step_is_the_same_after_a_stop(tmp_path):
    model = replace(SMALL[RecLMISConfig], dropout=0.3)  # it also draws which words to hide
    recipe = with_choices(
        replace(RECIPE, model=model),
        {"data.height": 32, "data.width": 40, "schedule.num_epochs": 1},
    )

    def stop(state):
        if state.step == 2:
            raise Stop

    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole = run_small(tmp_path / "whole", recipe)
    with pytest.raises(Stop):
        run_small(tmp_path / "parts", recipe, report=stop)
    torch.manual_seed(77)
    parts = run_small(tmp_path / "parts", recipe, resume=True)
    torch.testing.assert_close(losses(parts), losses(whole), atol=1e-6, rtol=0)


SCRIPT = """
import sys
from pathlib import Path
from training.small_run import RECIPE, run_small
from lingseg.training.recipe import recipe_from_json
folder = Path(sys.argv[1])
recipe = recipe_from_json((folder / "wanted.json").read_text())
def report(state):
    print(state.step, flush=True)
run_small(folder, recipe, resume="--resume" in sys.argv, report=report)
"""


def start(folder, *arguments, launcher=()):
    environment = os.environ | {"PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    (folder / "script.py").write_text(SCRIPT)
    command = [sys.executable, *launcher, str(folder / "script.py"), str(folder), *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def finish(process):
    """Wait for a process to end; return its exit code."""
    with process:
        process.communicate()
    return process.returncode


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(finished, tmp_path):
    write_blocks(tmp_path / "data")
    (tmp_path / "wanted.json").write_text(recipe_to_json(RECIPE))
    with start(tmp_path) as process:
        for line in process.stdout:
            if line.strip() == "5":
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert finish(start(tmp_path, "--resume")) == 0
    torch.testing.assert_close(losses(tmp_path / "run"), losses(finished), atol=1e-4, rtol=0)


@pytest.mark.slow
def test_two_processes_give_the_losses_of_one_with_the_whole_batch(finished, tmp_path):
    write_blocks(tmp_path / "data")
    (tmp_path / "wanted.json").write_text(recipe_to_json(RECIPE))
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
    assert finish(start(tmp_path, launcher=launcher)) == 0
    torch.testing.assert_close(losses(tmp_path / "run"), losses(finished), atol=1e-4, rtol=0)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_state(tmp_path):
    recipe = with_choices(RECIPE, {"optimizer.learning_rate": 1e30, "schedule.state_steps": 1})
    with pytest.raises(NonFiniteLoss, match="not finite"):
        run_small(tmp_path, recipe)
    assert (tmp_path / "run" / "state" / "latest.safetensors").is_file()


def test_training_stops_when_validation_does_not_improve(tmp_path):
    recipe = with_choices(
        RECIPE,
        {"optimizer.learning_rate": 1e-12, "schedule.patience": 1, "schedule.num_epochs": 50},
    )
    assert len(losses(run_small(tmp_path, recipe))) < 20


def test_half_weights_are_half_the_size_and_load_as_they_were_scored(tmp_path):
    run = run_small(tmp_path, replace(RECIPE, half_weights=True))
    model, _ = load_run(run)
    assert all(torch.equal(weight, weight.half().float()) for weight in model.parameters())


@pytest.mark.parametrize(
    ("shape", "step", "expected"),
    [
        ("constant", 50, 1.0),
        ("cosine", 0, 0.1),
        ("cosine", 9, 1.0),
        ("cosine", 55, 0.5),
        ("cosine", 100, 0.0),
        ("poly", 10, 1.0),
        ("poly", 55, 0.5**0.9),
        ("poly", 100, 0.0),
        ("restarts", 49, pytest.approx(1 / 3, abs=0.01)),
        ("restarts", 50, 1.0),
    ],
)
def test_the_learning_rate_follows_its_schedule(shape, step, expected):
    schedule = Schedule(num_epochs=20, warmup_steps=10, shape=shape)
    assert schedule_factor(schedule, step, 100) == pytest.approx(expected)


@pytest.mark.parametrize(("shape", "half"), [("cosine", 0.5), ("poly", 0.5**0.9)])
def test_a_schedule_may_be_drawn_for_more_epochs_than_are_trained(shape, half):
    schedule = Schedule(num_epochs=20, shape_epochs=40, shape=shape)
    assert schedule_factor(schedule, 100, 100) == pytest.approx(half)


def test_a_schedule_that_ends_before_the_training_is_refused():
    with pytest.raises(ValueError, match=r"shape_epochs=19 ends before schedule\.num_epochs=20"):
        Schedule(num_epochs=20, shape_epochs=19)


@pytest.mark.parametrize("config", [TinyConfig, LSMSConfig, MMIUNetConfig])
def test_gradients_are_laid_out_as_their_weights(config):
    """Else several processes warn of it, and copy."""
    model = _channels_last(build_model(SMALL[config])).train()
    inputs = batch(model)
    inputs["image"] = inputs["image"].contiguous(memory_format=torch.channels_last)
    found = model(**inputs)
    reference = torch.zeros_like(found.mask_logits, dtype=torch.bool)
    sum(model.losses(found, reference).values()).backward()
    others = [
        (name, weight.stride(), weight.grad.stride())
        for name, weight in model.named_parameters()
        if weight.grad is not None and weight.grad.stride() != weight.stride()
    ]
    assert not others
