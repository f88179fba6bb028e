"""The page of benchmarks/peers.py: what was measured, on what, and what the columns mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

BUSY = 0.5
"""Of the system's load before the start: above, something else was running."""
HEADINGS = (
    "model",
    "run by",
    "picture and sentence, ms: median",
    "95th percentile",
    "picture, the text cached, ms: median",
    "peak memory, MiB",
    "parameters",
    "of them a mask needs",
    "GMAC",
    "GMAC, text cached",
    "tokens",
)
SHORT = ("model", "ms", "p95", "cached", "MiB", "parameters", "needed", "GMAC", "cached", "tokens")
"""The same for the terminal, where the model's name tells who runs it."""
_UNKNOWN = "-"
_RUN = """<!-- not run: needs checkouts of the official codes -->
```bash
python benchmarks/peers.py --out docs/peers.md --official RecLMIS LViT LanGuideMedSeg MMI-UNet LAVT
```"""
_COLUMNS = """- **Time**: from the picture as a tensor and the sentence as numbers to the mask, at
  batch 1, the text encoder included. Decoding the picture, bringing it to 224 x 224 and the
  tokenizer are left out, for all of them. "Text cached": the same passes without the time of the
  text encoder, which is what another picture with a known sentence takes.
- **Peak memory**: all that the model's process needed from its start to its last mask, Python and
  the libraries included.
- **Parameters**: all that the network holds, its text encoder included; and those that a gradient
  of the mask reaches in evaluation mode.
- **GMAC**: billions of multiply-adds of one picture and sentence, counted by
  `torch.utils.flop_counter` in matrix products, convolutions and attention, for every row alike.
- **Tokens**: how long the text is for the text encoder. The official codes pad to that length;
  the files of their tokenizers are not in their repositories, so every word is one token there."""
_HOW = """Each model sits in a process of its own, and they take turns on the same pictures and
sentences, in blocks after one pass that is not counted: a machine that slows down slows all of
them. The official networks are built and run from their own checkouts, as black boxes, with
**random weights**, since most of the checkpoints are not public: weights change what a mask shows,
not what it costs. Their scores are another matter, and none is told here."""
_PUBLISHED = """RecLMIS was published with 24.1 GFLOPs beside 54.1 for LViT, 55.5 % less. These are
multiply-adds, of **different batch sizes**: the counter thop finds for LViT 27.08 G at batch 1 and
54.16 G at batch 2, and for RecLMIS 24.08 G at batch 1 and 48.16 G at batch 2. At the same batch
size RecLMIS needs about a tenth less, not half."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is told of one model."""

    name: str
    runtime: str
    source: str = ""
    """Where its code is from, if not from here."""
    settings: str = ""
    seconds: tuple[tuple[float, float], ...] = ()
    """Of each picture: in all, and of the text encoder."""
    peak_mebibytes: float | None = None
    parameters: int | None = None
    needed: int | None = None
    gmacs: float | None = None
    gmacs_text: float | None = None
    gmacs_of_two: float | None = None
    tokens: int | None = None
    failure: str = ""
    """Why it could not be run."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all were measured on."""

    date: str
    machine: str
    threads: int
    versions: str
    dataset: str
    pictures: int
    load: float
    """Of the system before the start: how many processes were running."""


def row(found: Measured) -> list[str]:
    """Return a model's cells."""
    whole = [1e3 * seconds for seconds, _ in found.seconds]
    cached = [1e3 * (seconds - text) for seconds, text in found.seconds]
    without_text = None
    if found.gmacs is not None and found.gmacs_text is not None:
        without_text = found.gmacs - found.gmacs_text
    return [
        found.name,
        found.runtime,
        _shown(median(whole) if whole else None, 1),
        _shown(float(np.percentile(whole, 95)) if whole else None, 1),
        _shown(median(cached) if cached else None, 1),
        _shown(found.peak_mebibytes, 0),
        _millions(found.parameters),
        _millions(found.needed),
        _shown(found.gmacs, 2),
        _shown(without_text, 2),
        _shown(found.tokens, 0),
    ]


def page(found: Sequence[Measured], setting: Setting) -> str:
    """Return the page, in Markdown."""
    ran = [one for one in found if not one.failure]
    parts = [
        "# Beside the official codes",
        f"Speed, memory and compute of lingseg and of the published networks on one machine: "
        f"{setting.machine}, {setting.threads} thread{'s' * (setting.threads > 1)} "
        f"({setting.versions}). Shown: {setting.pictures} pictures and sentences of "
        f"{setting.dataset}, at 224 x 224. Made on {setting.date} by `benchmarks/peers.py`.",
        *_remark(setting),
        _table(HEADINGS, [row(one) for one in ran]),
        *_failures(found),
        *_sources(ran),
        "## What the columns mean",
        _COLUMNS,
        "## How it was measured",
        _HOW,
        "## 24.1 against 54.1",
        _PUBLISHED,
        *_counted_again(ran),
        "## Run it yourself",
        "With checkouts of the official codes, wherever they lie and in any order; each is known "
        "by its own files, and any may be left out. LanGuideMedSeg and MMI-UNet want `monai` and "
        "`transformers`. It takes about 2 GB of memory a checkout, all at once. Leave the machine "
        "alone meanwhile.",
        _RUN,
    ]
    return "\n\n".join(parts) + "\n"


def _remark(setting: Setting) -> list[str]:
    """Return a warning, if the machine was busy."""
    if setting.load <= BUSY:
        return []
    return [
        f"**Taken on a busy machine** (load {setting.load:.1f} before the start): the times are "
        f"too long, and only roughly comparable with each other. Take them again on a quiet one."
    ]


def _failures(found: Sequence[Measured]) -> list[str]:
    """Return why models are missing, if any are."""
    lines = [f"- {one.name}: {one.failure}" for one in found if one.failure]
    return ["Not measured:\n\n" + "\n".join(lines)] if lines else []


def _sources(found: Sequence[Measured]) -> list[str]:
    """Return where the codes are from and how they were set, if any are from elsewhere."""
    lines = [f"- {one.name}: {one.source}. {one.settings}." for one in found if one.source]
    return ["\n".join(lines)] if lines else []


def _counted_again(found: Sequence[Measured]) -> list[str]:
    """Return the two networks of the published comparison at batch 1 and 2, if both were run."""
    counts = {one.name: (one.gmacs, one.gmacs_text, one.gmacs_of_two) for one in found}
    if not {"RecLMIS", "LViT"} <= set(counts):
        return []
    lines = [[name, *(_shown(one, 2) for one in counts[name])] for name in ("RecLMIS", "LViT")]
    headings = ("official code", "GMAC at batch 1", "of them of the text encoder", "at batch 2")
    return [
        "Counted again here, with this page's own counter, the text encoders included:",
        _table(headings, lines),
    ]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table, in Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _millions(number: int | None) -> str:
    return _UNKNOWN if number is None else f"{number / 1e6:.1f} M"


def _shown(number: float | None, digits: int) -> str:
    return _UNKNOWN if number is None else f"{number:,.{digits}f}"
