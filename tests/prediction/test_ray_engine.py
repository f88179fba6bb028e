"""The engine with a stand-in for Ray that runs tasks at once, and with a real cluster."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fake_bundle import write_fake_bundle
from PIL import Image as PillowImage

from lingseg.prediction import BatchOptions, load, make_jobs, outcomes_on_disk, read_bundle
from lingseg.prediction import ray_engine as module
from lingseg.prediction.batch import run_jobs

OPTIONS = BatchOptions(side="image", threshold=0.5)


class RayError(Exception):
    """What Ray raises where a worker is lost."""


class RayTaskError(RayError):
    """What Ray raises where a task raised."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(repr(cause))
        self.cause = cause


class StandIn:
    """Ray's calls that the engine makes, done at once and in this process."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self, does=None) -> None:
        self.does, self.handed_out, self.is_running = does, 0, False

    def is_initialized(self):
        return self.is_running

    def init(self, **_options):
        self.is_running = True

    def shutdown(self):
        self.is_running = False

    def put(self, value):
        return lambda: value

    def cluster_resources(self):
        return {"CPU": 1.0}

    def remote(self, **options):
        assert options["max_retries"] > 0
        return lambda task: SimpleNamespace(
            remote=lambda *arguments: self._hand_out(task, arguments)
        )

    def _hand_out(self, task, arguments):
        self.handed_out += 1
        return lambda: (self.does or (lambda run, *_: run()))(lambda: task(*arguments), *arguments)

    def get(self, handle):
        try:
            return handle()
        except RayError:
            raise
        except Exception as error:
            raise RayTaskError(error) from error

    def cancel(self, _handle):
        self.handed_out -= 1


@pytest.fixture
def bundle(tmp_path):
    return read_bundle(write_fake_bundle(tmp_path / "fake.lingseg"))


@pytest.fixture
def pictures(tmp_path) -> list[Path]:
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(8)]
    for path in paths:
        PillowImage.fromarray(rng.integers(0, 256, (30, 50), dtype=np.uint8)).save(path)
    return paths


@pytest.fixture
def ray(monkeypatch):
    stand_in = StandIn()
    monkeypatch.setitem(sys.modules, "ray", stand_in)
    monkeypatch.setattr(module, "_LOADED", {})
    return stand_in


def run(bundle, jobs, options=OPTIONS):
    return list(module.run_on_ray(bundle, jobs, options))


def told(outcomes) -> list[tuple]:
    return [(one.job.image.name, one.job.text, one.failure, facts(one.record)) for one in outcomes]


def facts(record):
    return record and {key: value for key, value in record.items() if key != "created"}


def test_the_cluster_answers_as_this_machine_does_in_the_same_order(
    ray, bundle, pictures, tmp_path
):
    pictures[2].write_text("no picture")
    there = make_jobs(pictures, ["left", "dark"], tmp_path / "there")
    here = make_jobs(pictures, ["left", "dark"], tmp_path / "here")
    model = load(tmp_path / "fake.lingseg", threads=1)
    assert told(run(bundle, there)) == told(run_jobs(model, here, OPTIONS))
    assert ray.handed_out == len(pictures)
    assert not ray.is_running
    for one in outcomes_on_disk(there):
        twin = tmp_path / "here" / one.job.output.name
        assert one.job.output.read_bytes() == twin.read_bytes()
    assert len(list(outcomes_on_disk(there))) == 14


def test_a_picture_whose_worker_dies_for_good_is_named_and_the_rest_is_done(
    ray, bundle, pictures, tmp_path
):
    def dies(run_task, *arguments):
        if arguments[2][0].image == pictures[3]:
            raise RayError("the worker died unexpectedly")
        return run_task()

    ray.does = dies
    jobs = make_jobs(pictures, ["left", "dark"], tmp_path / "out")
    failed = [one for one in run(bundle, jobs) if one.failure]
    assert [one.job.image for one in failed] == [pictures[3]] * 2
    assert "3.png: its worker died again and again (RayError)" in failed[0].failure
    assert len(list(outcomes_on_disk(jobs))) == 14


def test_a_full_disk_on_a_worker_stops_the_batch_as_it_does_here(ray, bundle, pictures, tmp_path):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    ray.does = full
    with pytest.raises(OSError, match="No space left"):
        run(bundle, make_jobs(pictures, ["left"], tmp_path / "out"))
    assert not ray.is_running
    assert ray.handed_out == 1  # those that waited were taken back


def test_masks_that_are_not_seen_here_stop_the_batch(ray, bundle, pictures, tmp_path):
    def elsewhere(run_task, *_arguments):
        outcomes = run_task()
        for one in outcomes:
            one.job.output.with_suffix(".json").unlink()
        return outcomes

    ray.does = elsewhere
    with pytest.raises(OSError, match="written on another machine and is not seen here"):
        run(bundle, make_jobs(pictures, ["left"], tmp_path / "out"))


def test_another_lingseg_on_a_worker_is_told(ray, bundle, pictures, tmp_path, monkeypatch):
    def older(run_task, *_arguments):
        monkeypatch.setattr(module.lingseg, "__version__", "0.0.1")
        return run_task()

    ray.does = older
    with pytest.raises(ValueError, match=r"has lingseg 0\.0\.1, and this machine"):
        run(bundle, make_jobs(pictures[:1], ["left"], tmp_path / "out"))


def test_what_lingseg_does_not_expect_of_a_worker_is_one_line(ray, bundle, pictures, tmp_path):
    def cannot(*_arguments):
        raise ModuleNotFoundError("No module named 'lingseg'", name="lingseg")

    ray.does = cannot
    with pytest.raises(ValueError, match=r"Install lingseg .* on all its machines"):
        run(bundle, make_jobs(pictures[:1], ["left"], tmp_path / "out"))


def test_what_a_thread_of_ray_says_does_not_get_between_the_masks(
    ray, bundle, pictures, tmp_path, capsys
):
    def talks(run_task, *_arguments):
        thread = threading.Thread(target=lambda: print("a worker was lost"))  # noqa: T201
        thread.start()
        thread.join()
        return run_task()

    ray.does = talks
    ray.shutdown = lambda: print("and is replaced")  # noqa: T201
    for outcome in module.run_on_ray(
        bundle, make_jobs(pictures, ["left"], tmp_path / "out"), OPTIONS
    ):
        print(outcome.job.image.name)  # noqa: T201
    shown = capsys.readouterr()
    assert shown.out.split() == [path.name for path in pictures]
    assert "a worker was lost" in shown.err
    assert "and is replaced" in shown.err


def test_without_a_cluster_one_line_says_how_to_start_one(ray, bundle, pictures, tmp_path):
    def init(**_options):
        raise ConnectionError("Could not find any running Ray instance.\nMore lines.")

    ray.init = init
    with pytest.raises(ConnectionError, match=r"instance\.\). Start one with `ray start --head`"):
        run(bundle, make_jobs(pictures[:1], ["left"], tmp_path / "out"))


def test_many_sentences_on_a_picture_are_many_tasks(ray, bundle, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_JOBS_IN_TASK", 2)
    jobs = make_jobs(pictures[:1], ["left", "dark", "right"], tmp_path / "out")
    assert [one.job.text for one in run(bundle, jobs)] == ["left", "dark", "right"]
    assert ray.handed_out == 2


@pytest.mark.usefixtures("ray")
def test_overlays_and_formats_are_as_asked(bundle, pictures, tmp_path):
    options = replace(OPTIONS, format="nifti", has_overlay=True)
    run(bundle, make_jobs(pictures[:1], ["left"], tmp_path / "out", format="nifti"), options)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["0--left.json", "0--left.nii.gz", "0--left.overlay.png"]


@pytest.fixture
def cluster():
    """A real cluster of two workers on this machine; its process and address."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("ray is not installed; it comes with the extra `ray`")
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
    port = 20_000 + os.getpid() % 10_000
    call = [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
        *("--num-cpus=2", f"--port={port}", "--node-ip-address=127.0.0.1"),
        *("--include-dashboard=false", "--object-store-memory=100000000"),
        # short, as the paths of unix sockets must be
        f"--temp-dir={tempfile.gettempdir()}/lingseg-ray-{os.getpid()}",
    ]
    head = subprocess.Popen(
        call, env=environment, start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    try:
        assert any("runtime started" in line for line in head.stdout)
        yield head, f"127.0.0.1:{port}"
    finally:
        head.terminate()
        head.wait(timeout=120)
        head.stdout.close()


def workers_of(head: int) -> list[int]:
    """Return the processes below `head` that do tasks, or wait for some."""
    parents, found = {}, []
    for entry in Path("/proc").iterdir():
        try:
            parents[int(entry.name)] = int(
                (entry / "stat").read_text().rpartition(")")[2].split()[1]
            )
            if (entry / "cmdline").read_bytes().startswith((b"ray::_do", b"ray::IDLE")):
                found.append(int(entry.name))
        except (ValueError, OSError):  # no process, or none any more
            continue

    def is_below(process: int) -> bool:
        while process > 1 and process != head:
            process = parents.get(process, 0)
        return process == head

    return [process for process in found if is_below(process)]


@pytest.mark.slow
def test_two_real_workers_give_what_this_machine_gives_and_a_killed_one_loses_nothing(
    cluster, tmp_path
):
    head, address = cluster
    bundle = write_fake_bundle(tmp_path / "fake.lingseg")
    (tmp_path / "scans").mkdir()
    rng = np.random.default_rng(0)
    for number in range(400):
        pixels = rng.integers(0, 256, (30, 50), dtype=np.uint8)
        PillowImage.fromarray(pixels).save(tmp_path / "scans" / f"{number:03d}.png")
    (tmp_path / "scans" / "007.png").write_text("no picture")

    call = [sys.executable, "-m", "lingseg", "predict", "scans", "-p", "left", "-p", "dark"]
    call += ["-m", str(bundle), "--json"]
    environment = os.environ | {"RAY_ADDRESS": address, "OMP_NUM_THREADS": "1"}
    there = subprocess.Popen(
        [*call, "-o", "there", "--engine", "ray"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    killed = 0
    while there.poll() is None and killed < 2:
        if len(list((tmp_path / "there").glob("*.json"))) > 50 * killed:
            for worker in workers_of(head.pid)[:1]:
                os.kill(worker, signal.SIGKILL)
                killed += 1
        time.sleep(0.02)
    said = json.loads(there.communicate(timeout=300)[0])
    here = subprocess.run(
        [*call, "-o", "here"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert killed == 2
    assert (there.returncode, here.returncode) == (1, 1)

    expected = json.loads(here.stdout)
    assert len(said["masks"]) == len(expected["masks"]) == 798
    assert [one["failure"] for one in said["failed"]] == [
        one["failure"] for one in expected["failed"]
    ]
    apart = ("created", "was_done", "mask")  # a job's first try may have written it
    for one, twin in zip(said["masks"], expected["masks"], strict=True):
        assert {key: one[key] for key in one if key not in apart} == {
            key: twin[key] for key in twin if key not in apart
        }
        assert (tmp_path / one["mask"]).read_bytes() == (tmp_path / twin["mask"]).read_bytes()
