"""HTTP over a socket, from which a client that sends its head too slowly is cut off."""

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class ImpatientProtocol(H11Protocol):
    """uvicorn's own, with a clock for heads: uvicorn has one between requests only."""

    head_seconds: ClassVar[float]
    """In which a head has to be whole, from the connection or its first byte on."""
    most: ClassVar[int]
    """Connections that may be open at once; others are closed at once."""
    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or refuse it."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()
        else:
            self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of a connection."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take some bytes; the clock runs until a head is whole."""
        if self._clock is None and self.conn.their_state is h11.IDLE:
            self._start_clock()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_clock()

    def _start_clock(self) -> None:
        """Give a client so long."""
        self._clock = self.loop.call_later(self.head_seconds, self._cut_off)

    def _stop_clock(self) -> None:
        """Be content."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _cut_off(self) -> None:
        """Close a connection whose head is still not whole."""
        self._clock = None
        if self.conn.their_state is h11.IDLE:
            self.transport.abort()


def settings_of(*, head_seconds: float, most: int) -> dict[str, Any]:
    """Return what uvicorn is told: no signs of what it is, no lines of its own about requests."""
    own = {"head_seconds": head_seconds, "most": most}
    return {
        "http": type("Protocol", (ImpatientProtocol,), own),
        "ws": "none",
        "access_log": False,
        "server_header": False,
        "date_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 3,
        "h11_max_incomplete_event_size": 32 * 1024,
        "log_config": None,
    }
