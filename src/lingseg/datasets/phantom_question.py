"""What is asked of a phantom: pairs of sentences that differ in one thing, with their masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import numpy as np

from lingseg.datasets.phantom_scene import Slot, Stage, Style, Thing, Trait
from lingseg.datasets.phantom_sentence import Query, list_places, speak, speak_of_lungs
from lingseg.imaging.image import MaskPixels

Attribute: TypeAlias = Trait | Literal["count", "absence"]
"""What a sentence turns on: what makes it differ from the other one of its pair."""

ATTRIBUTES: tuple[str, ...] = (*get_args(Trait), "count", "absence")

WHOLE_PLACES: Mapping[Trait, tuple[str, ...]] = MappingProxyType(
    {"zone": ("upper", "middle", "lower"), "side": ("left", "center", "right")}
)
"""The thirds of a picture that a lone thing may lie in."""

_SHARE_OF_ABSENCE = 0.15
"""How often a pair is on absence although something else could be asked."""
_SHARE_OF_DENIALS = 0.5
_SHARE_OF_LISTS = 0.5
_SHARE_OF_LUNGS = 0.25
_SHARE_OF_PLAIN = 0.4
_SHARE_OF_COUNTED = 0.8


@dataclass(frozen=True, kw_only=True, eq=False)
class Description:
    """A sentence, and exactly what it describes."""

    text: str
    mask: MaskPixels
    attribute: Attribute
    pair: int | None = None
    """Shared by the two of one picture that differ in `attribute` only; None: it stands alone."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """All that can be asked about."""

    style: Style
    stage: Stage
    things: tuple[Thing, ...]
    spoken: tuple[Trait, ...]
    """The traits that sentences may name."""
    has_whole_places: bool
    """Whether zone and side are only named together, as in "at the top" for upper and center."""

    def union(self, things: Sequence[Thing]) -> MaskPixels:
        """Return where any of the things is."""
        mask = np.zeros(self.stage.canvas.shape[:2], dtype=np.bool_)
        for thing in things:
            mask |= thing.mask
        return mask

    def matching(self, query: Query) -> list[Thing]:
        """Return the things that are as the query says."""
        return [
            thing
            for thing in self.things
            if all(thing.traits[trait] == value for trait, value in query.items())
        ]

    def values(self, trait: Trait) -> list[str]:
        """Return the different values that things have of a trait, sorted."""
        return sorted({thing.traits[trait] for thing in self.things})

    def other_values(self, trait: Trait, value: str) -> list[str]:
        """Return what a thing could have had of a trait instead."""
        if trait == "size":  # told by comparison where there are several: only what is there
            values = self.values(trait)
        elif trait == "brightness":
            values = list(self.style.tones)
        elif trait == "shape":
            values = list(self.style.shapes)
        elif self.has_whole_places:
            values = list(WHOLE_PLACES[trait])
        else:
            values = sorted({slot[trait == "side"] for slot in self.stage.slots})
        return [other for other in values if other != value]


def draw_descriptions(rng: np.random.Generator, scene: Scene, number: int) -> list[Description]:
    """Return so many descriptions of the scene, as many as can be in pairs."""
    if not scene.things:
        return [_draw_denial(rng, scene) for _ in range(number)]
    descriptions: list[Description] = []
    for pair in range((number + 1) // 2):
        descriptions += _draw_pair(rng, scene, pair)
    return alone_where_parted(descriptions[:number])


def alone_where_parted(descriptions: Sequence[Description]) -> list[Description]:
    """Return the descriptions; those whose partner is not among them have no pair any more."""
    pairs = [each.pair for each in descriptions]
    return [
        each if each.pair is None or pairs.count(each.pair) > 1 else replace(each, pair=None)
        for each in descriptions
    ]


def _draw_pair(rng: np.random.Generator, scene: Scene, pair: int) -> list[Description]:
    """Return two descriptions that differ in one attribute, which is drawn as well."""
    attribute = _draw_attribute(rng, scene)
    organs = scene.stage.organs
    if organs and attribute in ("side", "count") and rng.random() < _SHARE_OF_LUNGS:
        return _ask_for_lungs(rng, scene, attribute, pair)
    if attribute == "count":
        return _ask_for_more_or_fewer(rng, scene, pair)
    if attribute == "absence":
        return _ask_for_what_is_not_there(rng, scene, pair)
    return _ask_for_one_or_the_other(rng, scene, attribute, pair)


def _draw_attribute(rng: np.random.Generator, scene: Scene) -> Attribute:
    """Return something that the things of the scene differ in, or absence."""
    possible: list[Attribute] = [trait for trait in scene.spoken if len(scene.values(trait)) > 1]
    if len(scene.things) > 1:
        possible.append("count")
    if not possible or rng.random() < _SHARE_OF_ABSENCE:
        return "absence"
    return possible[rng.integers(len(possible))]


def _ask_for_one_or_the_other(
    rng: np.random.Generator, scene: Scene, trait: Trait, pair: int
) -> list[Description]:
    """Return a contrast: "the dark lesion" and "the bright lesion", both of them there."""
    values = scene.values(trait)
    values = [values[nth] for nth in rng.permutation(len(values))[:2]]
    narrowed = _draw_narrowing(rng, scene, trait)
    queries: list[Query] = [{**narrowed, trait: value} for value in values]
    if not all(map(scene.matching, queries)):
        queries = [{trait: value} for value in values]
    found = [scene.matching(query) for query in queries]
    same_number = len(found[0]) == len(found[1])
    number = len(found[0]) if same_number and rng.random() < _SHARE_OF_COUNTED else None
    number = 1 if same_number and len(found[0]) == 1 else number
    seed = _draw_seed(rng)
    return [
        Description(
            text=speak(scene.style, query, number, seed),
            mask=scene.union(things),
            attribute=trait,
            pair=pair,
        )
        for query, things in zip(queries, found, strict=True)
    ]


def _draw_narrowing(rng: np.random.Generator, scene: Scene, trait: Trait) -> Query:
    """Return what else a sentence asks for, often nothing."""
    if rng.random() < _SHARE_OF_PLAIN:
        return {}
    other = scene.spoken[rng.integers(len(scene.spoken))]
    values = scene.values(other)
    return {other: values[rng.integers(len(values))]} if other != trait else {}


def _ask_for_more_or_fewer(rng: np.random.Generator, scene: Scene, pair: int) -> list[Description]:
    """Return two lists of places, one of them without one thing of the other."""
    number = int(rng.integers(2, len(scene.things) + 1))
    more = [scene.things[nth] for nth in rng.permutation(len(scene.things))[:number]]
    shared: dict[Trait, str] = {
        trait: more[0].traits[trait]
        for trait in scene.spoken
        if trait not in WHOLE_PLACES
        and len({thing.traits[trait] for thing in more}) == 1
        and rng.random() < 0.5
    }
    seed = _draw_seed(rng)
    return [
        Description(
            text=list_places(scene.style, [_slot(thing) for thing in things], shared, seed),
            mask=scene.union(things),
            attribute="count",
            pair=pair,
        )
        for things in (more, more[:-1])
    ]


def _ask_for_what_is_not_there(
    rng: np.random.Generator, scene: Scene, pair: int
) -> list[Description]:
    """Return a sentence on what is there, and one on what could be there but is not."""
    there, missing = _draw_missing(rng, scene)
    things = scene.matching(there)
    number = 1 if len(things) == 1 else None
    seed = _draw_seed(rng)
    if scene.has_whole_places and rng.random() < _SHARE_OF_LISTS:
        texts = [_listed_alone(scene, query, seed) for query in (there, missing)]
    else:
        is_denied = rng.random() < _SHARE_OF_DENIALS
        texts = [
            speak(scene.style, there, number, seed),
            speak(scene.style, missing, number, seed, is_denied=is_denied),
        ]
    both = [
        Description(text=text, mask=scene.union(shown), attribute="absence", pair=pair)
        for text, shown in zip(texts, (things, scene.matching(missing)), strict=True)
    ]
    return both if rng.random() < 0.7 else both[::-1]


def _draw_missing(rng: np.random.Generator, scene: Scene) -> tuple[Query, Query]:
    """Return what is asked of a thing, and the same with one change, which fits no thing.

    More and more is asked until that is so. It comes to an end: of things in places of their own,
    none has another brightness than its own.
    """
    attempt = 0
    while True:
        thing = scene.things[rng.integers(len(scene.things))]
        number = 1 + min(len(scene.spoken) - 1, int(rng.integers(2)) + attempt // 8)
        named = [scene.spoken[nth] for nth in rng.permutation(len(scene.spoken))[:number]]
        changed = named[0]
        if scene.has_whole_places:
            named += [trait for trait in WHOLE_PLACES if trait not in named]
        others = scene.other_values(changed, thing.traits[changed])
        there: Query = {trait: thing.traits[trait] for trait in named}
        if others:
            missing: Query = {**there, changed: others[rng.integers(len(others))]}
            if not scene.matching(missing):
                return there, missing
        attempt += 1


def _listed_alone(scene: Scene, query: Query, seed: int) -> str:
    """Return the sentence of a picture with one thing, as the open data sets write it."""
    shared = {trait: value for trait, value in query.items() if trait not in WHOLE_PLACES}
    return list_places(scene.style, [(query["zone"], query["side"])], shared, seed)


def _ask_for_lungs(
    rng: np.random.Generator, scene: Scene, attribute: Attribute, pair: int
) -> list[Description]:
    """Return two sentences that ask for lungs themselves."""
    sides = [("left", "right")[nth] for nth in rng.permutation(2)]
    asked = ([sides[0]], [sides[1]]) if attribute == "side" else (["left", "right"], sides[:1])
    seed = _draw_seed(rng)
    lungs = scene.stage.organs
    return [
        Description(
            text=speak_of_lungs(which, seed),
            mask=np.logical_or.reduce([lungs[side] for side in which]),
            attribute=attribute,
            pair=pair,
        )
        for which in asked
    ]


def _draw_denial(rng: np.random.Generator, scene: Scene) -> Description:
    """Return what is said of a picture with nothing in it."""
    query: dict[Trait, str] = {}
    if rng.random() < 0.6:
        tones = tuple(scene.style.tones)
        query["brightness"] = tones[rng.integers(len(tones))]
    if rng.random() < 0.5:
        query["side"] = ("left", "right")[rng.integers(2)]
    is_denied = rng.random() < 0.7
    text = speak(scene.style, query, 1, _draw_seed(rng), is_denied=is_denied)
    return Description(text=text, mask=scene.union([]), attribute="absence")


def _slot(thing: Thing) -> Slot:
    """Return where a thing lies."""
    return thing.traits["zone"], thing.traits["side"]


def _draw_seed(rng: np.random.Generator) -> int:
    """Return a seed for a phrasing."""
    return int(rng.integers(2**32))
