"""What in a data set would spoil training, or flatter the scores."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.duplicates import find_near_duplicates
from lingseg.datasets.files import survey_files
from lingseg.datasets.finding import Finding
from lingseg.datasets.mask_facts import MaskFacts
from lingseg.datasets.progress import Progress, no_progress
from lingseg.datasets.sentences import judge_sentences, judge_words, read_sentences

_Key = TypeVar("_Key", bound=Hashable)


def check_dataset(dataset: Dataset, *, progress: Progress = no_progress) -> list[Finding]:
    """Look at every case and every file of a data set.

    A file that cannot be read is a finding, not an exception. One picture is in memory at a time.

    Args:
        dataset: The data set.
        progress: Told how many of the distinct files have been read.

    Returns:
        The findings: those of the tables first, then of files, splits, and sentences against masks.
    """
    survey = survey_files(dataset, progress=progress)
    readings = read_sentences(dataset)
    return [
        *_empty_texts(dataset),
        *_duplicate_ids(dataset),
        *_duplicate_rows(dataset),
        *survey.findings,
        *_subjects_in_two_splits(dataset),
        *find_near_duplicates(dataset, survey.hashes),
        *_seen_sentences(dataset),
        *_only_empty_masks(dataset, survey.masks),
        *judge_sentences(dataset, survey.masks, readings),
        *judge_words(dataset, readings),
    ]


def _empty_texts(dataset: Dataset) -> Iterator[Finding]:
    """Find cases without a sentence."""
    for case in _cases(dataset):
        if not case.text.strip():
            yield Finding(
                kind="empty text",
                severity="error",
                case_ids=(case.case_id,),
                message=f"{case.image.name} has no text.",
            )


def _duplicate_ids(dataset: Dataset) -> Iterator[Finding]:
    """Find names that more than one case has."""
    for case_id, cases in _groups(_cases(dataset), key=lambda case: case.case_id):
        yield Finding(
            kind="duplicate id",
            severity="error",
            case_ids=(case_id,),
            message=f"{len(cases)} cases are called so; scores could not tell them apart.",
        )


def _duplicate_rows(dataset: Dataset) -> Iterator[Finding]:
    """Find cases of one split with the same picture and sentence."""
    for split, split_cases in dataset.splits.items():
        for _, cases in _groups(split_cases, key=lambda case: (case.image, case.text)):
            differ = len({case.mask for case in cases}) > 1
            yield Finding(
                kind="duplicate row",
                severity="error" if differ else "warning",
                case_ids=_ids(cases),
                message=f"{cases[0].image.name} is {len(cases)} times in {split} with one text"
                + (", but with different masks." if differ else " and one mask."),
            )


def _subjects_in_two_splits(dataset: Dataset) -> Iterator[Finding]:
    """Find patients, or groups of pictures, that are not kept together."""
    splits_of: dict[str, dict[str, list[Case]]] = defaultdict(lambda: defaultdict(list))
    for split, cases in dataset.splits.items():
        for case in cases:
            splits_of[case.subject][split].append(case)
    for subject, by_split in splits_of.items():
        if len(by_split) > 1:
            yield Finding(
                kind="subject in two splits",
                severity="error",
                case_ids=_ids(case for cases in by_split.values() for case in cases),
                message=f"{subject} is in {' and '.join(by_split)}.",
            )


def _seen_sentences(dataset: Dataset) -> Iterator[Finding]:
    """Say how many sentences of the other splits are in training word for word."""
    seen = {case.text for case in dataset.splits.get("train", ()) if case.text.strip()}
    for split, split_cases in dataset.splits.items():
        cases = [case for case in split_cases if case.text.strip()]
        if split == "train" or not seen or not cases:
            continue
        num_seen = sum(case.text in seen for case in cases)
        yield Finding(
            kind="sentence seen in training",
            severity="note",
            case_ids=(),
            message=f"{num_seen} of {len(cases)} sentences of {split} "
            f"({num_seen / len(cases):.1%}) are in train word for word.",
        )


def _only_empty_masks(dataset: Dataset, masks: Mapping[Path, MaskFacts]) -> Iterator[Finding]:
    """Find splits in which no mask marks anything: who draws nothing is right in every case."""
    for split, cases in dataset.splits.items():
        known = [masks[case.mask] for case in cases if case.mask and case.mask in masks]
        if known and all(mask.is_empty for mask in known):
            yield Finding(
                kind="only empty masks",
                severity="warning",
                case_ids=(),
                message=f"All {len(known)} masks of {split} are empty: who draws nothing scores "
                f"100 % there. See that the masks are not lost, say by a value below the middle.",
            )


def count_severities(findings: Iterable[Finding]) -> Counter[str]:
    """Count errors, warnings and notes."""
    return Counter(finding.severity for finding in findings)


def _cases(dataset: Dataset) -> Iterator[Case]:
    """Yield the cases of all splits."""
    for cases in dataset.splits.values():
        yield from cases


def _groups(
    cases: Iterable[Case], *, key: Callable[[Case], _Key]
) -> Iterator[tuple[_Key, list[Case]]]:
    """Yield the groups of at least two cases that have the same key."""
    groups: dict[_Key, list[Case]] = defaultdict(list)
    for case in cases:
        groups[key(case)].append(case)
    for shared, group in groups.items():
        if len(group) > 1:
            yield shared, group


def _ids(cases: Iterable[Case]) -> tuple[str, ...]:
    """Return the names of cases."""
    return tuple(case.case_id for case in cases)
