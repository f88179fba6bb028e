"""What each word of a sentence carries: the answer without it, beside the answer with all words.

This is a counterfactual, not an attention map: the model is asked the shorter sentence. A pixel
that a word carries is lost without the word; one that it held back is gained.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lingseg.language.grammar import understand
from lingseg.language.lexicon import lexicon
from lingseg.language.side import Side
from lingseg.prediction.predictor import Encoded
from lingseg.prediction.result import Result

MAX_STRUCK = 64
"""Words and set phrases of one sentence: each asks the model once."""

_WORD = re.compile(
    r"\d+(?:[.,]\d+)*\w*|[\u3400-\u9fff]|(?:(?![\u3400-\u9fff])\w)+(?:[-'\u2019]\w+)*"
)
_SILENT = frozenset(["filler", "unknown", "break", "among"])
_LOOSE_MARK = re.compile(r"[,;:\s]+([,.;:])")
_UNCHANGED = 128
"""The byte that stands for no change."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StruckWord:
    """What becomes of the answer when a word, or a set phrase, is struck from the sentence."""

    word: str
    start: int
    end: int
    is_unit: bool
    """Whether it is several words that mean one thing, as "left ventricle"."""
    rest: str
    """The sentence without it; empty: nothing was left, and the model went by the picture alone."""
    lost_pixels: int
    """In the mask of the whole sentence, and not in that of the rest."""
    gained_pixels: int
    """In the mask of the rest, and not in that of the whole sentence."""
    effect: float
    """Mean absolute change of the probability over the picture."""
    difference: NDArray[np.float32]
    """(height, width), -1 to 1: by how much the word raised the probability of each pixel."""

    @property
    def is_last(self) -> bool:
        """Whether nothing was left of the sentence."""
        return not self.rest

    def as_bytes(self) -> NDArray[np.uint8]:
        """Return the difference in 8 bits: 128 no change, above it what the word carried."""
        steps = np.rint(self.difference * (255 - _UNCHANGED)) + _UNCHANGED
        return np.clip(steps, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Piece:
    """A word or set phrase of a sentence, and where it stands."""

    start: int
    end: int
    is_unit: bool


def strike_words(
    encoded: Encoded,
    text: str,
    *,
    threshold: float | None = None,
    side: Side | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[StruckWord]:
    """Yield what each word carries, in their order; a set phrase comes before its words.

    The whole sentence is asked at once, so that what is wrong with it is told before the first
    word. Of all that is yielded nothing is kept: the maps of a large picture are large.

    Args:
        encoded: A picture of which a model has done its part.
        text: The sentence.
        threshold: The probability from which on a pixel is in; None: the model's own.
        side: Whose left and right the text means; None: as the model learnt it.
        progress: Is told after every word how many are done, and how many there are.

    Raises:
        ValueError: The text is empty, far too long or has too many words, or the threshold is not
            between 0 and 1.
    """
    whole = encoded.segment(text, threshold=threshold, side=side)
    pieces = pieces_of(text, side=whole.side)
    if len(pieces) > MAX_STRUCK:
        raise ValueError(
            f"The sentence has {len(pieces)} words and set phrases; at most {MAX_STRUCK} can be "
            f"struck, one after the other. Say it in fewer words."
        )
    return _struck(encoded, text, whole, pieces, progress)


def pieces_of(text: str, *, side: Side) -> tuple[Piece, ...]:
    """Return the words of a sentence and the set phrases that the grammar knows in it."""
    words = [Piece(one.start(), one.end(), is_unit=False) for one in _WORD.finditer(text)]
    lexemes, _ = lexicon(understand(text, side=side).language).split(text)
    spans = {(one.start, one.end) for one in lexemes if one.kind not in _SILENT}
    units = [
        Piece(start, end, is_unit=True)
        for start, end in spans
        if sum(start <= word.start and word.end <= end for word in words) > 1
    ]
    return tuple(sorted([*words, *units], key=lambda one: (one.start, not one.is_unit)))


def without(text: str, piece: Piece) -> str:
    """Return a sentence without one of its pieces; empty where no word is left."""
    rest = " ".join(f"{text[: piece.start]} {text[piece.end :]}".split())
    rest = _LOOSE_MARK.sub(r"\1", rest).lstrip(",.;: ")
    return rest if _WORD.search(rest) else ""


def _struck(
    encoded: Encoded,
    text: str,
    whole: Result,
    pieces: tuple[Piece, ...],
    progress: Callable[[int, int], None] | None,
) -> Iterator[StruckWord]:
    """Ask the sentence without each of its pieces."""
    for number, piece in enumerate(pieces, 1):
        rest = without(text, piece)
        answer = encoded.segment(
            rest, threshold=whole.threshold, side=whole.side, allow_null=not rest
        )
        difference = whole.probabilities - answer.probabilities
        yield StruckWord(
            word=text[piece.start : piece.end],
            start=piece.start,
            end=piece.end,
            is_unit=piece.is_unit,
            rest=rest,
            lost_pixels=int((whole.mask & ~answer.mask).sum()),
            gained_pixels=int((answer.mask & ~whole.mask).sum()),
            effect=float(np.abs(difference).mean(dtype=float)),
            difference=difference,
        )
        if progress:
            progress(number, len(pieces))
