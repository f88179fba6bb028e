"""Talking to a DICOMweb service: credentials, time limits, tries, and one line for what is wrong.

Of what a server answers nothing is ever shown: it may name a patient.
"""

import base64
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import lingseg
from lingseg.imaging.dicomweb_address import PacsAddress
from lingseg.imaging.dicomweb_multipart import OneFileBody, Truncated

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

PAUSES = (0.5, 2.0)
"""Seconds before the second and the third try."""
MAX_PAUSE = 30.0
"""Seconds that a server may ask to be left alone between two tries."""
CONNECT_SECONDS = 10.0
DEFAULT_SECONDS = 30.0
"""How long nothing may come before a server counts as hanging."""
MAX_SECONDS = 600.0
"""How long one file may take, however steadily it drips."""
LIST_PATIENCE = 4.0
"""How many times longer than silence a list may take in all."""
_PASSING = (429, 500, 502, 503, 504)
"""Answers that may be others in a moment; every other stays as it is."""
_CHUNK = 2**20
_ADVICE = {
    401: "Set LINGSEG_PACS_USER and LINGSEG_PACS_PASSWORD, or LINGSEG_PACS_TOKEN.",
    403: "These credentials have no right to it. Ask who runs the server.",
    404: "Check the path of the DICOMweb service (of Orthanc, /dicom-web) and the UIDs.",
    413: "The server takes no object of this size. Ask who runs it.",
}

_Found = TypeVar("_Found")


class _Passing(Exception):
    """What went wrong may go well in a moment."""

    def __init__(self, error: OSError, pause: float | None = None) -> None:
        """Take what to say if it does not, and the seconds that the server asked for."""
        super().__init__(str(error))
        self.error = error
        self.pause = pause


