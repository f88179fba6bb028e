"""Asks all questions of an audit and has every check judge the answers."""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

import lingseg
from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.progress import Progress, no_progress
from lingseg.evaluation.audit.ablations_row import AblationsRow
from lingseg.evaluation.audit.absence_row import AbsenceRow
from lingseg.evaluation.audit.answer import Answer, AnswersInMemory, QuestionRefused
from lingseg.evaluation.audit.answers_file import ANSWERS_FILE, AnswersFile, Asked
from lingseg.evaluation.audit.asking import Panel, Tally, ask_all
from lingseg.evaluation.audit.audit import About, Audit
from lingseg.evaluation.audit.calibration_row import CalibrationRow
from lingseg.evaluation.audit.callable_predictor import CallablePredictor
from lingseg.evaluation.audit.contradictions_row import ContradictionsRow
from lingseg.evaluation.audit.degradation_row import DegradationRow
from lingseg.evaluation.audit.estimates import num_subjects
from lingseg.evaluation.audit.floors_row import MEAN_MASK, TEXT_LOOKUP, TWIN, FloorsRow
from lingseg.evaluation.audit.leaks_row import LeaksRow
from lingseg.evaluation.audit.mirror_row import MirrorRow
from lingseg.evaluation.audit.paraphrases_row import OTHER_WORDS, ParaphrasesRow
from lingseg.evaluation.audit.row import Check, Row, not_measured
from lingseg.evaluation.evaluate import check_names, check_threshold
from lingseg.evaluation.floors import Floors, build_floors, has_training_masks
from lingseg.evaluation.protocol import Predictor

_DEAF_ANYWAY = "As it does not heed its sentence (row 2), that would be no merit."

ROWS = tuple(range(1, 10))
"""The numbers of the checks."""


def audit(
    predictor: Predictor,
    dataset: Dataset,
    *,
    split: str = "test",
    cases: Sequence[Case] | None = None,
    rows: Sequence[int] = ROWS,
    threshold: float | None = None,
    seed: int = 0,
    predictor_hash: str = "",
    twin: Predictor | None = None,
    twin_hash: str = "",
    floors: Floors | None = None,
    out: Path | None = None,
    fresh: bool = False,
    progress: Progress = no_progress,
) -> Audit:
    """Ask a predictor all that tells whether it reads, and judge its answers.

    Args:
        predictor: What is audited; `CallablePredictor` makes one of a function.
        dataset: On what. Rows that the data does not allow say why they are not measured.
        split: Which of its splits.
        cases: Some cases of the split; all if left out.
        rows: Numbers of the checks to make.
        threshold: From which probability on a pixel is in; None for the predictor's own.
        seed: Of all that is drawn: shuffled sentences, noise, resamples of the intervals.
        predictor_hash: What tells this predictor from another of its name, in the file of answers;
            left out, the hash of the source of a `CallablePredictor`.
        twin: The same network trained without sentences, for row 1.
        twin_hash: What tells the twin from another of its name.
        floors: Of the data set, where they were built before.
        out: A folder that keeps the answers, so that an interrupted audit goes on.
        fresh: Whether to forget the answers that are there.
        progress: Told how many cases are done.

    Raises:
        ValueError: There is no case, the predictor answers nothing at all and no row does without
            it, or the folder holds the answers of something else.
        OSError: The folder cannot be written to.
    """
    chosen = dataset.split(split) if cases is None else tuple(cases)
    _check(chosen, rows)
    limit = check_threshold(predictor.threshold if threshold is None else threshold)
    if floors is None and 1 in rows and has_training_masks(dataset):
        floors = build_floors(dataset)
    beside = _beside(floors, twin)
    checks = _build_checks(dataset, chosen, split=split, seed=seed, beside=tuple(beside), rows=rows)
    if not predictor_hash and isinstance(predictor, CallablePredictor):
        predictor_hash = predictor.hash
    asked = Asked(
        predictor=predictor.name,
        predictor_hash=predictor_hash,
        threshold=limit,
        seed=seed,
        dataset=dataset.info.name,
        beside=_name_beside(floors, twin, twin_hash),
        lingseg=lingseg.__version__,
    )
    panel = Panel(predictor=predictor, threshold=limit, beside=beside)
    path = None if out is None else out / ANSWERS_FILE
    with closing(AnswersFile(path, asked, fresh=fresh)) as answers:
        asking = ask_all(panel, checks, chosen, answers, progress=progress)
        tallies = asking.tallies
        if asking.gave_up and all(tally.num_asked for tally in tallies):
            raise ValueError(asking.gave_up)
        found = _without_undue_praise(
            [
                _judge(check, tally, answers, np.random.default_rng([seed, check.number]))
                for check, tally in zip(checks, tallies, strict=True)
            ]
        )
        examples = _answers_of_examples(found, answers)
    return Audit(
        about=About(
            predictor=predictor.name,
            predictor_hash=predictor_hash,
            dataset=dataset.info.name,
            split=split,
            side=dataset.info.side,
            num_cases=len(chosen),
            num_subjects=num_subjects(chosen),
            threshold=limit,
            seed=seed,
            num_questions=sum(tally.num_asked for tally in tallies),
            num_refused=sum(tally.num_refused for tally in tallies),
            lingseg=lingseg.__version__,
        ),
        rows=tuple(found),
        examples=examples,
        num_asked=asking.num_questions,
        num_reused=asking.num_reused,
        why_unanswered=asking.why_unanswered,
    )


