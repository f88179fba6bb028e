"""The same batch on a Ray cluster: a picture is a task, done again where its worker dies.

Every machine reads the pictures and writes the masks itself, in folders that all of them share;
what travels is the model, once to each, and the names of the jobs. A task writes each record last,
as everywhere, so one that is repeated goes on where its forerunner was killed.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

import lingseg
from lingseg.prediction.batch import pictures_with_jobs, prepare, run_on_one
from lingseg.prediction.bundle import Bundle
from lingseg.prediction.job import Job
from lingseg.prediction.job_store import Jobs
from lingseg.prediction.options import BatchOptions
from lingseg.prediction.outcome import Outcome
from lingseg.prediction.predictor import Model
from lingseg.prediction.result import record_path

_RETRIES = 4
"""Times that a task is begun again because its worker died: a picture may be what kills it."""
_JOBS_IN_TASK = 64
_TASKS_PER_CORE = 4
"""Handed out ahead, so that nobody waits; more would only fill the memory of the cluster's head."""
_START = "Start one with `ray start --head`, or name one in RAY_ADDRESS."

_THREADS = 1
"""Of a task, for which one core is asked."""
_LOADED: dict[str, Model] = {}
"""The model that this worker has, by its hash: it does many tasks."""


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a task has to be done, to have the same names for the same files."""

    folder: str
    version: str


def run_on_ray(bundle: Bundle, jobs: Iterable[Job], options: BatchOptions) -> Iterator[Outcome]:
    """Do the jobs on the cluster that RAY_ADDRESS names, or that runs on this machine.

    What comes out is what `run_jobs` gives, in the same order. Workers need lingseg in the same
    version, and the folders of pictures and masks under the same paths.

    Raises:
        ConnectionError: There is no cluster.
        OSError: An output cannot be written, or its folder is not shared.
        ValueError: An output would be written twice or over a picture, or a worker has another
            lingseg.
        ModuleNotFoundError: Ray is not installed; it comes with the extra `ray`.
    """
    import ray

    todo = prepare(jobs, options)
    is_ours = not ray.is_initialized()
    with redirect_stdout(cast(TextIO, _OwnThread(sys.stdout))):
        if is_ours:
            _connect(ray)
        try:
            for outcome in _outcomes(ray, bundle, todo, options):
                _note(todo, outcome)
                yield outcome
        finally:
            if is_ours:
                with redirect_stdout(sys.stderr):  # it says then what it has not said yet
                    ray.shutdown()


def _note(todo: Jobs, outcome: Outcome) -> None:
    """Remember a failure, and make sure that what was written can be seen here.

    Raises:
        OSError: It cannot.
    """
    if outcome.failure is not None:
        todo.note_failure(outcome.job)
    elif not record_path(outcome.job.output).is_file():
        raise OSError(
            f"{outcome.job.output} was written on another machine and is not seen here. "
            f"Choose a folder with -o that all machines of the cluster share."
        )


class _OwnThread:
    """The output stream for this thread; what others write goes to the error stream.

    A thread of Ray's says on the output stream that a worker was lost, amidst a JSON document.
    """

    def __init__(self, stream: object) -> None:
        """Take the stream for the thread that runs now."""
        self._stream, self._owner = stream, threading.get_ident()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a stream has
        """Return what the stream has for this thread."""
        is_own = threading.get_ident() == self._owner
        return getattr(self._stream if is_own else sys.stderr, name)


def _connect(ray: Any) -> None:  # noqa: ANN401 - the module
    """Join a cluster that runs; none is started, which would be no faster than here."""
    address = os.environ.get("RAY_ADDRESS") or "auto"
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else "no answer"
        raise ConnectionError(
            f"There is no Ray cluster at {address!r} ({first}). {_START}"
        ) from error


def _outcomes(
    ray: Any,  # noqa: ANN401 - the module
    bundle: Bundle,
    jobs: Iterable[Job],
    options: BatchOptions,
) -> Iterator[Outcome]:
    """Hand out the tasks, a few ahead, and yield what came of each in their order."""
    parcel = ray.put(
        (bundle.manifest, {name: bytes(data) for name, data in bundle.files.items()}, bundle.hash)
    )
    place = _Place(folder=str(Path.cwd()), version=lingseg.__version__)
    remote = ray.remote(num_cpus=1, max_retries=_RETRIES)(_do)
    ahead = max(1, int(ray.cluster_resources().get("CPU", 1))) * _TASKS_PER_CORE
    waiting: deque[tuple[list[Job], Any]] = deque()
    try:
        for some in pictures_with_jobs(jobs, _JOBS_IN_TASK):
            waiting.append((some, remote.remote([parcel], bundle.hash, some, options, place)))
            if len(waiting) >= ahead:
                yield from _answer(ray, *waiting.popleft())
        while waiting:
            yield from _answer(ray, *waiting.popleft())
    finally:
        for _, task in waiting:  # the batch was stopped
            ray.cancel(task)


def _answer(ray: Any, jobs: Sequence[Job], task: Any) -> Iterator[Outcome]:  # noqa: ANN401
    """Wait for a task and yield what came of its jobs."""
    try:
        yield from ray.get(task)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, OSError | ValueError):
            raise error.cause from error
        raise ValueError(
            f"A worker of the cluster cannot do it ({error.cause!r}). "
            f"Install lingseg {lingseg.__version__} on all its machines."
        ) from error
    except ray.exceptions.RayError as error:
        why = (
            f"{jobs[0].image}: its worker died again and again ({type(error).__name__}). "
            f"See the cluster's logs; the picture may need more memory than there is."
        )
        yield from (Outcome(job=job, failure=why) for job in jobs)


def _do(
    parcel: list[Any], model_hash: str, jobs: list[Job], options: BatchOptions, place: _Place
) -> list[Outcome]:
    """Do the jobs of one picture; this runs on a worker."""
    if place.version != lingseg.__version__:
        raise ValueError(
            f"A worker of the cluster has lingseg {lingseg.__version__}, and this machine "
            f"{place.version}. Install the same on all."
        )
    os.chdir(place.folder)
    if model_hash not in _LOADED:
        import ray

        manifest, files, digest = ray.get(parcel[0])
        _LOADED.clear()
        _LOADED[model_hash] = Model(
            Bundle(manifest=manifest, files=files, hash=digest), threads=_THREADS
        )
    return list(run_on_one(_LOADED[model_hash], jobs[0].image, jobs, options))
