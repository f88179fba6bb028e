"""`lingseg datasets`: list, check, describe and split data sets; draw phantoms."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from json import dumps
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lingseg.cli.flag import Flag
from lingseg.cli.progress import progress_bar
from lingseg.datasets.case import Dataset
from lingseg.datasets.catalogue import DATA_VARIABLE, PUBLISHED, find_data_root, find_dataset
from lingseg.datasets.checks import check_dataset, count_severities
from lingseg.datasets.finding import Finding
from lingseg.datasets.published import PublishedSet
from lingseg.datasets.statistics import SplitStatistics, Spread, describe_dataset
from lingseg.datasets.unseen_combination import UnseenCombination, write_dataset
from lingseg.datasets.unseen_combination import hold_out as hold_out_words
from lingseg.language.side import Side

_COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}
_CASES_NAMED = 2
_SIZES_NAMED = 3


def list_datasets(*, data_root: Path | None = None, json: Flag = False) -> int:
    """List the data sets that lingseg knows by name.

    Args:
        data_root: The folder that holds a folder for each set; the environment variable
            LINGSEG_DATA if left out.
        json: Print JSON for machines instead of a table.
    """
    root = find_data_root(data_root)
    found = {name: _where(name, root) for name in PUBLISHED}
    if json:
        _print_json([_as_row(known, found[name]) for name, known in PUBLISHED.items()])
        return 0
    table = _table(
        *("name", "title", "modality", "side", "licence", "weights\nmay ship", "here"),
        wrapped=("title", "licence"),
    )
    for name, known in PUBLISHED.items():
        info = known.info
        may_ship = "yes" if info.ship_weights else "no"
        is_here = "no" if found[name] is None else "yes"
        cells = (name, info.title, info.modality, info.side, info.licence, may_ship, is_here)
        table.add_row(*map(Text, cells))
    console = Console()
    console.print(table)
    where = f"looked for in {root}" if root else f"no data folder is named; set {DATA_VARIABLE}"
    console.print(Text(where), soft_wrap=True)
    return 0


def check(
    dataset: str,
    /,
    *,
    data_root: Path | None = None,
    side: Side | None = None,
    show: int = 5,
    json: Flag = False,
    quiet: Flag = False,
) -> int:
    """Look for what would spoil training or flatter scores; exit 1 if there are errors.

    Args:
        dataset: A name that `lingseg datasets list` shows, or the path of a folder.
        data_root: The folder that holds a folder for each set; the environment variable
            LINGSEG_DATA if left out.
        side: Whose left and right the sentences mean, for LViT's layout, which does not say.
        show: The most findings of one kind that are shown.
        json: Print all findings as JSON for machines instead of a table.
        quiet: Show no progress bar.
    """
    if show < 0:
        raise ValueError(f"--show is {show}. It must be 0 or more.")
    data = find_dataset(dataset, data_root=data_root, side=side)
    with progress_bar(_bar_terminal(quiet=quiet), "reading files") as progress:
        findings = check_dataset(data, progress=progress)
    severities = count_severities(findings)
    if json:
        _print_json(_heading(data) | {"findings": [asdict(finding) for finding in findings]})
    else:
        console = Console()
        if findings:
            console.print(_findings_table(findings, show=show))
        sizes = ", ".join(f"{len(cases)} {split}" for split, cases in data.splits.items())
        totals = ", ".join(_number(severities[word], word) for word in _COLOURS)
        console.print(Text(f"{data.info.name} ({sizes}): {totals}"))
    return 1 if severities["error"] else 0


def stats(
    dataset: str,
    /,
    *,
    data_root: Path | None = None,
    side: Side | None = None,
    json: Flag = False,
    quiet: Flag = False,
) -> int:
    """Count cases, pictures, subjects, texts and mask sizes of every split.

    Args:
        dataset: A name that `lingseg datasets list` shows, or the path of a folder.
        data_root: The folder that holds a folder for each set; the environment variable
            LINGSEG_DATA if left out.
        side: Whose left and right the sentences mean, for LViT's layout, which does not say.
        json: Print JSON for machines instead of a table.
        quiet: Show no progress bar.
    """
    data = find_dataset(dataset, data_root=data_root, side=side)
    with progress_bar(_bar_terminal(quiet=quiet), "reading files") as progress:
        splits = describe_dataset(data, progress=progress)
    if json:
        counts = {split: asdict(statistics) for split, statistics in splits.items()}
        _print_json(_heading(data) | {"splits": counts})
        return 0
    lines = {split: _statistics_lines(statistics) for split, statistics in splits.items()}
    table = _table(data.info.name, *splits, wrapped=splits)
    for what in next(iter(lines.values())):
        table.add_row(what, *(by_name[what] for by_name in lines.values()))
    Console().print(table)
    return 0


def phantom(
    *,
    out: Path,
    cases: int,
    seed: int = 0,
    height: int = 224,
    width: int = 224,
    quiet: Flag = False,
) -> int:
    """Draw pictures in which the text is provably needed, as a data set in the folder format.

    Args:
        out: The folder to write; it is made.
        cases: How many cases to draw, over all splits.
        seed: The same seed draws the same pictures.
        height: Rows of each picture.
        width: Columns of each picture.
        quiet: Show no progress bar.
    """
    from lingseg.datasets.phantom import draw_phantoms

    with progress_bar(_bar_terminal(quiet=quiet), "drawing") as progress:
        draw_phantoms(out, num_cases=cases, seed=seed, size=(height, width), progress=progress)
    if not quiet:
        Console().print(Text(f"{cases} cases in {out}"))
    return 0


def split(
    dataset: str,
    /,
    *,
    hold_out: str,
    out: Path,
    copy: Flag = False,
    data_root: Path | None = None,
    side: Side | None = None,
    json: Flag = False,
) -> int:
    """Keep a combination of words out of training, and test on the cases that state it.

    Args:
        dataset: A name that `lingseg datasets list` shows, or the path of a folder.
        hold_out: What no training sentence states: a place in whatever words, as "upper right", or
            else words, in any order.
        out: The folder to write, in the folder format; it is made.
        copy: Copy pictures and masks; they are linked to if left out.
        data_root: The folder that holds a folder for each set; the environment variable
            LINGSEG_DATA if left out.
        side: Whose left and right the sentences mean, for LViT's layout, which does not say.
        json: Print JSON for machines instead of a sentence.
    """
    unseen = hold_out_words(find_dataset(dataset, data_root=data_root, side=side), hold_out)
    write_dataset(unseen.dataset, out, copy=copy)
    if json:
        _print_json(_split_as_json(unseen, out))
    else:
        for line in _split_lines(unseen, out):
            print(line)
    return 0


def _bar_terminal(*, quiet: bool) -> Console:
    """Return where bars are shown: on the error stream, where they spoil no output."""
    return Console(stderr=True, quiet=quiet)


def _findings_table(findings: Sequence[Finding], *, show: int) -> Table:
    """Return at most `show` findings of each kind and severity, and how many there are."""
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for severity in _COLOURS:
        for finding in findings:
            if finding.severity == severity:
                groups[severity, finding.kind].append(finding)
    table = _table("finding", "what", "cases", wrapped=("what", "cases"))
    for (severity, kind), group in groups.items():
        label = Text(_number(len(group), severity), style=_COLOURS[severity]).append(f"\n{kind}")
        for finding in group[:show]:
            table.add_row(label, Text(finding.message), Text(_named(finding.case_ids)))
            label = Text()
        if len(group) > show:
            table.add_row(label, f"and {len(group) - show} more", "")
        table.add_section()
    return table


def _table(*headers: str, wrapped: Collection[str] = ()) -> Table:
    """Return an empty table that cuts nothing off: the columns named wrap where it is narrow."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for header in headers:
        table.add_column(Text(header), no_wrap=header not in wrapped, overflow="fold")
    return table


