"""The workers: few, with a short queue before them, and a limit of time for each request."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.requests import Request

from lingseg.web.limits import Limits
from lingseg.web.problem import Problem

T = TypeVar("T")

_LOOK_EVERY = 0.5
"""Seconds between two looks whether the client is still there."""
_FIRST_GUESS = 0.5


class Stop:
    """Tells a job that nobody waits for it any more. A job asks between its parts."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._is_set = threading.Event()

    def ask(self) -> None:
        """Ask the job to end."""
        self._is_set.set()

    def check(self) -> None:
        """End the job if that was asked for.

        Raises:
            Problem: It was.
        """
        if self._is_set.is_set():
            raise _out_of_time()


class Work:
    """A bounded pool of threads behind a bounded queue."""

    def __init__(self, limits: Limits) -> None:
        """Start the pool; its threads begin with the first job."""
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.workers, thread_name_prefix="lingseg-work")
        self._seconds = _FIRST_GUESS
        self.pending = 0
        """Jobs that wait or run."""

    async def do(self, job: Callable[[Stop], T], request: Request | None = None) -> T:
        """Run a job in a thread and return what it returns.

        Raises:
            Problem: Too many jobs wait, or it took too long, or the client has gone.
        """
        if self.pending >= self._limits.workers + self._limits.waiting:
            raise self._busy()
        self.pending += 1
        stop = Stop()
        future = asyncio.get_running_loop().run_in_executor(self._pool, self._run, job, stop)
        future.add_done_callback(self._is_done)
        try:
            return await self._result(future, request)
        finally:
            stop.ask()

    def close(self) -> None:
        """Take no more jobs; those that wait are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, job: Callable[[Stop], T], stop: Stop) -> T:
        """Run a job, unless it waited too long, and keep in mind how long it took."""
        stop.check()
        started = time.monotonic()
        result = job(stop)
        self._seconds += 0.1 * (time.monotonic() - started - self._seconds)
        return result

    async def _result(self, future: "asyncio.Future[T]", request: Request | None) -> T:
        """Wait for a result, the end of time, or the client to go."""
        deadline = time.monotonic() + self._limits.seconds
        while True:
            left = deadline - time.monotonic()
            done, _ = await asyncio.wait({future}, timeout=max(0.0, min(_LOOK_EVERY, left)))
            if done:
                return future.result()
            if left <= 0:
                raise _out_of_time()
            if request is not None and await request.is_disconnected():
                raise Problem(503, "timeout", "The client has gone.", retry_after=1.0)

    def _is_done(self, future: "asyncio.Future[T]") -> None:
        """Make room for the next, and look at an error that nobody waited for."""
        self.pending -= 1
        if not future.cancelled():
            future.exception()

    def _busy(self) -> Problem:
        """Return the problem of a queue that is full."""
        wait = self.pending * self._seconds / self._limits.workers
        return Problem(
            503,
            "busy",
            "The server has more work than it can do at once. Try again in a moment.",
            retry_after=min(30.0, wait),
        )


def _out_of_time() -> Problem:
    """Return the problem of a job that took too long."""
    return Problem(
        503,
        "timeout",
        "This took longer than the server allows. Ask for one slice, or for fewer sentences.",
        retry_after=5.0,
    )
