"""`lingseg predict`: draw the masks that sentences describe."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from lingseg.imaging.deidentification import need_deidentification
from lingseg.prediction import (
    BatchOptions,
    Job,
    Model,
    Outcome,
    collect,
    find_images,
    load,
    make_jobs,
    read_jobs,
    run_jobs,
)
from lingseg.prediction.formats import FormatName
from lingseg.prediction.predictor import checked_threshold
from lingseg.prediction.result import RESEARCH_USE
from lingseg.prediction.sentence import checked_text

if TYPE_CHECKING:
    from rich.progress import Progress

_BAR_AFTER_SECONDS = 2.0
_MAX_NAMED = 20
"""Lost words that a warning names."""


def predict(
    *inputs: str,
    prompt: Annotated[list[str] | None, Parameter(name=["--prompt", "-p"], negative="")] = None,
    model: Annotated[str, Parameter(name=["--model", "-m"])] = "default",
    side: Literal["image", "patient"] | None = None,
    out: Annotated[Path, Parameter(name=["--out", "-o"])] = Path("lingseg-masks"),
    format: FormatName = "png",  # noqa: A002 - the word people type
    deidentify: Annotated[bool, Parameter(negative="")] = False,
    overlay: Annotated[bool, Parameter(negative="")] = False,
    check: Annotated[bool, Parameter(negative="")] = False,
    jobs: Path | None = None,
    threshold: float | None = None,
    recursive: Annotated[bool, Parameter(name=["--recursive", "-r"], negative="")] = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Draw the mask that each sentence describes in each picture.

    Masks are PNG, 0 and 255, as large as the picture is shown (upright), unless --format says
    otherwise; beside each lies a .json with what was asked and what came out.
    Research use only; not a medical device.

    Args:
        inputs: Pictures (PNG, JPEG, TIFF), folders, or patterns such as "scans/*.png".
        prompt: What to segment, in a few words; give it again for another sentence.
        model: A model that ships with the package, or the path of a bundle.
        side: Whose left and right the sentences mean; as the model learnt it if not given.
        out: The folder for masks. What lies there already, for the same question, stays.
        format: How masks are written. dicom-seg, dicom-sr (area and diameters) and
            secondary-capture need DICOM pictures; coco, label-studio and cvat write one file for
            all masks beside their PNG.
        deidentify: Take the patient out of DICOM objects (PS3.15 basic profile) and file names out
            of the .json.
        overlay: Also write each picture with its mask drawn on it.
        check: Also say where a mask is not what its sentence says ("two", and one part was drawn).
        jobs: A CSV table with the columns image,text[,output]: one sentence a row.
        threshold: Probability from which on a pixel is in the mask; the model's own if not given.
        recursive: Look into the folders of folders as well.
        quiet: Print warnings and errors only.
        as_json: Print one JSON document for machines.
    """
    if threshold is not None:
        checked_threshold(threshold)
    if check:
        _need_scipy()
    if deidentify:
        need_deidentification()
    todo = _jobs(inputs, prompt or [], jobs, out, is_recursive=recursive)
    loaded = load(model)
    options = BatchOptions(
        side=side or loaded.side,
        threshold=loaded.threshold if threshold is None else threshold,
        has_overlay=overlay,
        has_check=check,
        format=format,
        is_deidentified=deidentify,
    )
    outcomes = _run(loaded, todo, options, has_bar=not (quiet or as_json))
    collected = collect(outcomes, options, out)
    if as_json:
        print(_as_json(outcomes, options))
    elif not quiet:
        _print_outcomes(outcomes, options)
        if collected is not None:
            print(f"all masks: {collected}")
    _print_warnings(outcomes)
    return _exit_code(outcomes)


def _need_scipy() -> None:
    """Tell before any mask is drawn what a check needs; its imports are slow and rarely wanted."""
    from lingseg.datasets.mask_facts import need_scipy

    need_scipy()


def _jobs(
    inputs: Sequence[str],
    prompts: Sequence[str],
    table: Path | None,
    out: Path,
    *,
    is_recursive: bool,
) -> list[Job]:
    """Return what was asked for, or refuse a call that does not say it."""
    if table is not None:
        if inputs or prompts:
            raise ValueError(
                "--jobs names pictures and sentences itself; pictures or -p were given as well. "
                "Leave out either."
            )
        return read_jobs(table, out)
    if not inputs:
        raise ValueError("No picture was given. Name files, folders or patterns, or use --jobs.")
    if not prompts:
        raise ValueError('No sentence was given. Say what to segment: -p "the polyp".')
    texts = [checked_text(prompt) for prompt in prompts]
    return make_jobs(find_images(inputs, is_recursive=is_recursive, out=out), texts, out)


