"""`bundle.json`: what a bundle says of itself."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from lingseg.language.side import SIDES, Side

SCHEMA_VERSION = 1
Fit: TypeAlias = Literal["stretch"]
"""How a picture gets the model's size: "stretch" changes its height and width independently."""
Precision: TypeAlias = Literal["fp32", "int8"]
"""The numbers that the graphs multiply: "int8" where the export measured that it does no harm."""

MIN_SIZE, MAX_SIZE = 32, 4096
MAX_WORDS = 4096
SEAL = "seal"
"""The key of the manifest's own SHA-256, taken with these 64 digits as zeros."""
_UNSEALED = "0" * 64
_MAX_SHOWN = 100
"""Letters of wrong values in an error: they may be as long as the file."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_YOUNGER = MappingProxyType({"precision": "fp32", "presence_sure_from": None, "audits": ()})
"""What bundles of the same schema version mean that were written before there was the field."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a bundle says of itself: how to use it, what it scored, what it may be used for."""

    name: str
    """Letters, digits, dots, dashes and underscores."""
    method: str
    """The class of the model, such as `LingNet`."""
    lingseg_version: str
    height: int
    """Rows of the picture that the graphs take."""
    width: int
    fit: Fit = "stretch"
    side: Side
    """Whose left and right the model learnt."""
    threshold: float
    """A pixel is in the mask from this probability on."""
    presence_threshold: float | None = None
    """Below this probability of presence nothing is drawn; None: the model does not tell."""
    presence_sure_from: float | None = None
    """What is drawn is unsure below this probability of presence; None: nothing is claimed."""
    max_words: int
    """Tokens that are read of a sentence, the tokenizer's own start and end included."""
    precision: Precision = "fp32"
    scores: Sequence[Mapping[str, object]] = ()
    audits: Sequence[Mapping[str, object]] = ()
    """Of each data set that it was audited on: what it reads, and what each row found."""
    trained_on: Sequence[Mapping[str, object]] = ()
    """Name, licence and citation of each data set."""
    licence: str
    intended_use: str
    provenance: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """Seed, data fingerprint, commit and whatever else tells where the weights come from."""
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """SHA-256 of every other file of the bundle, by name; `write_bundle` fills it in."""
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        """Refuse what no bundle can be.

        Raises:
            ValueError: A field has a value that makes no sense.
        """
        _check_fields({one.name: getattr(self, one.name) for one in fields(self)})


def manifest_as_json(manifest: Manifest) -> bytes:
    """Return the sealed bytes of `bundle.json`; equal manifests give equal bytes."""
    readable = {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in ((one.name, getattr(manifest, one.name)) for one in fields(manifest))
    }
    unsealed = json.dumps(
        {"schema_version": manifest.schema_version, **readable, SEAL: _UNSEALED},
        indent=2,
        ensure_ascii=False,
        allow_nan=False,
        default=_as_plain,
    )
    data = f"{unsealed}\n".encode()
    digest = hashlib.sha256(data).hexdigest()
    return data.replace(_seal_line(_UNSEALED), _seal_line(digest))


def manifest_from_json(data: bytes) -> tuple[Manifest, str]:
    """Read the bytes of `bundle.json`; return the manifest and its SHA-256, which names the model.

    Raises:
        ValueError: They are no manifest, were changed, or belong to another version of the format.
    """
    declared = {**_YOUNGER, **_parsed(data)}
    version = declared.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise ValueError(
            f"bundle.json has schema version {version}; this lingseg reads {SCHEMA_VERSION}. "
            f"Install a newer lingseg."
        )
    digest = _checked_seal(data, declared.pop(SEAL, None))
    known = {one.name for one in fields(Manifest)}
    if unknown := sorted(set(declared) - known):
        raise ValueError(f"bundle.json has unknown fields: {shown(unknown)}.")
    if missing := sorted(known - set(declared)):
        raise ValueError(f"bundle.json lacks the fields {', '.join(missing)}.")
    _check_fields(declared)
    return Manifest(**declared), digest


def shown(values: Iterable[object]) -> str:
    """Return values that a file gave, for an error: not too many letters, and none unprintable."""
    return ", ".join(map(repr, values))[:_MAX_SHOWN]


