"""The words that say where something lies, and the names that only look like them."""

import re
from collections.abc import Mapping
from types import MappingProxyType


def both_ways(*pairs: tuple[str, str]) -> Mapping[str, str]:
    """Return a table in which each word of a pair leads to the other."""
    return MappingProxyType(dict(pairs) | {second: first for first, second in pairs})


def _any_of(words: str) -> str:
    """Return the pattern of any of the words, the longest first."""
    return "|".join(sorted(words.split(), key=len, reverse=True))


def _set_of(words: str) -> frozenset[str]:
    """Return the words as a set."""
    return frozenset(words.split())


SIDE_OPPOSITES = both_ways(
    ("left", "right"),
    ("leftmost", "rightmost"),
    ("leftward", "rightward"),
    ("leftwards", "rightwards"),
    ("lt", "rt"),
    *(("LUL", "RUL"), ("LML", "RML"), ("LLL", "RLL"), ("LUQ", "RUQ"), ("LLQ", "RLQ")),
)
"""Those in capitals, lobes of the lungs and quadrants of the belly, are meant in capitals only."""

HEIGHT_OPPOSITES = both_ways(
    ("upper", "lower"),
    ("uppermost", "lowermost"),
    ("top", "bottom"),
    ("topmost", "bottommost"),
    ("above", "below"),
    ("upward", "downward"),
    ("upwards", "downwards"),
    ("superior", "inferior"),
    ("superiorly", "inferiorly"),
    ("cranial", "caudal"),
    ("cranially", "caudally"),
    ("cephalad", "caudad"),
)

CENTRE_WORDS = frozenset(
    ["center", "centre", "central", "centrally", "middle", "mid", "midline", "retroareolar"]
)

_SIDED_NAMES = r"""(?:left|right)(?:\s*(?:and|or|/|,)\s*(?:left|right))?[\s-]+(?:
    ventric(?:le|les|ular)|atri(?:um|a|al)|atrioventricular|auricle|heart|outflow\ tract
    |(?:main|coronary|anterior\ descending|circumflex|marginal)
        (?:\s+(?:coronary|artery|arteries|stem|branch|cusp))+
    |anterior\ descending|circumflex|bundle[\s-]branch
    |hepatic|portal|gastric|gastro-?(?:epiploic|omental)|colic|colon|hemicolon
    |(?:liver\ )?lobe\ of\ (?:the\ )?liver|liver\ lobe
    |angled?s?|next\ to|beside|away
)\b"""
"""Parts that keep their name in a mirrored body (the chamber that feeds the aorta is the left
ventricle even in dextrocardia), and phrases in which "right" is no side."""

_HEIGHT_NAMES = r"""(?:(?:upper|lower|superior|inferior)(?:\s+(?:left|right))?[\s-]+(?:
    lobes?|limbs?|extremit(?:y|ies)|lips?|eyelids?|jaws?|backs?|legs?|arms?|gi|gastrointestinal
    |endoscopy|respiratory|airways?|tract|vena\ cava|mesenteric|turbinates?|thyroid|epigastric
    |(?:temporal|frontal|parietal)|gyr(?:us|i)|collicul(?:us|i)|o?esophageal\ sphincter|oblique)
    |lower\s+(?:than|density|signal|intensity|contrast|attenuation|echogenicity|grade)
    |(?:upper|lower)\s+(?:limits?|bounds?)
)\b"""
"""Parts of the body named once and for all, and comparisons ("lower density than")."""

NAMES_THAT_KEEP_THEIR_SIDE = re.compile(r"\b" + _SIDED_NAMES, re.IGNORECASE | re.VERBOSE)
NAMES_THAT_KEEP_THEIR_HEIGHT = re.compile(r"\b" + _HEIGHT_NAMES, re.IGNORECASE | re.VERBOSE)

_ANYWHERE = r"""clockwise|counter-?clockwise|anti-?clockwise|o\W?\s?clock|diagonal(?:ly)?
    |(?:north|south|east|west|northeast|northwest|southeast|southwest)(?:ern)?
    |(?:dextro|levo)[a-z]+|situs"""
_DEPTHS = "anterior|anteriorly|posterior|posteriorly|ventral|dorsal|front|rear"
_GRAVITY = r"""beneath|under|underneath|on\ top\ of|higher|highest|lowest|apical|apex|apices
    |basal|basilar|base|bases|(?:fluid|air-fluid)\ levels?|layering|dependent"""

UNKNOWN_TO_A_HORIZONTAL_FLIP = re.compile(
    rf"\b(?:{_ANYWHERE}|(?-i:[LR])|(?:sagittal|lateral\ view)\b.*\b(?:{_DEPTHS})"
    rf"|(?:{_DEPTHS})\b.*\b(?:sagittal|lateral\ view))\b",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
"""Words of place that no table here rewrites: a sentence with one of them is not flipped."""

UNKNOWN_TO_A_VERTICAL_FLIP = re.compile(
    rf"\b(?:{_ANYWHERE}|{_DEPTHS}|{_GRAVITY}|(?-i:[LR][UL]Q))\b", re.IGNORECASE | re.VERBOSE
)

UNKNOWN_TO_A_TURN = re.compile(
    rf"""\b(?:{_ANYWHERE}|{_DEPTHS}|{_GRAVITY}|lateral(?:ly)?|medial(?:ly)?
    |superior(?:ly)?|inferior(?:ly)?|cranial(?:ly)?|caudal(?:ly)?|cephalad|caudad
    |uppermost|lowermost|wide|wider|tall|taller|width|height|rows?|columns?
    |[lr]t|(?-i:[LR]|[LR][UML]L|[LR][UL]Q))\b""",
    re.IGNORECASE | re.VERBOSE,
)

PLACES = _set_of(
    """part parts half halves third thirds quarter quarters quadrant quadrants corner corners edge
    edges border borders margin area areas region regions zone zones portion section side sides
    end"""
)
"""What a picture has an upper and a left one of."""

FINDINGS = _set_of(
    """one ones blob blobs lesion lesions tumor tumors tumour tumours mass masses nodule nodules
    polyp polyps cyst cysts opacity opacities spot spots mole moles nevus nevi melanoma melanomas
    keratosis nucleus nuclei cell cells structure structures object objects shape shapes finding
    findings abnormality abnormalities infection growth growths node nodes patch patches"""
)
"""What may lie anywhere, so that "left" says only where in the picture it lies."""

STOP_WORDS = _set_of(
    """of in on at to is are was were and or but with without by near from for as that which has
    have shows show while whereas not no than next"""
)
"""Words that end the noun phrase a word of place may belong to."""

SIDE_WORD = re.compile(
    r"\b(?:(?:left|right)(?:most|wards?)?|[lr]t|(?-i:[LR][UML]L|[LR][UL]Q))\b", re.IGNORECASE
)
HEIGHT_WORD = re.compile(rf"\b(?:{_any_of(' '.join(HEIGHT_OPPOSITES))})\b", re.IGNORECASE)
CENTRE_WORD = re.compile(rf"\b(?:{_any_of(' '.join(CENTRE_WORDS))})\b", re.IGNORECASE)
