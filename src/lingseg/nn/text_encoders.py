"""The text encoders by name."""

from typing import Literal, TypeAlias, get_args

from lingseg.nn.bert_text_encoder import (
    MINILM,
    BertShape,
    BertTextEncoder,
    load_bert,
    load_minilm,
)
from lingseg.nn.clip_text_encoder import ClipTextEncoder, ClipTextShape, load_clip
from lingseg.nn.minilm_text_encoder import MiniLMTextEncoder
from lingseg.nn.pretrained import RANDOM, UNFILLED
from lingseg.nn.text_encoder import TextEncoder
from lingseg.nn.text_weights import locate_text_folder
from lingseg.nn.word_text_encoder import WordTextEncoder, word_tokenizer

TextEncoderName: TypeAlias = Literal["words", "minilm", "clip", "bert", "bert-tuned"]

_A_CLIP = (
    "openai/clip-vit-base-patch32 or another CLIP by OpenAI (config.json, model.safetensors, "
    "tokenizer.json)"
)
_A_BERT = (
    "a BERT such as microsoft/BiomedVLP-CXR-BERT-specialized (config.json, model.safetensors, "
    "tokenizer.json or vocab.txt)"
)


def build_text_encoder(
    name: TextEncoderName, *, weights: str = "", max_words: int = 64
) -> TextEncoder:
    """Build a text encoder. Every one cuts a text that is too long; prediction names what is lost.

    Args:
        name: "words" is small and trained with its model; "minilm" is frozen and comes in a
            package; "clip" and "bert" are frozen and "bert-tuned" is trained, all three read from
            the folder `weights`.
        weights: A folder in Hugging Face's form. The word "random" chooses, for counting and for
            tests, random weights and the word tokenizer of "words", which needs no file: "clip"
            is then as large as ViT-B/32's text tower, "bert" as BERT-base. After "unfilled:" a
            folder needs no weights: a saved run fills the encoder with its own.
        max_words: Longest text in tokens, start and end included.

    Raises:
        MissingWeights: The encoder's weights are not on this machine.
        MismatchedWeights: The folder holds something else.
        ValueError: There is no such encoder, it is not read from a folder, or `max_words` does not
            suit it.
    """
    if name == "words":
        _refuse_folder(name, weights)
        return WordTextEncoder(max_words=max_words)
    if name == "minilm":
        _refuse_folder(name, weights)
        return build_minilm(weights, max_words)
    if name == "clip":
        return build_clip(weights, max_words)
    if name in ("bert", "bert-tuned"):
        return build_bert(weights, max_words, is_frozen=name == "bert")
    raise ValueError(f"No text encoder {name!r}; choose one of {', '.join(_names())}.")


def build_minilm(weights: str, max_words: int) -> TextEncoder:
    """Build the packaged sentence encoder, or one of its shape at random."""
    if weights == RANDOM:
        encoder = _random_bert(MINILM, max_words, is_frozen=True)
        encoder.make_compact()
        return MiniLMTextEncoder(encoder)
    return MiniLMTextEncoder(load_minilm(max_words=max_words))


def build_clip(weights: str, max_words: int) -> TextEncoder:
    """Build CLIP's text tower, or one of its shape at random."""
    if weights == RANDOM:
        return ClipTextEncoder(ClipTextShape(), word_tokenizer(max_words), max_words=max_words)
    path = weights.removeprefix(UNFILLED)
    folder = locate_text_folder(path, encoder="clip", source=_A_CLIP)
    return load_clip(folder, max_words=max_words, is_filled=path == weights)


def build_bert(weights: str, max_words: int, *, is_frozen: bool) -> TextEncoder:
    """Build a BERT, or one of BERT-base's shape at random."""
    if weights == RANDOM:
        return _random_bert(BertShape(), max_words, is_frozen=is_frozen)
    name = "bert" if is_frozen else "bert-tuned"
    path = weights.removeprefix(UNFILLED)
    folder = locate_text_folder(path, encoder=name, source=_A_BERT)
    return load_bert(folder, max_words=max_words, is_frozen=is_frozen, is_filled=path == weights)


def _random_bert(shape: BertShape, max_words: int, *, is_frozen: bool) -> BertTextEncoder:
    """Build a BERT with random weights that reads with the word tokenizer."""
    tokenizer = word_tokenizer(max_words)
    encoder = BertTextEncoder(shape, tokenizer, max_words=max_words, is_frozen=is_frozen)
    encoder.start_at_random()
    return encoder


def _refuse_folder(name: str, weights: str) -> None:
    """Refuse a folder for an encoder that is not read from one."""
    if weights not in ("", RANDOM):
        raise ValueError(
            f'text_weights={weights!r}, but text encoder "{name}" is not read from a folder. Leave '
            f"text_weights empty, or choose clip, bert or bert-tuned."
        )


def _names() -> tuple[str, ...]:
    """Return the names of the text encoders."""
    return get_args(TextEncoderName)
