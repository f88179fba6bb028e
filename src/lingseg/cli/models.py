"""`lingseg models`: which there are, and what they cost."""

import json as json_format
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from lingseg.models import MODELS, ModelConfig, build_model
from lingseg.models.cost import measure_cost


def list_models(*, json: bool = False) -> int:
    """List the models.

    Parameters
    ----------
    json
        Print the list as JSON.
    """
    rows = {_name(config): _first_sentence(config) for config in MODELS}
    if json:
        print(json_format.dumps(rows))
        return 0
    table = Table("name", "what it is")
    for name, sentence in rows.items():
        table.add_row(name, sentence)
    Console().print(table)
    return 0


def info(name: str, /, *, height: int = 224, width: int = 224, json: bool = False) -> int:
    """Print parameters and compute of a model at its default size.

    Parameters
    ----------
    name
        A model of `lingseg models list`.
    height
        Rows of the picture that compute is counted for.
    width
        Columns of that picture.
    json
        Print the numbers as JSON.
    """
    config = _find(name)()
    model = build_model(config)
    cost = measure_cost(model, (height, width))
    encoder = model.text_encoder
    rows = {
        **asdict(cost),
        "picture": f"{height} x {width}",
        "longest_text_in_tokens": encoder.max_words,
        "text_encoder_is_frozen": encoder.is_frozen,
    }
    if json:
        print(json_format.dumps(rows))
        return 0
    table = Table(title=f"{name}: {config}", show_header=False)
    for label, value in rows.items():
        shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
        shown = f"{shown:.3f}" if isinstance(shown, float) else str(shown)
        table.add_row(label.replace("_", " "), shown)
    Console().print(table)
    Console().print("A longer text is cut, and the words that are lost are named.")
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
        raise ValueError(f"There is no model {name!r}; choose one of {', '.join(known)}.")
    return known[name.lower()]


def _first_sentence(config: type[ModelConfig]) -> str:
    """Return the first line of the page of a model."""
    return (MODELS[config].__doc__ or "").partition("\n")[0]
