"""Facts drawn at random, for the round trip through words."""

import random
from itertools import combinations

from lingseg.language.facts import Facts, Finding, Place
from lingseg.language.lexicon import lexicon

_THIRDS = ("upper", "middle", "lower")
_ZONES = tuple(some for size in (1, 2, 3) for some in combinations(_THIRDS, size))
_ORGANS = ("lung", "liver", "breast", "kidney", "brain")
_SINGLE = ("nature", "shape", "colour", "brightness", "certainty", "laterality", "distribution")


def draw_facts(rng: random.Random) -> Facts:
    """Return one to three findings with a picture now and then."""
    findings = tuple(_draw_finding(rng) for _ in range(rng.choice((1, 1, 1, 2, 3))))
    modality = rng.choice((None, None, "ultrasound", "ct", "chest x-ray"))
    plane = rng.choice((None, "axial", "coronal")) if modality == "ct" else None
    side = rng.choice(("image", "patient"))
    return Facts(findings=findings, side=side, modality=modality, plane=plane)


def _draw_finding(rng: random.Random) -> Finding:
    """Return one finding that says some things and leaves others open."""
    said = {name: _one_of(rng, name) for name in _SINGLE if rng.random() < 0.25}
    places = tuple(_draw_place(rng) for _ in range(rng.choice((0, 1, 1, 2, 3))))
    return Finding(
        finding=_one_of(rng, "finding"),
        anatomy=rng.choice((None, *_ORGANS)),
        places=places,
        presence=rng.choice(("present", "present", "present", "absent", "excepted")),
        count=rng.choice((None, None, *range(1, 13))),
        quantifier=rng.choice((None, None, "any", "only", "several")),
        order=rng.choice((None, None, None, *_known("order"))),
        sizes=rng.choice(((), (), ("small",), ("large",), ("small", "medium"))),
        millimetres=rng.choice(((), (), (round(rng.uniform(1, 90), 1),), (30.0, 20.5))),
        density=rng.choice((None, None, None, "high", "low")),
        **said,
    )


def _draw_place(rng: random.Random) -> Place:
    """Return a side, zones or both."""
    if rng.random() < 0.4:
        return Place(side=rng.choice(("left", "right")), zones=rng.choice(_ZONES))
    if rng.random() < 0.5:
        return Place(side=rng.choice(("left", "right", "both")))
    return Place(zones=(rng.choice(("center", "basal", "apical", *_THIRDS)),))


def _known(kind: str) -> list[str]:
    return sorted(value for its, value in lexicon("en").says if its == kind)


def _one_of(rng: random.Random, kind: str) -> str:
    return rng.choice(_known(kind))
