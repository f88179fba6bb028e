"""One thing that a check of a data set found."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]
"""error: spoils training or scores. warning: look at it. note: worth knowing, nothing is wrong."""

Kind: TypeAlias = Literal[
    "empty text",
    "duplicate id",
    "duplicate row",
    "missing file",
    "unreadable file",
    "size mismatch",
    "mask not binary",
    "subject in two splits",
    "near-duplicate picture",
    "sentence seen in training",
    "side words",
    "sentence against mask",
    "misspelt words",
    "unknown words",
    "only empty masks",
]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found, how bad it is, and in which cases."""

    kind: Kind
    severity: Severity
    case_ids: tuple[str, ...]
    """Empty where a whole split is meant."""
    message: str
