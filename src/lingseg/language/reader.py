"""How the phrases of a sentence become facts, one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lingseg.language.facts import Facts, Finding, Place
from lingseg.language.lexicon import Lexeme
from lingseg.language.side import Side
from lingseg.language.unread import HEADS, MARKS

_SIMPLE = frozenset(
    [
        *("finding", "nature", "quantifier", "order", "shape", "colour", "brightness"),
        *("distribution", "laterality", "certainty", "part"),
    ]
)
"""Kinds of words that say one thing of the finding, of which a sentence needs one only."""

_WHERE = frozenset(["side", "zone", "anatomy"])
_TOLD_ELSEWHERE = frozenset(["count", "size", "quantifier"])
"""Kinds of words that tell of one that is there, after another place where there is none."""
_OF_AN_ORGAN = frozenset(["anatomy", "side", "zone", "part"])
_OF_THE_PICTURE = ("modality", "plane", "sequence")


@dataclass
class _Draft:
    """A finding that is being read: what is known of it, and words that wait for their partner."""

    known: dict[str, Any] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    waiting: dict[str, Lexeme] = field(default_factory=dict)
    denial: Lexeme | None = None

    @property
    def has_head(self) -> bool:
        """Whether it is known what is spoken of."""
        return bool({"finding", "refers_back", "anatomy"} & self.known.keys())

    @property
    def is_bare_denial(self) -> bool:
        """Whether it is denied, and nothing tells what."""
        return self.known.keys() == {"presence"} and not self.places

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said."""
        return not self.known and not self.places


