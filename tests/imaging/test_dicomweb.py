import json
import stat
import time
from contextlib import closing

import pytest
from clinical_files import ct_slice, saved
from loopback_archive import (
    SERIES,
    STUDY,
    answering,
    breaking_off,
    dripping,
    hanging,
    multipart,
    running_archive,
    without_length,
)

from lingseg.imaging import dicomweb, dicomweb_server
from lingseg.imaging.dicomweb import (
    check_address,
    fetched_series,
    named_by_address,
    store_objects,
)
from lingseg.imaging.private_folder import PrivateFolder
from lingseg.imaging.reading import read_volume

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
JSON = "application/dicom+json"


@pytest.fixture
def archive(monkeypatch):
    for name in ("USER", "PASSWORD", "TOKEN", "TIMEOUT"):
        monkeypatch.delenv(f"LINGSEG_PACS_{name}", raising=False)
    monkeypatch.setattr(dicomweb_server, "PAUSES", (0.0, 0.0))
    with running_archive() as running:
        running.files = {f"1.2.3.4.{n + 1}": saved(ct_slice(n)) for n in range(3)}
        yield running


def fetch_all(address):
    with fetched_series(address) as path:
        files = [path] if path.is_file() else sorted(path.iterdir())
        return [one.read_bytes() for one in files]


def test_a_series_comes_byte_for_byte(archive):
    assert fetch_all(archive.address) == list(archive.files.values())


def test_a_fetched_series_is_read_as_a_volume(archive):
    with fetched_series(archive.address) as path:
        volume = read_volume(path)
    assert len(volume) == 3
    assert volume.slice_spacing == 3.0


def test_the_folder_is_private_and_gone_afterwards(archive):
    with fetched_series(archive.address) as path:
        private = path.parents[1]
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert not private.exists()


def test_what_a_killed_process_left_is_removed_by_the_next(archive, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with closing(PrivateFolder("pacs", tmp_path)) as in_use:
        left = tmp_path / "lingseg-pacs-left"
        (left / "series").mkdir(parents=True)
        (left / "series" / "1.2.3").write_bytes(b"a patient")
        (left / "lock").touch()
        fetch_all(archive.address)
        assert list(tmp_path.iterdir()) == [in_use.path]


def test_a_lone_picture_is_a_file(archive):
    with fetched_series(f"{archive.address}/instances/1.2.3.4.2") as path:
        assert path.read_bytes() == archive.files["1.2.3.4.2"]
    assert not any("?" in asked for asked in archive.asked)


def test_a_server_that_lists_a_few_at_a_time_is_asked_on(archive):
    archive.page = 2
    assert len(fetch_all(archive.address)) == 3


def test_the_only_series_of_pictures_in_a_study_is_taken(archive):
    archive.modalities = {"1.9": "SEG", SERIES: "CT", "1.10": "SR"}
    assert len(fetch_all(archive.address.partition("/series/")[0])) == 3


def test_several_series_of_a_study_are_named(archive):
    archive.modalities = {"1.9": "MR", SERIES: "CT\x1b[2J"}
    with pytest.raises(ValueError, match=r"2 series of pictures: 1\.9 \(MR, .*\), 1\.2\.3\.2 \(\?"):
        fetch_all(archive.address.partition("/series/")[0])


@pytest.mark.parametrize("part", ["series", "instances"])
def test_nothing_there_is_said(archive, part):
    archive.faults.append(answering(b"[]", JSON))
    address = archive.address if part == "instances" else archive.address.partition("/series/")[0]
    with pytest.raises(FileNotFoundError, match="Check"):
        fetch_all(address)


def test_no_content_is_an_empty_list(archive):
    archive.faults.append(answering(status=204))
    with pytest.raises(FileNotFoundError, match="no pictures"):
        fetch_all(archive.address)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_error_that_passes_is_tried_again(archive, status):
    archive.faults += [answering(status=status), breaking_off]
    assert len(fetch_all(archive.address)) == 3
    assert len(set(archive.asked[:3])) == 1


def test_a_lasting_error_is_named_after_three_tries(archive):
    archive.faults += [answering(b"<h1>Doe^Jane</h1>", "text/html", 500)] * 4
    with pytest.raises(OSError, match=r"answered 500 \(Internal Server Error\).*3 times") as caught:
        fetch_all(archive.address)
    assert len(archive.asked) == 3
    assert "Doe" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, PermissionError, "LINGSEG_PACS_USER"),
        (403, PermissionError, "no right"),
        (404, FileNotFoundError, "Check the path"),
        (400, OSError, "Bad Request"),
        (302, ValueError, "moved to"),
        (599, OSError, "no known status"),
    ],
)
def test_a_refusal_is_not_tried_again(archive, status, kind, said):
    archive.faults.append(answering(status=status, Location="http://127.0.0.1:1/"))
    with pytest.raises(kind, match=said):
        fetch_all(archive.address)
    assert len(archive.asked) == 1