def _run(
    model: Model, jobs: Sequence[Job], options: BatchOptions, *, has_bar: bool
) -> list[Outcome]:
    """Run the jobs, behind a progress bar if it takes long and a person is watching."""
    outcomes = run_jobs(model, jobs, options)
    if has_bar and sys.stderr.isatty():
        outcomes = _with_bar(outcomes, len(jobs))
    return list(outcomes)


def _with_bar(outcomes: Iterator[Outcome], total: int) -> Iterator[Outcome]:
    """Yield the outcomes; show a bar once it has taken two seconds."""
    bar: Progress | None = None
    started = time.monotonic()
    try:
        for number, outcome in enumerate(outcomes, start=1):
            if bar is None and time.monotonic() - started > _BAR_AFTER_SECONDS:
                bar = _new_bar(total)
            if bar is not None:
                bar.update(bar.task_ids[0], completed=number)
            yield outcome
    finally:
        if bar is not None:
            bar.stop()


def _new_bar(total: int) -> "Progress":
    """Start a progress bar on the error stream; rich is slow to import and mostly not needed."""
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    bar.add_task("masks", total=total)
    bar.start()
    return bar


def _print_outcomes(outcomes: Sequence[Outcome], options: BatchOptions) -> None:
    """Print a line for every mask, and the sum."""
    for outcome in outcomes:
        if outcome.record is not None:
            print(f"{options.paths(outcome.job)[0]}  {_verdict(outcome)}")
            for line in outcome.record.get("disagreements", ()):
                print(f"  {line}")
    done = [outcome for outcome in outcomes if outcome.record is not None]
    earlier = sum(outcome.was_done for outcome in done)
    failed = len(outcomes) - len(done)
    print(f"{len(done)} masks ({earlier} from an earlier run), {failed} failed. {RESEARCH_USE}")


def _verdict(outcome: Outcome) -> str:
    """Return what came out, in a few words."""
    record = outcome.record or {}
    confidence = f"confidence {record.get('confidence', 0):.2f}"
    if not record.get("is_found"):
        return f"not found, {confidence}"
    return f"{record.get('area_pixels')} pixels, {confidence}"


def _print_warnings(outcomes: Sequence[Outcome]) -> None:
    """Say what failed and which words were not read, each once, whoever the reader is."""
    lines = []
    for outcome in outcomes:
        record = outcome.record or {}
        lines += [f"warning: {outcome.job.image}: {text}." for text in record.get("warnings", ())]
        if outcome.failure is not None:
            lines.append(outcome.failure)
        elif lost := record.get("lost_words"):
            more = f" and {len(lost) - _MAX_NAMED} more" if len(lost) > _MAX_NAMED else ""
            lines.append(
                f"warning: the sentence is longer than the model reads; it did not read "
                f"{' '.join(lost[:_MAX_NAMED])!r}{more}. Say it in fewer words."
            )
    for line in dict.fromkeys(lines):
        print(f"lingseg: {_one_line(line)}", file=sys.stderr)


def _one_line(text: str) -> str:
    """Return `text` without line breaks."""
    return " ".join(text.split())


def _as_json(outcomes: Sequence[Outcome], options: BatchOptions) -> str:
    """Return what came out as one JSON document."""
    masks = [
        {
            "image": str(one.job.image),
            "mask": str(options.paths(one.job)[0]),
            "was_done": one.was_done,
        }
        | dict(one.record)
        for one in outcomes
        if one.record is not None
    ]
    failed = [
        {"image": str(one.job.image), "text": one.job.text, "failure": one.failure}
        for one in outcomes
        if one.record is None
    ]
    return json.dumps({"masks": masks, "failed": failed, "note": RESEARCH_USE}, indent=2)


def _exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return 0 if all is done, 2 if the only picture failed, 1 if some of many did."""
    if all(outcome.record is not None for outcome in outcomes):
        return 0
    is_all = all(outcome.record is None for outcome in outcomes)
    return 2 if is_all and len({outcome.job.image for outcome in outcomes}) == 1 else 1
