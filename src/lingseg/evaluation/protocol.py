"""What can be scored: anything that gives every pixel of a case's image a probability."""

from typing import Protocol, runtime_checkable

from lingseg.datasets.case import Case
from lingseg.imaging.image import Image, Probabilities


@runtime_checkable
class Predictor(Protocol):
    """A bundle, a training run, a floor or a folder of masks: scored by the same code."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def threshold(self) -> float:
        """From which probability on a pixel belongs to the mask."""

    def probabilities(self, case: Case, image: Image) -> Probabilities:
        """Return a map at the image's own size; zero everywhere where the answer is "not found".

        The reference of the case is never looked at.
        """
