"""What became of a job, and whether an earlier run did it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from lingseg.prediction.formats import FORMATS, FormatName
from lingseg.prediction.job import Job
from lingseg.prediction.options import BatchOptions, formats_of, written_as
from lingseg.prediction.result import record_path
from lingseg.prediction.sentence import checked_text

_UNSAID: dict[str, object] = {"format": "png", "is_deidentified": False, "tiles": False}
"""What holds where a record, perhaps of an earlier version, does not say."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one job: a record, or the line that says why there is none."""

    job: Job
    record: Mapping[str, Any] | None = None
    """What stands in the `.json` beside the mask."""
    failure: str | None = None
    was_done: bool = False
    """Whether an earlier run had done it."""
    was_stored: bool = False
    """Whether it was sent to where the picture came from."""

    @classmethod
    def on_disk(cls, job: Job) -> Optional["Outcome"]:
        """Return what the `.json` of a job says; None where there is none that can be read."""
        record = _read_record(job)
        return None if record is None else cls(job=job, record=record, was_done=True)

    def files(self) -> tuple[Path, ...]:
        """Return the files of the mask, the mask's own first; none where the job failed."""
        if self.record is None:
            return ()
        return FORMATS[self.record.get("format", "png")].paths(self.job.output)


def earlier_outcome(
    job: Job, input_hash: str, model_hash: str, options: BatchOptions
) -> Outcome | None:
    """Return what an earlier run made of this very job, if all of it is there."""
    for name in formats_of(options.format):
        overlays = (job.overlay,) if options.has_overlay else ()
        if all(path.is_file() for path in (*FORMATS[name].paths(job.output), *overlays)):
            record = _read_record(job)
            if record is not None and _is_same(job, record, name, input_hash, model_hash, options):
                return Outcome(job=job, record=record, was_done=True)
    return None


def _read_record(job: Job) -> dict[str, Any] | None:
    """Return what the `.json` of a job says; None: no record, half of one, or another's file."""
    try:
        record = json.loads(record_path(job.output).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and record.get("format", "png") in FORMATS else None


def _is_same(
    job: Job,
    record: dict[str, Any],
    name: FormatName,
    input_hash: str,
    model_hash: str,
    options: BatchOptions,
) -> bool:
    """Tell whether a record is of this very job."""
    try:
        text = checked_text(job.text)
    except ValueError:
        return False
    same = {
        "input_sha256": input_hash,
        "text": text,
        "side": options.side,
        "threshold": options.threshold,
        "model_sha256": model_hash,
        "format": written_as(name),
        "is_deidentified": options.is_deidentified,
    }
    if "clean_up" in record:  # a volume's
        same["clean_up"] = options.clean_up.as_record()
    else:
        same["tiles"] = options.has_tiles
    is_same = all(record.get(key, _UNSAID.get(key)) == same[key] for key in same)
    return is_same and (not options.has_check or "disagreements" in record)
