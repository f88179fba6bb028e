"""The bar that shows how far a command is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Tell(Protocol):
    """What moves the bar; it is a `lingseg.datasets.progress.Progress`, too."""

    def __call__(self, done: int, total: int, /, note: str = "") -> None:
        """Show that so many steps are done, and a note beside them."""


@contextmanager
def progress_bar(terminal: Console, what: str) -> Iterator[Tell]:
    """Show a bar while the block runs, and yield the function that moves it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    is_hidden = not terminal.is_terminal
    with Progress(*columns, console=terminal, transient=True, disable=is_hidden) as bar:
        task = bar.add_task(what, total=None, note="")

        def tell(done: int, total: int, /, note: str = "") -> None:
            bar.update(task, completed=done, total=total, note=note)

        yield tell
