"""`lingseg models`: which there are, and what they cost."""

import json as json_format
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from rich.console import Console
from rich.table import Table

from lingseg.models import MODELS, ModelConfig
from lingseg.models.cost import build_countable, measure_cost
from lingseg.nn.pickled_weights import convert_pickle

Size: TypeAlias = Literal["paper", "small"]
IS_CUT = "is cut; `lingseg predict` names the words that are lost"
IS_NOT_READ = "no text is read"
LABELS = {
    "size": "size",
    "picture": "GMACs are for a picture of",
    "parameters": "parameters",
    "trainable": "trainable",
    "dead": "dead (no loss reaches them)",
    "at_inference": "at inference (a mask needs them)",
    "of_text_encoder": "of the text encoder",
    "gmacs": "GMACs without the text encoder",
    "gmacs_with_text_encoder": "GMACs with the text encoder",
    "num_words": "GMACs are for a sentence of tokens",
    "text_encoder_is_frozen": "text encoder is frozen",
    "longest_text_in_tokens": "longest text in tokens",
    "longer_text": "a longer text",
}
"""What a person reads for each number."""


def list_models(*, json: bool = False) -> int:
    """List the models.

    Parameters
    ----------
    json
        Print the list as JSON.
    """
    rows: dict[str, dict[str, Any]] = {
        _name(config): {
            "idea": _first_sentence(config),
            "reads": _reads(config),
            "sizes": get_args(Size),
            "is_one_size": config.small() == config(),
        }
        for config in MODELS
    }
    if json:
        print(json_format.dumps(rows))
        return 0
    table = Table("name", "what it is", "reads", "sizes")
    for name, row in rows.items():
        sizes = " = " if row["is_one_size"] else ", "
        table.add_row(name, row["idea"], "yes" if row["reads"] else "no", sizes.join(row["sizes"]))
    Console().print(table)
    return 0


def info(
    name: str,
    /,
    *,
    size: Size = "paper",
    height: int = 224,
    width: int = 224,
    json: bool = False,
) -> int:
    """Print parameters and compute of a model.

    Parameters
    ----------
    name
        A model of `lingseg models list`.
    size
        The paper's, or one that trains on two CPU cores.
    height
        Rows of the picture that compute is counted for.
    width
        Columns of that picture.
    json
        Print the numbers as JSON.
    """
    found = _find(name)
    config = found.small() if size == "small" else found()
    model, random_parts = build_countable(config)
    cost = measure_cost(model, (height, width))
    encoder, reads = model.text_encoder, _reads(found)
    rows = {
        "size": size,
        "picture": f"{height} x {width}",
        **asdict(cost),
        "text_encoder_is_frozen": encoder.is_frozen,
        "longest_text_in_tokens": encoder.max_words if reads else None,
        "longer_text": IS_CUT if reads else IS_NOT_READ,
        "random_parts": random_parts,
    }
    if json:
        print(json_format.dumps(rows))
        return 0
    _print_table(f"{name}: {config}", rows)
    if random_parts:
        Console().print(
            f"Counted from random weights of the same shape, as the pretrained ones are not on "
            f"this machine: {', '.join(random_parts)}.",
            soft_wrap=True,
        )
    return 0


def _print_table(title: str, rows: Mapping[str, object]) -> None:
    """Print numbers with what they mean."""
    table = Table(title=title, show_header=False)
    for name, label in LABELS.items():
        table.add_row(label, _shown(rows[name]))
    Console().print(table)


def _shown(value: object) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _reads(config: type[ModelConfig]) -> bool:
    """Tell whether a model looks at the sentence."""
    return any(one.name == "text_encoder" for one in fields(config))


def convert(source: Path, /, *, out: Path | None = None) -> int:
    """Turn a pickled checkpoint into safetensors, without running what it may hold.

    Parameters
    ----------
    source
        A `.bin`, `.pt` or `.pth` of named tensors, or of a state_dict beside other things.
    out
        Where to write; else beside it, under the name that ends in `.safetensors`.
    """
    target = out or source.with_suffix(".safetensors")
    number = convert_pickle(source, target)
    Console().print(f"{number:,} tensors are in {target}.")
    return 0


def _name(config: type[ModelConfig]) -> str:
    """Return what a model is called at the command line."""
    return config.__name__.removesuffix("Config").lower()


def _find(name: str) -> type[ModelConfig]:
    """Return the configuration class of a model.

    Raises:
        ValueError: There is no such model.
    """
    known = {_name(config): config for config in MODELS}
    if name.lower() not in known:
        raise ValueError(
            f"There is no model {name!r}; choose one of {', '.join(known)}. What a bundle is made "
            f"of: lingseg models bundle."
        )
    return known[name.lower()]


def _first_sentence(config: type[ModelConfig]) -> str:
    """Return the first line of the page of a model."""
    return (MODELS[config].__doc__ or "").partition("\n")[0]
