"""The answers to an audit's questions, kept in one file so that an interrupted audit goes on.

It is an SQLite file: what was being written when the machine stopped is rolled back when it is
opened again, so that no torn answer is ever read. A question is known by a digest of the *content*
of the picture and of the reference, not by their paths and times: those change when a data set is
copied, and stay when a mask is drawn anew within a second.
"""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from lingseg.evaluation.audit.answer import Answer, QuestionRefused
from lingseg.evaluation.audit.question import Question
from lingseg.imaging.image import MaskPixels
from lingseg.metrics.calibration import NUM_BINS, Reliability
from lingseg.metrics.overlap import Overlap

ANSWERS_FILE = "answers.sqlite"
"""Its name in the folder of an audit."""

_FORMAT = 1
_BESIDE, _MEAN = "beside", "mean mask"
_LETTERS_OF_DIGEST, _LETTERS_SHOWN = 64, 12
_WHAT = MappingProxyType(
    {
        "format": "the file's format",
        "predictor": "the model's name",
        "predictor_hash": "the SHA-256 of the model (of weights, masks, or a function's file)",
        "threshold": "the threshold",
        "seed": "the seed",
        "dataset": "the data set",
        _BESIDE: "what is asked beside the model (a mean mask by the SHA-256 of its pixels, a twin "
        "by its own)",
        "lingseg": "the version of lingseg",
    }
)
"""What a person is told that a value of the header is."""
_TABLES = """
CREATE TABLE IF NOT EXISTS header (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    key BLOB PRIMARY KEY, refusal TEXT, height INTEGER, width INTEGER, mask BLOB,
    peak REAL, confidence REAL, intersection INTEGER, prediction INTEGER, reference INTEGER,
    reliability BLOB
);
"""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Of what the answers of a file are: another predictor's are never taken for this one's."""

    predictor: str
    predictor_hash: str
    threshold: float
    seed: int
    dataset: str
    beside: str
    """The floors and the image-only twin that are asked beside the predictor, as "mean mask HASH,
    twin NAME HASH". An audit of other rows of the same model may have fewer or more of them."""
    lingseg: str
    """Version of the package: another may change a picture otherwise under the same name."""


