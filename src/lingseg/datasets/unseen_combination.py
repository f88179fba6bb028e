"""A data set split anew, so that no training sentence states a combination that the test asks for.

A model that has heard "upper left" and "lower right" knows "upper" and "right". Whether it puts
words together, or has learned whole sentences by heart, tells only what it never heard together.
"""

import re
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lingseg.artefact import write_text
from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.declaration import DECLARATION
from lingseg.datasets.folder import as_declaration, as_table
from lingseg.language.facts import Finding, Place
from lingseg.language.grammar import understand

_WORD = re.compile(r"\w+")
_COLUMNS = ("image", "mask", "text", "subject", "label")
_ELSEWHERE = "elsewhere"
"""Folder for files that do not lie in the data set's own."""


@dataclass(frozen=True, kw_only=True)
class UnseenCombination:
    """The new splits, and how many cases are in none of them."""

    phrase: str
    dataset: Dataset
    num_of_tested_subjects: int
    """Cases that do not state it, but are of a subject of which another case does."""
    num_of_old_test: int
    """Cases of the old test split that do not state it: not to be trained on."""


def hold_out(dataset: Dataset, phrase: str) -> UnseenCombination:
    """Test on all cases whose sentence states the phrase; keep train and val free of it.

    A place, as "upper right", is stated by every sentence that names it, in whatever words ("top
    right"), and not by "upper left and lower right". Anything else, and by sentences of which not
    every word is understood, is stated by all its words, whole, in any order and case. Subjects of
    which one case states it are tested only; the rest of the old test split is left out.

    Raises:
        ValueError: The phrase has no word, or nothing would be left to train or to test on.
    """
    wanted = _words(phrase)
    if not wanted:
        raise ValueError(f"The phrase {phrase!r} has no word. Name some, as 'upper right'.")
    every = [case for cases in dataset.splits.values() for case in cases]
    place = _named_place(phrase)
    test = tuple(case for case in every if _states(case, wanted, place))
    if not test:
        raise ValueError(
            f"No sentence of {dataset.info.name} states all of {', '.join(sorted(wanted))}; "
            f"{_nearest(every, wanted)}. Hold out words that stand together in some sentence."
        )
    tested = {case.subject for case in test}
    kept = {
        split: tuple(case for case in cases if case.subject not in tested)
        for split, cases in dataset.splits.items()
    }
    if not kept.get("train"):
        raise ValueError(
            f"Every training case of {dataset.info.name} states {phrase!r}, or is of a subject of "
            f"which another case does, so that nothing is left to train on. Hold out rarer words."
        )
    splits = {split: kept[split] for split in ("train", "val") if kept.get(split)}
    num_kept = sum(map(len, kept.values()))
    info = replace(dataset.info, name=f"{dataset.info.name} without {phrase}")
    return UnseenCombination(
        phrase=phrase,
        dataset=replace(dataset, info=info, splits=splits | {"test": test}),
        num_of_tested_subjects=len(every) - len(test) - num_kept,
        num_of_old_test=len(kept.get("test", ())),
    )


def write_dataset(dataset: Dataset, out: Path, *, copy: bool = False) -> None:
    """Write a data set in the folder format; its pictures are linked to, or copied.

    Raises:
        ValueError: There is something in the folder already, or a file of the data set is missing.
        OSError: The folder cannot be written to, or links cannot be made there.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(
            f"{out} is not empty; a data set is written to a new folder. Name another."
        )
    cases = [case for split in dataset.splits.values() for case in split]
    files = {path for case in cases for path in (case.image, case.mask) if path is not None}
    missing = sorted(path for path in files if not path.is_file())
    if missing:
        raise ValueError(
            f"{len(missing)} files of {dataset.info.name} are missing, the first is {missing[0]}. "
            f"Look at the set with `lingseg datasets check`."
        )
    places = {path: _place(path, dataset.root) for path in files}
    for path, place in places.items():
        target = out / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if copy:
            shutil.copyfile(path, target)
        else:
            target.symlink_to(path.resolve())
    for split, split_cases in dataset.splits.items():
        write_text(out / f"{split}.csv", _as_table(split_cases, places))
    # Last: without it the folder is no data set, so a half-written one is never read.
    write_text(out / DECLARATION, as_declaration(dataset.info))


def _named_place(phrase: str) -> Place | None:
    """Return the place that a phrase names, if it names one and nothing else."""
    understood = understand(phrase, side="image")
    places = [place for one in understood.facts.findings for place in one.places]
    names_no_more = understood.facts.findings == (Finding(places=tuple(places[:1])),)
    return places[0] if names_no_more and places and understood.is_certain else None


def _states(case: Case, wanted: Collection[str], place: Place | None) -> bool:
    """Return whether a sentence states a place, or has all words where that cannot be told."""
    understood = understand(case.text, side=case.side)
    if place is None or not understood.is_certain:
        return set(wanted) <= _words(case.text)
    return any(_names(finding, place) for finding in understood.facts.findings)


def _names(finding: Finding, place: Place) -> bool:
    """Return whether one place of a finding is the place, or two halves of it: "right, upper"."""
    sides = (place.side, "both") if place.side else (None, "left", "right", "both")
    of_side = [one for one in finding.places if one.side in sides]
    of_zones = [one for one in finding.places if set(place.zones) <= set(one.zones)]
    is_half = any(not one.side for one in of_zones) and any(not one.zones for one in of_side)
    return is_half or any(one in of_zones for one in of_side)


def _words(text: str) -> frozenset[str]:
    """Return the words of a text, in one case."""
    return frozenset(_WORD.findall(text.casefold()))


def _nearest(cases: Iterable[Case], wanted: Collection[str]) -> str:
    """Return in how many sentences each word stands by itself."""
    told = [_words(case.text) for case in cases]
    return ", ".join(f"{word} is in {sum(word in one for one in told)}" for word in sorted(wanted))


def _place(path: Path, root: Path) -> Path:
    """Return where a file lies in the new folder."""
    if path.is_relative_to(root):
        return path.relative_to(root)
    whole = path.resolve()
    return Path(_ELSEWHERE, *whole.relative_to(whole.anchor).parts)


def _as_table(cases: Iterable[Case], places: Mapping[Path, Path]) -> str:
    """Return the table of one split."""
    rows = [_as_row(case, places) for case in cases]
    return as_table(rows, list(dict.fromkeys((*_COLUMNS, *(name for row in rows for name in row)))))


def _as_row(case: Case, places: Mapping[Path, Path]) -> dict[str, str]:
    """Return one row of a table."""
    return {
        "image": places[case.image].as_posix(),
        "mask": places[case.mask].as_posix() if case.mask else "",
        "text": case.text,
        "subject": case.subject,
        "label": case.label,
    } | {name: value for name, value in case.columns.items() if name not in _COLUMNS}
