"""A sentence that says otherwise in one thing, and is word for word the same in all others.

Only English sentences are changed. What was changed is read again: a new sentence whose facts are
not exactly those wanted is not handed out.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from lingseg.language.facts import Attribute, Facts, Finding
from lingseg.language.grammar import understand
from lingseg.language.lexicon import Lexeme, lexicon
from lingseg.language.phrasing import phrase
from lingseg.language.plural import to_plural, to_singular
from lingseg.language.side import Side, exchange_sides
from lingseg.language.spelling import fitting_article, in_the_case_of
from lingseg.language.turn import can_mirror, mirror_text

_CENTRE = re.compile(r"\b(?:center|centre|central|middle|mid)\b(?=(\W+\w+)?)", re.IGNORECASE)
_NOT_A_NOUN = re.compile(r"\W+(?:of|in|on|,)\b|[,.;]", re.IGNORECASE)
"""What follows "the centre" where "the top" can stand for it, and "the upper" cannot."""
_IN_THE_TOP = re.compile(r"\bin the top\b")
_THERE = re.compile(r"\b(there) (?:is|are)(?=\s+$)", re.IGNORECASE)
_ARTICLE = re.compile(r"\ban?(?=\s+$)", re.IGNORECASE)


def contradict_text(text: str, attribute: Attribute, side: Side) -> str | None:
    """Return `text` with other words for one attribute; None where that cannot be done well.

    For "presence" see `deny_text`.

    Args:
        text: A sentence.
        attribute: What the new sentence says otherwise.
        side: Whose left and right `text` means.
    """
    if attribute == "presence":
        return deny_text(text, side)
    before = understand(text, side=side)
    if before.language != "en" or not before.facts.states(attribute):
        return None
    wanted = before.facts.contradicted(attribute)
    if is_same(wanted, before.facts) or any(map(_has_more_places_than_things, wanted.findings)):
        return None
    for changed in _changed(text, attribute):
        after = understand(changed, side=side, language="en")
        as_clear = len(after.unknown) <= len(before.unknown) and not after.notices
        if as_clear and is_same(after.facts, wanted):
            return changed
    return None


def deny_text(text: str, side: Side) -> str | None:
    """Return a sentence that denies what `text` says is there; None where that cannot be done.

    It denies the kind of thing in its place. Number, size and looks are left out: "no two large
    tumors" would be true of three.
    """
    facts = understand(text, side=side).facts
    if not facts.findings or any(one.presence != "present" for one in facts.findings):
        return None
    kinds = tuple(dict.fromkeys(_kind_of(finding) for finding in facts.findings))
    picture = replace(facts, findings=(replace(kinds[0], presence="absent"),))
    wanted = replace(facts, findings=tuple(replace(kind, presence="absent") for kind in kinds))
    alone = (phrase(Facts(findings=(one,), side=side)) for one in wanted.findings[1:])
    denied = "; ".join([*alone, phrase(picture)])
    after = understand(denied, side=side, language="en")
    return denied if after.facts.denies_all and after.is_whole else None


def is_same(first: Facts, second: Facts) -> bool:
    """Return whether two sentences say the same, in whatever order they name places."""
    return _in_order(first) == _in_order(second)


def _in_order(facts: Facts) -> Facts:
    """Return the facts with the places of each finding sorted."""
    return replace(
        facts,
        findings=tuple(
            replace(finding, places=tuple(sorted(finding.places, key=str)))
            for finding in facts.findings
        ),
    )


def _has_more_places_than_things(finding: Finding) -> bool:
    """Return whether one thing is said to lie in two places: a sentence at odds with itself."""
    is_twofold = (
        len(finding.places) > 1
        or finding.laterality == "bilateral"
        or any(place.side == "both" for place in finding.places)
    )
    return finding.count == 1 and is_twofold


def _kind_of(finding: Finding) -> Finding:
    """Return what a thing is and where it lies, without its number and looks."""
    return Finding(
        finding=finding.finding,
        nature=finding.nature,
        anatomy=finding.anatomy,
        part=finding.part,
        places=finding.places,
    )


def _changed(text: str, attribute: Attribute) -> Iterator[str]:
    """Yield sentences that may say otherwise in one attribute."""
    match attribute:
        case "side":
            yield exchange_sides(text)
        case "zone":
            if can_mirror(text, "vertical", "image"):
                yield mirror_text(text, "vertical", "image")
            yield _IN_THE_TOP.sub("at the top", _CENTRE.sub(_above, text))
        case "count":
            yield _with_other_number(text)
        case _:
            yield _with_opposites(text, attribute)


def _above(centre: re.Match[str]) -> str:
    """Return "top" or "upper" for a word of the centre, as what follows asks."""
    is_noun = not centre[1] or bool(_NOT_A_NOUN.match(centre.string, centre.end()))
    return in_the_case_of(centre[0], "top" if is_noun else "upper")


def _with_opposites(text: str, attribute: Attribute) -> str:
    """Return the sentence with every word of size, brightness or shape turned about."""
    for word in reversed(lexicon("en").split(text)[0]):
        other = _opposite(word, attribute, text[word.start : word.end])
        if other:
            rest = re.sub(rf"^,? (?:and )?{other}\b", "", text[word.end :])  # not "large, large"
            text = _with_article_for(other, text[: word.start]) + other + rest
    return text


def _with_article_for(word: str, before: str) -> str:
    """Return the text before a word with its article, if it ends with one, as the word asks."""
    return _ARTICLE.sub(lambda found: fitting_article(found[0], word), before)


def _opposite(word: Lexeme, attribute: Attribute, written: str) -> str:
    """Return the word for the opposite; empty if it has none."""
    if word.kind not in (attribute, "order"):
        return ""
    is_size = word.kind == "size"
    one = replace(Finding(), **{"sizes": (word.value,)} if is_size else {word.kind: word.value})
    facts = Facts(findings=(one,), side="none")
    if not facts.states(attribute):
        return ""
    (other,) = facts.contradicted(attribute).findings
    value = other.sizes[0] if is_size else getattr(other, word.kind)
    said = lexicon("en").says[word.kind, value][0].removesuffix("~")
    if word.kind == "order" and written.lower().endswith("er"):  # "larger": of two
        said = said.removesuffix("est") + "er"
    return in_the_case_of(written, said)


def _with_other_number(text: str) -> str:
    """Return the sentence with one for several and two for one, its noun in the fitting form."""
    words = lexicon("en").split(text)[0]
    for at in range(len(words) - 1, -1, -1):
        word = words[at]
        if word.kind not in ("count", "number") or not word.value.isdigit():
            continue
        number = "two" if word.value == "1" else "one"
        noun = next((one for one in words[at:] if one.kind in ("finding", "area")), None)
        if noun:
            written = text[noun.start : noun.end]
            fitting = to_plural(written) if number == "two" else to_singular(written)
            text = text[: noun.start] + fitting + text[noun.end :]
        verb = "are" if number == "two" else "is"
        there = _THERE.sub(rf"\1 {verb}", text[: word.start])
        text = there + in_the_case_of(text[word.start : word.end], number) + text[word.end :]
    return text
