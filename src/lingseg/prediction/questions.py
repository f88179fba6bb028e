"""The sentences on one picture or volume: answered, and written down."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

from lingseg.imaging import Image, Volume, as_rgb, draw_overlay, write_rgb
from lingseg.imaging.dicom_object import may_show_a_name
from lingseg.prediction.formats import FORMATS, Answer, FormatName
from lingseg.prediction.formats.table import why_no_volume
from lingseg.prediction.job import Job, Place, input_name
from lingseg.prediction.opening import Content, Opened
from lingseg.prediction.options import BatchOptions, written_as
from lingseg.prediction.outcome import Outcome
from lingseg.prediction.predictor import Encoded, Model
from lingseg.prediction.result import Result, record_path, write_record
from lingseg.prediction.sentence import checked_text
from lingseg.prediction.volume_result import VolumeResult

SliceProgress: TypeAlias = Callable[[int, int], None]
"""Is told how many slices of a volume are done, and how many there are."""

_NO_OVERLAY = (
    "an overlay copies the pixels, and the file does not say that no text is burned into them "
    "(BurnedInAnnotation NO). Leave out --overlay or --deidentify."
)
_ONE_PICTURE = "{image}: {option} is for ordinary pictures, and this is {what}. Leave it out."


class Questions:
    """What is asked of one input, which is decoded and encoded once, if at all."""

    def __init__(
        self,
        *,
        model: Model,
        opened: Opened,
        options: BatchOptions,
        on_slice: SliceProgress | None = None,
    ) -> None:
        """Take the input; nothing is decoded yet."""
        self._model, self._opened = model, opened
        self._options, self._on_slice = options, on_slice
        self._failure: str | None = None

    def answers(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Do the jobs and yield what became of each, in their order.

        Raises:
            OSError: A file cannot be written.
        """
        if not jobs or self._failure is not None:
            yield from self._failures(jobs, self._failure or "")
            return
        try:
            content = self._content
            is_volume = isinstance(content, Volume)
            encoded = None if is_volume else self._encoded
        except (ValueError, OSError) as error:
            self._failure = str(error)
            yield from self._failures(jobs, self._failure)
            return
        refusal = self._refusal(jobs[0].image, content)
        if refusal is not None:
            yield from self._failures(jobs, refusal)
        elif encoded is None:
            assert isinstance(content, Volume)  # noqa: S101 - all else is encoded
            yield from self._of_volume(content, jobs)
        else:
            for job in jobs:
                yield self._of_picture(encoded, content, job)

    @cached_property
    def _content(self) -> Content:
        """The picture or volume."""
        return self._opened.decode()

    @cached_property
    def _encoded(self) -> Encoded:
        """What the model needs of a picture."""
        assert not isinstance(self._content, Volume)  # noqa: S101 - a volume is not encoded whole
        return self._model.encode(
            self._content, input_hash=self._opened.hash, tiles=self._options.has_tiles
        )

    @staticmethod
    def _failures(jobs: Sequence[Job], why: str) -> Iterator[Outcome]:
        """Yield that nothing came of any."""
        return (Outcome(job=job, failure=why) for job in jobs)

    def _refusal(self, image: Place, content: Content) -> str | None:
        """Return why nothing can be asked of such an input, before it costs anything."""
        if isinstance(content, Image):
            if self._options.has_overlay and self._hides_names_in_vain(content):
                return f"{image}: {_NO_OVERLAY}"
            return None
        is_volume = isinstance(content, Volume)
        what = "a volume" if is_volume else "too large to be held in memory"
        if self._options.has_overlay:
            return _ONE_PICTURE.format(image=image, option="--overlay", what=what)
        if self._options.has_check and is_volume:
            return _ONE_PICTURE.format(image=image, option="--check", what=what)
        name = self._options.format_of(is_volume=is_volume)
        if is_volume and not FORMATS[name].takes_volumes:
            return f"{image}: {why_no_volume()}"
        return None

    def _hides_names_in_vain(self, image: Image) -> bool:
        """Tell whether a copy of the pixels may show what must not be told."""
        return self._options.is_deidentified and may_show_a_name(image.source)

    def _of_picture(self, encoded: Encoded, content: Content, job: Job) -> Outcome:
        """Do one job on a picture."""
        try:
            result = encoded.segment(
                job.text, threshold=self._options.threshold, side=self._options.side
            )
        except ValueError as error:  # in a table of thousands, a sentence is found by its picture
            return Outcome(job=job, failure=f"{job.image}: {error}")
        return self._written(job, self._answer(result, content))

    def _of_volume(self, volume: Volume, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Do jobs on a volume, in one pass over its slices."""
        from lingseg.prediction.volume import segment_volume

        wrong = {
            job: f"{job.image}: {line}"
            for job in jobs
            if (line := _wrong_text(job.text)) is not None
        }
        sound = [job for job in jobs if job not in wrong]
        results = segment_volume(
            self._model,
            volume,
            [job.text for job in sound],
            side=self._options.side,
            threshold=self._options.threshold,
            clean_up=self._options.clean_up,
            keeps_probabilities=FORMATS[
                self._options.format_of(is_volume=True)
            ].keeps_probabilities,
            input_hash=self._opened.hash,
            progress=self._on_slice,
            workers=self._options.workers,
        )
        for job in jobs:
            if job in wrong or self._failure is not None:
                yield Outcome(job=job, failure=wrong.get(job, self._failure))
                continue
            try:
                result = next(results)
            except (ValueError, OSError) as error:
                self._failure = str(error)
                yield Outcome(job=job, failure=self._failure)
            else:
                yield self._written(job, self._answer(result, volume))

    def _answer(self, result: Result | VolumeResult, content: Content) -> Answer:
        """Return a result with what it is about."""
        return Answer(result=result, image=content, is_deidentified=self._options.is_deidentified)

    def _written(self, job: Job, answer: Answer) -> Outcome:
        """Write what comes out, the `.json` last: it says that the rest is there."""
        name = self._options.format_of(is_volume=answer.is_volume)
        record_path(job.output).unlink(missing_ok=True)  # it must never speak of an older mask
        try:
            FORMATS[name].write(job.output, answer)
        except ValueError as error:
            return Outcome(job=job, failure=f"{job.image}: {error}")
        if self._options.has_overlay:
            result, image = answer.one_picture()
            assert isinstance(image, Image)  # noqa: S101 - all else was refused
            write_rgb(job.overlay, draw_overlay(as_rgb(image), result.mask))
        record = self._record(job, answer, written_as(name))
        write_record(job.output, record)
        return Outcome(job=job, record=record)

    def _record(self, job: Job, answer: Answer, name: FormatName) -> dict[str, object]:
        """Return what stands beside the mask."""
        more: dict[str, object] = {
            "input": input_name(job.image, is_deidentified=self._options.is_deidentified),
            "format": name,
            "is_deidentified": self._options.is_deidentified,
        }
        if self._options.has_tiles and not answer.is_volume:
            more["tiles"] = True
        if self._options.has_check:
            more["disagreements"] = answer.result.disagreements()
        return answer.record(**more)


def _wrong_text(text: str) -> str | None:
    """Return why a sentence cannot be asked; None if it can."""
    try:
        checked_text(text)
    except ValueError as error:
        return str(error)
    return None
