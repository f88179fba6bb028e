"""Multipart bodies (RFC 2046), in which DICOMweb wraps files, piece by piece in bounded memory."""

import secrets
from collections.abc import Iterable, Iterator
from email.message import Message
from pathlib import Path

MAX_HEAD = 16 * 2**10
"""Bytes before the content of the first part; servers send some hundred."""
_CHUNK = 2**20


class Truncated(OSError):
    """A body ended before its last boundary: the connection broke, and may hold next time."""


def boundary_of(content_type: str) -> str | None:
    """Return what separates the parts; None where the content is not in parts."""
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_param("boundary")
    is_parts = message.get_content_maintype() == "multipart"
    return boundary if is_parts and isinstance(boundary, str) and boundary else None


def first_part(chunks: Iterable[bytes], boundary: str) -> Iterator[bytes]:
    """Yield the content of the first part, a piece at a time.

    Raises:
        Truncated: The body ends within the part.
        ValueError: It does not start as a body of parts does.
    """
    body = iter(chunks)
    mark = b"\r\n--" + boundary.encode("ascii", "replace")
    held = _after_head(body, mark)
    while (end := held.find(mark)) < 0:
        # all but what may be the beginning of a boundary
        yield held[: -len(mark)]
        held = held[-len(mark) :]
        more = next(body, None)
        if more is None:
            raise Truncated("The answer ended in the middle of a file.")
        held += more
    yield held[:end]


def _after_head(body: Iterator[bytes], mark: bytes) -> bytes:
    """Return what was read of the first part's content, past boundary and headers."""
    held = b"\r\n"  # the first boundary may stand at the very beginning
    while True:
        start = held.find(mark)
        end = -1 if start < 0 else held.find(b"\r\n\r\n", start + len(mark))
        if end >= 0:
            return held[end + 4 :]
        if len(held) > MAX_HEAD:
            raise ValueError("The answer calls itself multipart and has no part.")
        more = next(body, None)
        if more is None:
            raise Truncated("The answer ended before a file began.")
        held += more


class OneFileBody:
    """A body of one part, the content of a file: its length is known, and it is read in pieces."""

    def __init__(self, path: Path) -> None:
        """Take the file that is to be sent."""
        boundary = secrets.token_hex(16)
        self._path = path
        self._head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.headers = {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Content-Length": str(len(self._head) + path.stat().st_size + len(self._tail)),
        }

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body; it may be asked for again."""
        yield self._head
        with self._path.open("rb") as opened:
            while piece := opened.read(_CHUNK):
                yield piece
        yield self._tail
