"""What a comparison leaves: plain sentences, a table, `compare.json` and `compare.md`."""

import json
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from lingseg import __version__
from lingseg.artefact import write_text
from lingseg.evaluation.compare import ALPHA, POWER, Comparison, Difference

JSON_FILE = "compare.json"
MARKDOWN_FILE = "compare.md"

COLUMNS = ("score", "first", "second", "difference", "95 % interval", "p", "Holm", "detectable")

_TITLES = {"dice": "Dice per image", "iou": "IoU per image", "nsd": "NSD"}


def describe_difference(found: Difference, comparison: Comparison) -> str:
    """Return what one difference says, in a sentence or two for a reader."""
    title = _TITLES[found.metric]
    points = f"{100 * abs(found.difference):.1f} points of {title}"
    if found.first_mean == found.second_mean and found.smallest_detectable in (0, None):
        return f"{found.first} and {found.second} do not differ in {title} on any subject."
    better, worse = _by_score(found)
    spread = _interval(found, better)
    p_value = f"p = {_p_shown(found.p_adjusted)}{_correction(comparison)}"
    if found.is_significant:
        told = f"{better} is better than {worse} by {points}{spread}, {p_value}"
    else:
        told = f"{better} and {worse} are not told apart: {points} between them{spread}, {p_value}"
    return f"{told}; {_power(found)}"


def comparison_table(comparison: Comparison) -> Table:
    """Return the table of all differences, in points of 100."""
    table = Table(
        title=Text(_heading(comparison)),
        title_justify="left",
        caption=_CAPTION,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "score" else "right")
    for (first, second), group in groupby(
        comparison.differences, key=lambda found: (found.first, found.second)
    ):
        table.add_section()
        table.add_row(Text(f"{first} - {second}"))
        for found in group:
            table.add_row(*_cells(found))
    return table


def comparison_as_json(comparison: Comparison) -> dict[str, Any]:
    """Return what `compare.json` holds; scores are of 1."""
    content = vars(comparison) | {"num_left_out": dict(comparison.num_left_out)}
    content["differences"] = [
        asdict(found)
        | {
            "difference": found.difference,
            "is_significant": found.is_significant,
            "sentence": describe_difference(found, comparison),
        }
        for found in comparison.differences
    ]
    return {
        "lingseg": __version__,
        "test": "paired permutation test over subjects, two-sided; Holm over all differences",
        "intervals": "95 %, percentiles of a bootstrap over subjects, not corrected",
        "smallest_detectable": f"power {POWER:g} at alpha {ALPHA:g} for one comparison alone",
        **content,
    }


def comparison_as_markdown(comparison: Comparison) -> str:
    """Return what `compare.md` holds: sentences, then numbers."""
    lines = [f"# {_heading(comparison)}", ""]
    lines += [f"- {describe_difference(found, comparison)}" for found in comparison.differences]
    lines += ["", f"| pair | {' | '.join(COLUMNS)} |", "| --- " * (len(COLUMNS) + 1) + "|"]
    for found in comparison.differences:
        cells = f"{found.first} - {found.second}", *_cells(found)
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    lines += ["", _CAPTION, "", *notes(comparison)]
    return "\n".join(lines).rstrip() + "\n"


def write_comparison(out: Path, comparison: Comparison) -> None:
    """Write `compare.json` and `compare.md`.

    Raises:
        OSError: The folder cannot be written to.
    """
    content = json.dumps(comparison_as_json(comparison), indent=1, allow_nan=False)
    write_text(out / JSON_FILE, content + "\n")
    write_text(out / MARKDOWN_FILE, comparison_as_markdown(comparison))


def _heading(comparison: Comparison) -> str:
    """Return on what the models were compared."""
    return (
        f"{comparison.dataset}, {comparison.split}: {comparison.num_images} images of "
        f"{comparison.num_subjects} subjects"
    )


def notes(comparison: Comparison) -> list[str]:
    """Return what a reader must know of this comparison beside its numbers."""
    told = [
        f"{number} cases of {name} are left out."
        for name, number in comparison.num_left_out.items()
        if number
    ]
    # With n subjects all of one mind, two exchanges of 2 ** n are as far apart as what was seen.
    if 2 / 2**comparison.num_subjects >= ALPHA:
        told.append(
            f"With {comparison.num_subjects} subjects no difference, however large, can be told "
            f"from chance: it takes six."
        )
    if comparison.tolerance is not None:
        told.append(f"NSD is at a tolerance of {comparison.tolerance:g}.")
    return told


_CAPTION = (
    f"In points of 100. p of a paired permutation test over subjects, Holm over all rows. "
    f"Detectable: what a test of these subjects finds with a power of {POWER:.0%} at an alpha of "
    f"{ALPHA:g}. Two sets of weights are compared, not two methods: that takes several seeds."
)


def _by_score(found: Difference) -> tuple[str, str]:
    """Return the names, the one with the higher mean first."""
    names = found.first, found.second
    return names if found.difference >= 0 else names[::-1]


def _interval(found: Difference, better: str) -> str:
    """Return the interval of how far the better one is ahead."""
    if found.interval is None:
        return ""
    ends = 100 * found.interval.low, 100 * found.interval.high
    low, high = ends if better == found.first else (-ends[1], -ends[0])
    return f" [{low:.1f}, {high:.1f}]"


def _correction(comparison: Comparison) -> str:
    """Return over how many comparisons a p value holds."""
    number = len(comparison.differences)
    return f" after Holm over {number} comparisons" if number > 1 else ""


def _power(found: Difference) -> str:
    """Return what could have been seen."""
    if found.smallest_detectable is None:
        return "one subject tells nothing of others."
    return (
        f"differences below {100 * found.smallest_detectable:.1f} points would be missed more than "
        f"one time in five."
    )


def _cells(found: Difference) -> tuple[str, ...]:
    """Return a row of the table."""
    interval, least = found.interval, found.smallest_detectable
    return (
        _TITLES[found.metric],
        f"{100 * found.first_mean:.2f}",
        f"{100 * found.second_mean:.2f}",
        f"{100 * found.difference:+.2f}",
        f"{100 * interval.low:+.2f}, {100 * interval.high:+.2f}" if interval else "-",
        _p_shown(found.p_value),
        _p_shown(found.p_adjusted),
        "-" if least is None else f"{100 * least:.2f}",
    )


def _p_shown(p_value: float) -> str:
    """Return a p value to two digits that count."""
    return f"{p_value:.2g}" if p_value >= 0.001 else f"{p_value:.1e}"
