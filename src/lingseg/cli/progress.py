"""The bar that shows how far a command is."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from lingseg.datasets.progress import Progress


@contextmanager
def progress_bar(terminal: Console, what: str) -> Iterator[Progress]:
    """Show a bar while the block runs, and yield the function that moves it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    is_hidden = not terminal.is_terminal
    with ProgressBar(*columns, console=terminal, transient=True, disable=is_hidden) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
