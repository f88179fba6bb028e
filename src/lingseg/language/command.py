"""Commands on a mask: "grow 2 mm", "remove the part on the left", "keep the two largest".

LIMIS (arXiv:2410.16939) showed that such commands suffice to correct a mask without a mouse.
`read_commands` in `command_grammar.py` reads them.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from lingseg.language.side import PatientLeft, Side

Action: TypeAlias = Literal["grow", "shrink", "move", "smooth", "fill", "keep", "remove"]
ACTIONS: tuple[Action, ...] = get_args(Action)
Unit: TypeAlias = Literal["mm", "pixels", "mm2", "mm3"]
Direction: TypeAlias = Literal["left", "right", "upper", "lower", "middle"]
"""Where in the picture as it is shown, once `on_picture` has told sides; before, as was said."""

_OTHER_SIDE: MappingProxyType[Direction, Direction] = MappingProxyType(
    {"left": "right", "right": "left"}
)


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A length, an area or a volume."""

    number: float
    unit: Unit

    def __str__(self) -> str:
        """Return the amount as a person reads it."""
        name = "pixel" if self.unit == "pixels" and self.number == 1 else self.unit
        return f"{self.number:g} {name}"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How large the parts are that are meant."""

    is_below: bool
    amount: Amount


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which parts of a mask are meant."""

    places: frozenset[Direction] = frozenset()
    order: Literal["largest", "smallest"] | None = None
    number: int | None = None
    """How many; None: all that fit."""
    limit: Limit | None = None
    is_half: bool = False
    """Whether a half of the picture is meant, parts or no parts."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One thing to do to a mask."""

    action: Action
    side: Side
    """Whose left and right it says."""
    amount: Amount | None = None
    towards: Direction | None = None
    choice: Choice = Choice()

    def on_picture(self, patient_left: PatientLeft | None) -> "Command":
        """Return the command with the picture's own left and right.

        Args:
            patient_left: Where the patient's left lies in the picture; None: at the right edge, as
                in the usual hanging.

        Raises:
            ValueError: The patient's left is asked for in a picture that shows none.
        """
        asked = self.choice.places | ({self.towards} - {None})
        if self.side != "patient" or not asked & _OTHER_SIDE.keys():
            return replace(self, side="image")
        if patient_left == "neither":
            raise ValueError(
                "The command says the patient's left or right, and the picture is seen from the "
                "side, where neither shows. Say it of the picture's own left and right."
            )
        if patient_left == "left":
            return replace(self, side="image")
        places = frozenset(_OTHER_SIDE.get(place, place) for place in self.choice.places)
        towards = self.towards and _OTHER_SIDE.get(self.towards, self.towards)
        choice = replace(self.choice, places=places)
        return replace(self, side="image", towards=towards, choice=choice)
