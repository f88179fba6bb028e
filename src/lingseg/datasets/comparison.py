"""What a sentence says against what a mask shows.

Only what is certain is held against a sentence: places are compared where they are those of the
picture, sizes where they are beyond dispute, and a mask near a border lies on both sides of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from lingseg.datasets.mask_facts import LARGE_FROM, MIDDLE_BAND, MaskFacts
from lingseg.language.facts import Attribute, Facts, Finding, Place
from lingseg.language.grammar import understand
from lingseg.language.phrasing import phrase, say_number
from lingseg.language.position import SIDE_OPPOSITES
from lingseg.language.side import Side

CLEAR_PART = 0.05
"""Share of a mask from which on a part must be counted; smaller ones may be."""
OTHER_SIDE = 0.1
"""Share of a mask that lies on the other side from which on it is on both."""
OFF_MIDDLE = 0.1
"""How far from the picture's middle a part must have its centre to lie on one side for certain."""
TOLERANCE = 0.05
"""Share of the picture by which a centre may lie outside of the zone named."""
NEVER_LARGE = 0.002
"""Share of the picture below which nothing is large. "Large" is said of its kind: a nodule three
centimetres wide fills less than a hundredth of a chest film."""

IS_EMPTY = "is empty"

_ZONES = MappingProxyType(
    {
        "upper": (0.0, 0.5),
        "middle": (1 / 3, 2 / 3),
        "center": (1 / 3, 2 / 3),
        "lower": (0.5, 1.0),
    }
)
"""Shares of the picture's height; "upper" may mean its third or its half."""
_LUNG_ZONES = MappingProxyType(
    {
        "upper": (0.0, 0.5),
        "apical": (0.0, 0.5),
        "middle": (0.2, 0.7),
        "lower": (0.2, 1.0),
        "basal": (0.2, 1.0),
    }
)
"""Shares of a film's height in which the thirds of a lung may have their centre. Films that show
the belly as well have their lungs in the upper half (seen in qata_cov19), so little is certain."""

_IN_THEIR_HALF = frozenset([None, "lung", "pleura", "kidney", "diaphragm", "rib"])
"""Where left and right are those of the picture: what lies anywhere, or in organs that are shown in
pairs. A left breast is shown alone, the left of a liver lies anywhere."""
_LUNGS = frozenset(["lung", "pleura"])
_CLOSE_UPS = frozenset(["ultrasound", "breast ultrasound"])
"""Where a single organ may fill the picture, whichever side it is of."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One thing that a sentence says and a mask shows, too."""

    attribute: Attribute
    agrees: bool
    says: str
    """The sentence: "two", "upper left"."""
    shows: str
    """The mask: "has one part"."""
    is_one_sided: bool = False
    """Whether both name one side, so that they tell whose left is meant."""

    def __str__(self) -> str:
        """Return it as a plain line."""
        return f"the sentence says {self.says}, the mask {self.shows}"


def compare_text(text: str, side: Side, mask: MaskFacts) -> tuple[Comparison, ...]:
    """Return what can be compared, at most once for each attribute.

    Nothing is, unless every word of the text was understood as it stands.

    Args:
        text: The sentence.
        side: Whose left and right it means.
        mask: What the mask shows.
    """
    understood = understand(text, side=side)
    return compare_facts(understood.facts, mask) if understood.is_certain else ()


def compare_facts(facts: Facts, mask: MaskFacts) -> tuple[Comparison, ...]:
    """Return what can be compared; what is not stated, or too near to call, is not."""
    presence = _compare_presence(facts, mask)
    there = facts.affirmed.findings
    if mask.is_empty or not there or not all(map(_is_plain, facts.findings)):
        return _without_none(presence)
    return _without_none(
        presence,
        _compare_count(there, mask),
        _compare_side(there, facts, mask),
        _compare_zone(there, facts, mask),
        _compare_size(there, mask),
    )