class DicomWebServer:
    """One DICOMweb service, with a connection that is kept; to be used in a `with` block."""

    def __init__(self, address: PacsAddress) -> None:
        """Prepare to talk to the service of an address; nothing is sent yet.

        Raises:
            ModuleNotFoundError: urllib3 is not installed; it comes with the extra `pacs`.
            ValueError: The variables LINGSEG_PACS_… hold nothing usable.
        """
        from urllib3 import PoolManager, Timeout

        self.address = address
        self._seconds = seconds = _seconds()
        self._pool = PoolManager(
            retries=False,
            timeout=Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
            headers={
                "User-Agent": f"lingseg/{lingseg.__version__}",
                "Accept-Encoding": "identity",
                **_credentials(),
            },
        )

    def __enter__(self) -> "DicomWebServer":
        """Start."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._pool.clear()

    def get(
        self, path: str, accept: str, use: Callable[["BaseHTTPResponse"], _Found], what: str
    ) -> _Found:
        """Ask for `path` and return what `use` makes of the answer, which has a status of 200.

        Everything is tried again, the reading of the answer too.

        Raises:
            OSError: There is no such thing, no right to it, or no server that answers.
            ValueError: The answer is no such thing as was asked for.
        """

        def once() -> _Found:
            with self._answer("GET", path, {"Accept": accept}, what) as answer:
                return use(answer)

        return self._tried(once)

    def post(
        self, path: str, body: OneFileBody, use: Callable[["BaseHTTPResponse"], _Found], what: str
    ) -> _Found:
        """Send a file to `path` and return what `use` makes of the answer, 200, 202 or 409.

        Raises:
            OSError: It is not taken, or there is no server that answers.
            ValueError: The answer is no such thing as was asked for.
        """
        headers = {"Accept": "application/dicom+json", **body.headers}

        def once() -> _Found:
            with self._answer("POST", path, headers, what, body, (202, 409)) as answer:
                return use(answer)

        return self._tried(once)

    def end_of_list(self) -> float:
        """Return until when, on the monotonic clock, a list that is asked for now may take."""
        return time.monotonic() + min(LIST_PATIENCE * self._seconds, MAX_SECONDS)

    def pieces(
        self, answer: "BaseHTTPResponse", most: int, what: str, ends: float | None = None
    ) -> Iterator[bytes]:
        """Yield an answer's body, which may have so many bytes.

        Args:
            answer: The answer.
            most: How many bytes it may have.
            what: What was asked for.
            ends: Until when, on the monotonic clock, it may take; None: as long as a file.

        Raises:
            ValueError: It is longer.
            TimeoutError: It takes too long.
            Truncated: It ended early.
        """
        too_long = ValueError(
            f"{self.address.server} sent more than {most:,} bytes for {what}; no more are read."
        )
        if int(answer.length_remaining or 0) > most:
            raise too_long
        started, length = time.monotonic(), 0
        ends = started + MAX_SECONDS if ends is None else ends
        # read1 gives what is there; read would wait for all of it, however slowly it drips
        while piece := answer.read1(_CHUNK, decode_content=False):
            length += len(piece)
            if length > most:
                raise too_long
            if time.monotonic() > ends:
                raise TimeoutError(
                    f"{self.address.server} took more than {ends - started:.0f} s for {what}. "
                    f"Try again later, or set LINGSEG_PACS_TIMEOUT to more seconds."
                )
            yield piece

    def unexpected(self, answer: "BaseHTTPResponse", expected: str) -> ValueError:
        """Return what to say of an answer that is something else, such as a web page."""
        kind = str(answer.headers.get("Content-Type") or "nothing named").partition(";")[0][:80]
        return ValueError(
            f"{self.address.root} answered with {kind!r}; expected {expected}. "
            f"Check that this is the path of its DICOMweb service (of Orthanc, /dicom-web)."
        )

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        what: str,
        body: OneFileBody | None = None,
        also: tuple[int, ...] = (),
    ) -> Iterator["BaseHTTPResponse"]:
        """Send one request; yield its answer, with a good status, and close it."""
        from urllib3.exceptions import HTTPError

        try:
            answer = self._pool.request(
                method,
                self.address.root + path,
                headers={**self._pool.headers, **headers},
                body=None if body is None else iter(body),
                redirect=False,
                preload_content=False,
            )
            try:
                if answer.status not in (200, 204, *also):
                    raise self._refused(answer, what)
                yield answer
            finally:
                answer.close()
        except (HTTPError, Truncated) as error:
            raise self._broken(error, what) from error

    def _refused(self, answer: "BaseHTTPResponse", what: str) -> Exception:
        """Return what to say of an answer with a bad status."""
        status = answer.status
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "no known status"
        line = f"{self.address.server} answered {status} ({phrase}) when asked for {what}"
        if status in _PASSING:
            tries = len(PAUSES) + 1
            return _Passing(OSError(f"{line}, {tries} times. Try again later."), _asked(answer))
        if 300 <= status < 400:
            return ValueError(f"{line}: it sends elsewhere. Give the address that it moved to.")
        kind = {401: PermissionError, 403: PermissionError, 404: FileNotFoundError}
        advice = _ADVICE.get(status, "Check the address.")
        return kind.get(status, OSError)(f"{line}. {advice}")

    def _broken(self, error: Exception, what: str) -> Exception:
        """Return what to say where no whole answer came."""
        from urllib3 import exceptions

        server, tries = self.address.server, f"{len(PAUSES) + 1} times"
        if isinstance(error, exceptions.SSLError):
            return ConnectionError(
                f"{server} gave no secure connection that can be trusted. If it speaks plain http "
                f"write dicomweb+http://; if your hospital signs its own certificates, name them "
                f"in SSL_CERT_FILE."
            )
        if isinstance(error, exceptions.NameResolutionError):
            return ConnectionError(f"{server} is not known. Check the spelling of the host.")
        if isinstance(error, exceptions.NewConnectionError):
            return _Passing(
                ConnectionError(
                    f"{server} takes no connection, tried {tries}. Check host and port, and "
                    f"whether it runs."
                )
            )
        if isinstance(error, exceptions.ConnectTimeoutError | exceptions.ReadTimeoutError):
            return _Passing(
                TimeoutError(
                    f"{server} did not answer in time when asked for {what}, {tries}. Try again "
                    f"later, or set LINGSEG_PACS_TIMEOUT to more seconds."
                )
            )
        return _Passing(
            ConnectionError(f"{server} broke off when asked for {what}, {tries}. Try again later.")
        )

    def _tried(self, once: Callable[[], _Found]) -> _Found:
        """Do it, again after each pause if it may go well then."""
        for pause in PAUSES:
            try:
                return once()
            except _Passing as passing:
                time.sleep(min(passing.pause or pause, MAX_PAUSE))
        try:
            return once()
        except _Passing as passing:
            raise passing.error from passing.__cause__


def _asked(answer: "BaseHTTPResponse") -> float | None:
    """Return the seconds to wait that a server asks for, if it does so as a number."""
    asked = str(answer.headers.get("Retry-After") or "").strip()
    return float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else None


def _seconds() -> float:
    """Return how long nothing may come."""
    told = os.environ.get("LINGSEG_PACS_TIMEOUT", "").strip()
    try:
        seconds = float(told or DEFAULT_SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MAX_SECONDS:
        raise ValueError(
            f"LINGSEG_PACS_TIMEOUT is {told[:40]!r}; expected seconds, up to {MAX_SECONDS:.0f}."
        )
    return seconds


def _credentials() -> dict[str, str]:
    """Return the header with the credentials of the environment, if there are any."""
    user, password, token = (
        os.environ.get(f"LINGSEG_PACS_{name}", "") for name in ("USER", "PASSWORD", "TOKEN")
    )
    if token and (user or password):
        raise ValueError("LINGSEG_PACS_TOKEN and LINGSEG_PACS_USER are both set. Unset one.")
    if bool(user) != bool(password):
        raise ValueError("LINGSEG_PACS_USER and LINGSEG_PACS_PASSWORD go together. Set both.")
    if token:
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise ValueError("LINGSEG_PACS_TOKEN holds blanks or letters that no token has.")
        return {"Authorization": f"Bearer {token}"}
    if user:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {}
