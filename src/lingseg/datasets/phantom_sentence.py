"""What may be said of the things of a phantom, in many phrasings.

A phrasing is fixed by a seed: two queries spoken with the same seed differ only in the words for
what they ask.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lingseg.datasets.phantom_scene import Slot, Style, Trait

NUMBERS = ("no", "one", "two", "three", "four")

_SIZES = {
    "small": ("small", "little", "small", "tiny"),
    "medium": ("medium", "medium-sized", "medium", "medium-sized"),
    "large": ("large", "big", "large", "huge"),
}
_COMPARED = {"small": ("smaller", "smallest"), "large": ("larger", "largest")}
_SHAPES = {
    "round": ("round", "circle-shaped", "circular", "round"),
    "oval": ("oval", "oval-shaped", "elliptical", "oval"),
    "square": ("square", "square-shaped", "square", "square"),
    "triangular": ("triangular", "triangle-shaped", "triangular", "triangular"),
    "star": ("star-shaped", "star-shaped", "star-shaped", "star-shaped"),
    "irregular": ("irregular", "irregular-shaped", "irregular", "irregular"),
}
_EDGES = {"upper": "top", "lower": "bottom"}

_ONE_PLACED = (
    "the {np} {place}",
    "the {np} {place} {picture}",
    "one {np}, located {place} {picture}",
    "one {np} {place}",
    "{a} {place}",
    "{a} {place} {picture}",
    "there is one {np} {place}",
    "segment the {np} {place}",
    "find the {np} {place}",
    "outline the {np} {place}",
    "please mark the {np} {place} {picture}",
    "{np} {place}",
    "only the {np} {place}",
    "the {np} that lies {place}",
    "{place}, the {np}",
)
_ONE = (
    "the {np}",
    "the {np} in the {shown}",
    "one {np}",
    "one {np} in the {shown}",
    "segment the {np}",
    "find the {np} in the {shown}",
    "outline the {np}",
    "there is one {np}",
    "show the {np}",
    "{np}",
)
_COUNTED = (
    "{number} {nps} {place}",
    "the {number} {nps} {place}",
    "all {number} {nps} {place}",
    "there are {number} {nps} {place}",
    "segment the {number} {nps} {place}",
    "{number} {nps} {place} {picture}",
)
_UNCOUNTED = (
    "all {nps} {place}",
    "every {np} {place}",
    "any {np} {place}",
    "each {np} {place}",
    "{nps} {place}",
    "segment all {nps} {place}",
    "whatever {np} there is {place}",
)
_NEGATED = (
    "no {np} {place}",
    "no {nps} {place}",
    "there is no {np} {place}",
    "there are no {nps} {place}",
    "no {np} {place} {picture}",
    "without any {np} {place}",
)
_LISTED = (
    "{number} {np} at the {edges} in the {shown}",
    "{number} {np} located in {edges} of the {shown}",
    "{number} {np}, located in the {parts} of the {shown}",
    "{number} {np}, {parts}",
)
_LISTED_OF_LUNGS = (
    "{laterality} pulmonary infection, {number} infected {areas}, {lungs}",
    "{number} {np}, {lungs}",
    "{laterality} {nps}, {number} {areas}, {lungs}",
    "{number} {np} in the {lungs}",
)

Query = Mapping[Trait, str]
"""What is asked of a thing; what is not named is free."""


def speak(
    style: Style, query: Query, number: int | None, seed: int, *, is_denied: bool = False
) -> str:
    """Return a sentence that asks for what matches.

    Args:
        style: Whose words are used.
        query: What is asked.
        number: How many match, if the sentence may count them; None: it names no number.
        seed: Which phrasing.
        is_denied: Say that there is none.
    """
    rng = np.random.default_rng(seed)
    words = _Words(rng, style, query)
    if is_denied:
        templates: Sequence[str] = _NEGATED
    elif number is None:
        templates = _UNCOUNTED
    elif number > 1:
        templates = _COUNTED
    else:
        templates = _ONE_PLACED if words.place else _ONE
        shortened = words.shortened(rng)
        if shortened:
            return _written(rng, shortened)
    template = templates[int(rng.integers(len(templates)))]
    return _written(rng, template.format_map(words.fields(NUMBERS[number or 0])))


def list_places(style: Style, slots: Sequence[Slot], shared: Query, seed: int) -> str:
    """Return a sentence that tells how many things there are and where each of them lies.

    Args:
        style: Whose words are used.
        slots: Where each of them lies.
        shared: What else is said of all of them.
        seed: Which phrasing.
    """
    rng = np.random.default_rng(seed)
    words = _Words(rng, style, shared)
    slots = sorted(slots)
    fields = words.fields(NUMBERS[len(slots)])
    if len(slots) > 1:
        fields["np"] = fields["nps"]
    templates = _LISTED_OF_LUNGS if style.in_the_body else _LISTED
    template = templates[rng.integers(len(templates))]
    return _written(rng, template.format_map(fields | _listed(style, slots)))


def _listed(style: Style, slots: Sequence[Slot]) -> dict[str, str]:
    """Return the words for several places."""
    if not style.in_the_body:
        return {
            "edges": ", ".join(_edge(*slot) for slot in slots),
            "parts": " and ".join(_part(*slot) for slot in slots),
        }
    sides = [side for side in ("left", "right") if any(slot[1] == side for slot in slots)]
    return {
        "laterality": "bilateral" if len(sides) > 1 else "unilateral",
        "areas": "areas" if len(slots) > 1 else "area",
        "lungs": " and ".join(f"{_thirds(slots, side)} {side} lung" for side in sides),
    }


def _thirds(slots: Sequence[Slot], side: str) -> str:
    """Return the thirds of one lung in which something lies, from above."""
    zones = " ".join(zone for zone, its_side in slots if its_side == side).split()
    return " ".join(sorted(zones, key=("all", "upper", "middle", "lower").index))


def speak_of_lungs(sides: Sequence[str], seed: int) -> str:
    """Return a sentence that asks for one lung or for both."""
    rng = np.random.default_rng(seed)
    verbs = ("", "segment ", "outline ", "find ", "the area of ")
    verb = verbs[rng.integers(len(verbs))]
    both = ("both lungs", "the lungs", "the left and the right lung")
    wording = int(rng.integers(3))
    asked = both[wording] if len(sides) > 1 else f"the {sides[0]} lung"
    where = ("", " in the chest X-ray", " in the chest radiograph")[rng.integers(3)]
    return _written(rng, verb + asked + where)


class _Words:
    """The words that one phrasing has for one query."""

    def __init__(self, rng: np.random.Generator, style: Style, query: Query) -> None:
        """Choose among the words; the same chances are taken whatever is asked."""
        self.query, self.style = query, style
        register, noun, picture, self.manner = (int(number) for number in rng.integers(4, size=4))
        self.singular, self.plural = style.nouns[noun]
        self.picture = style.pictures[picture]
        tables: tuple[tuple[Trait, Mapping[str, tuple[str, ...]]], ...] = (
            ("size", _SIZES),
            ("brightness", style.tones),
            ("shape", _SHAPES),
        )
        self.adjectives = [
            table[query[trait]][register] for trait, table in tables if trait in query
        ]
        self.place = self._place()

    def fields(self, number: str) -> dict[str, str]:
        """Return what templates ask for."""
        one = " ".join([*self.adjectives, self.singular])
        return {
            "np": one,
            "nps": " ".join([*self.adjectives, self.plural]),
            "a": f"{'an' if one[0] in 'aeiou' else 'a'} {one}",
            "place": self.place,
            "picture": f"{self._preposition()} the {self.picture}",
            "shown": self.picture,
            "number": number,
        }

    def _preposition(self) -> str:
        """Return the word between a place and the picture: part *of* it, a lung *in* it."""
        is_part = self.place.startswith("in the") and not self.style.in_the_body
        return "of" if is_part else "in"

    def shortened(self, rng: np.random.Generator) -> str:
        """Return "the left one", "the larger lesion" or the like; "" if there is no such phrase."""
        chance, noun, last = rng.random(), rng.random() < 0.6, int(rng.integers(2))
        if chance > 0.3:
            return ""
        thing = self.singular if noun else "one"
        if self.query.keys() == {"size"} and self.query["size"] in _COMPARED:
            return f"the {_COMPARED[self.query['size']][last]} {thing}"
        if self.style.in_the_body or not self.place:
            return ""
        zone, side = self.query.get("zone", ""), self.query.get("side", "")
        where = [word for word in (zone, side) if word not in ("", "middle", "center")]
        return " ".join(["the", *(where or ["central"]), *self.adjectives, thing])

    def _place(self) -> str:
        """Return where the query's things lie, as words that follow a noun; "" if it is free."""
        zone, side = self.query.get("zone", ""), self.query.get("side", "")
        if not zone and not side:
            return ""
        if self.style.in_the_body:
            return _place_in_the_lungs(zone, side, self.manner)
        if zone and side:
            edge, part = f"at the {_edge(zone, side)}", f"in the {_part(zone, side)}"
            return (edge, part, edge, part)[self.manner]
        if side:
            manners = ("on the {}", "on the {} side", "in the {} half", "in the {} part")
            return manners[self.manner].format(side)
        return (
            f"at the {_EDGES[zone]}",
            *(f"in the {zone} {noun}" for noun in ("half", "part", "half")),
        )[self.manner]


