"""What the audit asks: a case's picture, as it is or changed, and a sentence."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from lingseg.datasets.case import Case
from lingseg.imaging.image import Image


def _unchanged(image: Image) -> Image:
    """Return the picture as it is."""
    return image


@dataclass(frozen=True)
class View:
    """A way to show a case's picture; the same picture always looks the same in it."""

    name: str
    """Tells views apart, also in the file that keeps answers: "as it is", "blur of 2 px"."""
    show: Callable[[Image], Image] = _unchanged
    keeps_places: bool = True
    """Whether the reference mask still lies over what it marked."""


AS_IT_IS = View("as it is")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One sentence about one view of a case's picture."""

    case: Case
    text: str
    view: View = AS_IT_IS
    asked_of: str = ""
    """Who is asked: empty for the predictor that is audited, else the name of one beside it."""

    @property
    def key(self) -> tuple[str, ...]:
        """What tells questions apart: case id, text, view and, if another, who is asked."""
        parts = (self.case.case_id, self.text, self.view.name)
        return (*parts, self.asked_of) if self.asked_of else parts

    @property
    def is_own(self) -> bool:
        """Whether it is what the case itself asks, of the predictor that is audited."""
        return self.key == own_question(self.case).key

    @property
    def asked(self) -> Case:
        """The case as the predictor is given it: with the sentence that is asked."""
        return replace(self.case, text=self.text)


def own_question(case: Case) -> Question:
    """Return the question that the case itself is: its picture and its sentence."""
    return Question(case=case, text=case.text)
