"""Bodies: how long they may get, how slowly they may come, how much may be on its way at once."""

import asyncio
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lingseg.web.limits import Limits
from lingseg.web.problem import Problem


class BodyLimit:
    """Cuts off bodies while they stream in."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        """Wrap an application."""
        self._app = app
        self._limits = limits
        self._arriving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(self._limits, dict(scope["headers"]), receive)

        async def counted() -> Message:
            message = await body.next()
            self._arriving += len(message.get("body", b""))
            if self._arriving > self._limits.arriving_bytes:
                raise body.refuse(_no_room())
            return message

        async def patient(message: Message) -> None:
            if body.refused is None:  # else what the application makes of half a body is not told
                _mark(message, body)
                # A client that does not read its answer must not keep it in memory for ever.
                await asyncio.wait_for(send(message), self._limits.body_seconds)

        try:
            body.check_announced()
            await self._app(scope, counted, patient)
        except Problem as problem:
            body.refuse(problem)
        finally:
            self._arriving -= body.num_bytes
        if body.refused is not None:
            await body.refused.response()(scope, receive, send)


class _Body:
    """One request's body while it comes in."""

    def __init__(self, limits: Limits, headers: dict[bytes, bytes], receive: Receive) -> None:
        """Look at what the head announces."""
        self._limits = limits
        self._receive = receive
        kind = headers.get(b"content-type", b"").lower()
        is_json = not kind.startswith((b"multipart/", b"application/octet-stream"))
        self._most = limits.json_bytes if is_json else limits.body_bytes
        announced = headers.get(b"content-length", b"0")
        self._announced = int(announced) if announced.isdigit() else 0
        self._started = time.monotonic()
        has_body = self._announced > 0 or b"transfer-encoding" in headers
        self._is_whole = not has_body
        self.num_bytes = 0
        self.refused: Problem | None = None

    def refuse(self, problem: Problem) -> Problem:
        """Remember why the body is not taken, whatever becomes of the error on its way up."""
        self.refused = self.refused or problem
        return problem

    @property
    def is_cut_short(self) -> bool:
        """Whether the answer comes before the end: else the rest would be read, and thrown away."""
        return not self._is_whole

    def check_announced(self) -> None:
        """Refuse a body that says itself that it is too long.

        Raises:
            Problem: It does.
        """
        if self._announced > self._most:
            raise self.refuse(self._too_large())

    async def next(self) -> Message:
        """Return the next piece.

        Raises:
            Problem: It is one too many, or came too slowly.
        """
        if self._is_whole:  # what comes now is the client going away
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._limits.idle_seconds)
        except TimeoutError as error:
            raise self.refuse(_too_slow()) from error
        self.num_bytes += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self.num_bytes > self._most:
            raise self.refuse(self._too_large())
        allowed = self._limits.body_seconds + self.num_bytes / self._limits.slowest
        if not self._is_whole and time.monotonic() - self._started > allowed:
            raise self.refuse(_too_slow())
        return message

    def _too_large(self) -> Problem:
        """Return the problem of a body that is too long."""
        return Problem(
            413,
            "too-large",
            f"At most {self._most:,} bytes are taken at once. Send fewer or smaller files.",
            closes=True,
        )


def _mark(message: Message, body: _Body) -> None:
    """Tell a client whose body was not read that its connection ends."""
    if message["type"] == "http.response.start" and body.is_cut_short:
        MutableHeaders(scope=message)["Connection"] = "close"


def _no_room() -> Problem:
    """Return the problem of a body for which there is no room beside all others."""
    return Problem(503, "busy", "Too much is being sent at once. Try again.", 5.0, closes=True)


def _too_slow() -> Problem:
    """Return the problem of a body that trickles in."""
    return Problem(
        408,
        "timeout",
        "The file came in too slowly, or the connection was lost. Send it again.",
        closes=True,
    )