def _named(case_ids: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(case_ids) - _CASES_NAMED
    return "\n".join(case_ids[:_CASES_NAMED]) + (f"\nand {more} more" if more > 0 else "")


def _statistics_lines(statistics: SplitStatistics) -> dict[str, str]:
    """Return what the table says of one split, line by line."""
    sizes = list(statistics.picture_sizes.items())
    shown = [f"{size} ({number})" for size, number in sizes[:_SIZES_NAMED]]
    if len(sizes) > _SIZES_NAMED:
        shown.append(f"and {len(sizes) - _SIZES_NAMED} more")
    return {
        "cases": str(statistics.cases),
        "pictures": str(statistics.pictures),
        "subjects": str(statistics.subjects),
        "distinct texts": str(statistics.distinct_texts),
        "words a text: least, median, most": _three(statistics.words_per_text, "{:g}"),
        "masks": str(statistics.masks),
        "empty masks": str(statistics.empty_masks),
        "mask's share of the picture: least": _one(statistics.mask_area_share, "smallest"),
        "  lower quartile": _one(statistics.mask_area_share, "lower_quartile"),
        "  median": _one(statistics.mask_area_share, "median"),
        "  upper quartile": _one(statistics.mask_area_share, "upper_quartile"),
        "  most": _one(statistics.mask_area_share, "largest"),
        "picture sizes, height x width": "\n".join(shown) or "-",
        "files that cannot be read": str(statistics.unreadable_files),
    }


def _split_as_json(unseen: UnseenCombination, out: Path) -> dict[str, object]:
    """Return what JSON says of a split."""
    return {
        "dataset": unseen.dataset.info.name,
        "out": str(out),
        "held_out": unseen.phrase,
        "splits": {
            split: {"cases": len(cases), "subjects": len({case.subject for case in cases})}
            for split, cases in unseen.dataset.splits.items()
        },
        "left_out_of_tested_subjects": unseen.num_of_tested_subjects,
        "left_out_of_old_test": unseen.num_of_old_test,
    }


def _split_lines(unseen: UnseenCombination, out: Path) -> Iterator[str]:
    """Yield what the terminal says of a split."""
    for split, cases in unseen.dataset.splits.items():
        states = "all state" if split == "test" else "none states"
        subjects = _number(len({case.subject for case in cases}), "subject")
        yield f"{split}: {_number(len(cases), 'case')} of {subjects}, {states} {unseen.phrase!r}"
    yield (
        f"left out: {_number(unseen.num_of_tested_subjects, 'other case')} of subjects in test, "
        f"{_number(unseen.num_of_old_test, 'case')} of the old test split"
    )
    yield f"{unseen.dataset.info.name} is in {out}"


def _three(spread: Spread | None, form: str) -> str:
    """Return the ends and the middle of a spread."""
    if spread is None:
        return "-"
    return ", ".join(
        form.format(number) for number in (spread.smallest, spread.median, spread.largest)
    )


def _one(spread: Spread | None, name: str) -> str:
    """Return one number of a spread, as a share."""
    return "-" if spread is None else f"{getattr(spread, name):.2%}"


def _where(name: str, root: Path | None) -> Path | None:
    """Return the folder of a set of the catalogue, if it is there."""
    return root / name if root is not None and (root / name).is_dir() else None


def _as_row(known: PublishedSet, found: Path | None) -> dict[str, object]:
    """Return what JSON says of a set of the catalogue."""
    return asdict(known.info) | {"ask": known.ask, "found": None if found is None else str(found)}


def _heading(data: Dataset) -> dict[str, object]:
    """Return what JSON says of a data set first."""
    return {"dataset": data.info.name, "root": str(data.root), "side": data.info.side}


def _number(number: int, word: str) -> str:
    """Return "1 error" or "2 errors"."""
    return f"{number} {word}{'s' * (number != 1)}"


def _print_json(content: object) -> None:
    """Print JSON for machines, unwrapped."""
    print(dumps(content, ensure_ascii=False, indent=1))
