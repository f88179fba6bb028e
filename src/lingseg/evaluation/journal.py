"""The scores made so far, a line a case, so that a stopped evaluation can go on."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lingseg.datasets.case import Case
from lingseg.evaluation.score import CaseScore
from lingseg.metrics.calibration import Reliability
from lingseg.metrics.overlap import Overlap


def journal_path(folder: Path, predictor: str) -> Path:
    """Return where the journal of a predictor lies while its evaluation runs."""
    return folder / f"{file_name(predictor)}.partial.jsonl"


def file_name(predictor: str) -> str:
    """Return a predictor's name in letters that every file system takes."""
    return re.sub(r"[^\w.-]+", "_", predictor)


class Journal:
    """A file of case scores that grows while an evaluation runs and goes when it is done.

    Scores are taken up again only for the same choices and the same case. A predictor is known by
    its name alone: whoever trained it again under that name must not resume.
    """

    def __init__(self, path: Path, choices: Mapping[str, str | float], *, resume: bool) -> None:
        """Open the journal, and read what it holds if it is to be resumed.

        Raises:
            ValueError: It is of other choices, or is no journal.
            OSError: It cannot be written.
        """
        self.path = path
        self._scores = _read(path, choices) if resume and path.is_file() else {}
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written anew: a line that was torn when the last run died must not be continued.
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._write(dict(choices))
        for digest, score in self._scores.items():
            self._write(_as_line(digest, score))

    def close(self) -> None:
        """Close the file, and keep it."""
        self._file.close()

    def find(self, case: Case) -> CaseScore | None:
        """Return the score that the case has already."""
        return self._scores.get(_digest(case))

    def add(self, case: Case, score: CaseScore) -> None:
        """Write down what a case scored."""
        self._write(_as_line(_digest(case), score))

    def _write(self, line: dict[str, Any]) -> None:
        """Write one line and hand it to the system, so that only a power cut can lose it."""
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def _digest(case: Case) -> str:
    """Return what tells whether a case is still the same, without keeping its text."""
    parts = [case.case_id, case.text, case.image.name, case.mask.name if case.mask else ""]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _read(path: Path, choices: Mapping[str, str | float]) -> dict[str, CaseScore]:
    """Read the whole lines of a journal."""
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1].splitlines()
    try:
        found, *lines = [json.loads(line) for line in whole] or [dict(choices)]
        if found != choices:
            raise ValueError(
                f"{path} is of {found}, this evaluation of {dict(choices)}. Repeat the choices it "
                f"was begun with, or run without --resume to begin anew."
            )
        return {line["digest"]: _from_line(line) for line in lines}
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is no journal of an evaluation: {error}. Run without --resume to begin anew."
        ) from error


def _as_line(digest: str, score: CaseScore) -> dict[str, Any]:
    """Return a score as JSON holds it."""
    reliability = score.reliability
    return {
        "digest": digest,
        "score": {
            "case_id": score.case_id,
            "subject": score.subject,
            "label": score.label,
            "hd95": score.hd95,
            "nsd": score.nsd,
            "unit": score.unit,
            "peak": score.peak,
        },
        "overlap": vars(score.overlap),
        "num_pixels": reliability.num_pixels.tolist(),
        "probability_sums": reliability.probability_sums.tolist(),
        "reference_sums": reliability.reference_sums.tolist(),
        "squared_error": reliability.squared_error,
        "num_between": reliability.num_between,
    }


def _from_line(line: Mapping[str, Any]) -> CaseScore:
    """Return the score that a line of JSON holds."""
    return CaseScore(
        **line["score"],
        overlap=Overlap(**line["overlap"]),
        reliability=Reliability(
            num_pixels=np.asarray(line["num_pixels"], dtype=np.int64),
            probability_sums=np.asarray(line["probability_sums"], dtype=np.float64),
            reference_sums=np.asarray(line["reference_sums"], dtype=np.float64),
            squared_error=line["squared_error"],
            num_between=line["num_between"],
        ),
    )