def _without_none(*comparisons: Comparison | None) -> tuple[Comparison, ...]:
    """Return the comparisons that could be made."""
    return tuple(one for one in comparisons if one is not None)


def _is_plain(finding: Finding) -> bool:
    """Return whether a finding tells what is marked, not which of several things it is."""
    return not (finding.refers_back or finding.order or finding.presence == "excepted")


def _compare_presence(facts: Facts, mask: MaskFacts) -> Comparison | None:
    """Compare whether there is anything; denied places or sizes deny only what is there."""
    presences = {one.presence for one in facts.findings}
    shows = IS_EMPTY if mask.is_empty else "is not empty"
    if presences == {"present"} and not any(one.certainty for one in facts.findings):
        return Comparison(
            attribute="presence", agrees=not mask.is_empty, says="it is there", shows=shows
        )
    if presences == {"present", "absent"} and mask.is_empty:
        return _compare_affirmed(facts)
    is_denied = presences == {"absent"} and not any(map(_is_narrowed, facts.findings))
    if not is_denied:
        return None
    return Comparison(
        attribute="presence", agrees=mask.is_empty, says="nothing is there", shows=shows
    )


def _compare_affirmed(facts: Facts) -> Comparison | None:
    """Hold an empty mask against what is said to be there beside what is denied."""
    there = facts.affirmed.findings
    if any(one.certainty or one.refers_back for one in there):
        return None
    are = "is" if len(there) == 1 and there[0].count in (None, 1) else "are"
    return Comparison(
        attribute="presence",
        agrees=False,
        says=f"{phrase(facts.affirmed)} {are} there",
        shows=IS_EMPTY,
    )


def _is_narrowed(finding: Finding) -> bool:
    """Return whether only some of a kind are spoken of."""
    return bool(
        finding.places
        or finding.sizes
        or finding.millimetres
        or finding.nature
        or finding.count is not None
        or not _is_plain(finding)
    )


def _compare_count(findings: Sequence[Finding], mask: MaskFacts) -> Comparison | None:
    """Compare numbers; parts between a speck and a clear part may be counted or not."""
    if any(one.count is None or one.quantifier not in (None, "only") for one in findings):
        return None
    count = sum(one.count or 0 for one in findings)
    num_clear = sum(part.share >= CLEAR_PART for part in mask.parts)
    num_parts = len(mask.parts)
    return Comparison(
        attribute="count",
        agrees=num_clear <= count <= num_parts + mask.num_specks,
        says=say_number(count),
        shows=f"has {say_number(num_parts)} part{'s' * (num_parts != 1)}",
    )


def _compare_side(findings: Sequence[Finding], facts: Facts, mask: MaskFacts) -> Comparison | None:
    """Compare sides where all that is spoken of has one."""
    sides = {place.side for one in findings for place in one.places}
    if not _are_placed(findings, facts) or None in sides:
        return None
    wanted = "both" if len(sides) > 1 else str(sides.pop())
    shown = _side_of_both(mask) if wanted == "both" else _side_of_one(mask)
    if shown is None:
        return None
    whose = "the patient's " if facts.side == "patient" else "the picture's "
    if facts.side == "patient":
        shown = SIDE_OPPOSITES.get(shown, shown)
    return Comparison(
        attribute="side",
        agrees=shown == wanted,
        says="both sides" if wanted == "both" else whose + wanted,
        shows="lies on both sides" if shown == "both" else f"lies on {whose}{shown}",
        is_one_sided="both" not in (wanted, shown),
    )


def _side_of_both(mask: MaskFacts) -> str | None:
    """Return where a mask lies that should lie on both sides; None where that is hard to say."""
    if mask.left_share and mask.right_share:
        return "both"
    if max(mask.left_share, mask.right_share) < 1:
        return None  # some of it lies in the middle
    return "left" if mask.left_share else "right"


