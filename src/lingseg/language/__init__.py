"""What is said of an image."""

from lingseg.language.side import (
    SIDES,
    Side,
    states_side,
    states_zone,
    swap_sides,
    to_side,
    to_side_on_picture,
)
from lingseg.language.turn import FLIPS, Flip, can_mirror, can_turn, mirror_text, turn_text
from lingseg.language.vocabulary import WORDS

__all__ = [
    "FLIPS",
    "SIDES",
    "WORDS",
    "Flip",
    "Side",
    "can_mirror",
    "can_turn",
    "mirror_text",
    "states_side",
    "states_zone",
    "swap_sides",
    "to_side",
    "to_side_on_picture",
    "turn_text",
]
