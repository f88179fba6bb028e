"""Questions that contradict a case in one thing, and whose mask they ask for where it is known."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from lingseg.datasets.case import Case
from lingseg.evaluation.audit.question import Question, own_question
from lingseg.evaluation.evaluate import by_picture
from lingseg.language.contradiction import contradict_text, is_same
from lingseg.language.facts import Attribute, Facts
from lingseg.language.grammar import understand
from lingseg.language.side import Side

ATTRIBUTES: tuple[Attribute, ...] = ("side", "zone", "count", "size", "brightness", "shape")
"""What a sentence is contradicted in by the grammar; whether a thing is there is row 6."""
TARGET = "target"
"""Which thing is meant, where one picture has several sentences: the liver or the spleen."""

_MAX_PER_ATTRIBUTE = 2
"""Sentences of other cases with the same picture that are asked, for each attribute."""


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """A sentence that says otherwise of a case's picture."""

    case: Case
    attribute: str
    text: str
    other: Case | None
    """The case of the same picture whose mask the sentence asks for; None: no mask is known."""

    @property
    def own(self) -> Question:
        """The case's own sentence."""
        return own_question(self.case)

    @property
    def changed(self) -> Question:
        """The contradicting sentence, scored against the case's own mask."""
        return Question(case=self.case, text=self.text)

    @property
    def questions(self) -> tuple[Question, ...]:
        """All that must be asked; those of the other case are the same, scored against its mask."""
        asked = (self.own, self.changed)
        return asked if self.other is None else (*asked, self.own_by_other, self.changed_by_other)

    @property
    def own_by_other(self) -> Question:
        """The case's own sentence, scored against the other mask."""
        return Question(case=self.other or self.case, text=self.case.text)

    @property
    def changed_by_other(self) -> Question:
        """The contradicting sentence, scored against the mask it asks for."""
        return Question(case=self.other or self.case, text=self.text)


@lru_cache(maxsize=16_384)
def contradicting_texts(text: str, side: Side) -> Mapping[Attribute, str]:
    """Return the sentence with one thing said otherwise, for each thing that can be.

    A sentence that says of everything that it is not there has none: what it denies on the left
    may well be missing on the right, too.
    """
    facts = facts_of(text, side)
    if not any(finding.presence == "present" for finding in facts.findings):
        return MappingProxyType({})
    changed = {attribute: contradict_text(text, attribute, side) for attribute in ATTRIBUTES}
    return MappingProxyType({name: said for name, said in changed.items() if said})


def facts_of(text: str, side: Side) -> Facts:
    """Return what a sentence states."""
    return understand(text, side=side).facts


class Contradictions:
    """All contradictions of a list of cases."""

    def __init__(self, cases: Sequence[Case]) -> None:
        """Put the cases of one picture together."""
        self._by_picture = by_picture(cases)

    def find(self, case: Case) -> list[Contradiction]:
        """Return the contradictions of one case.

        Sentences of other cases of the same picture come first, as their masks are known; of the
        same attribute nothing else is asked then.
        """
        found = list(self._told_by_others(case))
        known = {one.attribute for one in found}
        for attribute, text in contradicting_texts(case.text, case.side).items():
            if attribute not in known:
                other = self._with_facts(case, facts_of(text, case.side))
                found.append(Contradiction(case=case, attribute=attribute, text=text, other=other))
        return found

    def _told_by_others(self, case: Case) -> Iterator[Contradiction]:
        """Yield what other cases of the picture say that differs in one thing."""
        given: Counter[str] = Counter()
        group = self._by_picture.get(case.image, [])
        at = next((nth for nth, one in enumerate(group) if one.case_id == case.case_id), 0)
        for other in [*group[at + 1 :], *group[:at]]:  # a ring: each is asked for about as often
            attribute = _difference(case, other)
            if not attribute or case.mask is None or other.mask is None:
                continue
            given[attribute] += 1
            if given[attribute] <= _MAX_PER_ATTRIBUTE:
                yield Contradiction(case=case, attribute=attribute, text=other.text, other=other)

    def _with_facts(self, case: Case, facts: Facts) -> Case | None:
        """Return the case of the same picture that states just these facts, if it has a mask."""
        for other in self._by_picture.get(case.image, []):
            is_other = other.case_id != case.case_id and other.mask is not None
            if case.mask and is_other and is_same(facts_of(other.text, other.side), facts):
                return other
        return None


def _difference(case: Case, other: Case) -> str:
    """Return in which one thing two cases of a picture differ; empty: in none or in several.

    Phantoms say it in their table. Elsewhere two sentences that name different things differ in
    the target, if they say no more than that. Equal sentences say nothing otherwise, whatever the
    table has.
    """
    if case.text.split() == other.text.split():
        return ""
    pair = case.columns.get("pair", "")
    if pair or other.columns.get("pair", ""):
        attribute = case.columns.get("attribute", "")
        return attribute if pair == other.columns.get("pair") and attribute in ATTRIBUTES else ""
    facts, others = facts_of(case.text, case.side), facts_of(other.text, other.side)
    if len(facts.findings) != 1 or len(others.findings) != 1:
        return ""
    one, another = facts.findings[0], others.findings[0]
    names = [(each.finding, each.anatomy, each.part) for each in (one, another)]
    is_there = one.presence == another.presence == "present"
    return TARGET if is_there and names[0] != names[1] else ""
