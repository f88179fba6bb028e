"""The server: a socket, the application behind it, and what is said while it runs."""

import logging
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from lingseg.web.failures import where
from lingseg.web.limits import Limits
from lingseg.web.protocol import settings_of

_BACKLOG = 128


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        OSError: The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def serve(
    app: FastAPI, listening: socket.socket, limits: Limits, *, started: Callable[[], None]
) -> None:
    """Run until somebody stops it; `started` is called when it answers."""
    make_server(app, limits, started=started).run(sockets=[listening])


def make_server(app: FastAPI, limits: Limits, *, started: Callable[[], None]) -> uvicorn.Server:
    """Return a server that was not started yet."""
    logger = logging.getLogger("uvicorn.error")
    logger.removeFilter(_without_words)
    logger.addFilter(_without_words)
    settings = settings_of(head_seconds=limits.idle_seconds, most=2 * limits.requests)
    return _Server(uvicorn.Config(app, **settings), started)


class _Server(uvicorn.Server):
    """uvicorn's own, that tells when it answers."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        """Keep whom to tell."""
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell."""
        await super().startup(sockets)
        if self.started:
            self._tell()


def _without_words(record: logging.LogRecord) -> bool:
    """Take the words of an error out of a line: they may quote a sentence or a name."""
    if record.exc_info and record.exc_info[1] is not None:
        record.msg, record.args = f"A request failed: {where(record.exc_info[1])}", ()
        record.exc_info = record.exc_text = None
    return True
