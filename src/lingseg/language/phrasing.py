"""Facts to an English sentence, in several manners; `understand` reads each of them back."""

import random
from types import MappingProxyType

from lingseg.language.facts import Facts, Finding, Place
from lingseg.language.lexicon import Lexicon, lexicon
from lingseg.language.plural import with_plural_ending

MANNERS = 5
"""How many ways there are to build a sentence; each draws among the words for a thing, too."""

_ADJECTIVES = ("order", "colour", "brightness", "shape", "nature")
_PARTS = MappingProxyType(
    {
        "anterior": "anterior part of the",
        "posterior": "posterior part of the",
        "whole": "whole",
    }
)
_PICTURES_THEMSELVES = ("MRI", "CT", "X-ray")
"""Words after which no "image" is needed."""


def phrase(facts: Facts, *, seed: int = 0) -> str:
    """Return a sentence that states the facts.

    Args:
        facts: What is to be said.
        seed: Which wording; seeds that differ by less than `MANNERS` differ in how the sentence is
            built, others perhaps in single words only.
    """
    writer = _Writer(random.Random(seed), seed % MANNERS)  # noqa: S311 (words, not secrets)
    findings = "; ".join(writer.finding(finding) for finding in facts.findings)
    shown = _picture(facts)
    if not shown:
        return findings
    return f"{findings} {'of' if findings.endswith(' part') else 'in'} the {shown}"


def say_number(count: int) -> str:
    """Return a number in words where there is a word, or in digits."""
    said = lexicon("en").says.get(("count", str(count)))
    return said[0] if said else str(count)


def _picture(facts: Facts) -> str:
    """Return what kind of picture it is; empty if that is not said."""
    says = lexicon("en").says
    named = {"plane": facts.plane, "sequence": facts.sequence, "modality": facts.modality}
    written = " ".join(says[kind, value][0] for kind, value in named.items() if value)
    return written if not written or written.endswith(_PICTURES_THEMSELVES) else f"{written} image"


class _Writer:
    """One way of saying things."""

    def __init__(self, rng: random.Random, manner: int) -> None:
        """Keep the source of chance and the manner."""
        self._rng, self._manner = rng, manner
        self._words: Lexicon = lexicon("en")

    def finding(self, finding: Finding) -> str:
        """Return one finding with its place."""
        thing, places = self._thing(finding), self._places(finding)
        if finding.presence != "present":
            return self._with_rest(finding, f"{thing} {places}".strip())
        is_counted = finding.count is not None
        there = "there are " if is_counted and finding.count != 1 else "there is "
        starts = ("", there if is_counted else "find ", "", "segment ", "please mark ")
        start = starts[self._manner] if places or self._manner != 2 else "show "
        gap = ", located " if places and self._manner == 2 else " "
        return self._with_rest(finding, f"{start}{thing}{gap}{places}".strip())

    def _with_rest(self, finding: Finding, sentence: str) -> str:
        """Return the sentence with what follows it: lengths, density and distribution."""
        rest = [sentence]
        if finding.millimetres:
            by_ten = self._manner % 2
            lengths = (f"{length / (10 if by_ten else 1):.6f}" for length in finding.millimetres)
            size = " x ".join(length.rstrip("0").rstrip(".") for length in lengths)
            rest.append(f"{finding.measure or 'measuring'} {size} {'cm' if by_ten else 'mm'}")
        if finding.density:
            rest.append(f"density {finding.density}")
        if finding.distribution:
            rest.append(self._said("distribution", finding.distribution))
        return ", ".join(rest)

    def _thing(self, finding: Finding) -> str:
        """Return what is spoken of with all that describes it, but not where it lies."""
        words = [{"present": "", "absent": "no", "excepted": "except"}[finding.presence]]
        is_free = finding.count is None and finding.quantifier is None
        if is_free and finding.presence == "present" and self._manner:
            words.append("the")
        words += [self._said(name, getattr(finding, name)) for name in ("certainty", "quantifier")]
        if finding.count is not None:
            words.append(str(finding.count) if self._manner == 2 else say_number(finding.count))
        words.append(self._said("laterality", finding.laterality))
        words.append(", ".join(self._said("size", size) for size in finding.sizes))
        words += [self._said(name, getattr(finding, name)) for name in _ADJECTIVES]
        words.append(self._noun(finding))
        return " ".join(" ".join(words).split())

    def _noun(self, finding: Finding) -> str:
        """Return the noun, in its plural where there are several."""
        is_plural = finding.count not in (None, 1)
        if finding.refers_back:
            return "ones" if is_plural else "one"
        if finding.finding:
            is_listed = ("finding", finding.finding) in self._words.says
            kind = "finding" if is_listed else "area"
            return self._said(kind, finding.finding, is_plural=is_plural)
        organ = _organ(finding)
        if organ and _lies_within_the_picture(finding):
            return organ
        return self._joined([f"{place} {organ or 'part'}" for place in finding.places]) or organ

    def _places(self, finding: Finding) -> str:
        """Return where it lies, with the organ unless that is the thing itself."""
        is_a_thing = finding.finding or finding.refers_back
        organ = _organ(finding) if is_a_thing else ""
        if not finding.places:
            return f"in the {organ}" if organ else ""
        if not is_a_thing and not _lies_within_the_picture(finding):
            return ""  # "the left lung": the noun holds the place
        places = [f"{_with_article(place)} {organ or 'part'}" for place in finding.places]
        return f"in {self._joined(places)}"

    def _joined(self, places: list[str]) -> str:
        """Return several places as a list."""
        return (" and " if self._manner % 2 else ", ").join(places)

    def _said(self, kind: str, value: str | None, *, is_plural: bool = False) -> str:
        """Return one of the ways to say something; empty for nothing."""
        if value is None:
            return ""
        said = self._rng.choice(self._words.says[kind, value])
        if not is_plural:
            return said.removesuffix("~")
        if said.endswith("~"):
            return with_plural_ending(said[:-1])
        return self._words.plurals.get(said, said)


def _organ(finding: Finding) -> str:
    """Return the organ, or the part of it that is meant; empty if neither is named."""
    if not finding.anatomy or not finding.part:
        return finding.part or finding.anatomy or ""
    if finding.places:  # "the lower left lobe of the lung" would be read as two things
        return f"{finding.part} {finding.anatomy}"
    return f"{_PARTS.get(finding.part, finding.part + ' of the')} {finding.anatomy}"


def _lies_within_the_picture(finding: Finding) -> bool:
    """Return whether an organ is placed as a whole: "the fetal head in the center part"."""
    is_organ = finding.anatomy is not None and finding.finding is None
    return is_organ and all(place == Place(zones=("center",)) for place in finding.places)


def _with_article(place: Place) -> str:
    """Return one place, zones first, with the article it needs: none for "both" and "all"."""
    has_none = place.side == "both" or (place.side and "all" in place.zones)
    return str(place) if has_none else f"the {place}"
