import json
from pathlib import Path

import pytest

from lingseg.cli import outcomes as module
from lingseg.cli.outcomes import Document, Lines, Tally, Warnings
from lingseg.prediction import Job, Outcome

RECORD = {"format": "png", "is_found": True, "area_pixels": 7, "confidence": 0.5}


def job(name="a.png", text="left") -> Job:
    return Job(image=Path(name), text=text, output=Path("out", f"{Path(name).stem}.png"))


def done(name="a.png", **more) -> Outcome:
    return Outcome(job=job(name), record=RECORD | more)


def failed(name="a.png", why="it is broken") -> Outcome:
    return Outcome(job=job(name), failure=why)


def test_a_document_comes_piece_by_piece_and_is_what_json_makes_of_it(capsys):
    pieces = []
    with Document() as document:
        for outcome in (done("a.png"), failed("b.png"), done("c.png", text="ä")):
            document.add(outcome)
            pieces.append(capsys.readouterr().out)
    text = "".join(pieces) + capsys.readouterr().out
    said = json.loads(text)
    assert json.dumps(said, indent=2) + "\n" == text
    assert [one["image"] for one in said["masks"]] == ["a.png", "c.png"]
    assert said["masks"][0]["mask"] == str(Path("out/a.png"))
    assert said["failed"] == [{"image": "b.png", "text": "left", "failure": "it is broken"}]
    assert said["is_complete"]
    assert "a.png" in pieces[0]
    assert "c.png" in pieces[2]


@pytest.mark.parametrize("outcomes", [[], [failed()], [done()]])
def test_a_document_of_any_length_is_whole(outcomes, capsys):
    with Document() as document:
        for outcome in outcomes:
            document.add(outcome)
    text = capsys.readouterr().out
    said = json.loads(text)
    assert json.dumps(said, indent=2) + "\n" == text
    assert len(said["masks"]) + len(said["failed"]) == len(outcomes)


@pytest.mark.parametrize("outcome", [done(), failed()])
def test_a_document_that_is_stopped_is_whole_and_says_so(outcome, capsys):
    def stop() -> None:
        with Document() as document:
            document.add(outcome)
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        stop()
    said = json.loads(capsys.readouterr().out)
    assert not said["is_complete"]
    assert len(said["masks"]) + len(said["failed"]) == 1


def test_a_call_that_is_refused_before_anything_comes_out_prints_no_document(capsys):
    def stop() -> None:
        with Document():
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        stop()
    assert capsys.readouterr().out == ""


def test_lines_come_as_masks_do_and_tell_pictures_and_volumes(capsys):
    volume = {"format": "nifti", "voxels": 12, "found_slices": [3, 4], "num_slices": 30}
    with Lines(is_quiet=False) as lines:
        lines.add(done())
        assert capsys.readouterr().out == f"{Path('out/a.png')}  7 pixels, confidence 0.50\n"
        lines.add(done("b.nii.gz", **volume))
        assert "12 voxels in 2 of 30 slices, confidence 0.50" in capsys.readouterr().out
        lines.add(done(verdict="unsure", presence=0.62))
        assert capsys.readouterr().out.endswith(
            "7 pixels, confidence 0.50, unsure: presence 0.62\n"
        )
        lines.add(Outcome(job=job(), record=RECORD | {"is_found": False}, was_stored=True))
        assert capsys.readouterr().out.endswith("not found, confidence 0.50, stored\n")
    with Lines(is_quiet=True) as lines:
        lines.add(done())
    assert capsys.readouterr().out == ""


def test_a_warning_is_said_once_as_long_as_it_is_remembered(capsys, monkeypatch):
    monkeypatch.setattr(module, "_REMEMBERED_LINES", 2)
    warnings = Warnings()
    for why in ("a", "a", "b", "a", "c", "b"):
        warnings.add(failed(why=why))
    said = capsys.readouterr().err.splitlines()
    assert said == ["lingseg: a", "lingseg: b", "lingseg: c", "lingseg: b"]
    assert len(warnings._said) == 2


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 0),
        ([done(), done("b.png")], 0),
        ([failed(), failed()], 2),
        ([failed(), failed("b.png")], 2),
        ([done(), failed()], 1),
    ],
)
def test_the_exit_code_tells_all_from_some_and_none(outcomes, code):
    tally = Tally()
    for outcome in outcomes:
        tally.add(outcome)
    assert tally.exit_code() == code
