"""An answer with the picture that it is about: what every format is made from."""

from dataclasses import dataclass

import lingseg
from lingseg.imaging import Image
from lingseg.imaging.delineation import Delineation, delineate
from lingseg.imaging.dicom_object import Authorship, DicomContext, dicom_context
from lingseg.prediction.result import Result


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """A result, its picture, and whether its patient must not be told."""

    result: Result
    image: Image
    is_deidentified: bool = False

    def delineation(self) -> Delineation:
        """Return what was drawn, with where it lies."""
        return delineate(self.image, self.result.mask, self.result.probabilities)

    def context(self) -> DicomContext:
        """Return what DICOM objects made from the answer may say.

        Raises:
            ValueError: The picture is not DICOM, or an identifier is missing.
        """
        sources = () if self.image.source is None else (self.image.source,)
        return dicom_context(sources, self.authorship(), is_deidentified=self.is_deidentified)

    def authorship(self) -> Authorship:
        """Return who drew what, and why."""
        return Authorship(
            text=self.result.text,
            model_name=self.result.model_name,
            model_hash=self.result.model_hash,
            version=lingseg.__version__,
            threshold=self.result.threshold,
            input_hash=self.result.input_hash,
        )
