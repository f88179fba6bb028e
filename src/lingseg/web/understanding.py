"""What a sentence states, as a page shows it: chips, notices, the same in other words."""

from dataclasses import replace
from functools import lru_cache

from lingseg.language.affirmation import affirmed_text
from lingseg.language.chips import chips_of
from lingseg.language.facts import Facts, Finding
from lingseg.language.grammar import understand
from lingseg.language.phrasing import phrase
from lingseg.language.side import Side
from lingseg.prediction.sentence import checked_text
from lingseg.web.messages import Thing, Understood
from lingseg.web.problem import Problem

_REMEMBERED = 512


@lru_cache(maxsize=_REMEMBERED)
def understood(text: str, side: Side) -> Understood:
    """Return what a sentence states, and what of it was not understood."""
    chips = chips_of(text, side=side).as_record()
    facts = understand(text, side=side).facts
    things = [_thing(one, facts) for one in facts.findings]
    affirmed = affirmed_text(text, side)
    return Understood.model_validate({**chips, "findings": things, "affirmed": affirmed})


def checked(text: str) -> str:
    """Return a sentence that is begun, which must not be longer than one that is asked.

    Raises:
        Problem: It is.
    """
    try:
        checked_text(text, allow_null=True)
    except ValueError as error:
        raise Problem(422, "bad-sentence", str(error)) from error
    return text


def _thing(finding: Finding, facts: Facts) -> Thing:
    """Return one thing as a page tells of it."""
    alone = replace(finding, presence="present")
    said = phrase(Facts(findings=(alone,), side=facts.side))
    return Thing(said=said, presence=finding.presence)
