"""A data set that others published: what is known of it, and whether a copy is the one known."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lingseg.datasets.case import Case, Dataset, DatasetInfo
from lingseg.datasets.folder import read_folder


@dataclass(frozen=True, kw_only=True)
class SplitCount:
    """How much of everything one split has."""

    cases: int
    pictures: int
    """Distinct files; several cases may share one."""
    subjects: int


@dataclass(frozen=True, kw_only=True)
class PublishedSet:
    """What is known of a published data set before a copy of it is at hand."""

    info: DatasetInfo
    counts: Mapping[str, SplitCount]
    ask: str
    """Where to ask for the data."""


def read_published(published: PublishedSet, root: Path) -> Dataset:
    """Read a copy of a published data set in the folder format.

    Raises:
        DatasetNotFound: The folder is not there, or has no tables.
        ValueError: The copy is not the one that `published` describes.
    """
    dataset = read_folder(root)
    _check_declaration(published.info, dataset)
    for split, expected in published.counts.items():
        found = count_split(dataset.splits.get(split, ()))
        if found != expected:
            raise ValueError(
                f"{root / split}.csv is not {published.info.name} as known: it has "
                f"{_in_words(found)}, expected {_in_words(expected)}. "
                f"Get a whole copy, or read yours as a folder of your own by its path."
            )
    return replace(dataset, info=published.info)


def count_split(cases: tuple[Case, ...]) -> SplitCount:
    """Count cases, pictures and subjects."""
    return SplitCount(
        cases=len(cases),
        pictures=len({case.image for case in cases}),
        subjects=len({case.subject for case in cases}),
    )


def _check_declaration(info: DatasetInfo, dataset: Dataset) -> None:
    """Refuse a copy that declares another side, or other terms, than are known."""
    for name in ("side", "ship_weights", "ship_images"):
        declared, known = getattr(dataset.info, name), getattr(info, name)
        if declared != known:
            raise ValueError(
                f"{dataset.root / 'dataset.json'} declares {name} {declared!r}; {info.name} is "
                f"known with {known!r}. Correct the file, or read the folder by its path."
            )


def _in_words(count: SplitCount) -> str:
    """Return a count as a message says it."""
    return f"{count.cases} cases, {count.pictures} pictures, {count.subjects} subjects"