def _seal_line(digest: str) -> bytes:
    """Return the end of `bundle.json`, where its own SHA-256 stands."""
    return f'"{SEAL}": "{digest}"\n}}\n'.encode()


def _parsed(data: bytes) -> dict[str, Any]:
    """Return the table that `data` holds."""
    try:
        declared = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"bundle.json is not JSON ({error}); the bundle is damaged.") from error
    if not isinstance(declared, dict):
        raise ValueError(  # noqa: TRY004 - a file is wrong, not a call
            "bundle.json holds no table; the bundle is damaged."
        )
    return declared


def _checked_seal(data: bytes, seal: object) -> str:
    """Return the manifest's SHA-256 after comparing it with what was computed."""
    if not isinstance(seal, str) or not _SHA256.fullmatch(seal):
        raise ValueError("bundle.json has no seal; it was not written by lingseg, or was changed.")
    unsealed = data.replace(_seal_line(seal), _seal_line(_UNSEALED))
    if hashlib.sha256(unsealed).hexdigest() != seal:
        raise ValueError("bundle.json was changed after it was written; get the bundle again.")
    return seal


def _check_fields(given: Mapping[str, Any]) -> None:
    """Refuse fields with values that make no sense, whatever their types."""
    for name, (is_good, expected) in _expectations(given).items():
        if not is_good:
            raise ValueError(f"bundle.json has {name}={shown([given[name]])}; expected {expected}.")


def _expectations(given: Mapping[str, Any]) -> dict[str, tuple[bool, str]]:
    """Return, by field, whether it is good and what is expected of it."""
    size = f"a whole number from {MIN_SIZE} to {MAX_SIZE}"
    texts = ("method", "lingseg_version", "licence", "intended_use")
    presence_threshold, sure_from = given["presence_threshold"], given["presence_sure_from"]
    return {
        "schema_version": (given["schema_version"] == SCHEMA_VERSION, str(SCHEMA_VERSION)),
        "name": (
            isinstance(given["name"], str) and bool(_NAME.fullmatch(given["name"])),
            "at most 64 letters, digits, dots, dashes and underscores",
        ),
        "height": (_is_count(given["height"], MIN_SIZE, MAX_SIZE), size),
        "width": (_is_count(given["width"], MIN_SIZE, MAX_SIZE), size),
        "fit": (given["fit"] in get_args(Fit), " or ".join(get_args(Fit))),
        "side": (given["side"] in SIDES, " or ".join(SIDES)),
        "threshold": (_is_probability(given["threshold"]), "a number between 0 and 1"),
        "presence_threshold": (
            presence_threshold is None or _is_probability(presence_threshold),
            "null or a number between 0 and 1",
        ),
        "presence_sure_from": (
            sure_from is None
            or (_is_probability(sure_from) and sure_from >= (presence_threshold or 0)),
            "null or a number between 0 and 1, not below presence_threshold",
        ),
        "max_words": (_is_count(given["max_words"], 1, MAX_WORDS), f"1 to {MAX_WORDS}"),
        "precision": (given["precision"] in get_args(Precision), " or ".join(get_args(Precision))),
        "provenance": (isinstance(given["provenance"], Mapping), "a table"),
        "files": (_are_hashes(given["files"]), "names with their SHA-256 in 64 hex digits"),
        **{name: (isinstance(given[name], str), "a text") for name in texts},
        **{
            name: (_are_tables(given[name]), "tables")
            for name in ("scores", "audits", "trained_on")
        },
    }


def _is_count(value: object, lowest: int, highest: int) -> bool:
    """Tell whether `value` is a whole number in the range."""
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _is_probability(value: object) -> bool:
    """Tell whether `value` is a number between 0 and 1, which excludes NaN."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1


def _are_hashes(files: object) -> bool:
    """Tell whether `files` maps names to SHA-256 digests."""
    return isinstance(files, Mapping) and all(
        isinstance(name, str) and isinstance(digest, str) and _SHA256.fullmatch(digest)
        for name, digest in files.items()
    )


def _are_tables(values: object) -> bool:
    """Tell whether `values` is a list of tables."""
    return isinstance(values, list | tuple) and all(isinstance(one, Mapping) for one in values)


def _as_plain(value: object) -> object:
    """Turn read-only tables inside lists into what JSON knows."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} cannot be written to bundle.json; give texts, numbers and lists.")