class Reader:
    """Reads phrases; keeps what was said so far and what could not be used."""

    def __init__(self, side: Side) -> None:
        """Begin a sentence whose left and right are those of `side`."""
        self._side = side
        self._drafts = [_Draft()]
        self._picture: dict[str, str] = {}
        self._unused: list[Lexeme] = []
        self._mark = ""
        self._is_but = False
        self._choice: Lexeme | None = None
        self._phrase_places = 0
        self._chosen: _Draft | None = None

    def read(self, phrase: Sequence[Sequence[Lexeme]]) -> None:
        """Take in one phrase, or the mark that ends one."""
        if phrase[0][0].kind in MARKS:
            self._take_mark(phrase[0][0])
            return
        self._leave_choice_open()
        self._open_draft(phrase)
        self._phrase_places = len(self._draft.places)
        has_finding = False
        for at, words in enumerate(phrase):
            one = words[-1]
            if self._leaves_finding(one, phrase[:at], phrase[at + 1 :]):
                self._drafts.append(_Draft())
                self._phrase_places, has_finding = 0, False
            if self._denies_a_trait(one, phrase[at + 1 :]):
                self._unused += [word for words in phrase[at:] for word in words]
                break
            if one.kind in ("side", "zone"):
                self._add_places(words)
            elif one.kind in ("among", "told"):
                self._take_choice(one)
                has_finding = has_finding and one.kind == "told"
            else:
                if one.kind == "finding" and has_finding:
                    self._drafts.append(_Draft())
                has_finding = has_finding or one.kind in HEADS
                self._take(words)
        self._end_choice()
        self._mark = ""

    def _take_mark(self, mark: Lexeme) -> None:
        """Take in what ends a phrase."""
        self._mark = mark.kind if self._mark != "stop" else "stop"
        self._is_but = mark.value == "but"
        if mark.value == "or":
            self._choice = mark

    def _leave_choice_open(self) -> None:
        """Give back an "or": of "mass or cyst" only one is there; of "no mass or cyst" none."""
        known = self._draft.known
        is_for_both = known.get("presence", "present") != "present"
        if self._choice and not is_for_both and known.get("quantifier") != "any":
            self._unused.append(self._choice)
        self._choice = None

    def left_over(self) -> list[Lexeme]:
        """Return the words that could not be used."""
        waiting = [word for one in self._drafts for word in one.waiting.values()]
        denials = [one.denial for one in self._drafts if one.is_bare_denial]
        return self._unused + waiting + [word for word in denials if word]

    def facts(self) -> Facts:
        """Return all that was said."""
        findings = tuple(
            Finding(**one.known, places=tuple(one.places))
            for one in self._drafts
            if not one.is_empty and not one.is_bare_denial
        )
        return Facts(findings=findings, side=self._side, **self._picture)

    @property
    def _draft(self) -> _Draft:
        """The finding that is being read."""
        return self._drafts[-1]

    def _open_draft(self, phrase: Sequence[Sequence[Lexeme]]) -> None:
        """Begin a new finding if the phrase speaks of another one than the last did."""
        words = [words[-1] for words in phrase]
        if self._draft.is_empty or not self._is_another(words):
            return
        last = self._draft.known
        tells_where = {one.kind for one in words} <= _OF_AN_ORGAN
        known: dict[str, Any] = {}
        if self._mark == "or" and last.get("presence") == "absent":
            known["presence"] = "absent"
        if self._mark in ("and", "or") and tells_where:
            # "cysts in the liver and the left kidney"
            known |= {name: last[name] for name in ("finding", "presence") if name in last}
        if self._is_but and last.get("presence") == "absent" and tells_where:
            known |= {"finding": last["finding"]} if "finding" in last else {}
        if self._leaves_out_its_noun(words):
            inherited = ("finding", "part", "anatomy")
            known |= {name: last[name] for name in inherited if name in last}
            if any(one.kind == "anatomy" for one in words):
                known.pop("anatomy", None)
                known.pop("part", None)
            if self._is_some_of_those_before(words):
                known["refers_back"] = True
        self._drafts.append(_Draft(known=known))

    def _is_another(self, words: Sequence[Lexeme]) -> bool:
        """Return whether a phrase speaks of something else than the draft."""
        kinds = {one.kind for one in words}
        if "except" in kinds or self._mark == "stop":
            says_enough = self._draft.has_head or self._draft.denial is not None
            return says_enough and not kinds <= set(_OF_THE_PICTURE)
        if not self._draft.has_head:
            return False
        known = self._draft.known
        if self._leaves_out_its_noun(words):
            return True
        if self._shares_its_finding(words):
            return False
        if "finding" in kinds or "pronoun" in kinds:
            return "finding" in known or self._mark in ("and", "or") or "pronoun" in kinds
        organs = {one.value for one in words if one.kind == "anatomy"}
        is_new_organ = "anatomy" in known and bool(organs) and known["anatomy"] not in organs
        return is_new_organ or (bool(organs) and "order" in kinds)

    def _shares_its_finding(self, words: Sequence[Lexeme]) -> bool:
        """Return whether a finding is at two places: "left lung and right lung infection"."""
        known, kinds = self._draft.known, [one.kind for one in words]
        if self._mark != "and" or kinds[-1] != "finding" or not known.keys() <= {"anatomy", "part"}:
            return False
        organs = {name: known[name] for name in known}
        here = {one.kind: one.value for one in words if one.kind in ("anatomy", "part")}
        return bool(organs) and organs == here and bool({"side", "zone"} & set(kinds))

    def _leaves_out_its_noun(self, words: Sequence[Lexeme]) -> bool:
        """Return whether a phrase is as "one at the top" after "two nodules", or "not the left"."""
        kinds = {one.kind for one in words}
        if not self._mark or kinds & HEADS:
            return False
        known = self._draft.known
        says_not = any((one.kind, one.value) == ("negation", "not") for one in words)
        if "negation" in kinds and (says_not or self._draft.places):
            return "presence" not in known and bool(kinds & {"side", "zone"})
        if "finding" not in known:
            return False
        if known.get("presence") == "absent" and kinds & _TOLD_ELSEWHERE and kinds & _WHERE:
            return True  # "no nodule on the left, but one on the right"
        if "order" in kinds and "count" not in known and "order" not in known:
            return bool(kinds & _WHERE) and kinds <= {"order", *_WHERE}
        if "count" not in known:
            return False
        # After a stop, "two small, medium nodules" may begin, whose noun comes after the comma.
        is_end = self._mark == "stop" and not self._is_but
        if is_end and not kinds & {"side", "zone", "anatomy", "order"}:
            return False
        is_choice = "order" in kinds and known["count"] > 1
        return "count" in kinds or is_choice

    def _is_some_of_those_before(self, words: Sequence[Lexeme]) -> bool:
        """Return whether the things now spoken of are some of those that were counted before."""
        counts = [int(one.value) for one in words if one.kind == "count"]
        before = [one.known for one in self._drafts if not one.known.get("refers_back")]
        number = before[-1].get("count", 0)
        return counts[0] < number if counts else any(one.kind == "order" for one in words)

    def _leaves_finding(
        self, one: Lexeme, before: Sequence[Sequence[Lexeme]], rest: Sequence[Sequence[Lexeme]]
    ) -> bool:
        """Return whether a word within a phrase begins another finding: "mass without cyst"."""
        if before and before[-1][-1].end == one.start:
            return False  # "mass?"
        if one.kind == "except":
            return self._draft.has_head
        is_denial = one.kind == "certainty" or (one.kind == "negation" and one.value != "missing")
        follows = any(words[-1].kind == "finding" for words in rest)
        return is_denial and follows and "finding" in self._draft.known

    def _denies_a_trait(self, one: Lexeme, rest: Sequence[Sequence[Lexeme]]) -> bool:
        """Return whether a trait is denied: "nodule, not calcified", "two, neither is large"."""
        kinds = {words[-1].kind for words in rest}
        is_not = one.kind == "negation" and one.value != "missing"
        is_of_a_trait = bool(kinds) and not kinds & (HEADS | {"anatomy", "part", "side", "zone"})
        return is_not and is_of_a_trait and self._draft.has_head

    def _take_choice(self, one: Lexeme) -> None:
        """Put what was said so far aside: it is one "of the two" that come now; or go on of it."""
        if one.kind == "told":
            self._end_choice()
            return
        self._chosen = self._drafts.pop()
        self._drafts.append(_Draft())
        self._phrase_places = 0

    def _end_choice(self) -> None:
        """Add the chosen one after those that it was chosen from."""
        if self._chosen is None:
            return
        known = {**self._chosen.known, "refers_back": True}
        if "finding" in self._draft.known:
            known["finding"] = self._draft.known["finding"]
        self._drafts.append(replace(self._chosen, known=known))
        self._chosen = None

    def _take(self, words: Sequence[Lexeme]) -> None:
        """Take in one word, or a number with its unit."""
        one = words[-1]
        if one.kind in _SIMPLE:
            self._put(one.kind, one.value, one)
        elif one.kind in _OF_THE_PICTURE:
            self._put_once(self._picture, one.kind, one.value, one)
        elif one.kind == "unit":
            self._take_quantity(*words)
        else:
            takers: dict[str, Callable[[Lexeme], None]] = {
                "area": self._take_area,
                "anatomy": self._take_anatomy,
                "pronoun": self._take_pronoun,
                "size": self._take_size,
                "number": self._take_count,
                "count": self._take_count,
                "measure": self._take_measure,
                "density": self._take_density,
                "level": self._take_density,
                "negation": self._take_presence,
                "except": self._take_presence,
            }
            takers[one.kind](one)

    def _put(self, name: str, value: object, word: Lexeme) -> None:
        """Note one thing of the finding."""
        self._put_once(self._draft.known, name, value, word)

    def _put_once(self, known: dict[str, Any], name: str, value: object, word: Lexeme) -> None:
        """Note a thing that can be said once; another value is left over."""
        if known.setdefault(name, value) != value:
            self._unused.append(word)

    def _wait(self, word: Lexeme) -> None:
        """Keep a word that says something only with another one."""
        if word.kind in self._draft.waiting:
            self._unused.append(word)
        else:
            self._draft.waiting[word.kind] = word

    def _take_area(self, one: Lexeme) -> None:
        """Take "areas" for the finding where none was named before; of others it says nothing."""
        if one.value != "area" or "finding" not in self._draft.known:
            self._put("finding", one.value, one)

    def _take_anatomy(self, one: Lexeme) -> None:
        """Take an organ; a second one holds another finding of the same kind."""
        known = self._draft.known
        if known.get("anatomy", one.value) != one.value and "finding" in known:
            self._drafts.append(_Draft(known={"finding": known["finding"]}))
            self._phrase_places = 0
        self._put("anatomy", one.value, one)

    def _take_pronoun(self, one: Lexeme) -> None:
        """Take "one" for what was named last."""
        if len(self._drafts) < 2:
            if one.value == "other":
                self._unused.append(one)
            return
        last = self._drafts[-2].known
        if self._draft.known.get("presence", "present") == "present":
            self._put("refers_back", True, one)
        if "finding" in last:
            self._put("finding", last["finding"], one)

    def _take_size(self, one: Lexeme) -> None:
        """Take a size; several things may have several."""
        sizes = (*self._draft.known.get("sizes", ()), one.value)
        self._draft.known["sizes"] = tuple(dict.fromkeys(sizes))

    def _take_count(self, one: Lexeme) -> None:
        """Take a number of things."""
        self._put("count", int(one.value), one)

    def _take_quantity(self, number: Lexeme, unit: Lexeme) -> None:
        """Take a length in millimetres, and what was measured."""
        factor = float(unit.value)
        lengths = tuple(round(float(part) * factor, 6) for part in number.value.split("x"))
        self._put("millimetres", lengths, number)
        measure = self._draft.waiting.pop("measure", None)
        if measure:
            self._put("measure", measure.value, measure)

    def _take_measure(self, one: Lexeme) -> None:
        """Take what was measured, said before the length or after it."""
        if "millimetres" in self._draft.known:
            self._put("measure", one.value, one)
        else:
            self._wait(one)

    def _take_density(self, one: Lexeme) -> None:
        """Take "density" and "high", in either order."""
        self._wait(one)
        waiting = self._draft.waiting
        if {"density", "level"} <= waiting.keys():
            level = waiting.pop("level")
            del waiting["density"]
            self._put("density", level.value, level)

    def _take_presence(self, one: Lexeme) -> None:
        """Take what denies or leaves out."""
        self._draft.denial = self._draft.denial or one
        self._put("presence", "excepted" if one.kind == "except" else "absent", one)

    def _add_places(self, words: Sequence[Lexeme]) -> None:
        """Take the places that a run of words names."""
        places = self._draft.places
        for place in _places(words):
            is_in_phrase = len(places) > self._phrase_places
            joined = _joined(places[-1], place) if is_in_phrase else None
            if joined:
                places[-1] = joined
            else:
                places.append(place)


def _places(words: Sequence[Lexeme]) -> list[Place]:
    """Return the places of a run such as "upper middle left" or "left upper"."""
    places = [Place()]
    for one in words:
        last = places[-1]
        if one.kind == "side" and last.side:
            places.append(Place(side=one.value))
        elif one.kind == "side":
            places[-1] = replace(last, side=one.value)
        elif last.side and last.zones:
            places.append(Place(zones=(one.value,)))
        else:
            places[-1] = replace(last, zones=(*last.zones, one.value))
    return places


def _joined(first: Place, second: Place) -> Place | None:
    """Return "left lung" and "base" as one place; None if they are two."""
    if first.side and not first.zones and not second.side:
        return replace(first, zones=second.zones)
    if second.side and not second.zones and not first.side:
        return replace(first, side=second.side)
    return None
