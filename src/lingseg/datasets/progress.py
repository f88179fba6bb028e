"""How long work tells the one who waits that it goes on."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""Called as `progress(done, total)`, after every step and from the caller's own thread."""


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""
