"""Many sentences on many pictures: each picture is encoded once, and what is done stays done."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from threading import RLock
from typing import Generic, TypeVar

from lingseg.artefact import remove_leftovers
from lingseg.imaging import Image
from lingseg.prediction.crew import in_order
from lingseg.prediction.formats import FORMATS, Drawn
from lingseg.prediction.job import Job, Place
from lingseg.prediction.job_store import Jobs
from lingseg.prediction.jobs_file import files_of, settle
from lingseg.prediction.opening import Content, open_input
from lingseg.prediction.options import BatchOptions
from lingseg.prediction.outcome import Outcome, earlier_outcome
from lingseg.prediction.predictor import Model
from lingseg.prediction.questions import Questions, SliceProgress
from lingseg.prediction.result import record_path

T = TypeVar("T")
_AT_ONCE = 16
"""Sentences for which the masks of a volume are held in memory together, a bit a voxel each."""
_JOBS_IN_SHARE = 256
"""Of one picture that a worker does before they are told; their outcomes wait in memory."""
_ORDINARY_VALUES = 2**24
"""Of a picture of which each worker may have one: with all that is done to it some 0.3 GiB."""


def run_jobs(
    model: Model,
    jobs: Iterable[Job],
    options: BatchOptions,
    *,
    on_slice: SliceProgress | None = None,
) -> Iterator[Outcome]:
    """Do the jobs, picture by picture, and yield what became of each.

    A job whose mask lies there, with a `.json` that names the same picture, text, model, side,
    threshold and format, is not done again. A picture or text that cannot be used fails, and the
    rest is done. Memory does not grow with the number of jobs.

    Args:
        model: The model.
        jobs: What is to be done.
        options: What holds for all of it.
        on_slice: Is told of every slice of a volume how many are done, and how many there are.

    Raises:
        OSError: An output cannot be written; what was written before stays.
        ValueError: An output would be written twice, or over a picture.
    """
    todo = prepare(jobs, options)
    alone = RLock()

    def work(share: tuple[Place, Iterable[Job]]) -> Iterator[Outcome]:
        return run_on_one(model, *share, options, on_slice=on_slice, alone=alone)

    for outcome in in_order(work, _shares(todo, options.workers), workers=options.workers):
        if outcome.failure is not None:
            todo.note_failure(outcome.job)
        yield outcome


def prepare(jobs: Iterable[Job], options: BatchOptions) -> Jobs:
    """Make the jobs ready to be run: none in another's way, nothing left of a killed run.

    Raises:
        ValueError: An output would be written twice, or over a picture.
    """
    if isinstance(jobs, Jobs):
        todo = jobs
    else:
        todo = Jobs(Path())
        for job in jobs:
            todo.add(job.image, job.text, job.output)
    if todo.settled_for != (options.format,):
        settle(todo, options.format)
    files = files_of(options.format)
    remove_leftovers(todo.folders(), lambda: (path for job in todo for path in files(job)))
    return todo


def pictures_with_jobs(jobs: Iterable[Job], most: int) -> Iterator[list[Job]]:
    """Yield the jobs of each picture, `most` of them at a time."""
    for _, its_jobs in groupby(jobs, key=lambda job: job.image):
        while some := list(islice(its_jobs, most)):
            yield some


def _shares(jobs: Iterable[Job], workers: int) -> Iterator[tuple[Place, Iterable[Job]]]:
    """Yield what one worker does at a time: all jobs of a picture or, of very many, some.

    A single worker reads them one by one.
    """
    if workers == 1:
        yield from groupby(jobs, key=lambda job: job.image)
        return
    for some in pictures_with_jobs(jobs, _JOBS_IN_SHARE):
        yield some[0].image, some


def run_on_one(
    model: Model,
    image: Place,
    jobs: Iterable[Job],
    options: BatchOptions,
    *,
    on_slice: SliceProgress | None = None,
    alone: AbstractContextManager[object] | None = None,
) -> Iterator[Outcome]:
    """Do the jobs of one picture, which is decoded and encoded once, if at all.

    Args:
        model: The model.
        image: The picture.
        jobs: Its jobs.
        options: What holds for them.
        on_slice: Is told of every slice of a volume how many are done, and how many there are.
        alone: Is held while something is decoded and, if that is a volume or a large picture,
            until its jobs are done, so that memory holds one such thing; None: nobody else works.

    Raises:
        OSError: An output cannot be written; what was written before stays.
    """
    alone = nullcontext() if alone is None else alone
    with ExitStack() as stack:
        if not isinstance(image, Path):  # it is fetched, to where there may be room for one
            stack.enter_context(alone)
        try:
            opened = stack.enter_context(open_input(image))
        except (ValueError, OSError) as error:
            why = str(error) if isinstance(image, Path) else f"{image}: {error}"
            yield from (Outcome(job=job, failure=why) for job in jobs)
            return
        decode = partial(_decoded, opened.decode, alone, stack)
        opened = replace(opened, decode=decode)
        questions = Questions(model=model, opened=opened, options=options, on_slice=on_slice)
        for some in _in_groups(jobs):
            earlier = [earlier_outcome(job, opened.hash, model.hash, options) for job in some]
            new = questions.answers(
                [job for job, known in zip(some, earlier, strict=True) if known is None]
            )
            for known in earlier:
                outcome = next(new) if known is None else known
                if outcome.failure is not None:
                    outcome = replace(outcome, failure=opened.named(outcome.failure))
                yield _stored(outcome, options)


def collect(outcomes: Iterable[Outcome], options: BatchOptions, folder: Path) -> Path | None:
    """Write the file for all masks into `folder`, where the format has one; return where it lies.

    Args:
        outcomes: What came out, the masks of a picture one after another; it is walked over more
            than once: a list, or `outcomes_on_disk`.
        options: What held for the batch.
        folder: Where the file goes.

    Raises:
        OSError: It cannot be written.
        UnreadableImage: A mask was changed since it was written.
        ValueError: A mask's record has the name of that file.
    """
    if options.format is None:
        return None
    wanted = FORMATS[options.format]
    if wanted.collection is None:
        return None
    target = folder / wanted.collection[0]
    return wanted.collect(folder, _Again(lambda: _drawn(outcomes, target)))


def outcomes_on_disk(jobs: Jobs) -> Iterable[Outcome]:
    """Return what came out of jobs that were run, read from their records when it is asked for."""
    return _Again(lambda: filter(None, map(Outcome.on_disk, jobs.done())))


class _Again(Generic[T]):
    """Something that may be walked over again and again: each time it is made anew."""

    def __init__(self, start: Callable[[], Iterable[T]]) -> None:
        """Take what makes it."""
        self._start = start

    def __iter__(self) -> Iterator[T]:
        """Start from the beginning."""
        return iter(self._start())


def _drawn(outcomes: Iterable[Outcome], target: Path) -> Iterator[Drawn]:
    """Yield the masks that were drawn."""
    for one in outcomes:
        if one.record is None:
            continue
        if record_path(one.job.output) == target:
            raise ValueError(
                f"{target.name} is the record of a mask of that name. Give it another output."
            )
        yield Drawn(image=Path(one.job.image), mask_path=one.job.output, record=dict(one.record))


def _decoded(
    decode: Callable[[], Content], alone: AbstractContextManager[object], stack: ExitStack
) -> Content:
    """Decode something, and stay alone until the `stack` is left if it takes much memory."""
    with ExitStack() as held:
        held.enter_context(alone)
        content = decode()
        if not isinstance(content, Image) or content.pixels.size > _ORDINARY_VALUES:
            stack.push(held.pop_all())
    return content


def _in_groups(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Yield the jobs a few at a time."""
    rest = iter(jobs)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _stored(outcome: Outcome, options: BatchOptions) -> Outcome:
    """Send what was written to where its picture came from, if that is asked for."""
    image = outcome.job.image
    if not options.has_store or outcome.record is None or isinstance(image, Path):
        return outcome
    from lingseg.imaging.dicomweb import store_objects

    objects = [path for path in outcome.files() if path.suffix == ".dcm"]
    try:
        store_objects(image, objects)
    except (ValueError, OSError) as error:
        return replace(outcome, record=None, failure=f"{image}: {error}")
    return replace(outcome, was_stored=True)
