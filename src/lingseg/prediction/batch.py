"""Many sentences on many pictures: each picture is encoded once, and what is done stays done."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lingseg.imaging import (
    Image,
    UnreadableImage,
    as_rgb,
    decode_image,
    draw_overlay,
    read_file,
    write_rgb,
)
from lingseg.language.side import Side
from lingseg.prediction.job import Job
from lingseg.prediction.predictor import EncodedImage, Model
from lingseg.prediction.result import record_path
from lingseg.prediction.sentence import checked_text


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """What holds for every job of a batch."""

    side: Side
    threshold: float
    has_overlay: bool = False
    has_check: bool = False
    """Whether each record says where sentence and mask disagree."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one job: a record, or the line that says why there is none."""

    job: Job
    record: Mapping[str, Any] | None = None
    """What stands in the `.json` beside the mask."""
    failure: str | None = None
    was_done: bool = False
    """Whether an earlier run had done it."""


def run_jobs(model: Model, jobs: Sequence[Job], options: BatchOptions) -> Iterator[Outcome]:
    """Do the jobs, picture by picture, and yield what became of each.

    A job whose mask lies there, with a `.json` that names the same picture, text, model, side and
    threshold, is not done again. A picture or text that cannot be used fails, and the rest is done.

    Raises:
        OSError: An output cannot be written; what was written before stays.
    """
    by_image: dict[Path, list[Job]] = {}
    for job in jobs:
        by_image.setdefault(job.image, []).append(job)
    for image, its_jobs in by_image.items():
        try:
            data = read_file(image)
        except (UnreadableImage, OSError) as error:
            yield from (Outcome(job=job, failure=str(error)) for job in its_jobs)
        else:
            yield from _run_on_one(model, data, its_jobs, options)


def _run_on_one(
    model: Model, data: bytes, jobs: Sequence[Job], options: BatchOptions
) -> Iterator[Outcome]:
    """Do the jobs of one picture, which is decoded and encoded once, if at all."""
    input_hash = hashlib.sha256(data).hexdigest()
    pending = []
    for job in jobs:
        earlier = _earlier_record(job, input_hash, model.hash, options)
        if earlier is None:
            pending.append(job)
        else:
            yield Outcome(job=job, record=earlier, was_done=True)
    if not pending:
        return
    try:
        image = decode_image(data, str(pending[0].image))
        encoded = model.encode(image, input_hash=input_hash)
    except ValueError as error:
        yield from (Outcome(job=job, failure=str(error)) for job in pending)
    else:
        for job in pending:
            yield _run_one(job, image, encoded, options)


def _run_one(job: Job, image: Image, encoded: EncodedImage, options: BatchOptions) -> Outcome:
    """Do one job and write what comes out, the `.json` last: it says that the rest is there."""
    try:
        result = encoded.segment(job.text, threshold=options.threshold, side=options.side)
    except ValueError as error:
        return Outcome(job=job, failure=str(error))
    if options.has_overlay:
        write_rgb(job.overlay, draw_overlay(as_rgb(image), result.mask))
    more: dict[str, object] = {"input": job.image.name}
    if options.has_check:
        more["disagreements"] = result.disagreements()
    record = result.save_with(job.output, more)
    return Outcome(job=job, record=record)


def _earlier_record(
    job: Job, input_hash: str, model_hash: str, options: BatchOptions
) -> dict[str, Any] | None:
    """Return what an earlier run wrote of this very job, if all of it is there."""
    files = [job.output, job.overlay] if options.has_overlay else [job.output]
    if not all(path.is_file() for path in files):
        return None
    try:
        record = json.loads(record_path(job.output).read_text(encoding="utf-8"))
        text = checked_text(job.text)
    except (OSError, ValueError):  # no record, half of one, or somebody else's file
        return None
    same = {
        "input_sha256": input_hash,
        "text": text,
        "side": options.side,
        "threshold": options.threshold,
        "model_sha256": model_hash,
    }
    is_same = isinstance(record, dict) and all(record.get(key) == same[key] for key in same)
    is_complete = is_same and (not options.has_check or "disagreements" in record)
    return record if is_complete else None
