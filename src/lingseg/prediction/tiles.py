"""Pictures larger than a model sees: a first look at the whole, then tile by tile.

What is done, and why:

* The whole picture, shrunk to what the model takes, hears the whole sentence. It alone decides
  whether the thing is there, and where: on a tile "left" would be the tile's left, not the
  picture's.
* Tiles of 2,048 pixels that overlap by half, where the first look saw at least a trace, hear the
  sentence without its words of place and draw what is finer than the first look could show. Where
  a sentence has no other words ("the left"), the first look is all there is.
* Where both looked, the probability is their weighted geometric mean: neither draws alone. Tiles
  are blended by weights that fall to their edges, so that no seam shows.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging import Image, LargePicture, Probabilities
from lingseg.imaging.resampling import resize_window
from lingseg.language.side import Side
from lingseg.language.unplaced import without_place
from lingseg.prediction.result import Result

if TYPE_CHECKING:
    from lingseg.prediction.predictor import EncodedImage, Model

TILE_SIDE = 2_048
"""Pixels. Smaller pictures are shown to the model whole."""
TRACE = 0.5
"""In shares of the threshold: where the first look is below, tiles are not looked at."""
TILE_SHARE = 0.25
"""What tiles count for in the mean; models are trained on whole pictures."""
_REMEMBERED_TILES = 48
"""What a model makes of a tile takes about 1.5 MB; another sentence finds it there."""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A part of a picture."""

    top: int
    left: int
    height: int
    width: int

    @property
    def where(self) -> tuple[slice, slice]:
        """The index of its pixels."""
        return (
            slice(self.top, self.top + self.height),
            slice(self.left, self.left + self.width),
        )


def tiles_of(size: tuple[int, int], side: int = TILE_SIDE) -> list[Tile]:
    """Return the tiles of a picture, evenly spaced, that overlap by about half."""
    height, width = (min(side, length) for length in size)
    return [
        Tile(top=top, left=left, height=height, width=width)
        for top in _starts(size[0], height)
        for left in _starts(size[1], width)
    ]


def _starts(length: int, side: int) -> list[int]:
    """Return where tiles start along one axis."""
    if length <= side:
        return [0]
    number = math.ceil((length - side) / (side / 2)) + 1
    return [round(start) for start in np.linspace(0, length - side, number)]


class EncodedTiles:
    """A large picture of which a model has seen the whole; tiles are looked at when it is asked."""

    def __init__(self, whole: "EncodedImage", picture: LargePicture, side: int = TILE_SIDE) -> None:
        """Keep the first look, and the picture for closer ones."""
        self.whole = whole
        self._picture = picture
        self._tiles = tiles_of(picture.size, side)
        self._encoded = lru_cache(maxsize=_REMEMBERED_TILES)(self._encode)
        self._weights = (
            _weights(picture.size[0], {(tile.top, tile.height) for tile in self._tiles}),
            _weights(picture.size[1], {(tile.left, tile.width) for tile in self._tiles}),
        )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture as it was given."""
        return self._picture.size

    def segment(
        self,
        text: str,
        *,
        threshold: float | None = None,
        side: Side | None = None,
        allow_null: bool = False,
    ) -> Result:
        """Draw what `text` describes; see `EncodedImage.segment`.

        Raises:
            UnreadableImage: A part of the picture cannot be decoded.
            ValueError: The text is empty or far too long, or the threshold not between 0 and 1.
        """
        look = self.whole.look(text, threshold=threshold, side=side, allow_null=allow_null)
        heard = without_place(look.heard)
        has_closer_look = self.whole.is_present(look.presence) and bool(heard or not look.heard)
        trace = TRACE * look.request.threshold if has_closer_look else np.inf
        return self.whole.answer(look, self._blend(look.small, heard, trace))

    def _blend(self, small: Probabilities, heard: str, trace: float) -> Probabilities:
        """Return the probabilities of the whole picture, with a closer look from `trace` on."""
        blended = np.zeros(self.size, dtype=np.float32)
        for tile in self._tiles:
            first = resize_window(small, self.size, tile.top, tile.left, (tile.height, tile.width))
            if first.max() >= trace:
                closer = self._encoded(tile).probabilities(heard)
                first = first ** (1 - TILE_SHARE) * closer**TILE_SHARE
            rows, columns = self._weights
            weight = np.outer(rows[tile.top, tile.height], columns[tile.left, tile.width])
            blended[tile.where] += first * weight
        return blended

    def _encode(self, tile: Tile) -> "EncodedImage":
        """Show one tile to the model."""
        pixels = self._picture.window(tile.top, tile.left, tile.height, tile.width)
        return self.whole.model.encode_whole(Image(pixels=pixels), drawn_on=self._picture)


def _weights(
    length: int, spans: set[tuple[int, int]]
) -> dict[tuple[int, int], NDArray[np.float32]]:
    """Return what each (start, length) along an axis counts for at its pixels; they add up to 1."""
    falling = {}
    total = np.zeros(length)
    for start, side in spans:
        middle = (np.arange(side) + 0.5) / side
        falling[start, side] = np.minimum(middle, 1 - middle)
        total[start : start + side] += falling[start, side]
    return {
        (start, side): (weight / total[start : start + side]).astype(np.float32)
        for (start, side), weight in falling.items()
    }


def encode_tiles(
    model: "Model",
    picture: LargePicture,
    *,
    drawn_on: Image | LargePicture | None = None,
    input_hash: str | None = None,
) -> EncodedTiles:
    """Show the whole picture to the model, shrunk to what it takes.

    Args:
        model: The model.
        picture: The picture, by windows.
        drawn_on: The picture as it was given, where it is at hand as a whole.
        input_hash: SHA-256 of the picture's file.

    Raises:
        UnreadableImage: A part of the picture cannot be decoded.
    """
    size = model.manifest.height, model.manifest.width
    whole = model.encode_whole(
        Image(pixels=picture.overview(size)),
        input_hash=input_hash,
        drawn_on=picture if drawn_on is None else drawn_on,
    )
    return EncodedTiles(whole, picture)
