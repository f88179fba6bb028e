"""An answer with the picture or volume that it is about: what every format is made from."""

from dataclasses import dataclass

import lingseg
from lingseg.imaging import Image, LargePicture, Source, Volume
from lingseg.imaging.delineation import Delineation, delineate
from lingseg.imaging.dicom_object import (
    Authorship,
    DicomContext,
    DrawnBy,
    dicom_context,
    has_burned_in_annotation,
)
from lingseg.prediction.result import Result
from lingseg.prediction.volume_result import VolumeResult

BURNED_IN = (
    "the file says that text is burned into its pixels (BurnedInAnnotation YES): a name may be "
    "read in it, and in any overlay"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """A result, what it is about, and whether its patient must not be told."""

    result: Result | VolumeResult
    image: Image | Volume | LargePicture
    """A volume where the result is one of a volume."""
    is_deidentified: bool = False
    drawn_by: DrawnBy = "model"

    def __post_init__(self) -> None:
        """Refuse a result and a picture that do not belong together."""
        if isinstance(self.result, VolumeResult) != isinstance(self.image, Volume):
            raise TypeError(
                f"A {type(self.result).__name__} was given with a {type(self.image).__name__}; "
                f"expected what it was drawn on."
            )

    @property
    def is_volume(self) -> bool:
        """Whether it is about more than one picture."""
        return isinstance(self.result, VolumeResult)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The DICOM instances or frames that it is about, one a slice; none if it is no DICOM."""
        if isinstance(self.result, VolumeResult):
            return self.result.sources
        source = self.one_picture()[1].source
        return () if source is None else (source,)

    def record(self, **more: object) -> dict[str, object]:
        """Return what stands in the `.json` beside the mask, with `more` in front."""
        is_burned_in = any(has_burned_in_annotation(source) for source in self.sources[:1])
        warnings = [*([BURNED_IN] if is_burned_in else ()), *self.result.warnings]
        told: dict[str, object] = {"warnings": warnings} if warnings else {}
        return more | told | self.result.as_record()

    def one_picture(self) -> tuple[Result, Image | LargePicture]:
        """Return result and picture for a format that holds one.

        Raises:
            ValueError: It is a volume.
        """
        if isinstance(self.result, Result) and not isinstance(self.image, Volume):
            return self.result, self.image
        raise ValueError("A volume does not fit into a format for one picture.")

    def delineation(self) -> Delineation:
        """Return what was drawn, with where it lies."""
        if isinstance(self.result, VolumeResult):
            return self.result.delineation()
        result, image = self.one_picture()
        return delineate(image, result.mask, result.probabilities)

    def context(self) -> DicomContext:
        """Return what DICOM objects made from the answer may say.

        Raises:
            ValueError: The picture is not DICOM, or an identifier is missing.
        """
        return dicom_context(self.sources, self.authorship(), is_deidentified=self.is_deidentified)

    def authorship(self) -> Authorship:
        """Return who drew what, and why."""
        return Authorship(
            text=self.result.text,
            model_name=self.result.model_name,
            model_hash=self.result.model_hash,
            version=lingseg.__version__,
            threshold=self.result.threshold,
            input_hash=self.result.input_hash,
            side=self.result.side,
            drawn_by=self.drawn_by,
        )
