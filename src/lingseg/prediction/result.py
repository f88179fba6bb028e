"""What a model answers, and how it is put on disk."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

import lingseg
from lingseg.artefact import write_text
from lingseg.imaging import Image, LargePicture, MaskPixels, Probabilities, Spacing
from lingseg.language.side import Side
from lingseg.prediction.doubtful_words import warn_of_words

Verdict: TypeAlias = Literal["found", "unsure", "not found"]
"""What is said of an answer: "unsure" is drawn, but may not be there."""

RESEARCH_USE = "Research use only; not a medical device."
UNSEEN_SIDE = (
    "the sentence means the patient's left and right, and this picture shows the patient's left at "
    "neither side (it is seen from the side, or turned), so that the words could not be converted. "
    "Check the mask, or say the place by the picture with --side image"
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked."""

    text: str
    side: Side
    """Whose left and right the text means."""
    threshold: float
    lost_words: tuple[str, ...] = ()
    """The words at the end of the text that the model could not read."""
    means_unseen_side: bool = False
    """Whether the text says left or right of a patient whose left lies at neither side."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """What is known of every answer: what was asked, of which model and about which file."""

    request: Request
    model_name: str
    model_hash: str
    input_hash: str | None
    """SHA-256 of the file, or of the files together; None where they came from memory."""
    presence_sure_from: float | None = None
    """What is drawn is unsure below this probability of presence; None: nothing is claimed."""

    @property
    def text(self) -> str:
        """The sentence as it was given."""
        return self.request.text

    @property
    def side(self) -> Side:
        """Whose left and right the sentence means."""
        return self.request.side

    @property
    def threshold(self) -> float:
        """The probability from which on a pixel, or voxel, is in."""
        return self.request.threshold

    @property
    def lost_words(self) -> tuple[str, ...]:
        """The words at the end of the sentence that the model could not read."""
        return self.request.lost_words

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person has to know before the mask is believed, a plain line each."""
        unseen = (UNSEEN_SIDE,) if self.request.means_unseen_side else ()
        return (*unseen, *warn_of_words(self.text))

    def save(self, path: Path | str, *, is_deidentified: bool = False) -> None:
        """Write the mask in the format that the file's name ends in, and the `.json` beside it.

        `.png` (of one picture), `.nii.gz` and `.nii`; where the picture is DICOM `.dcm`, a
        segmentation, `.fractional.dcm`, one of probabilities, `.sr.dcm`, a report with the
        segmentation beside it, and `.overlay.dcm`, a secondary capture.

        Args:
            path: The file; folders above it are made.
            is_deidentified: Whether DICOM objects must not tell the patient.

        Raises:
            ValueError: The name ends otherwise, or the answer cannot be told in this format.
            OSError: A file cannot be written.
            ModuleNotFoundError: De-identifying needs a package that is not installed.
        """
        from lingseg.prediction.saving import save_result  # the formats import this file

        save_result(self, Path(path), is_deidentified=is_deidentified)

    def record_of(
        self,
        drawn: Mapping[str, object],
        *,
        verdict: Verdict,
        confidence: float,
        presence: float | None,
    ) -> dict[str, object]:
        """Return what stands in the `.json` beside a mask, with what was `drawn` in the middle."""
        return {
            "text": self.text,
            "text_sha256": hash_text(self.text),
            "side": self.side,
            "is_found": verdict != "not found",
            "verdict": verdict,
            "confidence": round(confidence, 6),
            "presence": None if presence is None else round(presence, 6),
            **drawn,
            "threshold": self.threshold,
            "lost_words": self.lost_words,
            "input_sha256": self.input_hash,
            "model": self.model_name,
            "model_sha256": self.model_hash,
            "lingseg_version": lingseg.__version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "note": RESEARCH_USE,
        }

    def verdict_at(self, presence: float | None) -> Verdict:
        """Return what is said of something that was drawn where its presence was so probable."""
        needed = self.presence_sure_from
        return "found" if presence is None or needed is None or presence >= needed else "unsure"