def _place_in_the_lungs(zone: str, side: str, manner: int) -> str:
    """Return where in the lungs something lies."""
    if not side:
        zones = ("lung zones", "zones", "lungs", "lung fields")[manner]
        return f"in the {zone} {zones}"
    if zone == "all":
        return f"in all of the {side} lung"
    where = f"{zone} {side}".strip()
    if manner < 2 or not zone or " " in zone:
        return f"in the {where} lung"
    return f"in the {zone} {('zone', 'third')[manner % 2]} of the {side} lung"


def _edge(zone: str, side: str) -> str:
    """Return "top left" and its like."""
    words = (_EDGES.get(zone, ""), side if side != "center" else "")
    return " ".join(word for word in words if word) or "center"


def _part(zone: str, side: str) -> str:
    """Return "upper left part" and its like."""
    words = (zone if zone != "middle" else "", side if side != "center" else "")
    where = " ".join(word for word in words if word)
    return f"{where} part" if where else "centre"


def _written(rng: np.random.Generator, sentence: str) -> str:
    """Return the sentence in single blanks, some with a capital and a full stop."""
    sentence = " ".join(sentence.split()).replace(" ,", ",")
    if rng.random() < 0.35:
        return sentence[0].upper() + sentence[1:] + "."
    return sentence
