"""What a sentence says is there, apart from what it denies beside it.

"One opacity in the right lung. No pneumothorax." speaks of two things. A model whose sentences
spoke of one thing each takes the denial for the whole of it.
"""

import re

from lingseg.language.contradiction import is_same
from lingseg.language.facts import Facts
from lingseg.language.grammar import understand
from lingseg.language.phrasing import phrase
from lingseg.language.side import Side

_PIECE = re.compile(r"[^.;,]+(?:[.;,](?=\d)[^.;,]*)*[.;,]*\s*")
"""Up to the next mark; one between digits is a number's."""


def affirmed_text(text: str, side: Side) -> str | None:
    """Return the sentence without what it denies; None where it does not do both.

    In its own words where whole clauses can be left out, or else in the grammar's. A sentence that
    was not understood word by word is left alone, and so is "all except the left one".

    Args:
        text: A sentence.
        side: Whose left and right it means.
    """
    read = understand(text, side=side)
    presences = {one.presence for one in read.facts.findings}
    if presences != {"present", "absent"} or not read.is_certain:
        return None
    wanted = read.facts.affirmed
    said = (_without_denials(text, side), phrase(wanted))
    return next((one for one in said if _says(one, wanted)), None)


def _says(text: str, wanted: Facts) -> bool:
    """Return whether a sentence states just these facts."""
    read = understand(text, side=wanted.side)
    return read.is_whole and is_same(read.facts, wanted)


def _without_denials(text: str, side: Side) -> str:
    """Return the clauses of a sentence that deny nothing."""
    pieces = _PIECE.findall(text)
    kept = [piece for piece in pieces if not understand(piece, side=side).facts.denies_all]
    return "".join(kept).strip().rstrip(",;")
