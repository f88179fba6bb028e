"""A folder that only its user may enter, gone with its process, or else removed by the next one.

Pictures of patients must not stay on a disk because a process was killed. What is left is told by
its lock, which went with the process.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Literal, TypeAlias, get_args

try:
    import fcntl
except ImportError:  # Windows: a folder with an open file cannot be removed there
    fcntl = None  # type: ignore[assignment]

Purpose: TypeAlias = Literal["pacs", "serve"]
"""What it is for: pictures that are fetched, files that a server makes."""

_PREFIX = "lingseg-"
_LOCK = "lock"


class PrivateFolder:
    """One process's folder, to be closed in the end."""

    def __init__(self, purpose: Purpose, parent: Path | None = None) -> None:
        """Remove what killed processes left, whatever for, and make a folder.

        Args:
            purpose: What it is for, which its name tells.
            parent: Where; None: where temporary files go.

        Raises:
            OSError: No folder can be made.
        """
        parent = parent or Path(tempfile.gettempdir())
        locks = (parent.glob(f"{_PREFIX}{one}-*/{_LOCK}") for one in get_args(Purpose))
        self.num_removed = sum(map(_remove_if_left, chain.from_iterable(locks)))
        self.path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-", dir=parent))
        self._lock = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks: then nobody takes it for left
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Yield an empty folder, which is removed with all that is in it when the block ends."""
        with tempfile.TemporaryDirectory(dir=self.path) as name:
            yield Path(name)

    def close(self) -> None:
        """Remove the folder."""
        with suppress(OSError):
            os.close(self._lock)
        shutil.rmtree(self.path, ignore_errors=True)


def _remove_if_left(lock: Path) -> bool:
    """Remove a lock's folder if its process is gone; one that is not ours, or in use, stays."""
    folder = lock.parent
    if folder.is_symlink() or not folder.is_dir():
        return False
    try:
        if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
            return False
        with lock.open("rb") as opened:
            if fcntl is not None:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except OSError:
        return False
    return True
