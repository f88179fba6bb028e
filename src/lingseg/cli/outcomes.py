"""What `lingseg predict` prints: a line for every mask as it comes, or one JSON document."""

import json
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from lingseg.prediction import Outcome
from lingseg.prediction.doubtful_words import SENTENCE_HAS
from lingseg.prediction.result import RESEARCH_USE

if TYPE_CHECKING:
    from rich.progress import Progress

_BAR_AFTER_SECONDS = 2.0
_MAX_NAMED = 20
"""Lost words that a warning names."""
_MAX_SENTENCE = 80
"""Letters of a sentence that a warning shows."""
_REMEMBERED_LINES = 10_000
"""Warnings that are not said again: a million of them would not fit into memory."""


class Tally:
    """How many jobs were done, and what the command's exit code is."""

    def __init__(self) -> None:
        """Start from nothing."""
        self.done = self.earlier = self.failed = 0

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.done += outcome.record is not None
        self.earlier += outcome.was_done
        self.failed += outcome.record is None

    def counts(self) -> str:
        """Return the sum in a few words."""
        masks = "mask" if self.done == 1 else "masks"
        return f"{self.done} {masks} ({self.earlier} from an earlier run), {self.failed} failed"

    def in_words(self) -> str:
        """Return the sum as a line."""
        return f"{self.counts()}. {RESEARCH_USE}"

    def exit_code(self) -> int:
        """Return 0 if all is done, 1 if some of it failed, 2 if all of it did."""
        if not self.failed:
            return 0
        return 1 if self.done else 2


class Lines:
    """A line for every mask."""

    def __init__(self, *, is_quiet: bool) -> None:
        """Choose whether masks are named at all."""
        self._is_quiet = is_quiet

    def __enter__(self) -> "Lines":
        """Start; there is nothing to do."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop; what was printed stands."""

    def add(self, outcome: Outcome) -> None:
        """Print the line of a mask."""
        if self._is_quiet or outcome.record is None:
            return
        stored = ", stored" if outcome.was_stored else ""
        print(f"{outcome.files()[0]}  {_verdict(outcome.record)}{stored}")
        for line in outcome.record.get("disagreements", ()):
            print(f"  {line}")


