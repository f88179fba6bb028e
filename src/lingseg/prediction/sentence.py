"""From a sentence to the numbers that a bundle's text graph takes."""

from dataclasses import dataclass

import numpy as np
from tokenizers import Encoding, Tokenizer

from lingseg.prediction.graphs import TokenIds, WordMask

MAX_CHARACTERS = 10_000
MAX_TYPED_WORDS = 1_000
"""Far beyond what any model here reads: more is a mistake, such as a file given as a sentence."""
_MAX_SHOWN = 200
"""Letters of what the library says: it quotes the file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sentence:
    """A text as numbers, and the words that did not fit."""

    token_ids: TokenIds
    word_mask: WordMask
    lost_words: tuple[str, ...]


def checked_text(text: str, *, allow_null: bool = False) -> str:
    """Return `text` with single spaces.

    Raises:
        ValueError: It is empty (unless `allow_null`), far too long, or no Unicode.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in text):  # bytes that were no UTF-8
        raise ValueError("The sentence is not UTF-8 text. Save or type it in UTF-8.")
    words = text.split()
    if not words and not allow_null:
        raise ValueError(
            "The sentence is empty; expected a description of what to segment. "
            "Say it in a few words."
        )
    if len(words) > MAX_TYPED_WORDS or len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"The sentence has {len(words):,} words and {len(text):,} characters; at most "
            f"{MAX_TYPED_WORDS:,} and {MAX_CHARACTERS:,} are taken. Say it in a few words."
        )
    return " ".join(words)


class SentenceReader:
    """The tokenizer of one bundle."""

    def __init__(self, tokenizer_json: str | bytes | memoryview, *, max_words: int) -> None:
        """Read the tokenizer, a text or its UTF-8.

        Raises:
            ValueError: It cannot be read.
        """
        try:
            text = (
                tokenizer_json if isinstance(tokenizer_json, str) else str(tokenizer_json, "utf-8")
            )
            self._tokenizer = Tokenizer.from_str(text)
        except UnicodeDecodeError as error:
            raise ValueError("tokenizer.json is not UTF-8. Export it again.") from error
        except Exception as error:
            if type(error) is not Exception:  # the library raises this very type, no narrower one
                raise
            why = " ".join(str(error).split())[:_MAX_SHOWN]
            raise ValueError(
                f"tokenizer.json cannot be read ({why!r}). Export it again."
            ) from error
        self._max_words = max_words
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_words)

    def read(self, text: str) -> Sentence:
        """Return the numbers of `text`; the empty text is the null sentence, without any word.

        Raises:
            ValueError: The tokenizer contradicts itself.
        """
        if not text:
            return Sentence(
                token_ids=np.zeros((1, 1), dtype=np.int64),
                word_mask=np.zeros((1, 1), dtype=np.bool_),
                lost_words=(),
            )
        try:
            found = self._tokenizer.encode(text)
        except BaseException as error:  # a panic of Rust is no Exception, and its type has no name
            if type(error) is not Exception and type(error).__name__ != "PanicException":
                raise
            raise ValueError("tokenizer.json contradicts itself. Export it again.") from error
        return Sentence(
            token_ids=np.asarray([found.ids], dtype=np.int64),
            word_mask=np.ones((1, len(found.ids)), dtype=np.bool_),
            lost_words=_lost_words(text, found),
        )


def _lost_words(text: str, found: Encoding) -> tuple[str, ...]:
    """Return the words of `text` of which any part was cut off."""
    if not found.overflowing:
        return ()
    end = max((stop for _, stop in found.offsets), default=0)
    kept = text[:end]
    if end < len(text) and not text[end].isspace() and kept and not kept[-1].isspace():
        kept = kept.rpartition(" ")[0]  # the cut went through a word
    return tuple(text[len(kept) :].split())
