"""Facts to an English sentence, in several manners; `understand` reads each of them back."""

import random
from collections.abc import Callable

from lingseg.language.facts import Facts, Finding, Place
from lingseg.language.lexicon import Lexicon, lexicon

MANNERS = 5
"""How many ways there are to build a sentence; each draws among the words for a thing, too."""

_ADJECTIVES = ("order", "colour", "brightness", "shape", "nature")
_PICTURE = ("plane", "sequence", "modality")


def phrase(facts: Facts, *, seed: int = 0) -> str:
    """Return a sentence that states the facts.

    Args:
        facts: What is to be said.
        seed: Which wording; seeds that differ by less than `MANNERS` differ in how the sentence is
            built, others perhaps in single words only.
    """
    writer = _Writer(random.Random(seed), seed % MANNERS)  # noqa: S311 (words, not secrets)
    findings = "; ".join(writer.finding(finding) for finding in facts.findings)
    words = [getattr(facts, name) for name in _PICTURE if getattr(facts, name)]
    shown = " ".join(word for word in words)
    return f"{findings} in the {shown} image" if shown else findings


class _Writer:
    """One way of saying things."""

    def __init__(self, rng: random.Random, manner: int) -> None:
        """Keep the source of chance and the manner."""
        self._rng, self._manner = rng, manner
        self._words: Lexicon = lexicon("en")

    def finding(self, finding: Finding) -> str:
        """Return one finding with its place."""
        thing, places = self._thing(finding), self._places(finding)
        if finding.presence != "present" or not places:
            starts = ("", "there is ", "show ", "segment ", "please mark ")
            start = starts[self._manner] if finding.presence == "present" else ""
            return self._with_rest(finding, f"{start}{thing} {places}".strip())
        manners: tuple[Callable[[], str], ...] = (
            lambda: f"{thing} {places}",
            lambda: f"there is {thing} {places}",
            lambda: f"{thing}, located {places}",
            lambda: f"segment {thing} {places}",
            lambda: f"{thing}, which lies {places}",
        )
        return self._with_rest(finding, manners[self._manner]())

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
        for name in ("certainty", "quantifier", "laterality"):
            value = getattr(finding, name)
            words.append(self._said(name, value) if value else "")
        if finding.count is not None:
            words.append(self._number(finding.count))
        words += [", ".join(self._said("size", size) for size in finding.sizes)]
        for name in _ADJECTIVES:
            value = getattr(finding, name)
            words.append(self._said(name, value) if value else "")
        words.append(self._noun(finding))
        return " ".join(" ".join(words).split())

    def _noun(self, finding: Finding) -> str:
        """Return the noun, in its plural where there are several."""
        is_plural = finding.count not in (None, 1)
        if finding.refers_back:
            return "ones" if is_plural else "one"
        if finding.finding:
            kind = "area" if ("area", finding.finding) in self._words.says else "finding"
            if ("finding", finding.finding) in self._words.says:
                kind = "finding"
            return self._said(kind, finding.finding, is_plural=is_plural)
        if finding.anatomy and not finding.places:
            part = f"{finding.part} of the " if finding.part else ""
            return part + finding.anatomy
        return ""

    def _places(self, finding: Finding) -> str:
        """Return where it lies, with the organ; the organ alone if it is not the thing itself."""
        organ = " ".join(word for word in (finding.part, finding.anatomy) if word)
        if not finding.places:
            return f"in the {organ}" if organ and finding.finding else ""
        noun = organ or "part"
        places = [f"{self._place(place)} {noun}" for place in finding.places]
        return "in the " + (" and " if self._manner % 2 else ", ").join(places)

    def _place(self, place: Place) -> str:
        """Return one place, zones first."""
        return str(place)

    def _number(self, count: int) -> str:
        """Return a number in words where there is a word, or in digits."""
        said = self._words.says.get(("count", str(count)))
        return said[0] if said and self._rng.random() < 0.8 else str(count)

    def _said(self, kind: str, value: str, *, is_plural: bool = False) -> str:
        """Return one of the ways to say something."""
        said = self._rng.choice(self._words.says[kind, value])
        if not is_plural:
            return said.removesuffix("~")
        if said.endswith("~"):
            stem = said[:-1]
            return stem + ("es" if stem.endswith(("s", "x")) else "s")
        return self._words.plurals.get(said, said)
