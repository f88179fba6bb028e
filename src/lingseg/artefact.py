"""A file that is either wholly there or not there at all."""

import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: there a file that is open cannot be removed, which is as good
    fcntl = None  # type: ignore[assignment]

_UMASK = threading.Lock()
_PART = re.compile(r"\.([0-9a-f]{16})\.[^.]+\.part")


@contextmanager
def written_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it there, synced, if the block ends well.

    Whatever stops the block (an exception, a full disk, `kill -9`) leaves `path` as it was. After
    `kill -9` the temporary file stays, hidden: see `remove_leftovers`.

    Raises:
        OSError: The folder cannot be made or written to, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _UMASK:
        umask = _umask()
    handle, name = tempfile.mkstemp(
        prefix=f".{_mark(path.name)}.", suffix=".part" + path.suffix, dir=path.parent
    )
    temporary = Path(name)
    try:
        with _claimed(handle):
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path`, atomically, in UTF-8 with unix line ends."""
    with written_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def remove_leftovers(folders: Iterable[Path], paths: Callable[[], Iterable[Path]]) -> int:
    """Remove what a killed process left of files that it was writing; return how many.

    Args:
        folders: Where to look, each of them once.
        paths: Gives the files whose temporary ones may go; asked only where there are any. What
            a living process writes stays, whatever its name.
    """
    found: dict[tuple[Path, str], list[Path]] = {}
    for folder in folders:
        for part, mark in _parts(folder):
            found.setdefault((folder, mark), []).append(part)
    if not found:
        return 0
    keys = ((path.parent, _mark(path.name)) for path in paths())
    return sum(_remove_if_left(part) for key in keys for part in found.pop(key, ()))


def _parts(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the temporary files in a folder, with the mark of what they were to become."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if named := _PART.match(entry.name):
                yield folder / entry.name, named[1]


def _mark(name: str) -> str:
    """Return a file's name as 16 digits: a temporary name must not be longer than allowed."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@contextmanager
def _claimed(handle: int) -> Iterator[None]:
    """Hold a lock on an open file while the block runs; it goes with the process, even if killed.

    Only `remove_leftovers` asks for it, so a file system without locks is no reason to stop.
    """
    if fcntl is None:
        os.close(handle)
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _remove_if_left(part: Path) -> bool:
    """Remove a temporary file, unless somebody is writing it or it cannot be told."""
    try:
        if fcntl is not None:
            with part.open("rb") as opened:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()
    except OSError:
        return False
    return True


@lru_cache(maxsize=1)
def _umask() -> int:
    """Return the process's file mode mask, which POSIX only tells by setting it.

    Asked once: meanwhile files that other threads make could be written by anybody.
    """
    mask = os.umask(0)
    os.umask(mask)
    return mask
