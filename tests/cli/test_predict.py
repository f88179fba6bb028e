import json
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
from fake_bundle import write_fake_bundle
from PIL import Image as PillowImage
from raster_files import encoded, png_that_claims, random_pixels

from lingseg import artefact
from lingseg.cli import outcomes as printing
from lingseg.cli import predict as command
from lingseg.cli.main import run
from lingseg.imaging import read_mask
from lingseg.prediction import doubtful_words

SERIES = "dicomweb://localhost/dicom-web/studies/1.2/series/1.3"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> str:
    return str(write_fake_bundle(tmp_path_factory.mktemp("bundle") / "fake.lingseg"))


@pytest.fixture(autouse=True)
def scans(tmp_path, monkeypatch) -> Path:
    """Three sound pictures in the folder `scans`, seen from the folder above."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "scans"
    folder.mkdir()
    for number, name in enumerate("abc"):
        pixels = random_pixels(seed=number).repeat(3, 0).repeat(3, 1)
        PillowImage.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def files(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


def test_a_picture_and_a_sentence_give_a_mask_and_its_record(bundle, capsys):
    assert run(["predict", "scans/a.png", "-p", "left", "-m", bundle, "-o", "out"]) == 0
    assert files("out") == ["a--left.json", "a--left.png"]
    mask = read_mask(Path("out/a--left.png")).pixels
    assert mask.shape == (33, 51)
    assert mask.any()
    assert not mask[:, 26:].any()
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{Path('out/a--left.png')}  {mask.sum()} pixels, confidence 0.")
    assert "1 mask (0 from an earlier run), 0 failed. Research use only" in shown.out
    assert shown.err == ""


def test_many_pictures_and_sentences_give_every_pair(bundle):
    call = ["predict", "scans/a.png", "scans/[bc].png", "-p", "left", "--prompt", "dark"]
    assert run([*call, "-m", bundle, "-o", "out", "--overlay", "--quiet"]) == 0
    assert len(files("out")) == 3 * 2 * 3
    assert "c--dark.overlay.png" in files("out")


def test_pictures_share_the_cores_and_a_single_one_has_them_all(bundle, monkeypatch):
    seen = []
    genuine_load, genuine_run = command.load, command.run_jobs
    monkeypatch.setattr("lingseg.prediction.crew.usable_cores", lambda: 2)

    def load(name, *, threads):
        seen.append(threads)
        return genuine_load(name, threads=threads)

    def run_jobs(model, jobs, options, **more):
        seen.append(options.workers)
        return genuine_run(model, jobs, options, **more)

    monkeypatch.setattr(command, "load", load)
    monkeypatch.setattr(command, "run_jobs", run_jobs)
    for more in (["scans"], ["scans/a.png", "-p", "dark"], ["scans", "--tiles"]):
        assert run(["predict", *more, "-p", "left", "-m", bundle, "-o", "out", "-q"]) == 0
    assert seen == [1, 3, 2, 1, 2, 1]


def test_folders_are_looked_into(bundle, scans):
    (scans / "deep").mkdir()
    (scans / "a.png").rename(scans / "deep" / "a.png")
    assert run(["predict", "scans", "-p", "left", "-m", bundle, "-o", "out"]) == 0
    assert len(files("out")) == 4
    assert run(["predict", "scans", "-r", "-p", "left", "-m", bundle, "-o", "out"]) == 0
    assert len(files("out")) == 6


def test_a_jobs_file_gives_each_row_its_sentence(bundle):
    Path("jobs.csv").write_text(
        "image,text,output\nscans/a.png,left,\nscans/b.png,dark,mine\n", encoding="utf-8"
    )
    assert run(["predict", "--jobs", "jobs.csv", "-m", bundle, "-o", "out"]) == 0
    assert files("out") == ["a--left.json", "a--left.png", "mine.json", "mine.png"]


def test_quiet_prints_nothing(bundle, capsys):
    assert run(["predict", "scans", "-p", "left", "-m", bundle, "-o", "out", "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_json_is_for_machines(bundle, scans, capsys):
    (scans / "b.png").write_text("no picture")
    assert run(["predict", "scans", "-p", "nothing", "-m", bundle, "-o", "out", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [Path(one["image"]).name for one in said["masks"]] == ["a.png", "c.png"]
    assert [one["is_found"] for one in said["masks"]] == [False, False]
    assert Path(said["masks"][0]["mask"]).is_file()
    assert "is not a PNG, JPEG, TIFF, DICOM or NIfTI" in said["failed"][0]["failure"]


def test_a_second_run_does_only_what_is_missing(bundle, capsys):
    call = ["predict", "scans", "-p", "left", "-m", bundle, "-o", "out"]
    run(call)
    Path("out/b--left.json").unlink()
    before = Path("out/a--left.png").stat().st_mtime_ns
    assert run(call) == 0
    assert "3 masks (2 from an earlier run), 0 failed" in capsys.readouterr().out
    assert Path("out/a--left.png").stat().st_mtime_ns == before
    assert Path("out/b--left.json").is_file()


def test_sides_and_thresholds_reach_the_model(bundle):
    call = ["predict", "scans/a.png", "-p", "left", "-m", bundle, "-q"]
    run([*call, "-o", "plain"])
    run([*call, "-o", "patient", "--side", "patient"])
    run([*call, "-o", "sure", "--threshold", "0.99"])
    plain, patient, sure = (
        read_mask(Path(folder) / "a--left.png").pixels for folder in ("plain", "patient", "sure")
    )
    assert not patient[:, :25].any()
    assert sure.sum() < plain.sum()


def nan_tiff() -> bytes:
    pixels = random_pixels(np.float32)
    pixels[0, 0] = np.nan
    return encoded(pixels, "TIFF")


BAD_PICTURES = {
    "text.png": (b"hello\n", "is not a PNG, JPEG, TIFF, DICOM or NIfTI file"),
    "short.jpg": (encoded(random_pixels(), "JPEG")[:-40], "starts as JPEG but is damaged"),
    "bomb.png": (png_that_claims(50_000, 50_000), "far more than the 40,000,000 pixels"),
    "one.png": (png_that_claims(1, 1), "has 1 x 1 pixels"),
    "nan.tif": (nan_tiff(), "not a finite number"),
    "empty.png": (b"", "is empty (0 bytes)"),
    "scan.dcm": (bytes(128) + b"DICM", "holds nothing"),
}


@pytest.mark.parametrize("name", BAD_PICTURES)
def test_a_bad_picture_alone_is_one_line_and_code_2(name, bundle, capsys):
    data, line = BAD_PICTURES[name]
    Path(name).write_bytes(data)
    assert run(["predict", name, "-p", "left", "-p", "dark", "-m", bundle, "-o", "out", "-q"]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"lingseg: {name} ")
    assert line in shown.err
    assert shown.err.count("\n") == 1
    assert not Path("out").exists()


def test_bad_pictures_among_others_are_named_and_the_others_done(bundle, capsys):
    for name, (data, _) in BAD_PICTURES.items():
        Path(name).write_bytes(data)
    call = ["predict", *BAD_PICTURES, "scans", "-p", "left", "-m", bundle, "-o", "out"]
    assert run(call) == 1
    shown = capsys.readouterr()
    assert shown.err.count("\n") == len(BAD_PICTURES)
    for name, (_, line) in BAD_PICTURES.items():
        assert any(name in row and line in row for row in shown.err.splitlines())
    assert len(files("out")) == 6
    assert f"3 masks (0 from an earlier run), {len(BAD_PICTURES)} failed" in shown.out


def test_inputs_that_name_nothing_fail_alone(bundle, capsys):
    Path("empty").mkdir()
    call = ["predict", "empty", "scans", "missing.png", "-p", "left", "-m", bundle, "-o", "out"]
    assert run(call) == 1
    shown = capsys.readouterr()
    assert len(files("out")) == 6
    first, second = shown.err.splitlines()
    assert first.startswith("lingseg: empty names no picture; expected a file, a zip, a pattern")
    assert ".nii, .nii.gz or DICOM" in first
    assert second.startswith("lingseg: missing.png names no picture")
    assert "3 masks (0 from an earlier run), 2 failed" in shown.out


def test_inputs_that_all_name_nothing_are_named_and_code_2(bundle, capsys):
    Path("empty").mkdir()
    assert run(["predict", "empty", "missing.png", "-p", "left", "-m", bundle, "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.err.count("names no picture") == 2
    assert [one["image"] for one in json.loads(shown.out)["failed"]] == ["empty", "missing.png"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["scans/a.png"], "No sentence was given"),
        (["-p", "left"], "No picture was given"),
        (["scans/a.png", "-p", ""], "The sentence is empty"),
        (["scans/a.png", "-p", "word " * 5000], "The sentence has 5,000 words"),
        (["scans/a.png", "-p", "left", "-m", "larger"], "There is no model 'larger'"),
        (["scans/a.png", "-p", "left", "--threshold", "1.5"], "The threshold is 1.5"),
        (["missing.png", "-p", "left"], "missing.png names no picture"),
        (["scans", "-p", "left", "-o", "scans"], "scans is the folder of the pictures as well"),
        (["scans", "--jobs", "jobs.csv"], "--jobs names pictures and sentences itself"),
        (["--jobs", "nowhere.csv"], "No such file or directory (nowhere.csv)"),
        (["scans/a.png", "-p", "left", "--format", "gif"], "Invalid value"),
        (["scans/a.png", "-p", "left", "--shard", "3/2"], "The shard is '3/2'; expected i/n"),
        (["scans/a.png", "-p", "left", "--min-ml", "-1"], "Parts below -1 ml"),
        (["scans/a.png", "-p", "left", "--store"], "--store sends objects to the PACS"),
        (["dicomweb://host/x", "-p", "left"], "'dicomweb://host/x' is not the address"),
        ([f"{SERIES}", "-p", "left", "--store", "--format", "png"], "--store sends DICOM objects"),
        ([f"{SERIES}", "-p", "left", "--store", "--deidentify"], "--store --deidentify would"),
    ],
)
def test_a_wrong_call_is_one_line_and_code_2_and_writes_nothing(arguments, line, bundle, capsys):
    before = files(".")
    defaults = [] if "-m" in arguments else ["-m", bundle]
    assert run(["predict", *arguments, *defaults]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"lingseg: {line}")
    assert shown.err.count("\n") == 1
    assert files(".") == before


def test_a_bundle_with_one_changed_byte_is_one_line_and_code_2(bundle, capsys):
    data = bytearray(Path(bundle).read_bytes())
    data[3000] ^= 1
    Path("changed.lingseg").write_bytes(data)
    assert run(["predict", "scans", "-p", "left", "-m", "changed.lingseg"]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("lingseg: changed.lingseg is not a usable bundle: ")
    assert shown.count("\n") == 1


def test_a_read_only_folder_is_one_line_and_code_2(bundle, capsys, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied", "out/.x.part.png")

    monkeypatch.setattr(artefact.tempfile, "mkstemp", refuse)  # root may write anywhere
    assert run(["predict", "scans", "-p", "left", "-m", bundle, "-o", "out"]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("lingseg: Permission denied (out/.x.part.png). Choose another folder")
    assert shown.count("\n") == 1
    assert files("out") == []


def test_a_full_disk_is_one_line_and_code_2_and_nothing_is_half_written(
    bundle, capsys, monkeypatch
):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artefact.os, "fsync", full)
    assert run(["predict", "scans", "-p", "left", "-m", bundle, "-o", "out", "--overlay"]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("lingseg: No space left on device. Free some space")
    assert shown.count("\n") == 1
    assert files("out") == []


def test_an_output_folder_that_is_a_file_is_one_line_and_code_2(bundle, capsys):
    Path("out").touch()
    assert run(["predict", "scans", "-p", "left", "-m", bundle, "-o", "out"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_words_that_were_not_read_are_named_once(bundle, capsys, monkeypatch):
    text = "left " + " ".join(f"w{number}" for number in range(60))
    monkeypatch.setattr(doubtful_words, "_warnings", lambda _text: ())
    assert run(["predict", "scans", "-p", text, "-m", bundle, "-o", "out", "-q"]) == 0
    shown = capsys.readouterr().err
    assert shown.startswith("lingseg: warning: the sentence is longer than the model reads")
    assert "'w9 w10" in shown
    assert "and 31 more" in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize("is_again", [False, True])
def test_doubtful_words_are_told_once_a_sentence_and_stand_in_every_record(
    is_again, bundle, capsys
):
    texts = ["-p", "the lesoin", "-p", "left snark", "-p", "left"]
    call = ["predict", "scans", *texts, "-m", bundle, "-o", "out", "-q"]
    for _ in range(1 + is_again):
        capsys.readouterr()
        assert run(call) == 0
    misspelt, unknown = (
        'the sentence has words that look misspelt: "lesoin" read as "lesion"',
        'the sentence has words that are not understood: "snark"',
    )
    assert capsys.readouterr().err.splitlines() == [
        f'lingseg: warning: "the lesoin": {misspelt}.',
        f'lingseg: warning: "left snark": {unknown}.',
    ]
    for name, warnings in (("the-lesoin", [misspelt]), ("left-snark", [unknown]), ("left", None)):
        for picture in "abc":
            record = json.loads(Path(f"out/{picture}--{name}.json").read_text(encoding="utf-8"))
            assert record.get("warnings") == warnings


def test_a_long_sentence_is_cut_where_it_is_warned_of(bundle, capsys):
    text = "left " * 100 + "snark"
    assert run(["predict", "scans", "-p", text, "-m", bundle, "-o", "out", "-q"]) == 0
    (line,) = [one for one in capsys.readouterr().err.splitlines() if "snark" in one]
    assert line.startswith('lingseg: warning: "left left')
    assert len(line) < 250


@pytest.mark.parametrize(("seconds", "has_bar"), [(0.0, True), (1e9, False)])
def test_a_progress_bar_shows_only_when_it_takes_long_and_somebody_watches(
    seconds, has_bar, bundle, capsys, monkeypatch
):
    monkeypatch.setattr(printing, "_BAR_AFTER_SECONDS", seconds)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    started = []
    genuine = printing._new_bar
    monkeypatch.setattr(printing, "_new_bar", lambda total: started.append(total) or genuine(total))
    assert run(["predict", "scans", "-p", "left", "-m", bundle, "-o", "out"]) == 0
    assert started == ([3] if has_bar else [])
    assert run(["predict", "scans", "-p", "left", "-m", bundle, "-o", "out2", "-q"]) == 0
    assert len(started) == has_bar
    assert capsys.readouterr().out.count("out") == 3


def test_a_check_says_where_sentence_and_mask_disagree(bundle, scans, capsys):
    pixels = np.zeros((33, 51), dtype=np.uint8)
    pixels[9:18, 6:15] = 255
    PillowImage.fromarray(pixels).save(scans / "one.png")
    call = ["predict", "scans/one.png", "-p", "two lesions at the left", "-m", bundle, "-o", "out"]
    line = "the sentence says two, the mask has one part"
    record = Path("out/one--two-lesions-at-the-left.json")

    assert run(call) == 0
    assert line not in capsys.readouterr().out
    assert "disagreements" not in json.loads(record.read_text(encoding="utf-8"))

    assert run([*call, "--check"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[1] == f"  {line}"
    assert "(0 from an earlier run)" in shown  # that one was not checked
    assert json.loads(record.read_text(encoding="utf-8"))["disagreements"] == [line]

    assert run([*call, "--check"]) == 0
    shown = capsys.readouterr().out
    assert (line in shown, "(1 from an earlier run)" in shown) == (True, True)


def test_a_check_without_scipy_names_the_extra_before_anything_is_drawn(
    bundle, capsys, monkeypatch
):
    monkeypatch.setattr("lingseg.imaging.parts.find_spec", lambda _: None)
    call = ["predict", "scans/a.png", "-p", "left", "-m", bundle, "-o", "out", "--check"]
    assert run(call) == 2
    assert capsys.readouterr().err == (
        "lingseg: this needs scipy, which is not installed. Run: pip install 'lingseg[evaluate]'\n"
    )
    assert not Path("out").exists()


def test_a_format_for_the_whole_batch_is_one_file_beside_the_masks(bundle, capsys):
    call = ["predict", "scans", "-p", "left", "-m", bundle, "-o", "out", "--format"]
    assert run([*call, "coco"]) == 0
    assert f"all masks: {Path('out/coco.json')}" in capsys.readouterr().out
    before = Path("out/coco.json").read_bytes()
    assert len(json.loads(before)["images"]) == 3
    Path("out/b--left.png").unlink()
    assert run([*call, "coco"]) == 0
    assert "(2 from an earlier run)" in capsys.readouterr().out
    assert Path("out/coco.json").read_bytes() == before


def test_a_dicom_format_of_a_png_is_refused_in_one_line(bundle, capsys):
    call = ["predict", "scans/a.png", "-p", "left", "-m", bundle, "-o", "out"]
    assert run([*call, "--format", "dicom-seg"]) == 2
    shown = capsys.readouterr()
    assert "a.png: A DICOM object was asked for" in shown.err
    assert shown.err.count("\n") == 1
    assert files("out") == []


def test_shards_together_do_what_one_call_does(bundle, capsys):
    rows = "".join(
        f"scans/{name}.png,{text},{name}-{text}\n" for text in ("left", "dark") for name in "abc"
    )
    Path("jobs.csv").write_text(f"image,text,output\n{rows}", encoding="utf-8")
    call = ["predict", "--jobs", "jobs.csv", "-m", bundle, "-o"]
    numbers = []
    for shard in ("1/2", "2/2"):
        assert run([*call, "parts", "--shard", shard, "--format", "coco"]) == 0
        numbers.append(int(capsys.readouterr().out.split(" masks (0 from")[0].split()[-1]))
    assert sum(numbers) == 6
    assert all(number % 2 == 0 for number in numbers)  # a picture is not parted
    assert "coco.json" not in files("parts")
    assert run([*call, "parts", "--format", "coco"]) == 0
    assert "6 masks (6 from an earlier run)" in capsys.readouterr().out
    assert run([*call, "whole", "--format", "coco"]) == 0
    assert files("parts") == files("whole")
    assert Path("parts/coco.json").read_bytes() == Path("whole/coco.json").read_bytes()


def test_a_shard_leaves_the_file_for_all_masks_to_the_last_call(bundle, capsys):
    call = ["predict", "scans", "-p", "left", "-m", bundle, "-o", "out", "--shard", "1/1"]
    assert run([*call, "--format", "cvat"]) == 0
    assert "when all shards are done, run the same without --shard" in capsys.readouterr().out


def test_ray_that_is_not_installed_is_one_line_before_anything_is_drawn(
    bundle, capsys, monkeypatch
):
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    call = ["predict", "scans", "-p", "left", "-m", bundle, "-o", "out", "--engine", "ray"]
    assert run(call) == 2
    assert capsys.readouterr().err == (
        "lingseg: this needs ray, which is not installed. Run: pip install 'lingseg[ray]'\n"
    )
    assert not Path("out").exists()


def test_lines_come_while_the_batch_goes_on(bundle, capsys, monkeypatch):
    shown = []
    genuine = command.run_jobs

    def watched(*arguments, **options):
        for outcome in genuine(*arguments, **options):
            shown.append(capsys.readouterr())
            yield outcome

    monkeypatch.setattr(command, "run_jobs", watched)
    assert run(["predict", "scans", "-p", "left", "-m", bundle, "-o", "out"]) == 0
    assert [one.out.count("confidence") for one in shown] == [0, 1, 1]


def test_a_stopped_batch_tells_what_is_done_and_goes_on(bundle, capsys, monkeypatch):
    genuine = command.run_jobs

    def stopped(*arguments, **options):
        yield next(genuine(*arguments, **options))
        raise KeyboardInterrupt

    call = ["predict", "scans", "-p", "left", "-m", bundle, "-o", "out"]
    with monkeypatch.context() as patch:
        patch.setattr(command, "run_jobs", stopped)
        assert run(call) == 130
    assert capsys.readouterr().err == (
        "lingseg: stopped: 1 mask (0 from an earlier run), 0 failed; the same command does the "
        "rest.\n"
    )
    assert run(call) == 0
    assert "(0 from an earlier run)" not in capsys.readouterr().out  # which may have been ahead


def test_what_a_killed_run_left_is_removed_and_files_of_others_are_not(bundle):
    call = ["predict", "scans", "-p", "left", "-m", bundle, "-o", "out"]
    run(call)
    ours = Path(f"out/.{artefact._mark('a--left.png')}.abcdefgh.part.png")
    theirs = Path(f"out/.{artefact._mark('z--left.png')}.abcdefgh.part.png")
    ours.write_bytes(b"half")
    theirs.write_bytes(b"half")
    assert run(call) == 0
    assert (ours.exists(), theirs.exists()) == (False, True)


def test_a_volume_gives_nifti_and_is_cleaned_up_if_asked(bundle, capsys):
    voxels = np.zeros((12, 10, 8), dtype=np.int16)
    voxels[2:8, 2:8, 2:6] = 100
    voxels[10:, 8:, 6:] = 100
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([-2.0, -2, 3, 1])), "scan.nii.gz")
    call = ["predict", "scan.nii.gz", "-p", "bright", "-m", bundle, "-o", "out"]
    assert run(call) == 0
    assert "voxels in" in capsys.readouterr().out
    assert files("out") == ["scan--bright.json", "scan--bright.nii.gz"]
    before = np.asarray(nibabel.load("out/scan--bright.nii.gz").dataobj)
    assert run([*call, "--keep-largest"]) == 0
    assert "(0 from an earlier run)" in capsys.readouterr().out
    after = np.asarray(nibabel.load("out/scan--bright.nii.gz").dataobj)
    assert after.shape == voxels.shape
    assert 0 < after.sum() < before.sum()
    assert run([*call, "--format", "png"]) == 2
    assert "scan.nii.gz: It is a volume" in capsys.readouterr().err


def test_deidentifying_without_its_package_is_told_before_anything_is_drawn(
    bundle, capsys, monkeypatch
):
    monkeypatch.setattr("lingseg.imaging.deidentification.find_spec", lambda _: None)
    call = ["predict", "scans/a.png", "-p", "left", "-m", bundle, "-o", "out", "--deidentify"]
    assert run(call) == 2
    assert "pip install dicom-anonymizer" in capsys.readouterr().err
    assert not Path("out").exists()
