"""`lingseg predict`: draw the masks that sentences describe."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from lingseg.cli.flag import Flag
from lingseg.cli.outcomes import Bar, Document, Lines, Tally, Warnings
from lingseg.imaging.deidentification import need_deidentification
from lingseg.imaging.parts import FINDING_PARTS, MEASURING_MASKS, CleanUp, need_scipy
from lingseg.prediction import (
    BatchOptions,
    Crew,
    Job,
    Jobs,
    Outcome,
    Shard,
    collect,
    find_images,
    load,
    make_jobs,
    outcomes_on_disk,
    read_bundle,
    read_jobs,
    run_jobs,
)
from lingseg.prediction.doubtful_words import read_ahead
from lingseg.prediction.formats import FORMATS, FormatName
from lingseg.prediction.job import Place, is_address
from lingseg.prediction.predictor import checked_threshold, find_bundle
from lingseg.prediction.sentence import checked_text

Engine: TypeAlias = Literal["local", "ray"]


def predict(
    *inputs: str,
    prompt: Annotated[list[str] | None, Parameter(name=["--prompt", "-p"], negative="")] = None,
    model: Annotated[str, Parameter(name=["--model", "-m"])] = "default",
    side: Literal["image", "patient"] | None = None,
    out: Annotated[Path, Parameter(name=["--out", "-o"])] = Path("lingseg-masks"),
    format: FormatName | None = None,  # noqa: A002 - the word people type
    store: Flag = False,
    deidentify: Flag = False,
    overlay: Flag = False,
    check: Flag = False,
    keep_largest: Flag = False,
    min_ml: float | None = None,
    tiles: Flag = False,
    jobs: Path | None = None,
    shard: str | None = None,
    engine: Engine = "local",
    threshold: float | None = None,
    recursive: Annotated[Flag, Parameter(name=["--recursive", "-r"])] = False,
    quiet: Annotated[Flag, Parameter(name=["--quiet", "-q"])] = False,
    as_json: Annotated[Flag, Parameter(name="--json")] = False,
) -> int:
    """Draw the mask that each sentence describes in each picture or volume.

    Masks of pictures are PNG, 0 and 255, as large as the picture is shown (upright), those of
    volumes NIfTI, unless --format says otherwise; beside each lies a .json with what was asked and
    what came out. Research use only; not a medical device.

    Args:
        inputs: Pictures (PNG, JPEG, TIFF, DICOM), volumes (NIfTI, DICOM of many frames), folders of
            pictures or of one DICOM series, zips of either, patterns such as "scans/*.png", or a
            series in a PACS: dicomweb://HOST/.../studies/UID/series/UID.
        prompt: What to segment, in a few words; give it again for another sentence.
        model: A model that ships with the package, or the path of a bundle.
        side: Whose left and right the sentences mean; as the model learnt it if not given.
        out: The folder for masks. What lies there already, for the same question, stays.
        format: How masks are written; if not given, png for pictures and nifti for volumes.
            dicom-seg, dicom-sr (what was measured) and secondary-capture need DICOM. png, coco,
            label-studio and cvat hold pictures only; the last three write one file for all masks
            beside their PNG.
        store: Send the DICOM objects to the PACS that their pictures came from.
        deidentify: Take the patient out of DICOM objects (PS3.15 basic profile) and file names out
            of the .json.
        overlay: Also write each picture with its mask drawn on it.
        check: Also say where a mask is not what its sentence says ("two", and one part was drawn).
        keep_largest: Of a volume's mask keep the largest part only.
        min_ml: Of a volume's mask keep parts of so many millilitres or more only.
        tiles: Look at pictures piece by piece, in full resolution.
        jobs: A CSV table with the columns image,text[,output]: one sentence a row.
        shard: Do part i of n, typed i/n: 1/4, 2/4, 3/4 and 4/4 on four machines.
        engine: Where masks are drawn: on this machine, or on the Ray cluster that RAY_ADDRESS
            names, whose machines must share the folders.
        threshold: Probability from which on a pixel is in the mask; the model's own if not given.
        recursive: Look into the folders of folders as well.
        quiet: Print warnings and errors only.
        as_json: Print one JSON document for machines.
    """
    if threshold is not None:
        checked_threshold(threshold)
    clean_up = CleanUp(keep_largest=keep_largest, min_ml=min_ml)
    _need_packages(
        check=check,
        deidentify=deidentify,
        clean_up=not clean_up.is_nothing,
        ray=engine == "ray",
    )
    wanted = _format_to_store(inputs, format, is_deidentified=deidentify) if store else format
    part = None if shard is None else Shard.parse(shard)
    missing: list[Outcome] = []
    if jobs is not None:
        _refuse_more_than_jobs(inputs, prompt)
        todo = read_jobs(jobs, out, format=wanted, shard=part, is_deidentified=deidentify)
    else:
        texts = _texts(inputs, prompt or [])
        images, missing = _find_what_is_there(inputs, texts, is_recursive=recursive, out=out)
        todo = make_jobs(images, texts, out, format=wanted, shard=part, is_deidentified=deidentify)
        read_ahead(texts)
    crew = Crew.for_pictures(1 if tiles else todo.count_pictures())
    loaded = load(model, threads=crew.threads)
    options = BatchOptions(
        side=side or loaded.side,
        threshold=loaded.threshold if threshold is None else threshold,
        has_overlay=overlay,
        has_check=check,
        format=wanted,
        is_deidentified=deidentify,
        clean_up=clean_up,
        has_tiles=tiles,
        has_store=store,
        workers=crew.workers,
    )
    bar = Bar(len(missing) + len(todo), is_shown=not (quiet or as_json))
    outcomes = (
        run_jobs(loaded, todo, options, on_slice=bar.on_slice)
        if engine == "local"
        else _run_on_ray(model, todo, options)
    )
    told = bar.over(chain(missing, outcomes))
    tally = _tell(told, Document() if as_json else Lines(is_quiet=quiet))
    sums = [tally.in_words(), *_collect(todo, options, part)]
    if not (quiet or as_json):
        print("\n".join(sums))
    return tally.exit_code()


def _need_packages(*, check: bool, deidentify: bool, clean_up: bool, ray: bool) -> None:
    """Tell before any mask is drawn what is missing for what was asked."""
    if check:
        need_scipy(MEASURING_MASKS)
    if deidentify:
        need_deidentification()
    if clean_up:
        need_scipy(FINDING_PARTS)
    if ray and find_spec("ray") is None:
        raise ModuleNotFoundError("ray is not installed", name="ray")


def _format_to_store(
    inputs: Sequence[str], asked: FormatName | None, *, is_deidentified: bool
) -> FormatName:
    """Return the DICOM format that is stored, or refuse a call that has nothing to store."""
    if not any(is_address(name) for name in inputs):
        raise ValueError(
            "--store sends objects to the PACS that the pictures came from; no address was given. "
            "Give one, such as dicomweb://host/dicom-web/studies/UID/series/UID."
        )
    if is_deidentified:
        raise ValueError(
            "--store --deidentify would make a study of nobody in the PACS. Leave out either."
        )
    wanted = asked or "dicom-seg"
    if not FORMATS[wanted].needs_dicom:
        raise ValueError(
            f"--store sends DICOM objects, and --format {wanted} makes none. "
            f"Choose dicom-seg, dicom-sr or secondary-capture."
        )
    return wanted


def _refuse_more_than_jobs(inputs: Sequence[str], prompts: Sequence[str] | None) -> None:
    """Refuse pictures and sentences beside a table of them."""
    if inputs or prompts:
        raise ValueError(
            "--jobs names pictures and sentences itself; pictures or -p were given as well. "
            "Leave out either."
        )


def _texts(inputs: Sequence[str], prompts: Sequence[str]) -> list[str]:
    """Return the sentences, or refuse a call that does not say what to segment where."""
    if not inputs:
        raise ValueError("No picture was given. Name files, folders or patterns, or use --jobs.")
    if not prompts:
        raise ValueError('No sentence was given. Say what to segment: -p "the polyp".')
    return [checked_text(prompt) for prompt in prompts]


def _find_what_is_there(
    inputs: Sequence[str], texts: Sequence[str], *, is_recursive: bool, out: Path
) -> tuple[list[Place], list[Outcome]]:
    """Return the pictures of all inputs, and a failure for each input that names none.

    Raises:
        FileNotFoundError: The only input names nothing.
        ValueError: An input cannot be asked at all.
    """
    images: dict[Place, None] = {}
    missing: list[Outcome] = []
    for name in inputs:
        try:
            images |= dict.fromkeys(find_images([name], is_recursive=is_recursive, out=out))
        except FileNotFoundError as error:
            if len(inputs) == 1:
                raise
            jobs = (Job(image=Path(name), text=text, output=out) for text in dict.fromkeys(texts))
            missing += [Outcome(job=job, failure=str(error)) for job in jobs]
    return list(images), missing


def _run_on_ray(model: str, jobs: Jobs, options: BatchOptions) -> Iterator[Outcome]:
    """Run the jobs on a cluster; Ray is slow to import, and rarely wanted."""
    from lingseg.prediction.ray_engine import run_on_ray

    return run_on_ray(read_bundle(find_bundle(model)), jobs, options)


def _tell(outcomes: Iterator[Outcome], printed: Lines | Document) -> Tally:
    """Print what comes out as it comes, and return the sum.

    Raises:
        KeyboardInterrupt: It was stopped; with what is done until then.
    """
    tally, warnings = Tally(), Warnings()
    try:
        with printed:
            for outcome in outcomes:
                tally.add(outcome)
                printed.add(outcome)
                warnings.add(outcome)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(f"{tally.counts()}; the same command does the rest.") from stop
    return tally


def _collect(jobs: Jobs, options: BatchOptions, shard: Shard | None) -> Iterator[str]:
    """Write the file for all masks, if the format has one, and yield a line about it."""
    if shard is not None and options.format and FORMATS[options.format].collection:
        yield "one file for all masks: when all shards are done, run the same without --shard"
    elif shard is None:
        collected = collect(outcomes_on_disk(jobs), options, jobs.out)
        if collected is not None:
            yield f"all masks: {collected}"
