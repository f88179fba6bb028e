"""The outermost wall: how many requests at once, how long each took, and a line that tells nothing.

A line of the log holds the route's pattern, never what stands in the address or in the body.
"""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lingseg.web.metrics import Metrics
from lingseg.web.problem import Problem

LOG = logging.getLogger("lingseg.web")


class Watching:
    """Counts requests, and refuses those beyond what is taken on."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, most: int) -> None:
        """Wrap an application."""
        self._app = app
        self._metrics = metrics
        self._most = most
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.monotonic()
        self._under_way += 1
        try:
            if self._under_way > self._most:
                crowd = Problem(
                    503,
                    "busy",
                    "Too many requests at once. Try again in a moment.",
                    2.0,
                    closes=True,
                )
                await crowd.response()(scope, receive, noting)
            else:
                await self._app(scope, receive, noting)
        finally:
            self._under_way -= 1
            self._note(scope, status, time.monotonic() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request and write its line."""
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(route, method, str(status)).inc()
        self._metrics.request_seconds.observe(seconds)
        LOG.info("%s %s %d %.0f ms", method, route, status, seconds * 1000)


_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
