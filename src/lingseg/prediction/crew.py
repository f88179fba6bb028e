"""Who does the work of a batch: how many pictures at once, and on how many cores each."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from lingseg.prediction.graphs import usable_cores

Item = TypeVar("Item")
Made = TypeVar("Made")

MAX_WORKERS = 8
"""Pictures at once: each needs memory of its own, and Python does its part of one at a time."""
_WAITING = 1
"""Workers beyond the cores: each waits for the disk twice a picture, until its files are safe."""
_AHEAD = 2
"""Items a worker that are begun, or wait for it, before the first of them is asked for."""


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Workers, and the cores that the model uses for each.

    A network this small gains little from a second core, and a picture of its own gives that core
    all it can do: where there are pictures enough, each is done by one core.
    """

    workers: int
    threads: int

    @classmethod
    def for_pictures(cls, num_pictures: int, cores: int | None = None) -> "Crew":
        """Share the cores (None: all that this process may use) among so many pictures."""
        cores = cores or usable_cores()
        workers = max(1, min(num_pictures, cores + _WAITING, MAX_WORKERS))
        return cls(workers=workers, threads=max(1, cores // workers))


def in_order(
    work: Callable[[Item], Iterable[Made]], items: Iterable[Item], *, workers: int
) -> Iterator[Made]:
    """Do each item's work, several at once, and yield what it makes in the order of the items.

    Items are asked for, and what is made is told, by the thread that iterates; few items are ahead
    of it. What `work` raises is raised at its item's turn, behind what it made before. Of what is
    begun when the iteration ends early everything is finished, and nothing else is begun.

    Args:
        work: Called in a thread, unless there is one worker only.
        items: May be endless.
        workers: How many items are worked on at once.
    """
    if workers < 2:
        for item in items:
            yield from work(item)
        return
    waiting: deque[Future[_Share[Made]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="lingseg") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(_done, work, item))
                if len(waiting) >= _AHEAD * workers:
                    yield from waiting.popleft().result().told()
            while waiting:
                yield from waiting.popleft().result().told()
        finally:
            for one in waiting:
                one.cancel()


@dataclass(kw_only=True, eq=False)
class _Share(Generic[Made]):
    """What came of one item."""

    made: list[Made] = field(default_factory=list)
    error: BaseException | None = None

    def told(self) -> Iterator[Made]:
        """Yield what was made, then raise what stopped it, if anything did."""
        yield from self.made
        if self.error is not None:
            raise self.error


def _done(work: Callable[[Item], Iterable[Made]], item: Item) -> _Share[Made]:
    """Do one item's work."""
    share: _Share[Made] = _Share()
    try:
        for one in work(item):
            share.made.append(one)
    except BaseException as error:  # noqa: BLE001 - it is raised again when it is this item's turn
        share.error = error
    return share
