"""A DICOMweb archive on loopback, small enough to read, that can be told to misbehave."""

import json
import threading
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

STUDY, SERIES = "1.2.3.1", "1.2.3.2"
BOUNDARY = "a-boundary"


class Archive:
    """What the server holds, what it was asked, and how it is to answer next."""

    def __init__(self):
        self.files = {}
        self.modalities = {SERIES: "CT"}
        self.asked, self.stored, self.headers = [], [], []
        self.faults = deque()
        self.page = 1_000
        self.port = 0
        self.released = threading.Event()

    @property
    def address(self):
        return f"dicomweb+http://127.0.0.1:{self.port}/dicom-web/studies/{STUDY}/series/{SERIES}"

    def listed(self, path, query):
        """The list that a path names, in DICOM's JSON."""
        if path.endswith("/series"):
            return [
                {
                    "0020000E": {"vr": "UI", "Value": [uid]},
                    "00080060": {"vr": "CS", "Value": [kind]},
                }
                for uid, kind in self.modalities.items()
            ]
        start = int(query.get("offset", ["0"])[0])
        most = min(self.page, int(query.get("limit", ["1000"])[0]))
        uids = list(self.files)[start : start + most]
        return [{"00080018": {"vr": "UI", "Value": [uid]}} for uid in uids]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        archive = self.server.archive
        archive.asked.append(self.path)
        archive.headers.append(dict(self.headers))
        if archive.faults and (fault := archive.faults.popleft()) is not None:
            fault(self)
            return
        parts = urlsplit(self.path)
        leaf = parts.path.rpartition("/")[2]
        if leaf in archive.files:
            send(self, multipart(archive.files[leaf]), MULTIPART)
        elif leaf in ("series", "instances"):
            found = archive.listed(parts.path, parse_qs(parts.query))
            send(self, json.dumps(found).encode(), "application/dicom+json")
        else:
            send(self, b"", "text/plain", 404)

    def do_POST(self):
        archive = self.server.archive
        body = self.rfile.read(int(self.headers["Content-Length"]))
        archive.asked.append(self.path)
        archive.headers.append(dict(self.headers))
        if archive.faults and (fault := archive.faults.popleft()) is not None:
            fault(self)
            return
        archive.stored.append(body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0])
        send(self, b"{}", "application/dicom+json")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Say nothing of clients that hang up: some tests are about that."""


MULTIPART = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def multipart(content):
    """A body of one part."""
    head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return head + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def send(handler, body, kind, status=200, length=None, **headers):
    """Answer; `length` is what the answer claims."""
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)
    if length is not None:
        handler.close_connection = True


def answering(body=b"", kind="text/plain", status=200, **more):
    """A fault: this answer instead of the right one."""
    return lambda handler: send(handler, body, kind, status, **more)


def without_length(body, kind):
    """A fault: this answer in chunks, which do not tell how much is to come."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")

    return answer


def hanging(handler):
    """A fault: no answer until the test is over."""
    handler.server.archive.released.wait(10)
    handler.close_connection = True


def dripping(body, kind, *, seconds):
    """A fault: this answer a byte at a time, with a pause after each, until the reader hangs up."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for value in body:
            handler.wfile.write(bytes([value]))
            if handler.server.archive.released.wait(seconds):
                break
        handler.close_connection = True

    return answer


def breaking_off(handler):
    """A fault: the connection is closed without a word."""
    handler.close_connection = True


@contextmanager
def running_archive():
    """Run an archive on a free port."""
    archive = Archive()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.archive = archive
    archive.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield archive
    finally:
        archive.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
