"""Jobs by the million: on disk, each picture's together, with names that do not collide."""

import errno
import hashlib
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from lingseg.prediction.job import Job, Place, is_address, plain_name, short_hash
from lingseg.prediction.shard import Shard, place_of

FilesOf = Callable[[Job], Iterable[Path]]
"""Gives the files that a job writes."""

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -8192;
CREATE TABLE pictures (
    number INTEGER PRIMARY KEY, hash BLOB UNIQUE, image BLOB, place INTEGER
);
CREATE TABLE entries (
    number INTEGER PRIMARY KEY, picture INTEGER, text BLOB, output BLOB, name BLOB
);
CREATE INDEX entries_of ON entries (picture, number);
CREATE TABLE names (name BLOB PRIMARY KEY, uses INTEGER) WITHOUT ROWID;
CREATE TABLE picture_files (hash BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE files (hash BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID;
CREATE TABLE folders (folder BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE repeated (number INTEGER PRIMARY KEY);
CREATE TABLE failed (hash BLOB PRIMARY KEY) WITHOUT ROWID;
BEGIN;
"""
_COLUMNS = "entries.number, image, text, output, uses"
_SELECT = f"""
SELECT {_COLUMNS} FROM pictures CROSS JOIN entries ON picture = pictures.number
JOIN names ON names.name = entries.name
WHERE place % ? = ? AND NOT EXISTS (SELECT 1 FROM repeated WHERE number = entries.number)
"""  # noqa: S608 - the columns are ours; CROSS: picture by picture, without sorting
_SELECT_ONE = f"""
SELECT {_COLUMNS} FROM entries JOIN pictures ON picture = pictures.number
JOIN names ON names.name = entries.name WHERE entries.number = ?
"""  # noqa: S608
_IN_ORDER = " ORDER BY pictures.number, entries.number"
_WHOLE = Shard(number=1, num_shards=1)
_BYTES = 16
"""Of a hash: two things have the same once in 10^19 tables of a million rows."""
_REMEMBERED_FOLDERS = 4096


class Jobs:
    """What is to be done, picture by picture; memory does not grow with the number of jobs.

    They lie in a temporary file of their own, which goes when the object or the process does.
    """

    def __init__(
        self, out: Path, *, shard: Shard | None = None, is_deidentified: bool = False
    ) -> None:
        """Start without any.

        Args:
            out: The folder of files that have no other place.
            shard: The part of the jobs that is done here; None: all.
            is_deidentified: Whether no name of a file may tell the picture's.
        """
        self.out = out
        self.shard = shard or _WHOLE
        self.is_deidentified = is_deidentified
        self.settled_for: tuple[str | None, ...] = ()
        """The format whose files were found not to be in one another's way, once they were."""
        self._last: tuple[Place, int] | None = None
        self._resolved = lru_cache(maxsize=_REMEMBERED_FOLDERS)(Path.resolve)
        with _on_disk():
            # "": private and on disk. Whichever thread collects garbage may close it.
            self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._database.executescript(_SCHEMA)
        weakref.finalize(self, self._database.close)

    def add(self, image: Place, text: str, output: Path | None = None, *, name: str = "") -> None:
        """Add a job.

        Args:
            image: The picture.
            text: The sentence.
            output: Where the mask goes; None: a name is made of picture and sentence.
            name: The picture's name, by which it falls to a shard; its path if not given.
        """
        plain = plain_name(image, text, is_deidentified=self.is_deidentified)
        values = (
            self._picture(image, name),
            _packed(text),
            None if output is None else _packed(str(output)),
            _hash(plain.lower()),
        )
        with _on_disk():
            self._database.execute(
                "INSERT INTO entries (picture, text, output, name) VALUES (?, ?, ?, ?)", values
            )
            self._database.execute(
                "INSERT INTO names VALUES (?, 1) ON CONFLICT DO UPDATE SET uses = uses + 1",
                values[3:],
            )

    def settle(self, files: FilesOf, taken: Iterable[Path] = ()) -> None:
        """Make one of jobs that are the same, and refuse those that write over one another.

        Args:
            files: Gives every file that a job writes.
            taken: Files of the whole batch, which no job may write.

        Raises:
            ValueError: A file would be written twice, or over a picture.
            OSError: The temporary file cannot be written.
        """
        with _on_disk():
            for table in ("files", "folders", "repeated"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
            for path in taken:
                self._claim(path, 0)
            for number, job in self._select(_WHOLE):
                self._settle_one(number, job, files(job))

    def __iter__(self) -> Iterator[Job]:
        """Yield the jobs of this shard: pictures as they came first, each one's in their order."""
        for _, job in self._select(self.shard):
            yield job

    def __len__(self) -> int:
        """Count the jobs of this shard."""
        counted = _SELECT.replace(_COLUMNS, "COUNT(*)")
        return int(self._database.execute(counted, _part(self.shard)).fetchone()[0])

    def count_pictures(self) -> int:
        """Count the pictures that jobs of this shard ask something of."""
        counted = "SELECT COUNT(*) FROM pictures WHERE place % ? = ?"
        return int(self._database.execute(counted, _part(self.shard)).fetchone()[0])

    def folders(self) -> Iterator[Path]:
        """Yield the folders that jobs, those of other shards too, write into."""
        for (folder,) in self._database.execute("SELECT folder FROM folders"):
            yield Path(_unpacked(folder))

    def note_failure(self, job: Job) -> None:
        """Remember that a job was not done."""
        with _on_disk():
            self._database.execute(
                "INSERT OR IGNORE INTO failed VALUES (?)", (_hash(str(job.output)),)
            )

    def done(self) -> Iterator[Job]:
        """Yield the jobs that did not fail."""
        select = "SELECT 1 FROM failed WHERE hash = ?"
        for job in self:
            if self._database.execute(select, (_hash(str(job.output)),)).fetchone() is None:
                yield job

    def _picture(self, image: Place, name: str) -> int:
        """Return a picture's number; the rows of one often follow one another."""
        if self._last is not None and self._last[0] == image:
            return self._last[1]
        text = image if isinstance(image, str) else image.as_posix()
        key = _hash(text)
        with _on_disk():
            self._database.execute(
                "INSERT INTO pictures (hash, image, place) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (key, _packed(str(image)), place_of(name or text)),
            )
            if isinstance(image, Path):
                self._database.execute(
                    "INSERT OR IGNORE INTO picture_files VALUES (?)", (self._key(image),)
                )
            found = self._database.execute("SELECT number FROM pictures WHERE hash = ?", (key,))
        self._last = (image, int(found.fetchone()[0]))
        return self._last[1]

    def _settle_one(self, number: int, job: Job, files: Iterable[Path]) -> None:
        """Claim the files of a job, or leave it out if it stands there already."""
        folder = _packed(str(job.output.parent))
        self._database.execute("INSERT OR IGNORE INTO folders VALUES (?)", (folder,))
        for path in dict.fromkeys(files):
            earlier = self._claim(path, number)
            if earlier == number:
                continue
            if earlier and self._job(earlier) == job:
                self._database.execute("INSERT INTO repeated VALUES (?)", (number,))
                return
            raise ValueError(
                f"{path} would be written twice, or written over a picture. "
                f"Give every row an output of its own."
            )

    def _claim(self, path: Path, number: int) -> int | None:
        """Return the number of who writes a file: `number`, if it was free; None for a picture."""
        key = (self._key(path),)
        pictured = self._database.execute("SELECT 1 FROM picture_files WHERE hash = ?", key)
        if pictured.fetchone() is not None:
            return None
        self._database.execute("INSERT OR IGNORE INTO files VALUES (?, ?)", (*key, number))
        found = self._database.execute("SELECT number FROM files WHERE hash = ?", key)
        return int(found.fetchone()[0])

    def _job(self, number: int) -> Job:
        """Return the job of a number."""
        return self._as_job(*self._database.execute(_SELECT_ONE, (number,)).fetchone()[1:])

    def _select(self, shard: Shard) -> Iterator[tuple[int, Job]]:
        """Yield the jobs of a shard with their numbers, picture by picture."""
        for number, *row in self._database.execute(_SELECT + _IN_ORDER, _part(shard)):
            yield number, self._as_job(*row)

    def _as_job(self, packed_image: bytes, packed: bytes, output: bytes | None, uses: int) -> Job:
        """Return a job with its output, which has a hash in its name if its plain one is shared."""
        name, text = _unpacked(packed_image), _unpacked(packed)
        image = name if is_address(name) else Path(name)
        if output is not None:
            return Job(image=image, text=text, output=Path(_unpacked(output)))
        name = plain_name(image, text, is_deidentified=self.is_deidentified)
        if uses > 1:
            name += f"-{short_hash(image, text, is_deidentified=self.is_deidentified)}"
        return Job(image=image, text=text, output=self.out / f"{name}.png")

    def _key(self, path: Path) -> bytes:
        """Return what is the same for paths to one file, whatever the case of their letters."""
        # Not Path.is_symlink, which a name that is too long for the disk would stop.
        is_link = os.path.islink(path)  # noqa: PTH114
        whole = path.resolve() if is_link else self._resolved(path.parent) / path.name
        return _hash(str(whole).lower())


def _part(shard: Shard) -> tuple[int, int]:
    """Return what picks the rows of a shard."""
    return shard.num_shards, shard.number - 1


def _hash(text: str) -> bytes:
    """Return a few bytes that tell `text` from others."""
    return hashlib.sha256(_packed(text)).digest()[:_BYTES]


def _packed(text: str) -> bytes:
    """Return any text as bytes; names of files need not be Unicode."""
    return text.encode("utf-8", "surrogatepass")


def _unpacked(data: bytes) -> str:
    """Return what `_packed` packed."""
    return data.decode("utf-8", "surrogatepass")


@contextmanager
def _on_disk() -> Iterator[None]:
    """Say as an OSError that the temporary file cannot be written."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(
            errno.ENOSPC, f"the table of jobs cannot be kept in a temporary file ({error})"
        ) from error
