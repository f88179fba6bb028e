"""How much of real sentences the grammar understands. Run `python benchmarks/grammar_coverage.py`.

For every set below `--data`, and for phantoms made on the spot: how many of its distinct sentences
are understood whole and come back from their own facts in other words, which words were not
understood most often, and how many of the rows agree with what the set's tables say beside the
sentence (the label, a length, or for phantoms: that the two sentences of a pair state other facts).
"""

import csv
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cyclopts import App

from lingseg.datasets.phantom import draw_phantoms
from lingseg.language.facts import Facts
from lingseg.language.grammar import understand
from lingseg.language.phrasing import MANNERS, phrase

Row: TypeAlias = Mapping[str, str]
Check: TypeAlias = Callable[[Facts, Row], bool | None]
"""Whether the facts of a row agree with its other columns; None: they say nothing of it."""

app = App()


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What was counted on one set."""

    name: str
    num_sentences: int
    num_whole: int
    num_back: int
    """Of those understood whole: whose facts came back from every wording."""
    num_agreeing: int
    num_checked: int
    unknown: tuple[tuple[str, int], ...]


@app.default
def measure(*, data: Path = Path("../shared/data"), phantoms: int = 1000) -> int:
    """Print a table, a set a line.

    Parameters
    ----------
    data
        The folder with the sets.
    phantoms
        How many sentences on phantoms to draw.
    """
    sets = {folder.name: _rows_of(folder) for folder in sorted(data.iterdir()) if folder.is_dir()}
    sets["phantoms"] = _phantom_rows(phantoms)
    print(
        "| set | sentences | understood whole | facts come back | columns agree | not understood |"
    )
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for name, rows in sets.items():
        found = coverage(name, rows)
        unknown = ", ".join(f"{word} {number}" for word, number in found.unknown) or "-"
        print(
            f"| {name} | {found.num_sentences} | {_share(found.num_whole, found.num_sentences)} | "
            f"{_share(found.num_back, found.num_whole)} | "
            f"{_share(found.num_agreeing, found.num_checked)} of {found.num_checked} | {unknown} |"
        )
    return 0


def coverage(name: str, rows: Sequence[Row]) -> Coverage:
    """Count what is understood of the sentences of one set."""
    texts = dict.fromkeys(row["text"] for row in rows)
    read = {text: understand(text, side="image", language="en") for text in texts}
    whole = [one.facts for one in read.values() if one.is_whole]
    words = Counter(word.word.lower() for one in read.values() for word in one.unknown)
    if name == "phantoms":
        verdicts: list[bool | None] = list(_pairs_differ(rows))
    else:
        check = _CHECKS[name]
        verdicts = [check(read[row["text"]].facts, row) for row in rows]
    told = [verdict for verdict in verdicts if verdict is not None]
    return Coverage(
        name=name,
        num_sentences=len(texts),
        num_whole=len(whole),
        num_back=sum(map(_comes_back, whole)),
        num_agreeing=sum(told),
        num_checked=len(told),
        unknown=tuple(words.most_common(5)),
    )


def _comes_back(facts: Facts) -> bool:
    """Return whether the facts are read again from every way they are said."""
    return all(
        understand(phrase(facts, seed=seed), side="image", language="en").facts == facts
        for seed in range(MANNERS)
    )


def _rows_of(folder: Path) -> list[Row]:
    """Return the rows of all splits of a set."""
    rows: list[Row] = []
    for split in ("train", "val", "test"):
        with (folder / f"{split}.csv").open(newline="", encoding="utf-8") as file:
            rows += csv.DictReader(file)
    return rows


def _phantom_rows(number: int) -> list[Row]:
    """Return the rows of phantoms drawn for this."""
    with tempfile.TemporaryDirectory() as folder:
        draw_phantoms(Path(folder), num_cases=number, seed=3, size=(64, 80))
        return _rows_of(Path(folder))


def _pairs_differ(rows: Sequence[Row]) -> Iterator[bool]:
    """Yield for each pair whether its two sentences state other facts."""
    pairs: dict[str, list[str]] = {}
    for row in rows:
        if row["pair"]:
            pairs.setdefault(row["pair"], []).append(row["text"])
    for texts in pairs.values():
        facts = [understand(text, side="image", language="en").facts for text in texts]
        yield all(one != facts[0] for one in facts[1:])


def _of_busi(facts: Facts, row: Row) -> bool:
    """Agree with the label: benign, malignant, or normal (no tumour)."""
    one = facts.findings[0]
    if row["label"] == "normal":
        return one.presence == "absent"
    return (one.nature, one.presence) == (row["label"], "present")


def _of_label(facts: Facts, row: Row) -> bool:
    """Agree with the facts that the label states by itself."""
    label = understand(row["label"], side="image", language="en").facts.findings[0]
    one = facts.findings[0]
    named = ("finding", "anatomy", "part")
    said = {name: getattr(label, name) for name in named if getattr(label, name)}
    is_sided = not label.places or label.places == one.places
    return is_sided and all(getattr(one, name) == value for name, value in said.items())


def _of_hc18(facts: Facts, row: Row) -> bool:
    """Agree with the measured circumference, which the sentence rounds."""
    lengths = facts.findings[0].millimetres
    is_close = bool(lengths) and abs(lengths[0] - float(row["head_circumference_mm"])) <= 0.51
    return is_close and _of_label(facts, row)


def _of_qata(facts: Facts, row: Row) -> bool | None:
    """Agree with the sentence cut at its commas: laterality, number, lung by lung."""
    parts = [part.strip(" .") for part in row["text"].lower().split(",")]
    if len(parts) != 3 or len(facts.findings) != 1:
        return None
    one = facts.findings[0]
    number, places = parts[1].split()[0], parts[2].replace(" lungs", " lung").split(" and ")
    said = [place.strip().removesuffix(" lung") for place in places]
    return (
        parts[0].startswith(one.laterality or "?")
        and str(one.count) == str(_NUMBERS.get(number, number))
        and said == [str(place) for place in one.places]
    )


def _share(number: int, whole: int) -> str:
    """Return a share in percent."""
    return f"{100 * number / whole:.1f} %" if whole else "-"


_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_NUMBERS |= {"nine": 9, "ten": 10}
_CHECKS: Mapping[str, Check] = {
    "acdc": _of_label,
    "busi": _of_busi,
    "chaos_mr": _of_label,
    "cxr_findings": _of_label,
    "hc18": _of_hc18,
    "hippocampus": _of_label,
    "isic2017": _of_label,
    "kvasir_polyp": _of_label,
    "monuseg": _of_label,
    "qata_cov19": _of_qata,
}

if __name__ == "__main__":
    app()
