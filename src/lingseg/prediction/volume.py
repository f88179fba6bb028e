"""Sentences on a volume: slice by slice along its natural axis, in bounded memory.

The graphs of a bundle take one picture at a time, so a slice is a run; what the model makes of a
sentence is worked out once, and each slice is read and encoded once for all sentences. While it
goes on there is one slice in memory, and of the answer a bit a voxel.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from lingseg.imaging import Image, Probabilities, Source, Volume, read_volume
from lingseg.imaging.packed_masks import PackedMasks
from lingseg.imaging.parts import CleanUp, without_small_parts
from lingseg.language.side import Side
from lingseg.prediction.crew import in_order
from lingseg.prediction.predictor import Model
from lingseg.prediction.result import Request, Result
from lingseg.prediction.sentence import checked_text
from lingseg.prediction.volume_result import NO_CLEAN_UP, STEPS, SliceAnswer, VolumeResult

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many slices are done, and how many there are."""

_FASTEST = 1


@dataclass(kw_only=True, eq=False)
class Draft:
    """What has been drawn so far in a volume for one sentence."""

    volume: Volume
    keeps_steps: bool = False
    packed: PackedMasks = field(init=False)
    slices: list[SliceAnswer] = field(default_factory=list)
    steps: list[bytes] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    request: Request | None = None

    def __post_init__(self) -> None:
        """Begin with empty masks."""
        self.packed = PackedMasks(len(self.volume), self.volume.size)

    def add(self, result: Result) -> None:
        """Take the answer of the next slice."""
        self.packed[len(self.slices)] = result.mask
        self.slices.append(
            SliceAnswer(
                confidence=result.confidence,
                presence=result.presence,
                highest=float(result.probabilities.max()),
            )
        )
        if self.keeps_steps:
            self.steps.append(_as_steps(result.probabilities))
        if result.image is not None and result.image.source is not None:
            self.sources.append(result.image.source)
        if self.request is None or result.request.means_unseen_side:
            self.request = result.request

    def result(
        self, model: Model, *, clean_up: CleanUp = NO_CLEAN_UP, input_hash: str | None = None
    ) -> VolumeResult:
        """Return what came out, without the parts that do not stay."""
        assert self.request is not None  # a volume has at least one slice  # noqa: S101
        num_removed = 0
        if not clean_up.is_nothing:
            voxel_mm3 = self.volume.voxel_mm3
            masks, num_removed = without_small_parts(self.packed.whole(), clean_up, voxel_mm3)
            for number, mask in enumerate(masks):
                self.packed[number] = mask
        return VolumeResult(
            request=self.request,
            volume=self.volume,
            packed=self.packed,
            slices=tuple(self.slices),
            sources=tuple(self.sources),
            model_name=model.name,
            model_hash=model.hash,
            input_hash=input_hash,
            presence_sure_from=model.manifest.presence_sure_from,
            clean_up=clean_up,
            num_removed=num_removed,
            steps=tuple(self.steps),
        )


def segment_volume(
    model: Model,
    volume: Volume | Path | str,
    texts: Sequence[str],
    *,
    side: Side | None = None,
    threshold: float | None = None,
    allow_null: bool = False,
    clean_up: CleanUp | None = None,
    keeps_probabilities: bool = False,
    input_hash: str | None = None,
    progress: Progress | None = None,
    workers: int = 1,
) -> Iterator[VolumeResult]:
    """Draw what each of `texts` describes in a volume, in one pass over its slices.

    Args:
        model: The model.
        volume: A volume, or where one lies: a folder with a series, NIfTI, DICOM, a zip.
        texts: What to segment, a sentence each.
        side: Whose left and right they mean; None: as the model learnt it. Every slice tells where
            the patient's left lies in it.
        threshold: The probability from which on a voxel is in; None: the model's own.
        allow_null: Let the empty text pass: the model then goes by the picture alone.
        clean_up: Which parts of the masks stay; None: all.
        keeps_probabilities: Whether results hold the probabilities too, in 255 steps.
        input_hash: SHA-256 of the volume's file.
        progress: Is told after every slice.
        workers: Slices that are worked on at once; as many and a few more are in memory.

    Yields:
        One result a text, in their order, when all slices are done.

    Raises:
        UnreadableImage: A slice cannot be decoded.
        ValueError: A text, the threshold or the clean-up cannot be used.
        ModuleNotFoundError: The clean-up needs scipy, which is not installed.
    """
    volume = read_volume(Path(volume)) if isinstance(volume, str | Path) else volume
    clean_up = clean_up or NO_CLEAN_UP
    clean_up.check(volume.voxel_mm3)  # before the costly part, as all that follows
    threshold = model.checked_threshold(threshold)
    for text in texts:
        checked_text(text, allow_null=allow_null)
    drafts = [Draft(volume=volume, keeps_steps=keeps_probabilities) for _ in texts]

    def answers(image: Image) -> Iterator[list[Result]]:
        encoded = model.encode_whole(image)
        yield [
            encoded.segment(text, threshold=threshold, side=side, allow_null=allow_null)
            for text in texts
        ]

    for number, results in enumerate(in_order(answers, volume, workers=workers), start=1):
        for draft, result in zip(drafts, results, strict=True):
            draft.add(result)
        if progress is not None:
            progress(number, len(volume))
    for draft in drafts:
        yield draft.result(model, clean_up=clean_up, input_hash=input_hash)


def _as_steps(probabilities: Probabilities) -> bytes:
    """Return probabilities in 255 steps, compressed: most of a volume is far from anything."""
    steps = np.rint(probabilities * np.float32(STEPS)).astype(np.uint8)
    return zlib.compress(steps.tobytes(), _FASTEST)
