"""Pretrained weights of text encoders: a folder in Hugging Face's form, never silently random.

No code of a folder is ever run: its shape is read from config.json, its numbers as tensors alone,
its tokenizer by the `tokenizers` library. What does not fit is refused by name.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import Tensor

from lingseg.nn.pretrained import MismatchedWeights, MissingWeights, load_weights

WEIGHTS, PICKLED = "model.safetensors", "pytorch_model.bin"
_NAMED = 3  # as many names as fit in one line
_SHORTEST = 3  # start, one word, end


def locate_text_folder(text_weights: str, *, encoder: str, source: str) -> Path:
    """Return the folder that `text_weights` names.

    Args:
        text_weights: What the config says.
        encoder: The name of the text encoder, for the error.
        source: Where such a folder is found, for the error.

    Raises:
        MissingWeights: Nothing was named, or there is no such folder.
    """
    if not text_weights:
        raise MissingWeights(
            f'text_weights is empty; text encoder "{encoder}" needs the folder of {source}. Set '
            f"text_weights to that folder; nothing is downloaded and nothing starts at random."
        )
    folder = Path(text_weights)
    if not folder.is_dir():
        raise MissingWeights(
            f"text_weights={text_weights!r} is no folder; expected the folder of {source}. Check "
            f"the spelling, or put the files there."
        )
    return folder


def read_settings(path: Path) -> dict[str, Any]:
    """Return what a JSON file of a folder says.

    Raises:
        MismatchedWeights: It is no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise MismatchedWeights(f"{path} is not JSON ({error}); fetch the file anew.") from error
    if not isinstance(found, dict):
        raise MismatchedWeights(f"{path} is not a JSON object; fetch the file anew.")
    return found


def checked_sizes(
    settings: Mapping[str, Any], defaults: Mapping[str, Any], path: Path
) -> dict[str, Any]:
    """Return those settings that `defaults` has too, each of the default's kind.

    Raises:
        MismatchedWeights: One is of another kind, or a size below 1.
    """
    found = {}
    for name in defaults.keys() & settings.keys():
        kind, value = type(defaults[name]), settings[name]
        is_kind = isinstance(value, (int, float) if kind is float else kind)
        if isinstance(value, bool) or not is_kind or (kind is int and value < 1):
            raise MismatchedWeights(
                f"{path} says {name}={value!r}; expected something like {defaults[name]!r}. Fetch "
                f"the file anew."
            )
        found[name] = kind(value)  # 0 is a fraction too
    return found


def read_tokenizer(path: Path) -> Tokenizer:
    """Return the tokenizer of a tokenizer.json.

    Raises:
        MismatchedWeights: It cannot be read, or adds no start and end.
    """
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        if type(error) is not Exception:  # the library raises this very type, no narrower one
            raise
        raise MismatchedWeights(f"{path} cannot be read ({error}); fetch it anew.") from error
    if not tokenizer.num_special_tokens_to_add(is_pair=False):
        raise MismatchedWeights(
            f"{path} puts no start and end around a sentence, which this encoder was trained "
            f"with. Fetch the tokenizer.json that belongs to the weights."
        )
    return tokenizer


def fit_tokenizer(
    tokenizer: Tokenizer, *, max_words: int, max_positions: int, vocab_size: int
) -> None:
    """Let a tokenizer cut at the longest text, not pad, and only if each of its tokens has a row.

    Raises:
        ValueError: `max_words` leaves no room for a word.
        MismatchedWeights: The tokenizer knows tokens that the network does not.
    """
    if max_words < _SHORTEST:
        raise ValueError(
            f"max_words={max_words} leaves no room for a word between start and end. Choose "
            f"{_SHORTEST} to {max_positions}."
        )
    largest = max(tokenizer.get_vocab().values(), default=0)
    if largest >= vocab_size:
        raise MismatchedWeights(
            f"The tokenizer has a token number {largest}, but the network's table ends at "
            f"{vocab_size - 1}. Use the tokenizer that belongs to the weights."
        )
    tokenizer.no_padding()
    tokenizer.enable_truncation(min(max_words, max_positions))


def read_tensors(folder: Path) -> tuple[Path, dict[str, Tensor]]:
    """Return the file with a folder's weights, and its tensors by name.

    Raises:
        MissingWeights: There is no model.safetensors.
        MismatchedWeights: The file is damaged.
    """
    path = folder / WEIGHTS
    if not path.is_file() and (folder / PICKLED).is_file():
        raise MissingWeights(
            f"No {WEIGHTS} in {str(folder)!r}, only {PICKLED}, a pickle. Convert it once: "
            f"lingseg models convert {folder / PICKLED} --out {path}"
        )
    if not path.is_file():
        raise MissingWeights(
            f"No {WEIGHTS} in {str(folder)!r}; it was expected beside config.json. Put it there, "
            f"in one piece."
        )
    return path, load_weights(path)
