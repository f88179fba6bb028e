"""Masks as COCO's uncompressed run lengths: down the columns, background first."""

from collections.abc import Iterator, Mapping
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lingseg.imaging import MaskPixels
from lingseg.imaging.limits import MAX_PIXELS
from lingseg.imaging.run_lengths import run_lengths
from lingseg.web.problem import bad_request

Side: TypeAlias = Annotated[int, Field(ge=1, le=100_000)]


class RunLengths(BaseModel):
    """A mask: `counts` are how many pixels are out, in, out … going down column after column."""

    model_config = ConfigDict(extra="forbid")

    size: tuple[Side, Side]
    """Height and width."""
    counts: Annotated[list[Annotated[int, Field(ge=0, le=MAX_PIXELS)]], Field(max_length=4_000_000)]


def to_runs(mask: MaskPixels) -> RunLengths:
    """Return a mask as run lengths."""
    height, width = mask.shape
    return RunLengths.model_construct(size=(height, width), counts=run_lengths(mask.T))


def to_mask(runs: RunLengths, size: tuple[int, int]) -> MaskPixels:
    """Return run lengths as a mask of `size`.

    Raises:
        Problem: They are those of another size, or do not fill it.
    """
    if runs.size != size:
        raise bad_request(
            f"The mask is {runs.size[0]} x {runs.size[1]} and the picture {size[0]} x {size[1]} "
            f"pixels (height x width). Send a mask of the picture's size."
        )
    if sum(runs.counts) != size[0] * size[1]:
        raise bad_request(
            f"The runs of the mask have {sum(runs.counts):,} pixels; its size asks for "
            f"{size[0] * size[1]:,}. Send every run, column after column."
        )
    is_in = np.arange(len(runs.counts)) % 2 == 1
    flat = np.repeat(is_in, runs.counts)
    return np.ascontiguousarray(flat.reshape(size[1], size[0]).T)


def to_masks(
    by_slice: Mapping[int, RunLengths], num_slices: int, size: tuple[int, int]
) -> Iterator[tuple[int, MaskPixels]]:
    """Yield the masks of a volume's slices with their numbers; see `to_mask`.

    Raises:
        Problem: A slice is none of this volume, or a mask none of this size.
    """
    for number in by_slice:
        if number >= num_slices:
            raise bad_request(f"Slice {number} was sent; the volume has {num_slices}.")
    for number, runs in by_slice.items():
        yield number, to_mask(runs, size)
