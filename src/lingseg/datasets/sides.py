"""Whose left and right the sentences mean, as the masks show it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.finding import Finding, Severity
from lingseg.language.position import NAMES_THAT_KEEP_THEIR_SIDE
from lingseg.language.side import Side

CLEAR = 0.9
"""Share of one-sided sentences that must agree with a convention for the masks to follow it."""
FEWEST = 10
"""One-sided sentences below which nothing is concluded."""

_SIDE_WORD = re.compile(r"\b(left|right)\b", flags=re.IGNORECASE)
_MIDDLE = 0.5


def judge_sides(dataset: Dataset, halves: Mapping[Path, float]) -> Iterator[Finding]:
    """Compare the side word of every one-sided sentence with the half that its mask lies in.

    Args:
        dataset: The data set. Nothing is asked of it where its side is "none".
        halves: Where the centroid of each mask lies: 0 at the left border, 1 at the right.
    """
    side = dataset.info.side
    if side == "none":
        return
    follows = {
        case.case_id: agrees
        for cases in dataset.splits.values()
        for case in cases
        if (agrees := _agrees_with_image(case, halves)) is not None
    }
    if not follows:
        return
    image_share = sum(follows.values()) / len(follows)
    share = image_share if side == "image" else 1 - image_share
    severity, verdict = _verdict(side, share, num_sentences=len(follows))
    against = tuple(name for name, agrees in follows.items() if agrees != (side == "image"))
    yield Finding(
        kind="side words",
        severity=severity,
        case_ids=against,
        message=f"Of {len(follows)} one-sided sentences {image_share:.1%} agree with their mask if "
        f"left is the picture's, {1 - image_share:.1%} if it is the patient's; "
        f"{side!r} is declared: {verdict}.",
    )


def _agrees_with_image(case: Case, halves: Mapping[Path, float]) -> bool | None:
    """Return whether the sentence is true of the picture's own left; None if nothing tells."""
    text = NAMES_THAT_KEEP_THEIR_SIDE.sub("", case.text)
    words = {word.lower() for word in _SIDE_WORD.findall(text)}
    half = _MIDDLE if case.mask is None else halves.get(case.mask, _MIDDLE)
    if len(words) != 1 or half == _MIDDLE:
        return None
    return ("left" in words) == (half < _MIDDLE)


def _verdict(side: Side, share: float, *, num_sentences: int) -> tuple[Severity, str]:
    """Return how bad it is, and in words, that `share` of the sentences agree with `side`."""
    other = "patient" if side == "image" else "image"
    if num_sentences < FEWEST:
        return "note", f"too few to tell (at least {FEWEST} are needed)"
    if share >= CLEAR:
        return "note", "the masks agree"
    if 1 - share >= CLEAR:
        return "error", f'the masks contradict it; declare "{other}" in dataset.json'
    return "warning", "the masks follow neither clearly; look at the cases named"
