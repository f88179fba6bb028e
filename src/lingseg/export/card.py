"""The card of a bundle: what it is, what it was trained on, what it scored."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lingseg.prediction.manifest import Manifest

SHOWN = ("dice_per_image", "dice_pooled", "iou_per_image", "iou_pooled", "null_accuracy")
"""Columns of the table of scores; the manifest has all of them."""


def flatten_scores(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each predictor in what `lingseg evaluate --out` wrote as `scores.json`."""
    about = {name: report.get(name) for name in ("dataset", "split", "text", "labels")}
    for predictor in report["predictors"]:
        heard = about if predictor is report["predictors"][0] else about | {"text": None}
        yield {
            **heard,
            "predictor": predictor["name"],
            "threshold": predictor["threshold"],
            "empty": predictor["empty"],
            **predictor["overall"],
        }


def shorten_audit(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a card tells of what `lingseg audit --out` wrote as `audit.json`."""
    about = ("dataset", "split", "num_cases", "num_subjects", "traits")
    told = ("number", "title", "verdict", "sentence")
    rows = [{name: row[name] for name in told} for row in report["rows"]]
    return {**{name: report[name] for name in about}, "rows": rows}


def write_card(manifest: Manifest) -> str:
    """Return the card in Markdown."""
    source: Mapping[str, Any] = manifest.provenance
    sets = "\n".join(
        f"- {one['name']} ({one['licence']}): {one['citation']}" for one in manifest.trained_on
    )
    return f"""# {manifest.name}

{manifest.method}, made with lingseg {manifest.lingseg_version}. {manifest.intended_use}
Licence of the weights: {manifest.licence}.

Pictures are shown at {manifest.height} x {manifest.width}. Left and right mean the
{manifest.side}'s. A pixel is in from a probability of {manifest.threshold:g}; chosen on
validation, as the epoch was.{_verdicts(manifest)}

## Trained on

{sets}

{source["steps"]} steps, best at epoch {source["best_epoch"]}, seed {source["seed"]}, commit
{source["commit"]}, {source["finished"]}.

## Numbers

{_numbers(manifest)}

## Scores

On each picture's own grid; in percent, with 95 % intervals of a bootstrap clustered by subject.
"right", "none" and "shuffled" tell which sentence the model was given: its own, none, or another
subject's. Null accuracy: the share of pictures without the target on which nothing is drawn.

{_table(manifest.scores)}

## What it reads

{_reading(manifest.audits)}

## Known failures

{_failures(manifest)}
"""


def _verdicts(manifest: Manifest) -> str:
    """Return from which presence on something is drawn, and from which on that is sure."""
    drawn, sure = manifest.presence_threshold, manifest.presence_sure_from
    below = "" if drawn is None else f" Below a presence of {drawn:.3g} nothing is drawn."
    if sure is None or sure == drawn:
        return below
    return f"{below} Below one of {sure:.3g} what is drawn is said to be unsure."


def _numbers(manifest: Manifest) -> str:
    """Return what the graphs multiply, and how far that is from the training run."""
    agreement: Mapping[str, Any] = manifest.provenance["agreement"]  # type: ignore[assignment]
    if manifest.precision == "fp32":
        return f"""The bundle computes in fp32. It and the training run differ by at most
{agreement["largest_difference"]:.1e} in probability on {agreement["pictures"]} real pictures, with
and without their sentence."""
    rows = "\n".join(
        f"| {name} | {100 * difference:+.2f} |"
        for name, difference in agreement["dice_differences"].items()
    )
    others = agreement.get("other_verdicts", 0)
    return f"""The bundle multiplies 8-bit numbers; ranges were taken from training pictures.
Of {agreement["pictures"]} validation pictures it and its run differ in {others} on whether the
target is there, and the bundle's Dice per image, at the size that the model is shown, is off by so
many points:

| data set | points |
| --- | --- |
{rows}"""


def _table(scores: Sequence[Mapping[str, Any]]) -> str:
    """Return the scores as a Markdown table."""
    if not scores:
        return "Not scored yet: run `lingseg evaluate`."
    head = ["data set", "split", "predictor", "sentence", "pictures", "subjects", *SHOWN]
    rows = [
        [
            str(row["dataset"]) + (f" ({row['labels']})" if row.get("labels") else ""),
            str(row["split"]),
            str(row["predictor"]),
            str(row["text"] or "-"),
            str(row["num_images"]),
            str(row["num_subjects"]),
            *(_cell(row.get(name)) for name in SHOWN),
        ]
        for row in scores
    ]
    return _markdown_table([head, *rows])


def _markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows, the first of them the head, as a Markdown table."""
    head, *rest = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rest])


def _reading(audits: Sequence[Mapping[str, Any]]) -> str:
    """Return what the audits found, a table for all of them and one for each."""
    if not audits:
        return "Not audited yet: run `lingseg audit`."
    traits = list(dict.fromkeys(name for audit in audits for name in audit["traits"]))
    rows = [
        [
            f"{audit['dataset']}, {audit['split']}",
            *(audit["traits"].get(name, "-") for name in traits),
        ]
        for audit in audits
    ]
    parts = [
        'By `lingseg audit`: what is heeded of what is said. "unclear": the interval holds both\n'
        "sides of the limit, or there are too few subjects to tell.",
        _markdown_table([["", *traits], *rows]),
    ]
    for audit in audits:
        about = f"{audit['num_cases']} cases of {audit['num_subjects']} subjects"
        found = [[row["title"], row["verdict"], row["sentence"]] for row in audit["rows"]]
        parts.append(f"### {audit['dataset']}, {audit['split']}: {about}")
        parts.append(_markdown_table([["asked", "verdict", "found"], *found]))
    return "\n\n".join(parts)


def _failures(manifest: Manifest) -> str:
    """Return what it is known not to do."""
    audits: Sequence[Mapping[str, Any]] = manifest.audits
    missed = {
        audit["dataset"]: [name for name, verdict in audit["traits"].items() if verdict == "no"]
        for audit in audits
    }
    lines = [
        f"- On {name} it does not heed: {', '.join(ones)}." for name, ones in missed.items() if ones
    ]
    return "\n".join(
        [
            *lines,
            f"- It draws one mask a sentence, at {manifest.height} x {manifest.width} and enlarged "
            f"from there: what is thinner than a pixel of that is lost.",
            f"- It reads no more than {manifest.max_words} tokens of a sentence.",
            "- What it was not trained on (other organs, findings, kinds of pictures, machines, "
            "languages) it was not measured on, and it may draw something all the same.",
        ]
    )


def _cell(estimate: Mapping[str, float | None] | None) -> str:
    """Return a score of 1 in percent, with its interval."""
    if estimate is None or estimate["value"] is None:
        return "-"
    shown = f"{100 * estimate['value']:.1f}"
    low, high = estimate["low"], estimate["high"]
    if low is None or high is None:
        return shown
    return f"{shown} [{100 * low:.1f}, {100 * high:.1f}]"
