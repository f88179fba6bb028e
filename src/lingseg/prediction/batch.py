"""Many sentences on many pictures: each picture is encoded once, and what is done stays done."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import Generic, TypeVar

from lingseg.artefact import remove_leftovers
from lingseg.prediction.formats import FORMATS, Drawn
from lingseg.prediction.job import Job, Place
from lingseg.prediction.job_store import Jobs
from lingseg.prediction.jobs_file import files_of, settle
from lingseg.prediction.opening import open_input
from lingseg.prediction.options import BatchOptions
from lingseg.prediction.outcome import Outcome, earlier_outcome
from lingseg.prediction.predictor import Model
from lingseg.prediction.questions import Questions, SliceProgress
from lingseg.prediction.result import record_path

T = TypeVar("T")
_AT_ONCE = 16
"""Sentences for which the masks of a volume are held in memory together, a bit a voxel each."""


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
    for image, its_jobs in groupby(todo, key=lambda job: job.image):
        for outcome in run_on_one(model, image, its_jobs, options, on_slice=on_slice):
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


def run_on_one(
    model: Model,
    image: Place,
    jobs: Iterable[Job],
    options: BatchOptions,
    *,
    on_slice: SliceProgress | None = None,
) -> Iterator[Outcome]:
    """Do the jobs of one picture, which is decoded and encoded once, if at all.

    Raises:
        OSError: An output cannot be written; what was written before stays.
    """
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_input(image))
        except (ValueError, OSError) as error:
            why = str(error) if isinstance(image, Path) else f"{image}: {error}"
            yield from (Outcome(job=job, failure=why) for job in jobs)
            return
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
