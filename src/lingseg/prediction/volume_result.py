"""What a model answers for a volume, and how it is put on disk."""

import zlib
from dataclasses import dataclass

import numpy as np

from lingseg.imaging import Source, Volume
from lingseg.imaging.delineation import Delineation, MaskStack, ProbabilitySteps, delineate_volume
from lingseg.imaging.packed_masks import PackedMasks
from lingseg.imaging.parts import MM3_PER_ML, CleanUp
from lingseg.prediction.result import Answered, Verdict

STEPS = 255
"""In which probabilities are kept: what a fractional segmentation holds of them."""
NO_CLEAN_UP = CleanUp()


@dataclass(frozen=True, kw_only=True)
class SliceAnswer:
    """What the model says of one slice, before any part is taken out."""

    confidence: float
    presence: float | None
    highest: float
    """The highest probability of a pixel."""


@dataclass(frozen=True, kw_only=True, eq=False)
class VolumeResult(Answered):
    """The masks of what a text describes, on the grid of the volume as it was given."""

    volume: Volume
    packed: PackedMasks
    slices: tuple[SliceAnswer, ...]
    sources: tuple[Source, ...]
    """The DICOM instance or frame of every slice; empty where the volume is not DICOM."""
    clean_up: CleanUp = NO_CLEAN_UP
    num_removed: int = 0
    """Parts that were taken out."""
    steps: tuple[bytes, ...] = ()
    """Every slice's probabilities in 255 steps, compressed; empty where nobody asked for them."""

    @property
    def masks(self) -> MaskStack:
        """(slice, row, column), made anew whenever it is asked for."""
        return self.packed.whole()

    @property
    def probabilities(self) -> ProbabilitySteps | None:
        """(slice, row, column), 0 to 255, before threshold and presence; None: not kept."""
        if not self.steps:
            return None
        whole = np.empty((len(self.steps), *self.volume.size), dtype=np.uint8)
        for number, packed in enumerate(self.steps):
            steps = np.frombuffer(zlib.decompress(packed), dtype=np.uint8)
            whole[number] = steps.reshape(self.volume.size)
        return whole

    @property
    def found_slices(self) -> tuple[int, ...]:
        """The slices, counted from 0, in which anything was drawn."""
        return tuple(int(number) for number in np.flatnonzero(self.packed.areas()))

    @property
    def is_found(self) -> bool:
        """Whether anything was drawn."""
        return bool(self.packed.areas().any())

    @property
    def verdict(self) -> Verdict:
        """Whether it was found: in any slice that it was drawn on, beyond doubt.

        A volume is as many questions as it has slices, so that this is less sure than the same word
        of a picture.
        """
        said = {self.verdict_at(self.slices[number].presence) for number in self.found_slices}
        if not said:
            return "not found"
        return "found" if "found" in said else "unsure"

    @property
    def voxels(self) -> int:
        """Voxels in the mask."""
        return int(self.packed.areas().sum())

    @property
    def volume_ml(self) -> float | None:
        """Millilitres in the mask, where the size of a voxel is known."""
        voxel_mm3 = self.volume.voxel_mm3
        return None if voxel_mm3 is None else self.voxels * voxel_mm3 / MM3_PER_ML

    @property
    def confidence(self) -> float:
        """How sure the model is of its answer, 0 to 1.

        The mean of the slices' confidences, each by the voxels that were drawn there; of an empty
        mask, one minus the highest presence (or probability) of any slice.
        """
        areas = self.packed.areas()
        if areas.any():
            return float(np.average([one.confidence for one in self.slices], weights=areas))
        return 1 - max(one.highest if one.presence is None else one.presence for one in self.slices)

    @property
    def presence(self) -> float | None:
        """The highest probability of a slice that the thing is there; None: the model is silent."""
        known = [one.presence for one in self.slices if one.presence is not None]
        return max(known, default=None)

    def delineation(self) -> Delineation:
        """Return what was drawn, with where it lies."""
        return delineate_volume(self.volume, self.masks, self.probabilities, self.sources)

    def disagreements(self) -> tuple[str, ...]:
        """Say that sentences are compared with the mask of one picture only.

        Raises:
            ValueError: Always.
        """
        raise ValueError(
            "A sentence is checked against the mask of one picture; this is a volume of "
            f"{len(self.volume)} slices. Leave the check out."
        )

    def as_record(self) -> dict[str, object]:
        """Return everything but the voxels, as it stands in the `.json` beside a mask."""
        volume_ml, spacing = self.volume_ml, self.volume.spacing
        drawn = {
            "num_slices": len(self.volume),
            "height_width": self.volume.size,
            "plane": self.volume.plane,
            "spacing_mm": None if spacing is None else [*spacing, self.volume.slice_spacing],
            "voxels": self.voxels,
            "volume_ml": None if volume_ml is None else round(volume_ml, 6),
            "found_slices": self.found_slices,
            "slice_confidences": [round(one.confidence, 4) for one in self.slices],
            "clean_up": self.clean_up.as_record(),
            "removed_parts": self.num_removed,
        }
        return self.record_of(
            drawn, verdict=self.verdict, confidence=self.confidence, presence=self.presence
        )
