"""A real server on loopback: slow and endless senders, kills, and what is left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from web_server import png, running, talk, two_squares

from lingseg.web import Limits
from lingseg.web.workspace import Workspace

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def head_of(port, method="GET", path="/health", **headers):
    """The head of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def send_for(seconds, connection, piece):
    """Send a piece again and again until the other side hangs up, or the time is over."""
    started = time.monotonic()
    with suppress(OSError):
        while time.monotonic() - started < seconds:
            connection.sendall(piece)
            time.sleep(0.05)


def test_a_real_server_answers_and_says_nothing_of_itself(model):
    with running(model) as port:
        answer = talk(port, head_of(port, Connection="close"))
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"uvicorn" not in answer.lower()


def test_a_head_that_trickles_in_is_cut_off(model):
    with running(model, limits=Limits(idle_seconds=0.2)) as port:
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\n")
            send_for(3, connection, b"X-More: 1\r\n")
        assert time.monotonic() - started < 2


def test_a_connection_that_says_nothing_is_closed(model):
    with running(model, limits=Limits(idle_seconds=0.2)) as port:
        started = time.monotonic()
        assert talk(port) == b""
        assert time.monotonic() - started < 3


def test_a_second_request_on_a_connection_may_take_its_time_to_come(model):
    with (
        running(model, limits=Limits(idle_seconds=0.3)) as port,
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
    ):
        for _ in range(2):
            connection.sendall(head_of(port))
            received = b""
            while not received.endswith(b"}"):
                received += connection.recv(65_536)
            assert received.startswith(b"HTTP/1.1 200")
            time.sleep(0.4)


def test_a_body_that_stops_is_cut_off_with_a_word(model):
    with running(model, limits=Limits(idle_seconds=0.2)) as port:
        kind = "multipart/form-data; boundary=x"
        head = head_of(port, "POST", "/v1/images", Content_Type=kind, Content_Length=1000)
        answer = talk(port, head, b"--x\r\n")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"timeout"' in answer


def test_a_body_that_comes_too_slowly_is_cut_off_though_it_never_stops(model):
    limits = Limits(idle_seconds=1.0, body_seconds=0.3, slowest=10**9)
    with running(model, limits=limits) as port:
        kind = "multipart/form-data; boundary=x"
        head = head_of(port, "POST", "/v1/images", Content_Type=kind, Content_Length=10**6)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(head + b"--x\r\n")
            started = time.monotonic()
            send_for(3, connection, b"x")
        assert time.monotonic() - started < 2


def test_a_body_that_is_refused_halfway_is_not_read_to_its_end(model):
    kind = "multipart/form-data; boundary=x"
    with running(model) as port:
        head = head_of(port, "POST", "/v1/images", Content_Type=kind, Content_Length=10**8)
        answer = talk(port, head, b"this is no form")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in answer.lower()


def test_ten_gigabytes_are_refused_by_their_announcement_and_in_the_stream(model):
    kind = "multipart/form-data; boundary=x"
    with running(model, limits=Limits(body_bytes=100_000)) as port:
        announced = head_of(port, "POST", "/v1/images", Content_Type=kind, Content_Length=10**10)
        answer = talk(port, announced)
        assert answer.startswith(b"HTTP/1.1 413")
        chunked = head_of(
            port, "POST", "/v1/images", Content_Type=kind, Transfer_Encoding="chunked"
        )
        part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        sent = 0
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(chunked + b"%x\r\n%s\r\n" % (len(part), part))
            with suppress(OSError):
                while sent < 10**9:
                    connection.sendall(b"10000\r\n" + bytes(65_536) + b"\r\n")
                    sent += 65_536
        assert sent < 50_000_000


def test_a_client_that_goes_in_the_middle_leaves_nothing(model):
    kind = "multipart/form-data; boundary=x"
    with running(model) as port:
        head = head_of(port, "POST", "/v1/images", Content_Type=kind, Content_Length=10**6)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(head + b'--x\r\nContent-Disposition: form-data; name="files"; ')
        assert talk(port, head_of(port, Connection="close")).startswith(b"HTTP/1.1 200")


@pytest.mark.slow
def test_what_a_killed_server_left_is_removed_by_the_next(tmp_path):
    code = (
        "import sys; from pathlib import Path; from lingseg.web.workspace import Workspace\n"
        "one = Workspace(Path(sys.argv[1])); (one.path / 'a.png').write_text('x')\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        (left,) = tmp_path.iterdir()
        assert left.stat().st_mode & 0o777 == 0o700
        second = Workspace(tmp_path)
        assert second.num_removed == 0
        assert left.exists()
        second.close()
        process.kill()
    third = Workspace(tmp_path)
    assert third.num_removed == 1
    assert not left.exists()
    third.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_ours_by_name_only_is_left_alone(tmp_path):
    (tmp_path / "lingseg-serve-mine").mkdir()
    (tmp_path / "lingseg-serve-mine" / "thesis.txt").write_text("x")
    Workspace(tmp_path).close()
    assert (tmp_path / "lingseg-serve-mine" / "thesis.txt").exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_command_serves_and_leaves_no_picture_behind(tmp_path, how):
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "lingseg", "serve", "--port", "0", "--no-open"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
        try:
            line = process.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+/", line)[0]
            assert "not a medical device" in line
            boundary = "x"
            body = (
                (
                    f'--{boundary}\r\nContent-Disposition: form-data; name="files"; '
                    f'filename="jane-doe.png"\r\n\r\n'
                ).encode()
                + png(two_squares(1200, 1600))
                + f"\r\n--{boundary}--\r\n".encode()
            )
            request = urllib.request.Request(  # noqa: S310 (our own address)
                f"{address}v1/images",
                data=body,
                headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
            )
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                assert answer.status == 201
        finally:
            process.send_signal(how)
            _, told = process.communicate(timeout=20)
    assert "jane" not in told
    left = [path for path in Path(tmp_path).rglob("*") if path.is_file()]
    assert [path.name for path in left] == (["lock"] if how == signal.SIGKILL else [])


@pytest.mark.slow
def test_serving_imports_no_torch():
    code = (
        "import sys, lingseg.web, lingseg.cli.serve, lingseg.web.server, lingseg.web.exporting\n"
        "print([name for name in ('torch', 'transformers', 'accelerate') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
