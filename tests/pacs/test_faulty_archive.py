"""`lingseg predict` on archives that misbehave: one line each, and what can be done is done."""

from pathlib import Path

import pytest
from clinical_files import ct_slice, saved
from fake_bundle import write_fake_bundle
from loopback_archive import answering, breaking_off, hanging, multipart, running_archive
from raster_files import random_pixels

from lingseg.cli.main import run
from lingseg.imaging import dicomweb_server

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

WEB_PAGE = answering(b"<html>Doe^Jane</html>", "text/html")
HALF = answering(
    multipart(b"DICM" * 50)[:150], "multipart/related; boundary=a-boundary", length=999
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return str(write_fake_bundle(tmp_path_factory.mktemp("bundle") / "fake.lingseg"))


@pytest.fixture
def archive(monkeypatch, tmp_path):
    for name in ("USER", "PASSWORD", "TOKEN", "TIMEOUT"):
        monkeypatch.delenv(f"LINGSEG_PACS_{name}", raising=False)
    monkeypatch.setattr(dicomweb_server, "PAUSES", (0.0, 0.0))
    monkeypatch.chdir(tmp_path)
    pixels = random_pixels(seed=1).repeat(3, 0).repeat(3, 1).astype("int16")
    with running_archive() as running:
        running.files = {"1.2.3.4.1": saved(ct_slice(pixels=pixels))}
        yield running


@pytest.mark.parametrize(
    ("faults", "said", "asked"),
    [
        ([answering(status=500)] * 3, "answered 500 (Internal Server Error)", 3),
        ([hanging] * 3, "did not answer in time", 3),
        ([breaking_off] * 3, "broke off", 3),
        ([WEB_PAGE], "answered with 'text/html'", 1),
        ([None, None, WEB_PAGE], "answered with 'text/html'", 3),
        ([None, None, HALF, HALF, HALF], "broke off", 5),
        ([answering(status=404)], "answered 404 (Not Found)", 1),
        ([answering(status=401)], "LINGSEG_PACS_USER", 1),
    ],
    ids=["500", "hang", "break", "html", "html file", "truncated", "404", "401"],
)
def test_a_faulty_archive_is_one_line(archive, bundle, capsys, monkeypatch, faults, said, asked):
    if hanging in faults:
        monkeypatch.setenv("LINGSEG_PACS_TIMEOUT", "0.2")
    archive.faults += faults
    assert run(["predict", archive.address, "-p", "left", "-m", bundle, "--store", "-q"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert "Doe" not in line
    assert len(archive.asked) == asked
    assert not archive.stored


def test_an_error_that_passes_is_not_seen(archive, bundle, capsys):
    archive.faults += [answering(status=500), None, None, None, answering(status=503)]
    assert run(["predict", archive.address, "-p", "left", "-m", bundle, "--store", "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert archive.stored == [next(Path("lingseg-masks").glob("*.dcm")).read_bytes()]


def test_what_was_not_stored_is_sent_by_the_next_run(archive, bundle, capsys):
    archive.faults += [None, None, None, *[answering(status=500)] * 3]
    call = ["predict", archive.address, "-p", "left", "-m", bundle, "--store"]
    assert run(call) == 2
    assert "storing of an object" in capsys.readouterr().err
    (kept,) = Path("lingseg-masks").glob("*.dcm")
    before = kept.read_bytes()
    assert run(call) == 0
    assert "(1 from an earlier run)" in capsys.readouterr().out
    assert archive.stored == [before]


def test_an_archive_that_fails_does_not_stop_another(archive, bundle, capsys):
    with running_archive() as gone:
        pass
    call = ["predict", gone.address, archive.address, "-p", "left", "-m", bundle, "--store", "-q"]
    assert run(call) == 1
    assert "takes no connection" in capsys.readouterr().err
    assert len(archive.stored) == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--store", "--format", "png"], "--format png makes none"),
        (["--store", "--deidentify"], "a study of nobody"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    archive, bundle, capsys, more, said
):
    assert run(["predict", archive.address, "-p", "left", "-m", bundle, *more]) == 2
    assert said in capsys.readouterr().err
    assert not archive.asked


def test_a_table_must_not_name_an_archive(archive, bundle, capsys):
    Path("jobs.csv").write_text(f"image,text\n{archive.address},left\n")
    assert run(["predict", "--jobs", "jobs.csv", "-m", bundle]) == 2
    assert "address" in capsys.readouterr().err
    assert not archive.asked