class Document:
    """One JSON document, printed piece by piece; it is whole however the batch ends."""

    def __init__(self) -> None:
        """Start without a word: a call that is refused prints none."""
        self._stack = ExitStack()
        self._num_masks = 0

    def __enter__(self) -> "Document":
        """Open a private file for what failed, which stands after the masks."""
        self._failed: IO[str] = self._stack.enter_context(
            tempfile.TemporaryFile("w+", encoding="utf-8")
        )
        self._num_failed = 0
        return self

    def add(self, outcome: Outcome) -> None:
        """Print a mask, or keep a failure for later."""
        job = outcome.job
        if outcome.record is None:
            failed = {"image": str(job.image), "text": job.text, "failure": outcome.failure}
            self._failed.write(_item(failed, is_first=self._num_failed == 0))
            self._num_failed += 1
            return
        mask = {
            "image": str(job.image),
            "mask": str(outcome.files()[0]),
            "was_done": outcome.was_done,
            "was_stored": outcome.was_stored,
        }
        start = "" if self._num_masks else '{\n  "masks": ['
        print(start + _item(mask | dict(outcome.record), is_first=self._num_masks == 0), end="")
        self._num_masks += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End the document; one that was stopped before anything came out is not begun."""
        with self._stack:
            if kind is not None and not self._num_masks + self._num_failed:
                return
            print("\n  ]" if self._num_masks else '{\n  "masks": []', end="")
            print(',\n  "failed": [', end="")
            self._failed.seek(0)
            for line in self._failed:
                print(line, end="")
            print("\n  ]" if self._num_failed else "]", end="")
            is_complete = json.dumps(kind is None)
            print(f',\n  "is_complete": {is_complete},\n  "note": {json.dumps(RESEARCH_USE)}\n}}')


class Warnings:
    """What failed and which words were not read, said as it happens, to whoever the reader is."""

    def __init__(self) -> None:
        """Start with nothing said."""
        self._said: dict[str, None] = {}

    def add(self, outcome: Outcome) -> None:
        """Say what is to be said of an outcome, unless it was said before."""
        for line in _warnings(outcome):
            if line not in self._said:
                print(f"lingseg: {' '.join(line.split())}", file=sys.stderr)
            self._said.pop(line, None)
            self._said[line] = None
            if len(self._said) > _REMEMBERED_LINES:
                del self._said[next(iter(self._said))]


class Bar:
    """The bar that shows how far a long batch is, to a person who watches."""

    def __init__(self, total: int, *, is_shown: bool) -> None:
        """Prepare a bar for `total` masks."""
        self._total, self._is_shown = total, is_shown and sys.stderr.isatty()
        self._bar: Progress | None = None
        self._started = time.monotonic()
        self._done = 0

    def over(self, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
        """Yield the outcomes; show the bar once it has taken two seconds."""
        try:
            for outcome in outcomes:
                self._done += 1
                self._show()
                if self._bar is not None:
                    self._bar.update(self._bar.task_ids[0], completed=self._done)
                    self._bar.update(self._bar.task_ids[1], visible=False)
                yield outcome
        finally:
            if self._bar is not None:
                self._bar.stop()

    def on_slice(self, done: int, total: int) -> None:
        """Show how many slices of a volume are done."""
        self._show()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[1], completed=done, total=total, visible=True)

    def _show(self) -> None:
        """Start the bar when it is time."""
        is_long = time.monotonic() - self._started > _BAR_AFTER_SECONDS
        if self._bar is None and self._is_shown and is_long:
            self._bar = _new_bar(self._total)


def _new_bar(total: int) -> "Progress":
    """Start a progress bar on the error stream; rich is slow to import and mostly not needed."""
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # else lines for a file would go to the screen
    )
    bar.add_task("masks", total=total)
    bar.add_task("slices", total=None, visible=False)
    bar.start()
    return bar


def _verdict(record: Any) -> str:  # noqa: ANN401 - what stands in a .json
    """Return what came out, in a few words."""
    confidence = f"confidence {record.get('confidence', 0):.2f}"
    if not record.get("is_found"):
        return f"not found, {confidence}"
    if record.get("verdict") == "unsure":
        confidence += f", unsure: presence {record['presence']:.2f}"
    if "voxels" not in record:
        return f"{record.get('area_pixels')} pixels, {confidence}"
    return (
        f"{record['voxels']} voxels in {len(record['found_slices'])} of {record['num_slices']} "
        f"slices, {confidence}"
    )


def _item(item: object, *, is_first: bool) -> str:
    """Return an item of a list, two levels deep."""
    text = textwrap.indent(json.dumps(item, indent=2), "    ")
    return f"{'' if is_first else ','}\n{text}"


def _warnings(outcome: Outcome) -> Iterator[str]:
    """Yield what a person has to know of an outcome."""
    record = outcome.record or {}
    for text in record.get("warnings", ()):
        yield f"warning: {_subject_of(text, outcome, record)}: {text}."
    if outcome.failure is not None:
        yield outcome.failure
    elif lost := record.get("lost_words"):
        more = f" and {len(lost) - _MAX_NAMED} more" if len(lost) > _MAX_NAMED else ""
        yield (
            f"warning: the sentence is longer than the model reads; it did not read "
            f"{' '.join(lost[:_MAX_NAMED])!r}{more}. Say it in fewer words."
        )


def _subject_of(warning: str, outcome: Outcome, record: Mapping[str, Any]) -> object:
    """Return what a warning is about: a sentence, which is said once, or a picture."""
    if not warning.startswith(SENTENCE_HAS):
        return outcome.job.image
    return f'"{textwrap.shorten(str(record.get("text")), _MAX_SENTENCE, placeholder=" …")}"'
