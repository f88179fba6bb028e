"""What a sentence states about an image, apart from its words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from lingseg.language.position import HEIGHT_OPPOSITES, SIDE_OPPOSITES, both_ways
from lingseg.language.side import Side
from lingseg.language.turn import Flip

Presence: TypeAlias = Literal["present", "absent", "excepted"]
""""excepted": what "everything except the left one" leaves out."""

Attribute: TypeAlias = Literal["side", "zone", "count", "size", "brightness", "shape", "presence"]
"""What a contradiction may change."""

ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)

_HEIGHTS = both_ways(*HEIGHT_OPPOSITES.items(), ("apical", "basal"))
_THIRDS = ("upper", "middle", "lower")
_OTHER_SIZE = MappingProxyType(
    {"medium": "large", **both_ways(("small", "large"), ("smallest", "largest"))}
)
_OTHER_BRIGHTNESS = MappingProxyType(
    {
        "anechoic": "hyperechoic",
        **both_ways(
            ("dark", "bright"),
            ("faint", "dense"),
            ("hypoechoic", "hyperechoic"),
            ("hypointense", "hyperintense"),
            ("darkest", "brightest"),
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place: a side, zones from top to bottom as they were named, or both."""

    side: str | None = None
    """"left", "right" or "both"."""
    zones: tuple[str, ...] = ()
    """"upper", "middle", "lower", "center", "all", "apical", "basal" and their like."""

    def __str__(self) -> str:
        """Return the place in words, zones first."""
        return " ".join([*self.zones, *([self.side] if self.side else [])])


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing, or several of a kind, that a sentence speaks of; None: nothing is said of that."""

    finding: str | None = None
    """What it is; None with an anatomy: the anatomy itself is meant."""
    nature: str | None = None
    anatomy: str | None = None
    """The organ; names such as "left ventricle" are whole."""
    part: str | None = None
    places: tuple[Place, ...] = ()
    laterality: str | None = None
    presence: Presence = "present"
    certainty: str | None = None
    count: int | None = None
    quantifier: str | None = None
    order: str | None = None
    refers_back: bool = False
    """Whether it is one of those named before ("two lesions, the larger one ...")."""
    sizes: tuple[str, ...] = ()
    millimetres: tuple[float, ...] = ()
    measure: str | None = None
    shape: str | None = None
    colour: str | None = None
    brightness: str | None = None
    density: str | None = None
    distribution: str | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one sentence states, and whose left and right it means."""

    findings: tuple[Finding, ...]
    side: Side
    modality: str | None = None
    plane: str | None = None
    sequence: str | None = None

    @property
    def affirmed(self) -> "Facts":
        """What is said to be there, without what is denied or left out."""
        there = tuple(one for one in self.findings if one.presence == "present")
        return replace(self, findings=there)

    @property
    def denies_all(self) -> bool:
        """Whether something is spoken of, and all of it is denied."""
        return {one.presence for one in self.findings} == {"absent"}

    def flipped(self, direction: Flip) -> "Facts":
        """Return what is true of the picture flipped; with side "none" nothing changes.

        As in `mirror_text`, a vertical flip turns a patient's upper zone into the lower one; lobes
        and other names stay.
        """
        if self.side == "none":
            return self
        change = _with_other_side if direction == "horizontal" else _with_other_height
        return replace(self, findings=tuple(change(finding) for finding in self.findings))

    def mirrored(self) -> "Facts":
        """Return what is true of the picture in a mirror."""
        return self.flipped("horizontal")

    def to_side(self, wanted: Side) -> "Facts":
        """Return the same facts told with the left and right of `wanted`; names stay."""
        if "none" in (self.side, wanted) or wanted == self.side:
            return replace(self, side=wanted)
        return replace(self.mirrored(), side=wanted)

    def states(self, attribute: Attribute) -> bool:
        """Return whether there is anything that `contradicted(attribute)` would change."""
        return any(_contradict(one, attribute) != one for one in self.findings)

    def contradicted(self, attribute: Attribute) -> "Facts":
        """Return facts that say otherwise in one attribute, and the same in all others.

        Raises:
            ValueError: The attribute is not one of `ATTRIBUTES`, or nothing is said of it.
        """
        if attribute not in ATTRIBUTES:
            raise ValueError(f"{attribute!r} is no attribute; choose one of {ATTRIBUTES}.")
        if not self.states(attribute):
            raise ValueError(
                f"The facts say nothing of {attribute} that has an opposite. Ask `states` first."
            )
        findings = tuple(_contradict(finding, attribute) for finding in self.findings)
        return replace(self, findings=findings)


def _contradict(finding: Finding, attribute: Attribute) -> Finding:
    """Return the finding with the attribute otherwise; itself where it says nothing of it."""
    match attribute:
        case "side":
            return _with_other_side(finding)
        case "zone":
            return replace(finding, places=tuple(map(_in_other_zones, finding.places)))
        case "count":
            return _with_other_count(finding)
        case "size":
            sizes = tuple(dict.fromkeys(_OTHER_SIZE[size] for size in finding.sizes))
            return replace(finding, sizes=sizes, order=_other(_OTHER_SIZE, finding.order))
        case "brightness":
            brightness = _other(_OTHER_BRIGHTNESS, finding.brightness)
            order = _other(_OTHER_BRIGHTNESS, finding.order)
            return replace(finding, brightness=brightness, order=order)
        case "shape":
            other = "irregular" if finding.shape == "round" else "round"
            return replace(finding, shape=finding.shape and other)
    presence: Presence = "present" if finding.presence == "absent" else "absent"
    return finding if finding.presence == "excepted" else replace(finding, presence=presence)


def _with_other_side(finding: Finding) -> Finding:
    """Return the finding with left and right exchanged."""
    places = (replace(one, side=_other(SIDE_OPPOSITES, one.side)) for one in finding.places)
    order = _other(SIDE_OPPOSITES, finding.order)
    return replace(finding, places=tuple(places), order=order)


def _with_other_height(finding: Finding) -> Finding:
    """Return the finding with up and down exchanged; lobes keep their names."""
    order = _other(HEIGHT_OPPOSITES, finding.order)
    if finding.part == "lobe":
        return replace(finding, order=order)
    places = (
        replace(place, zones=tuple(_HEIGHTS.get(zone, zone) for zone in reversed(place.zones)))
        for place in finding.places
    )
    return replace(finding, places=tuple(places), order=order)


def _in_other_zones(place: Place) -> Place:
    """Return a place in the opposite zones, or in the thirds not named where there are none."""
    zones = tuple(_HEIGHTS.get(zone, zone) for zone in reversed(place.zones))
    if set(zones) != set(place.zones) or set(zones) & {"all", "apical", "basal"}:
        return replace(place, zones=zones)
    if not set(zones) <= {*_THIRDS, "center"} or not zones:
        return place
    if "center" in zones:
        return replace(place, zones=("upper",))
    others = tuple(third for third in _THIRDS if third not in zones)
    return replace(place, zones=others[:1] or zones)


def _with_other_count(finding: Finding) -> Finding:
    """Return the finding with one for several and two for one."""
    if finding.count is None:
        return finding
    return replace(finding, count=2 if finding.count == 1 else 1)


def _other(opposites: Mapping[str, str], word: str | None) -> str | None:
    """Return the opposite of a word; the word itself if it has none."""
    return None if word is None else opposites.get(word, word)