def _build_checks(
    dataset: Dataset,
    cases: tuple[Case, ...],
    *,
    split: str,
    seed: int,
    beside: tuple[str, ...],
    rows: Sequence[int],
) -> list[Check]:
    """Return the checks of some rows, by number."""
    has_floors = MEAN_MASK in beside
    without = "" if has_floors else f"{dataset.info.name} has no training masks to average."
    checks: tuple[Check, ...] = (
        FloorsRow(cases=cases, beside=beside, why_without=without),
        AblationsRow(cases=cases, seed=seed),
        ContradictionsRow(cases=cases),
        MirrorRow(cases=cases, info=dataset.info),
        ParaphrasesRow(cases=cases),
        AbsenceRow(cases=cases, info=dataset.info),
        CalibrationRow(cases=cases),
        LeaksRow(dataset=dataset, split=split, cases=cases),
        DegradationRow(cases=cases, seed=seed),
    )
    return [check for check in checks if check.number in rows]


def _check(cases: Sequence[Case], rows: Sequence[int]) -> None:
    """Refuse what cannot be audited at all."""
    if not cases:
        raise ValueError("There is no case to audit. Choose a split that has some.")
    check_names(cases)
    unknown = [number for number in rows if number not in ROWS]
    if unknown:
        raise ValueError(f"There is no row {unknown[0]}, expected numbers from 1 to {ROWS[-1]}.")


def _beside(floors: Floors | None, twin: Predictor | None) -> dict[str, Predictor]:
    """Return who is asked beside the predictor, by the names of row 1."""
    found: dict[str, Predictor] = {}
    if floors is not None:
        found |= {MEAN_MASK: floors.mean_mask, TEXT_LOOKUP: floors.text_lookup}
    return found if twin is None else found | {TWIN: twin}


def _name_beside(floors: Floors | None, twin: Predictor | None, twin_hash: str) -> str:
    """Return what tells the floors and the twin from others."""
    names = []
    if floors is not None:
        mean = floors.mean_mask.mean.tobytes()
        names.append(f"mean mask {hashlib.sha256(mean).hexdigest()[:16]}")
    if twin is not None:
        names.append(f"twin {twin.name} {twin_hash}".strip())
    return ", ".join(names)


def _judge(check: Check, tally: Tally, answers: AnswersFile, rng: np.random.Generator) -> Row:
    """Return a check's row, or why there is none."""
    if tally.num_asked == tally.num_refused > 0 or tally.num_beyond == tally.num_beyond_refused > 0:
        return not_measured(check.number, check.title, tally.first_refusal)
    try:
        row = check.judge(answers, rng)
    except QuestionRefused as refusal:
        return not_measured(check.number, check.title, str(refusal))
    if not tally.num_refused:
        return row
    told = (
        f"{tally.num_refused} of {tally.num_asked} questions were not answered, the first because "
        f"of this: {tally.first_refusal}"
    )
    if row.verdict == "not measured":
        return not_measured(check.number, check.title, f"{row.sentence} {told}")
    return replace(row, why_not=f"{row.why_not} {told}".strip())


def _without_undue_praise(rows: Sequence[Row]) -> list[Row]:
    """Return the rows; who does not heed a sentence is not praised for bearing other words."""
    is_blind = any(("sentence", "no") in row.traits for row in rows)
    return [
        replace(
            row,
            verdict="not asked",
            sentence=f"{row.sentence} {_DEAF_ANYWAY}",
            traits=((OTHER_WORDS, "not asked"),),
        )
        if is_blind and dict(row.traits).get(OTHER_WORDS, "no") != "no"
        else row
        for row in rows
    ]


def _answers_of_examples(rows: Sequence[Row], answers: AnswersFile) -> AnswersInMemory:
    """Return the answers that the page shows."""
    found: dict[tuple[str, ...], Answer | QuestionRefused] = {}
    for question in (q for row in rows for one in row.examples for q in one.questions):
        try:
            found[question.key] = answers.find(question)
        except QuestionRefused as refusal:
            found[question.key] = refusal
    return AnswersInMemory(found)