@dataclass(frozen=True, kw_only=True, eq=False)
class Result(Answered):
    """The mask of what a text describes, on the grid of the picture as it was given."""

    mask: MaskPixels
    """Empty where the model says that nothing of the kind is there."""
    probabilities: Probabilities
    """Before the threshold, and before the verdict on presence."""
    presence: float | None
    """Probability that what the text names is in the picture; None: the model does not tell."""
    spacing: Spacing | None
    image: Image | LargePicture | None = None
    """What was drawn on, which formats other than PNG tell of; None: it is not known any more."""

    @property
    def is_found(self) -> bool:
        """Whether anything was drawn."""
        return bool(self.mask.any())

    @property
    def verdict(self) -> Verdict:
        """Whether it was found; "unsure" where it is drawn, but its presence is not beyond doubt.

        The model was asked for what is not there, too: from `presence_sure_from` on at most one in
        twenty of such answers come, see `training.presence`.
        """
        return self.verdict_at(self.presence) if self.is_found else "not found"

    @property
    def confidence(self) -> float:
        """How sure the model is of its answer, 0 to 1.

        The mean probability inside of the mask; of an empty mask, one minus the probability of
        presence, or, where the model does not tell it, one minus the highest probability.
        """
        if self.is_found:
            return float(self.probabilities.mean(dtype=float, where=self.mask))
        return 1 - (self.probabilities.max().item() if self.presence is None else self.presence)

    @property
    def area_pixels(self) -> int:
        """Pixels in the mask."""
        return int(self.mask.sum())

    @property
    def area_mm2(self) -> float | None:
        """Square millimetres in the mask, where the picture's spacing is known."""
        if self.spacing is None:
            return None
        return self.area_pixels * self.spacing[0] * self.spacing[1]

    @property
    def centroid(self) -> tuple[float, float] | None:
        """Mean row and column of the mask, from 0; None where it is empty."""
        if not self.is_found:
            return None
        in_rows, in_columns = self.mask.sum(axis=1), self.mask.sum(axis=0)
        area = self.area_pixels
        row = float(in_rows @ np.arange(len(in_rows))) / area
        return row, float(in_columns @ np.arange(len(in_columns))) / area

    def disagreements(self) -> tuple[str, ...]:
        """Return what the sentence says otherwise than the mask shows, a plain line each.

        Presence, count, side, zone and size are compared where both are beyond doubt; of a sentence
        that was not understood word by word nothing is.

        Raises:
            ModuleNotFoundError: scipy is not installed; it comes with the extra `evaluate`.
        """
        from lingseg.datasets.comparison import compare_text  # the grammar takes 0.1 s to start
        from lingseg.datasets.mask_facts import measure_mask

        shown = measure_mask(self.mask, self.spacing)
        return tuple(
            str(one) for one in compare_text(self.text, self.side, shown) if not one.agrees
        )

    def as_record(self) -> dict[str, object]:
        """Return everything but the pixels, as it stands in the `.json` beside a mask."""
        drawn = {
            "area_pixels": self.area_pixels,
            "area_mm2": self.area_mm2,
            "centroid_row_column": self.centroid,
            "height_width": self.mask.shape,
        }
        return self.record_of(
            drawn, verdict=self.verdict, confidence=self.confidence, presence=self.presence
        )


def record_path(mask_path: Path) -> Path:
    """Return where the `.json` of a mask lies."""
    return mask_path.with_suffix(".json")


def write_record(mask_path: Path, record: Mapping[str, object]) -> None:
    """Write the `.json` of a mask.

    Raises:
        OSError: It cannot be written.
    """
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    write_text(record_path(mask_path), text)


def hash_text(text: str) -> str:
    """Return the SHA-256 of a sentence."""
    return hashlib.sha256(text.encode()).hexdigest()
