"""The evaluation: every case is predicted, scored on its own grid, and the set is summed up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from lingseg.datasets.case import Case
from lingseg.datasets.progress import Progress, no_progress
from lingseg.evaluation.journal import Journal, journal_path
from lingseg.evaluation.protocol import Predictor
from lingseg.evaluation.score import CaseScore, score_case
from lingseg.evaluation.summary import Summary, summarise
from lingseg.imaging.reading import read_image, read_mask
from lingseg.metrics.overlap import EmptyPolicy

_One = TypeVar("_One")

TOLERANCE = 2.0
"""Of the normalised surface Dice, in millimetres or pixels: about what two readers differ by."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a predictor scored on a list of cases."""

    predictor: str
    threshold: float
    tolerance: float
    empty: EmptyPolicy
    cases: tuple[CaseScore, ...]
    overall: Summary
    by_label: Mapping[str, Summary]
    """By the cases' label, the most frequent first; empty where all have the same."""


def evaluate(
    predictor: Predictor,
    cases: Sequence[Case],
    *,
    rng: np.random.Generator,
    threshold: float | None = None,
    tolerance: float = TOLERANCE,
    empty: EmptyPolicy = "count",
    out: Path | None = None,
    resume: bool = False,
    progress: Progress = no_progress,
) -> Evaluation:
    """Score a predictor, one case in memory at a time.

    Args:
        predictor: What is scored.
        cases: On what. Every one needs a reference mask.
        rng: Where the intervals' resamples come from.
        threshold: From which probability on a pixel is in; None for the predictor's own.
        tolerance: Of the normalised surface Dice, in mm where the files tell it, else pixels.
        empty: Whether an image with nothing in either mask counts as 1 in the means.
        out: A folder that keeps a journal of the scores, until `write_report` is done there.
        resume: Whether to take up the scores of that journal.
        progress: Told after every case.

    Raises:
        ValueError: A case cannot be scored, or the threshold is none.
    """
    limit = check_threshold(predictor.threshold if threshold is None else threshold)
    check_cases(cases)
    choices: dict[str, str | float] = {
        "predictor": predictor.name,
        "threshold": limit,
        "tolerance": tolerance,
    }
    scores = []
    with _journal(out, choices, resume=resume) as written:
        for done, case in enumerate(cases, start=1):
            score = written.find(case) if written else None
            if score is None:
                score = _score(predictor, case, limit, tolerance)
                if written:
                    written.add(case, score)
            scores.append(score)
            progress(done, len(cases))
    return Evaluation(
        predictor=predictor.name,
        threshold=limit,
        tolerance=tolerance,
        empty=empty,
        cases=tuple(scores),
        overall=summarise(scores, rng=rng, empty=empty),
        by_label=_by_label(scores, rng, empty),
    )


def check_threshold(threshold: float) -> float:
    """Return the threshold if it can be one.

    Raises:
        ValueError: It is not above 0 and at most 1. At 0, "not found" would fill the picture.
    """
    if not 0 < threshold <= 1:
        raise ValueError(
            f"The threshold is {threshold}, expected more than 0 and at most 1. Use 0.5, or what "
            f"was best on the validation split."
        )
    return threshold


def check_cases(cases: Sequence[Case]) -> None:
    """Refuse a list that cannot be scored whole: part of a set would not be its score.

    Raises:
        ValueError: There is no case, one has no reference mask, or two have one name.
    """
    if not cases:
        raise ValueError("There is no case to score. Choose a split that has some.")
    check_names(cases)
    without = [case.case_id for case in cases if case.mask is None]
    if without:
        raise ValueError(
            f"{len(without)} of {len(cases)} cases have no reference mask, among them "
            f"{', '.join(without[:3])}; a score needs one. Choose a split that has masks, or name "
            f"them in its table."
        )


def check_names(cases: Sequence[Case]) -> None:
    """Refuse a list in which two cases have one name.

    Raises:
        ValueError: Two have.
    """
    twice = [name for name, count in Counter(c.case_id for c in cases).items() if count > 1]
    if twice:
        raise ValueError(
            f"{len(twice)} case ids name several cases, among them {', '.join(twice[:3])}; "
            f"expected one name a case. Give every case its own."
        )


def spread(cases: Sequence[_One], limit: int) -> tuple[_One, ...]:
    """Return at most `limit` cases, taken evenly from the whole list: the head is often alike.

    Raises:
        ValueError: The limit is below 1.
    """
    if limit < 1:
        raise ValueError(f"The limit is {limit} cases, expected 1 or more. Leave it out for all.")
    number = min(limit, len(cases))
    return tuple(cases[index * len(cases) // number] for index in range(number))


def by_picture(cases: Sequence[Case]) -> dict[Path, list[Case]]:
    """Return the cases of each picture."""
    groups: dict[Path, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.image, []).append(case)
    return groups


def spread_pictures(cases: Sequence[Case], limit: int) -> tuple[Case, ...]:
    """Return at most `limit` cases; those of one picture stay together where there is room.

    Raises:
        ValueError: The limit is below 1.
    """
    groups = list(by_picture(cases).values())
    number = -(-limit * len(groups) // max(1, len(cases)))
    return tuple(case for group in spread(groups, number) for case in group)[:limit]


def with_labels(cases: Sequence[Case], labels: Sequence[str]) -> tuple[Case, ...]:
    """Return the cases that have one of the labels, or all if none is named.

    Raises:
        ValueError: No case has one of the labels.
    """
    known = sorted({case.label for case in cases})
    unknown = [label for label in labels if label not in known]
    if unknown:
        raise ValueError(
            f"No case has the label {unknown[0]!r}; this split has {', '.join(known)}. "
            f"Name some of these, or leave --labels out."
        )
    return tuple(case for case in cases if not labels or case.label in labels)


def _journal(
    out: Path | None, choices: Mapping[str, str | float], *, resume: bool
) -> AbstractContextManager[Journal | None]:
    """Open the journal, if there is a folder for it."""
    if out is None:
        return nullcontext()
    return closing(Journal(journal_path(out, str(choices["predictor"])), choices, resume=resume))


def _score(predictor: Predictor, case: Case, threshold: float, tolerance: float) -> CaseScore:
    """Predict and score one case."""
    if case.mask is None:
        raise ValueError(f"{case.case_id} has no reference mask; a score needs one. Leave it out.")
    image = read_image(case.image)
    probabilities = predictor.probabilities(case, image)
    reference = read_mask(case.mask)
    return score_case(
        case, image, probabilities, reference, threshold=threshold, tolerance=tolerance
    )


def _by_label(
    scores: Sequence[CaseScore], rng: np.random.Generator, empty: EmptyPolicy
) -> Mapping[str, Summary]:
    """Return the summary of every label, if there are several."""
    labels = Counter(score.label for score in scores)
    if len(labels) < 2:
        return MappingProxyType({})
    return MappingProxyType(
        {
            label: summarise([one for one in scores if one.label == label], rng=rng, empty=empty)
            for label, _ in labels.most_common()
        }
    )
