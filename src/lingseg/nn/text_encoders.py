"""The text encoders by name."""

from pathlib import Path
from typing import Literal, TypeAlias

from lingseg.nn.bert_text_encoder import load_minilm
from lingseg.nn.text_encoder import TextEncoder
from lingseg.nn.word_text_encoder import WordTextEncoder

TextEncoderName: TypeAlias = Literal["words", "minilm", "clip"]


def build_text_encoder(
    name: TextEncoderName, *, weights: str = "", max_words: int = 64
) -> TextEncoder:
    """Build a text encoder.

    Args:
        name: "words" is small and trained with its model; "minilm" is frozen and comes in a
            package; "clip" is frozen and read from the folder `weights`.
        weights: A folder with `model.safetensors`, `config.json` and `tokenizer.json`.
        max_words: Longest text in tokens.

    Raises:
        MissingWeights: The encoder's weights are not on this machine.
    """
    if name == "words":
        return WordTextEncoder(max_words=max_words)
    if name == "minilm":
        return load_minilm(max_words=max_words)
    if name == "clip":
        from lingseg.nn.clip_text_encoder import load_clip

        return load_clip(Path(weights), max_words=max_words)
    raise ValueError(f"No text encoder {name!r}; choose words, minilm or clip.")