def _side_of_one(mask: MaskFacts) -> str | None:
    """Return where a mask lies that should lie on one side; None where that is hard to say."""
    if mask.column is None or abs(mask.column - 0.5) <= MIDDLE_BAND:
        return None
    is_left = mask.column < 0.5
    strays = (
        part.share
        for part in mask.parts
        if (part.column < 0.5) != is_left and abs(part.column - 0.5) > OFF_MIDDLE
    )
    if sum(strays) >= OTHER_SIDE:
        return "both"
    return "left" if is_left else "right"


def _compare_zone(findings: Sequence[Finding], facts: Facts, mask: MaskFacts) -> Comparison | None:
    """Compare how high the mask lies with the only zone, or with that of each side."""
    places = [place for one in findings for place in one.places]
    is_each_once = sorted(str(place.side) for place in places) == ["left", "right"]
    if not _are_placed(findings, facts) or not (len(places) == 1 or is_each_once):
        return None
    if any(one.anatomy not in (None, *_LUNGS) for one in findings):
        return None
    bands = _LUNG_ZONES if any(one.anatomy for one in findings) else _ZONES
    judged = [
        (place, centre, _is_within(place, centre, bands))
        for place in places
        if (centre := _centre(mask, place, facts.side, is_alone=len(places) == 1)) is not None
        and place.zones
        and set(place.zones) <= bands.keys()
    ]
    if not judged:
        return None
    place, (row, column), agrees = min(judged, key=lambda one: one[2])
    return Comparison(
        attribute="zone",
        agrees=agrees,
        says=str(place),
        shows=f"has its centre {row:.0%} down and {column:.0%} across the picture",
    )


def _centre(
    mask: MaskFacts, place: Place, side: Side, *, is_alone: bool
) -> tuple[float, float] | None:
    """Return mean row and column of the parts on a place's side, of all for the only place.

    None where too little of the mask lies there to say.
    """
    if is_alone:
        return None if mask.row is None or mask.column is None else (mask.row, mask.column)
    is_left = (place.side == "left") == (side == "image")
    parts = [part for part in mask.parts if (part.column < 0.5) == is_left]
    share = sum(part.share for part in parts)
    if share < OTHER_SIDE:
        return None
    row = sum(part.row * part.share for part in parts) / share
    return row, sum(part.column * part.share for part in parts) / share


def _is_within(
    place: Place, centre: tuple[float, float], bands: Mapping[str, tuple[float, float]]
) -> bool:
    """Return whether a centre lies in the zones of a place, or a little outside."""
    row, column = centre
    low = min(bands[zone][0] for zone in place.zones) - TOLERANCE
    high = max(bands[zone][1] for zone in place.zones) + TOLERANCE
    is_across = place.zones != ("center",) or place.side is not None or low <= column <= high
    return low <= row <= high and is_across


def _compare_size(findings: Sequence[Finding], mask: MaskFacts) -> Comparison | None:
    """Compare sizes where it is beyond dispute: small things do not fill the picture."""
    sizes = {size for one in findings for size in one.sizes}
    if len(sizes) != 1 or any(one.anatomy for one in findings):
        return None
    size = sizes.pop()
    is_impossible = {
        "small": mask.picture_share >= LARGE_FROM and len(mask.parts) == 1,
        "large": mask.picture_share < NEVER_LARGE,
    }
    return Comparison(
        attribute="size",
        agrees=not is_impossible.get(size, False),
        says=size,
        shows=f"fills {mask.picture_share:.1%} of the picture",
    )


def _are_placed(findings: Sequence[Finding], facts: Facts) -> bool:
    """Return whether the places of all findings are places in the picture."""
    is_close_up = facts.modality in _CLOSE_UPS
    return facts.side != "none" and all(
        one.places
        and one.anatomy in _IN_THEIR_HALF
        and not (one.anatomy and is_close_up)
        and not (one.part or one.density or one.distribution)
        for one in findings
    )
