"""The tables of docs/audit.md. Run `python benchmarks/audit_findings.py AUDIT...`.

AUDIT is a folder that `lingseg audit MODEL DATASET --out AUDIT` wrote. There is one table for each
data set, a column for each model and a row for each key figure that one of them has.
"""

import json
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

from cyclopts import App

Audit: TypeAlias = dict[str, Any]

KEY_FIGURES = {
    "dice_per_image": "Dice per image",
    "gain_over_text_lookup": "gain over the mean mask of the same sentence",
    "gain_over_no_sentence": "gain over itself without a sentence",
    "gain_over_image_only_twin": "gain over the twin without sentences",
    "drop_shuffled_where_it_differs": "loss, told another case's sentence",
    "follows_target": "follows the sentence, told another target",
    "follows_side": "follows the sentence, told the other side",
    "follows_zone": "follows the sentence, told another zone",
    "follows_count": "follows the sentence, told another number",
    "follows_size": "follows the sentence, told another size",
    "follows_brightness": "follows the sentence, told another brightness",
    "follows_shape": "follows the sentence, told another shape",
    "changes_side": "mask changes, told the other side",
    "changes_zone": "mask changes, told another zone",
    "changes_count": "mask changes, told another number",
    "changes_size": "mask changes, told another size",
    "mirror_dice": "Dice of mirrored question and mirrored mask",
    "paraphrases_changed": "mask changes, said in other words",
    "null_accuracy_absence": "left blank, asked for what is not there",
    "null_accuracy_negation": "left blank, told that there is none",
    "ece": "expected calibration error",
    "fall_of_confidence": "fall of confidence under contradiction",
    "subject_elsewhere": "cases whose subject is in another split",
    "picture_elsewhere": "cases whose picture looks like one of another split",
    "sentence_in_training": "sentences that training has word for word",
    "disagreement": "sentences that their mask contradicts",
}
"""Of each row of the audit the figures that a reader of papers asks for, by their keys."""
_FACTORS = {"percent": 100, "points": 100, "plain": 1}
_FORMS = {"percent": "{:.1f} %", "points": "{:+.1f}", "plain": "{:.3f}"}

app = App()


@app.default
def tell(*audits: Path) -> None:
    """Print the tables.

    Parameters
    ----------
    audits
        Folders with an audit.json.
    """
    read = [_read(one) for one in audits]
    for (name, split), group in groupby(read, key=lambda one: (one["dataset"], one["split"])):
        print("\n".join(_table(name, split, list(group))), end="\n\n")


def _read(folder: Path) -> Audit:
    """Return what a finished audit left; end with one line where it left nothing."""
    path = folder / "audit.json"
    if not path.is_file():
        sys.exit(
            f"{path} is missing, so that the audit was not finished. Run "
            f"`lingseg audit MODEL DATASET --out {folder}` again; it goes on where it stopped."
        )
    found: Audit = json.loads(path.read_text(encoding="utf-8"))
    return found


def _table(name: str, split: str, audits: Sequence[Audit]) -> list[str]:
    """Return the lines of one table."""
    figures = [_figures(audit) for audit in audits]
    cases, subjects = audits[0]["num_cases"], audits[0]["num_subjects"]
    models = [audit["predictor"] for audit in audits]
    lines = [
        f"{name}, {split}: {cases} cases of {subjects} subjects",
        "",
        f"| | {' | '.join(models)} |",
        "| --- " * (len(models) + 1) + "|",
    ]
    for key, title in KEY_FIGURES.items():
        if any(key in one for one in figures):
            cells = (_cell(one.get(key)) for one in figures)
            lines.append(f"| {title} | {' | '.join(cells)} |")
    verdicts = (audit["headline"].removeprefix("reads: ") for audit in audits)
    return [*lines, f"| **reads** | {' | '.join(verdicts)} |"]


def _figures(audit: Audit) -> dict[str, dict[str, Any]]:
    """Return all figures of an audit by their keys."""
    return {one["key"]: one for row in audit["rows"] for one in row["figures"]}


def _cell(figure: dict[str, Any] | None) -> str:
    """Return a value and its interval."""
    if figure is None or figure["value"] is None:
        return "\N{EN DASH}"
    factor, form = _FACTORS[figure["unit"]], _FORMS[figure["unit"]]
    value = form.format(factor * figure["value"])
    if figure.get("low") is None:
        return value
    ends = (form.removesuffix(" %").format(factor * figure[end]) for end in ("low", "high"))
    return f"{value} [{', '.join(ends)}]"


if __name__ == "__main__":
    app()
