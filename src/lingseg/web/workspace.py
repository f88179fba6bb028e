"""A private folder for files that exist while they are made, and the sweeping up after a kill.

Uploads never come here: they lie in memory, or in files without a name. What a killed process
leaves is told by its lock, which went with it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: a folder with an open file cannot be removed there
    fcntl = None  # type: ignore[assignment]

_PREFIX = "lingseg-serve-"
_LOCK = "lock"


class Workspace:
    """One process's folder, that only its user may enter."""

    def __init__(self, parent: Path | None = None) -> None:
        """Remove what killed servers left, and make a folder.

        Raises:
            OSError: No folder can be made.
        """
        parent = parent or Path(tempfile.gettempdir())
        self.num_removed = sum(map(_remove_if_left, parent.glob(f"{_PREFIX}*")))
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self._lock = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        if fcntl is not None:
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


def _remove_if_left(folder: Path) -> bool:
    """Remove a folder whose process is gone; one that is not ours, or in use, stays."""
    lock = folder / _LOCK
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
