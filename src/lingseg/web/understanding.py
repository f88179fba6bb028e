"""What a sentence states, as a page shows it: chips, notices, the same in other words."""

from functools import lru_cache

from lingseg.language.chips import chips_of
from lingseg.language.side import Side
from lingseg.web.messages import Understood

_REMEMBERED = 512


@lru_cache(maxsize=_REMEMBERED)
def understood(text: str, side: Side) -> Understood:
    """Return what a sentence states, and what of it was not understood."""
    return Understood.model_validate(chips_of(text, side=side).as_record())