class AnswersFile:
    """Answers on disk, found by their questions."""

    def __init__(self, path: Path | None, asked: Asked, *, fresh: bool = False) -> None:
        """Open the file, or make it.

        Args:
            path: Where it lies; None for a temporary file that goes when it is closed.
            asked: Of what the answers are.
            fresh: Begin anew, whatever is there.

        Raises:
            ValueError: It holds answers of something else, or is no such file.
            OSError: It cannot be written.
        """
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            if fresh:
                path.unlink(missing_ok=True)
                Path(f"{path}-journal").unlink(missing_ok=True)
        self._contents: dict[str, bytes] = {}
        with self._explained(), ExitStack() as on_failure:
            # The empty name is SQLite's own for a temporary file.
            self._file = sqlite3.connect(path or "", isolation_level=None)
            on_failure.callback(self.close)
            self._file.executescript(_TABLES)
            choices = {"format": _FORMAT} | asdict(asked)
            self._agree({name: str(value) for name, value in choices.items()})
            on_failure.pop_all()

    def close(self) -> None:
        """Close the file, and keep it."""
        self._file.close()

    def recognise(self, case_id: str, picture: bytes, reference: bytes) -> None:
        """Take in what a case's files hold now; answers to other contents are not found."""
        digests = (hashlib.sha256(content).digest() for content in (picture, reference))
        self._contents[case_id] = b"".join(digests)

    def refusal(self, question: Question) -> str | None:
        """Return why the predictor refused a question; empty if it answered, None if not asked."""
        with self._explained():
            found = self._file.execute(
                "SELECT refusal FROM answers WHERE key = ?", (self._key(question),)
            ).fetchone()
        return None if found is None else found[0] or ""

    def find(self, question: Question) -> Answer:
        """Return the answer to a question.

        Raises:
            KeyError: It was never asked.
            QuestionRefused: The predictor could not answer it.
            ValueError: The file was damaged.
        """
        with self._explained():
            found = self._file.execute(
                "SELECT refusal, height, width, mask, peak, confidence, intersection, prediction, "
                "reference, reliability FROM answers WHERE key = ?",
                (self._key(question),),
            ).fetchone()
        if found is None:
            raise KeyError(question.key)
        refusal, height, width, mask, peak, confidence, *counts, reliability = found
        if refusal is not None:
            raise QuestionRefused(refusal)
        with self._explained():
            return Answer(
                mask=_unpack_mask(mask, (height, width)),
                peak=peak,
                confidence=confidence,
                overlap=_as_overlap(*counts),
                reliability=_unpack_reliability(reliability),
            )

    def add(self, found: Iterable[tuple[Question, Answer | QuestionRefused]]) -> None:
        """Write answers down, all of them or none.

        Raises:
            OSError: They cannot be written.
        """
        rows = [(self._key(question), *_as_row(answer)) for question, answer in found]
        with self._explained():
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
            )
            self._file.execute("COMMIT")

    def _key(self, question: Question) -> bytes:
        """Return what a question is kept under.

        Raises:
            KeyError: Its case was never recognised, so nothing of it was asked.
        """
        case = question.case
        parts = [*question.key, case.side]
        digest = hashlib.sha256(json.dumps(parts).encode())
        digest.update(self._contents[case.case_id])
        return digest.digest()

    def _agree(self, header: Mapping[str, str]) -> None:
        """Write the header of a new file; refuse a file of something else."""
        written = dict(self._file.execute("SELECT name, value FROM header"))
        if not written:
            self._file.executemany("INSERT INTO header VALUES (?, ?)", header.items())
            return
        beside = _joined(written.get(_BESIDE, ""), header[_BESIDE])
        for name, value in header.items():
            if written.get(name) != value and (name != _BESIDE or beside is None):
                raise ValueError(
                    f"{self._path} holds other answers: {_WHAT[name]} was "
                    f"{_shown(written.get(name, ''))}, and is {_shown(value)} in this audit. "
                    f"Choose another folder, or begin anew with --fresh."
                )
        if beside != written.get(_BESIDE):
            self._file.execute("INSERT OR REPLACE INTO header VALUES (?, ?)", (_BESIDE, beside))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite raises into what a person can act on."""
        try:
            yield
        except sqlite3.OperationalError as error:  # locked, full, not writable
            raise OSError(
                f"{self._path} cannot be used: {error}. See that no other audit writes there and "
                f"that the disk has room, and run it again: what is answered stays answered."
            ) from error
        except (sqlite3.DatabaseError, zlib.error, _Damaged) as error:
            raise ValueError(
                f"{self._path} is no file of answers, or is damaged: {error}. Begin anew with "
                f"--fresh."
            ) from error


def _shown(value: str) -> str:
    """Return a value as a person compares it: of a digest the first letters."""
    is_digest = len(value) == _LETTERS_OF_DIGEST and set(value) <= set("0123456789abcdef")
    return repr(f"{value[:_LETTERS_SHOWN]}…" if is_digest else value) if value else "not known"


def _joined(before: str, now: str) -> str | None:
    """Return who was asked beside the predictor before or is now; None if one of them changed."""
    one, other = _members(before), _members(now)
    joined = other | one
    return ", ".join(joined[name] for name in sorted(joined)) if joined == one | other else None


def _members(beside: str) -> dict[str, str]:
    """Return who is asked beside a predictor, by kind."""
    mean, _, rest = beside.partition(", ") if beside.startswith(_MEAN) else ("", "", beside)
    return {kind: one for kind, one in ((_MEAN, mean), ("twin", rest)) if one}


class _Damaged(ValueError):
    """What was read is not as long as it must be."""


def _as_row(answer: Answer | QuestionRefused) -> tuple[object, ...]:
    """Return an answer as the file's columns hold it."""
    if isinstance(answer, QuestionRefused):
        return (str(answer), *[None] * 9)
    of = answer.overlap
    counts = (of.intersection, of.prediction, of.reference) if of else (None, None, None)
    return (
        None,
        *answer.mask.shape,
        zlib.compress(np.packbits(answer.mask).tobytes(), 1),
        answer.peak,
        answer.confidence,
        *counts,
        None if answer.reliability is None else _pack_reliability(answer.reliability),
    )


def _as_overlap(
    intersection: int | None, prediction: int | None, reference: int | None
) -> Overlap | None:
    """Return the counts, if there are any."""
    if intersection is None or prediction is None or reference is None:
        return None
    return Overlap(intersection=intersection, prediction=prediction, reference=reference)


def _unpack_mask(packed: bytes, size: tuple[int, int]) -> MaskPixels:
    """Return the mask that was packed, a bit a pixel."""
    num_pixels = size[0] * size[1]
    bits = np.frombuffer(zlib.decompress(packed), dtype=np.uint8)
    if len(bits) != -(-num_pixels // 8):
        raise _Damaged(f"a mask has {len(bits)} bytes for {size[0]} x {size[1]} pixels")
    return np.unpackbits(bits, count=num_pixels).reshape(size).astype(np.bool_)


def _pack_reliability(reliability: Reliability) -> bytes:
    """Return the sums in a row, as doubles, which hold every count below 2 ** 53."""
    row = [
        reliability.num_pixels,
        reliability.probability_sums,
        reliability.reference_sums,
        np.array([reliability.squared_error, reliability.num_between]),
    ]
    doubles = [part.astype("<f8").tobytes() for part in row]
    return zlib.compress(b"".join(doubles), 1)


def _unpack_reliability(packed: bytes | None) -> Reliability | None:
    """Return the sums that were packed."""
    if packed is None:
        return None
    row = np.frombuffer(zlib.decompress(packed), dtype="<f8").astype(np.float64)
    if len(row) != 3 * NUM_BINS + 2:
        raise _Damaged(f"a table of reliability has {len(row)} numbers")
    pixels, probabilities, references = np.split(row[: 3 * NUM_BINS], 3)
    return Reliability(
        num_pixels=pixels.astype(np.int64),
        probability_sums=probabilities,
        reference_sums=references,
        squared_error=float(row[-2]),
        num_between=int(row[-1]),
    )
