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
from lingseg.imaging.dicom_object import has_burned_in_annotation, may_show_a_name
from lingseg.language.side import Side
from lingseg.prediction.formats import FORMATS, Answer, Drawn, FormatName
from lingseg.prediction.job import Job, refuse_overwriting
from lingseg.prediction.predictor import EncodedImage, Model
from lingseg.prediction.result import record_path, write_record
from lingseg.prediction.sentence import checked_text

BURNED_IN = (
    "the file says that text is burned into its pixels (BurnedInAnnotation YES): a name may be "
    "read in it, and in any overlay"
)
_NO_OVERLAY = (
    "an overlay copies the pixels, and the file does not say that no text is burned into them "
    "(BurnedInAnnotation NO). Leave out --overlay or --deidentify."
)
_BEFORE_FORMATS: dict[str, object] = {"format": "png", "is_deidentified": False}
"""What records of earlier versions do not say."""


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """What holds for every job of a batch."""

    side: Side
    threshold: float
    has_overlay: bool = False
    has_check: bool = False
    """Whether each record says where sentence and mask disagree."""
    format: FormatName = "png"
    is_deidentified: bool = False
    """Whether nothing that is written may tell the patient."""

    @property
    def written_as(self) -> FormatName:
        """How each mask lies on disk: the files for a whole batch are made from PNG."""
        return "png" if FORMATS[self.format].collection else self.format

    def paths(self, job: Job) -> tuple[Path, ...]:
        """Return the files that a job gives, the `.json` aside."""
        overlays = (job.overlay,) if self.has_overlay else ()
        return (*FORMATS[self.format].paths(job.output), *overlays)


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

    A job whose mask lies there, with a `.json` that names the same picture, text, model, side,
    threshold and format, is not done again. A picture or text that cannot be used fails, and the
    rest is done.

    Raises:
        OSError: An output cannot be written; what was written before stays.
        ValueError: An output would be written over a picture.
    """
    refuse_overwriting(jobs, options.paths)
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


def collect(outcomes: Sequence[Outcome], options: BatchOptions, folder: Path) -> Path | None:
    """Write the file for all masks into `folder`, where the format has one; return where it lies.

    Raises:
        OSError: It cannot be written.
        UnreadableImage: A mask was changed since it was written.
        ValueError: A mask's record has the name of that file.
    """
    drawn = [
        Drawn(image=one.job.image, mask_path=one.job.output, record=dict(one.record))
        for one in outcomes
        if one.record is not None
    ]
    wanted = FORMATS[options.format]
    if wanted.collection and folder / wanted.collection[0] in (
        record_path(one.mask_path) for one in drawn
    ):
        raise ValueError(
            f"{wanted.collection[0]} is the record of a mask of that name. Give it another output."
        )
    return wanted.collect(folder, drawn)


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
    if options.has_overlay and options.is_deidentified and may_show_a_name(image.source):
        return Outcome(job=job, failure=f"{job.image}: {_NO_OVERLAY}")
    answer = Answer(result=result, image=image, is_deidentified=options.is_deidentified)
    record_path(job.output).unlink(missing_ok=True)  # it must never speak of an older mask
    try:
        FORMATS[options.format].write(job.output, answer)
    except ValueError as error:
        return Outcome(job=job, failure=f"{job.image}: {error}")
    if options.has_overlay:
        write_rgb(job.overlay, draw_overlay(as_rgb(image), result.mask))
    record = _record(job, answer, options)
    write_record(job.output, record)
    return Outcome(job=job, record=record)


def _record(job: Job, answer: Answer, options: BatchOptions) -> dict[str, object]:
    """Return what stands beside the mask."""
    more: dict[str, object] = {
        "input": job.image.name,
        "format": options.written_as,
        "is_deidentified": options.is_deidentified,
    }
    if options.has_check:
        more["disagreements"] = answer.result.disagreements()
    source = answer.image.source
    if source is not None and has_burned_in_annotation(source):
        more["warnings"] = [BURNED_IN]
    if options.is_deidentified:
        del more["input"]  # a file's name may be a patient's
    return more | answer.result.as_record()


def _earlier_record(
    job: Job, input_hash: str, model_hash: str, options: BatchOptions
) -> dict[str, Any] | None:
    """Return what an earlier run wrote of this very job, if all of it is there."""
    if not all(path.is_file() for path in options.paths(job)):
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
        "format": options.written_as,
        "is_deidentified": options.is_deidentified,
    }
    is_same = isinstance(record, dict) and all(
        record.get(key, _BEFORE_FORMATS.get(key)) == same[key] for key in same
    )
    is_complete = is_same and (not options.has_check or "disagreements" in record)
    return record if is_complete else None
