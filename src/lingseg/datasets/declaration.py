"""`dataset.json`: what the owner of a data set declares of it."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from lingseg.datasets.case import SYMMETRIES, DatasetInfo
from lingseg.language.side import SIDES

DECLARATION = "dataset.json"

HOW_TO_DECLARE = (
    '{"name": "my_set", "side": "image"}, where side is "image" if left in a sentence is the '
    'left of the picture, "patient" if it is the patient\'s, "none" if left and right are only '
    "parts of names"
)

_CHOICES = {"side": SIDES, "symmetry": SYMMETRIES}
_SWITCHES = ("ship_weights", "ship_images")


def read_declaration(root: Path) -> DatasetInfo:
    """Read what a data set's `dataset.json` declares. Keys that are not known are passed over.

    Raises:
        FileNotFoundError: There is none. Whose left a sentence means is never guessed.
        ValueError: It is not JSON, or a value is not one of those allowed.
    """
    path = root / DECLARATION
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing; it declares whose left and right the sentences mean. "
            f"Write it: {HOW_TO_DECLARE}."
        )
    known = {field.name for field in fields(DatasetInfo)}
    declared = {name: value for name, value in _read_object(path).items() if name in known}
    declared.setdefault("name", root.resolve().name)
    if "side" not in declared:
        raise ValueError(f"{path} declares no side. Write, say, {HOW_TO_DECLARE}.")
    for name, value in declared.items():
        _check_value(path, name, value)
    return DatasetInfo(**declared)


def _read_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object."""
    try:
        declared = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:  # both "not JSON" and "not UTF-8" are ValueErrors
        raise ValueError(f"{path} is not JSON: {error}. Write, say, {HOW_TO_DECLARE}.") from error
    if not isinstance(declared, dict):
        raise ValueError(  # noqa: TRY004 - the file is wrong, not the caller's type
            f"{path} holds no object in braces. Write, say, {HOW_TO_DECLARE}."
        )
    return declared


def _check_value(path: Path, name: str, value: object) -> None:
    """Refuse a value that a key cannot have."""
    if name in _CHOICES and value not in _CHOICES[name]:
        allowed = ", ".join(map(repr, _CHOICES[name]))
        raise ValueError(f"{path}: {name} is {value!r}. It must be one of {allowed}.")
    kind = bool if name in _SWITCHES else str
    if not isinstance(value, kind):
        expected = "true or false" if kind is bool else "text between double quotes"
        raise ValueError(  # noqa: TRY004 - the file is wrong, not the caller's type
            f"{path}: {name} is {value!r}. It must be {expected}."
        )
