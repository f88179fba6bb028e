"""How the words of one command become what is to be done."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias

from lingseg.language.command import (
    ACTIONS,
    Action,
    Amount,
    Choice,
    Command,
    Direction,
    Limit,
    Unit,
)
from lingseg.language.lexicon import Lexeme
from lingseg.language.plural import to_plural
from lingseg.language.side import Side

Word: TypeAlias = tuple[str, tuple[Lexeme, ...]]
"""A word of a command, or a measure of several, with its kind in the grammar."""

EXAMPLES = (
    "grow 2 mm",
    "shrink by 3 pixels",
    "move 5 mm up",
    "smooth",
    "fill holes",
    "keep the largest",
    "remove the part on the left",
    "remove parts smaller than 20 mm2",
    "keep the upper half",
)
"""One of each kind; the line that refuses a command names them."""

NOUNS = frozenset(["finding", "area", "anatomy", "part"])
"""The kinds of words that stand for a part of a mask."""
_DIRECTIONS: MappingProxyType[str, Direction] = MappingProxyType(
    {
        "left": "left",
        "right": "right",
        "upper": "upper",
        "lower": "lower",
        "middle": "middle",
        "center": "middle",
        "leftmost": "left",
        "rightmost": "right",
        "topmost": "upper",
        "bottommost": "lower",
    }
)


class CommandReader:
    """Turns the words of one command into what is to be done."""

    def __init__(self, text: str, side: Side) -> None:
        """Keep the sentence, for what is said of it where it does not fit."""
        self._text, self._side = text, side

    def read(self, words: Sequence[Word]) -> Command:
        """Return the command of a verb and what follows it."""
        (_, (verb,)), *rest = words
        kinds = {kind for kind, _ in rest}
        action = verb.value
        if action == "fill" or "hole" in kinds:
            return self._filling(action, rest)
        if action in ("keep", "remove"):
            return self._choosing(action, rest)
        return self._changing(action, rest)

    def _filling(self, action: str, rest: Sequence[Word]) -> Command:
        """Return "fill holes", which "remove the holes" is as well."""
        self._allow(rest, {"hole", "whole", "every"})
        if action not in ("fill", "remove") or not any(kind == "hole" for kind, _ in rest):
            raise self._unfit("it does not say to fill holes")
        return Command(action="fill", side=self._side)

    def _changing(self, action: str, rest: Sequence[Word]) -> Command:
        """Return what changes the mask as a whole: grow, shrink, move or smooth."""
        needs_none, may_turn = action == "smooth", action in ("grow", "move")
        self._allow(rest, {"whole", *NOUNS, "amount", "count", "number"}, may_turn)
        amounts = [self._amount(words) for kind, words in rest if kind == "amount"]
        has_bare_number = any(kind in ("count", "number") for kind, _ in rest)
        if has_bare_number or len(amounts) > 1 or not (amounts or needs_none):
            raise self._unfit(
                f'it must say once how far, as "{action} 2 mm" or "{action} 3 pixels"'
            )
        if amounts and amounts[0].unit not in ("mm", "pixels"):
            raise self._unfit(f"{amounts[0]} is no length; say mm or pixels")
        places = self._places(rest)
        if len(places) > 1 or "middle" in places:
            raise self._unfit("it must say one direction: left, right, up or down")
        if action == "move" and not places:
            raise self._unfit('it must say where to, as "move 5 mm up"')
        towards = next(iter(places), None)
        return Command(
            action=ACTIONS[ACTIONS.index(action)],
            side=self._side,
            amount=next(iter(amounts), None),
            towards=towards,
        )

    def _choosing(self, action: str, rest: Sequence[Word]) -> Command:
        """Return which parts stay or go; "remove all but the largest" keeps it."""
        kinds = [kind for kind, _ in rest]
        if "except" in kinds:
            at = kinds.index("except")
            if not set(kinds[:at]) <= {"every", "whole", "part"}:
                raise self._unfit('before "except" it may say "everything" only')
            rest, action = rest[at + 1 :], {"keep": "remove", "remove": "keep"}[action]
        kind: Action = "keep" if action == "keep" else "remove"
        return Command(action=kind, side=self._side, choice=self._choice(rest))

    def _choice(self, rest: Sequence[Word]) -> Choice:
        """Return which parts are meant."""
        chosen = {"every", "whole", "part", "half", "order", "count", "number", "limit"}
        self._allow(rest, {*chosen, *NOUNS}, may_say_places=True)
        kinds = [kind for kind, _ in rest]
        choice = Choice(
            places=self._places(rest),
            order=self._order(rest),
            number=self._number(rest),
            limit=self._limit(rest),
            is_half="half" in kinds,
        )
        self._check(choice, kinds)
        return choice

    def _check(self, choice: Choice, kinds: Sequence[str]) -> None:
        """Refuse a choice that tells nothing, or two things at once."""
        is_all = "every" in kinds or "whole" in kinds
        tells = choice.places or choice.order or choice.limit
        if choice.is_half and (len(choice.places) != 1 or choice.order or choice.limit):
            raise self._unfit('a half is left, right, upper or lower, as "the left half"')
        if choice.is_half and "middle" in choice.places:
            raise self._unfit("a picture has no middle half")
        if not tells and not is_all:
            raise self._unfit(
                'it does not say which part, as "the left one", "the largest" or "parts smaller '
                'than 20 mm2"'
            )
        if {"left", "right"} <= choice.places or {"upper", "lower"} <= choice.places:
            raise self._unfit("no part lies in two opposite places; give one command for each")
        if choice.order and choice.number is None:
            raise self._unfit(f'it does not say how many, as "the two {choice.order} parts"')

    def _number(self, rest: Sequence[Word]) -> int | None:
        """Return how many parts are meant: as said, one if it says "part", all if "parts"."""
        said = [words[0] for kind, words in rest if kind in ("count", "number")]
        if len(said) > 1 or any(not one.value.isdigit() or one.value == "0" for one in said):
            raise self._unfit("it must say once how many parts, as a whole number from 1 on")
        if said:
            return int(said[0].value)
        if any(kind in ("every", "whole", "limit") for kind, _ in rest):
            return None
        nouns = [words[0] for kind, words in rest if kind in NOUNS]
        return None if any(map(self._is_plural, nouns)) else 1

    def _is_plural(self, noun: Lexeme) -> bool:
        """Return whether a noun stands for several."""
        if noun.kind == "part":
            return noun.value == "several"
        written = self._text[noun.start : noun.end]
        return to_plural(written) == written

    def _order(self, rest: Sequence[Word]) -> Literal["largest", "smallest"] | None:
        """Return whether the largest or the smallest is meant."""
        said = {words[0].value for kind, words in rest if kind == "order"} - _DIRECTIONS.keys()
        if said == {"largest"}:
            return "largest"
        if said == {"smallest"}:
            return "smallest"
        if said:
            raise self._unfit(f"a mask does not tell {' and '.join(sorted(said))}")
        return None

    def _places(self, rest: Sequence[Word]) -> frozenset[Direction]:
        """Return the places that are said."""
        said = [words[0] for kind, words in rest if kind in ("side", "zone", "order")]
        unknown = [one for one in said if one.kind != "order" and one.value not in _DIRECTIONS]
        if unknown:
            raise self._unfit(f"{self._quoted(unknown[0])} is no place in a picture")
        return frozenset(_DIRECTIONS[one.value] for one in said if one.value in _DIRECTIONS)

    def _limit(self, rest: Sequence[Word]) -> Limit | None:
        """Return how large the parts are."""
        said = [words for kind, words in rest if kind == "limit"]
        if len(said) > 1:
            raise self._unfit("it may say one size only")
        if not said:
            return None
        than, *measure = said[0]
        amount = self._amount(measure)
        if amount.unit == "mm":
            raise self._unfit(f"{amount} is a length; say how large as mm2, ml or pixels")
        return Limit(is_below=than.value == "smaller", amount=amount)

    def _amount(self, words: Sequence[Lexeme]) -> Amount:
        """Return a number with its unit, in millimetres or pixels."""
        number, unit = words
        try:
            value = float(number.value) * float(unit.value)
        except ValueError:
            raise self._unfit(f"{self._quoted(number)} is not one number") from None
        if not 0 < value < 1e6:
            raise self._unfit(f"{value:g} is no amount; say one above 0 and below a million")
        units: dict[str, Unit] = {"unit": "mm", "area_unit": "mm2", "volume_unit": "mm3"}
        return Amount(number=round(value, 6), unit=units.get(unit.kind, "pixels"))

    def _allow(self, rest: Sequence[Word], kinds: set[str], may_say_places: bool = False) -> None:
        """Refuse words that say nothing of what is to be done."""
        places = {"side", "zone"} | {"order"} if may_say_places else set()
        for kind, words in rest:
            if kind not in kinds | places:
                raise self._unfit(f"{self._quoted(*words)} does not fit")

    def _quoted(self, *words: Lexeme) -> str:
        """Return words as they are written."""
        return repr(self._text[words[0].start : words[-1].end])

    def _unfit(self, why: str) -> ValueError:
        """Return what refuses the command."""
        return refusal(self._text, why)


def refusal(text: str, why: str) -> ValueError:
    """Return the one line that says why a command is not understood, and what there is."""
    return ValueError(f"{' '.join(text.split())!r} is no command: {why}. {what_there_is()}")


def what_there_is() -> str:
    """Return what can be said."""
    return f"Say, for example, {', '.join(map(repr, EXAMPLES))}."