def test_a_server_may_ask_to_be_left_alone_for_a_while(archive, monkeypatch):
    slept = []
    monkeypatch.setattr(dicomweb_server.time, "sleep", slept.append)
    busy = [answering(status=503, Retry_After=value) for value in ("7", "99999")]
    archive.faults += busy
    assert len(fetch_all(archive.address)) == 3
    assert slept == [7.0, dicomweb_server.MAX_PAUSE]


def test_a_hanging_server_is_given_up(archive, monkeypatch):
    monkeypatch.setenv("LINGSEG_PACS_TIMEOUT", "0.1")
    archive.faults += [hanging] * 3
    with pytest.raises(TimeoutError, match="did not answer in time"):
        fetch_all(archive.address)
    assert len(archive.asked) == 3


def test_a_dripping_server_is_given_up(archive, monkeypatch):
    monkeypatch.setattr(dicomweb_server, "MAX_SECONDS", -1.0)
    monkeypatch.setattr(dicomweb_server, "_seconds", lambda: 5.0)
    with pytest.raises(TimeoutError, match="took more than"):
        fetch_all(archive.address)


def test_a_list_that_drips_is_given_up_before_a_file_would_be(archive, monkeypatch):
    monkeypatch.setenv("LINGSEG_PACS_TIMEOUT", "0.1")
    body = b"[" + b" " * 1000 + b"]"
    archive.faults.append(dripping(body, JSON, seconds=0.05))
    started = time.monotonic()
    with pytest.raises(TimeoutError, match=r"took more than 0 s for a list of pictures.*TIMEOUT"):
        fetch_all(archive.address)
    assert 0.3 < time.monotonic() - started < 5
    assert len(archive.asked) == 1


@pytest.mark.parametrize("whole_study", [True, False])
def test_what_is_wrong_with_a_series_is_said_by_its_address(archive, whole_study):
    series = archive.address
    asked = series.partition("/series/")[0] if whole_study else series
    with fetched_series(asked) as path:
        of_all = named_by_address(f"{path} lacks 1 slice.", path, asked)
        of_one = named_by_address(f"{path}/1.2.3.4.2 is damaged.", path, asked)
    assert of_all == (
        f"{series} lacks 1 slice. One picture of it is asked by {series}/instances/UID."
    )
    assert of_one == f"{series}/instances/1.2.3.4.2 is damaged."


def test_what_is_wrong_with_a_picture_is_said_by_its_address(archive):
    address = f"{archive.address}/instances/1.2.3.4.2"
    with fetched_series(address) as path:
        assert named_by_address(f"{path} is damaged.", path, address) == f"{address} is damaged."


def test_no_server_is_said():
    with running_archive() as archive:
        address = archive.address
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dicomweb_server, "PAUSES", (0.0, 0.0))
        with pytest.raises(ConnectionError, match="takes no connection, tried 3 times"):
            fetch_all(address)


def test_a_server_without_tls_is_told_apart(archive):
    with pytest.raises(ConnectionError, match=r"dicomweb\+http://"):
        fetch_all(archive.address.replace("dicomweb+http", "dicomweb"))
    assert not archive.asked


@pytest.mark.parametrize("number", [0, 2])
def test_a_web_page_is_no_answer(archive, number):
    archive.faults += [None] * number + [answering(b"<html>hello</html>", "text/html")]
    with pytest.raises(ValueError, match="answered with 'text/html'; expected"):
        fetch_all(archive.address)


def test_a_web_page_in_a_part_is_no_picture(archive):
    archive.files["1.2.3.4.1"] = b"<html>" * 100
    with pytest.raises(ValueError, match="not DICOM"):
        fetch_all(archive.address)


@pytest.mark.parametrize("body", [b"{", b"{}", b"[1]", b"\xff", b"[" * 100_000])
def test_a_damaged_list_is_refused(archive, body):
    archive.faults.append(answering(body, JSON))
    with pytest.raises(ValueError, match=r"damaged; expected .* Check that this is the path"):
        fetch_all(archive.address)


def test_a_uid_that_would_leave_its_folder_is_passed_over(archive):
    archive.files = {"../../etc": b"", "1.2.3.4.1": archive.files["1.2.3.4.1"]}
    with fetched_series(archive.address) as path:
        assert path.is_file()
    assert not any("etc" in asked for asked in archive.asked)


@pytest.mark.parametrize("claims_all", [True, False])
def test_a_truncated_file_is_fetched_again(archive, claims_all):
    whole = multipart(archive.files["1.2.3.4.1"])
    kind = "multipart/related; boundary=a-boundary"
    half = answering(whole[: len(whole) // 2], kind, length=len(whole) // (1 if claims_all else 2))
    archive.faults += [None, None, half]
    assert fetch_all(archive.address) == list(archive.files.values())
    assert archive.asked[2] == archive.asked[3]


def test_a_file_that_always_breaks_off_is_said(archive):
    whole = multipart(archive.files["1.2.3.4.1"])
    half = answering(whole[:300], "multipart/related; boundary=a-boundary", length=len(whole))
    archive.faults += [None, None, half, half, half]
    with pytest.raises(ConnectionError, match=r"broke off .* 3 times"):
        fetch_all(archive.address)


@pytest.mark.parametrize(
    "fault",
    [
        answering(b"", "application/dicom", length=10**9),
        without_length(b"x" * 10_000, "application/dicom"),
    ],
    ids=["told", "not told"],
)
def test_a_file_beyond_the_limit_is_not_read(archive, monkeypatch, fault):
    monkeypatch.setattr(dicomweb, "MAX_VOLUME_FILE_BYTES", 5_000)
    archive.faults += [None, None, fault]
    with pytest.raises(ValueError, match="more than 5,000 bytes"):
        fetch_all(archive.address)
    assert len(archive.asked) == 3


def test_a_series_beyond_the_limit_is_not_read(archive, monkeypatch):
    monkeypatch.setattr(dicomweb, "MAX_SERIES_BYTES", 1_500)
    with pytest.raises(ValueError, match="which may have 1,500 in all"):
        fetch_all(archive.address)


def test_too_many_files_are_refused_before_one_is_fetched(archive, monkeypatch):
    monkeypatch.setattr(dicomweb, "MAX_SLICES", 2)
    with pytest.raises(ValueError, match="more than 2 files"):
        fetch_all(archive.address)
    assert all("?" in asked for asked in archive.asked)


def test_a_user_is_sent_as_basic_credentials(archive, monkeypatch):
    monkeypatch.setenv("LINGSEG_PACS_USER", "jane")
    monkeypatch.setenv("LINGSEG_PACS_PASSWORD", "pässword")
    fetch_all(archive.address)
    assert {one["Authorization"] for one in archive.headers} == {"Basic amFuZTpww6Rzc3dvcmQ="}


def test_a_token_is_sent_as_bearer(archive, monkeypatch):
    monkeypatch.setenv("LINGSEG_PACS_TOKEN", "abc.def")
    fetch_all(archive.address)
    assert archive.headers[0]["Authorization"] == "Bearer abc.def"


@pytest.mark.parametrize(
    "told",
    [
        {"TOKEN": "secret\n"},
        {"TOKEN": "secret", "USER": "jane"},
        {"USER": "secret"},
        {"PASSWORD": "secret"},
        {"TIMEOUT": "soon"},
        {"TIMEOUT": "-1"},
    ],
)
def test_unusable_credentials_are_refused_unseen(archive, monkeypatch, told):
    for name, value in told.items():
        monkeypatch.setenv(f"LINGSEG_PACS_{name}", value)
    with pytest.raises(ValueError, match="LINGSEG_PACS_") as caught:
        check_address(archive.address)
    assert "secret" not in str(caught.value)


def test_an_object_is_stored_in_its_study(archive, tmp_path):
    (tmp_path / "a.dcm").write_bytes(archive.files["1.2.3.4.1"])
    store_objects(archive.address, [tmp_path / "a.dcm"])
    assert archive.stored == [archive.files["1.2.3.4.1"]]
    assert archive.asked == [f"/dicom-web/studies/{STUDY}"]
    assert "Transfer-Encoding" not in archive.headers[0]


def test_storing_is_tried_again_with_the_whole_object(archive, tmp_path):
    (tmp_path / "a.dcm").write_bytes(archive.files["1.2.3.4.1"])
    archive.faults += [answering(status=503), breaking_off]
    store_objects(archive.address, [tmp_path / "a.dcm"])
    assert archive.stored == [archive.files["1.2.3.4.1"]]
    assert len(archive.asked) == 3


def failed(reason):
    failure = {"00081197": {"vr": "US", "Value": [reason]}}
    return json.dumps({"00081198": {"vr": "SQ", "Value": [failure]}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (409, failed(0xA701), "out of space"),
        (409, failed(0xC123), "does not understand"),
        (202, failed(0x0122), "of this kind"),
        (200, failed(0x0110), "failed to process"),
        (409, b"", "no known reason"),
        (202, b"<html>", "no known reason"),
        (409, failed("x"), "no known reason"),
        (413, b"", "of this size"),
    ],
)
def test_an_object_that_is_not_taken_is_named(archive, tmp_path, status, body, said):
    (tmp_path / "a.dcm").write_bytes(archive.files["1.2.3.4.1"])
    archive.faults.append(answering(body, JSON, status))
    with pytest.raises(OSError, match=said):
        store_objects(archive.address, [tmp_path / "a.dcm"])
    assert len(archive.asked) == 1


def test_an_object_that_lies_there_already_is_no_failure(archive, tmp_path):
    (tmp_path / "a.dcm").write_bytes(archive.files["1.2.3.4.1"])
    archive.faults.append(answering(failed(0x0111), JSON, 409))
    store_objects(archive.address, [tmp_path / "a.dcm"])
    assert len(archive.asked) == 1
