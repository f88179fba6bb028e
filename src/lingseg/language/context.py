"""What a word means beside its neighbours; what would be read wrong there is not read at all."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from lingseg.language.health import with_health_told
from lingseg.language.lexicon import Language, Lexeme, key_of, lexicon
from lingseg.language.measures import NUMBERS, with_measures_whole
from lingseg.language.plural import to_plural, to_singular
from lingseg.language.unread import ADJECTIVES, BREAKS, HEADS, NOUNS, phrase_around, without_unread

_CHOSEN_BY = frozenset(["order", "pronoun", "count", "side", "zone"])
"""Kinds of words that choose from others: "the larger of the two"."""

_PLACES = frozenset(["side", "zone"])
_ORGANS = frozenset(["anatomy", "part"])
_OTHER_UNIT = re.compile(
    r"[mc]m\^?[23²³]|m?l|cc|%|°|hu|k?g|degrees?|years?|months?|weeks?|days?", re.IGNORECASE
)
"""Of areas, volumes and whatever else no fact tells: a number of these counts no things."""
_BOTH = ("both", "beid", "les deux", "des deux", "ambos", "ambas", "los dos", "las dos")
"""How words begin that say "two of two"; "bibasilar" and the like say where."""
_THIRDS = frozenset(["upper", "middle", "lower"])
_ORGAN_SHAPES = frozenset(["heart", "kidney", "bone", "ear", "mouth", "thumb"])
"""Organs that are shapes, too, as in Kvasir's "one small red heart polyp"."""


def in_context(lexemes: Sequence[Lexeme], text: str, language: Language) -> list[Lexeme]:
    """Return the words of a text as what they mean there; kind "unknown": they are not read.

    Args:
        lexemes: The words as the table has them.
        text: What they were found in.
        language: Whose words they are.
    """
    sentence = _Sentence(with_measures_whole(lexemes), text, language)
    words = [sentence.meaning(at) for at in range(len(sentence.words))]
    words = without_unread(list(with_health_told(words)), text)
    words = _with_choices_ended(words)
    if language == "en":
        words = [_pronoun_or_count(words, at) for at in range(len(words))]
    return _with_places_shared(words)


@dataclass(frozen=True)
class _Sentence:
    """The words of a text, which are looked at one by one."""

    words: list[Lexeme]
    text: str
    language: Language

    def meaning(self, at: int) -> Lexeme:
        """Return a word as what it means beside its neighbours."""
        one = self.words[at]
        match one.kind:
            case "name":
                return _of_a_name(one)
            case "certainty":
                return self._certainty(at)
            case "number" | "count" | "clock":
                return self._number(at)
            case "break":
                return self._mark(at)
            case "filler" | "label" | "times" | "among":
                return replace(one, kind=self._kind_of_silent(at))
        return self._described(at)

    def _mark(self, at: int) -> Lexeme:
        """Return what ends a phrase; "everything but the liver" leaves the liver out."""
        one, rest = self.words[at], self.words[at + 1 :]
        if one.value != "but":
            return replace(one, kind=one.value)
        is_all = any(near.value in ("anything", "all") for near in phrase_around(self.words, at)[0])
        is_left_out = bool(rest) and self.text[rest[0].start : rest[0].end].lower() == "the"
        return replace(one, kind="except" if is_all and is_left_out else "stop")

    def _described(self, at: int) -> Lexeme:
        """Return a word that means one thing or another, as its neighbours have it."""
        one = self.words[at]
        before = [near.kind for near in self.words[max(at - 2, 0) : at]]
        is_after_length = before[-1:] == ["unit"]
        match one.kind, one.value:
            case "anatomy", organ if organ in _ORGAN_SHAPES and _is_shape(self.words, at):
                return replace(one, kind="shape")
            case "zone", "all" if not _is_of_a_lung(self.words[at + 1 :]):
                return replace(one, kind="quantifier")
            case "size", "large" if is_after_length and before[0] in NUMBERS:
                # "3 cm großer Tumor" tells how large only
                return replace(one, kind="filler" if self.language == "de" else "size")
            case "quantifier", "all" if self._is_for_each(at):
                return replace(one, kind="unknown")
            case ("side", "both") | ("pronoun", "other") | ("brightness", "bright"):
                return self._of_many_or_of_an_organ(at)
            case "measure", "long" if is_after_length:
                return replace(one, value="length")
            case "measure", "long":
                return replace(one, kind="shape", value="elongated")
        return one

    def _of_many_or_of_an_organ(self, at: int) -> Lexeme:
        """Return "both" as a number or a place; "other" and "clair" as unknown where they say less.

        "No other lesion" denies some lesions, and "poumons clairs" are healthy, not bright.
        """
        one, after = self.words[at], self.words[at + 1 : at + 2]
        if one.value == "both" and self._is_of_findings(at):
            return replace(one, kind="count", value="2")
        is_denied = at > 0 and self.words[at - 1].kind == "negation"
        nouns = {near.kind for near in self.words if near.kind in NOUNS}
        says_less = {
            "both": self.language == "en" and [near.value for near in after] == ["in"],
            "other": is_denied and self._next_kind(at) == "finding",
            "bright": self.language in ("fr", "es") and nouns == {"anatomy"},
        }
        return replace(one, kind="unknown") if says_less[one.value] else one

    def _is_of_findings(self, at: int) -> bool:
        """Return whether "both" tells how many, not where: "both nodules", but "both kidneys"."""
        one = self.words[at]
        written = self.text[one.start : one.end].lower()
        is_number = written.startswith(_BOTH) and not written.endswith("sides")
        nouns = (near.kind for near in self._rest(at) if near.kind in NOUNS)
        return is_number and next(nouns, "") == "finding"

    def _kind_of_silent(self, at: int) -> str:
        """Return the kind of a word that says nothing, except before some others."""
        one = self.words[at]
        match one.kind, one.value:
            case "label", value:
                return "filler" if value != "named" else "unknown"
            case "filler", "third" if self._next_kind(at) in ("finding", "pronoun", "order"):
                return "unknown"  # "the third nodule"
            case "filler", "with" if self._joins_findings(at):
                return "and"
            case "times", _:
                return "unknown"
            case "filler", "third" | "half" | "part" if self._is_share(at):
                return "unknown"
            case "among", _ if not self._chooses(at):
                return "filler" if self._is_of(at) or self._has_chosen(at) else "unread"
            case "filler", "of" if self._chooses(at):
                return "among"
        return one.kind

    def _is_share(self, at: int) -> bool:
        """Return whether only some is meant: "one third of the lung", "part of the liver"."""
        before = _kinds_beside(self.words, at)[0]
        if self.words[at].value == "part":
            return before in ("", *BREAKS) and self._is_of(at + 1)
        return before not in (*_PLACES, "part")

    def _is_of(self, at: int) -> bool:
        """Return whether "of" stands there, alone or with its article."""
        words = self.words[at : at + 1]
        return any(self.text[one.start : one.end].lower() in ("of", "of the") for one in words)

    def _chooses(self, at: int) -> bool:
        """Return whether some are taken of a number: "one of two", but not "one of 5 mm"."""
        return self._counts_at(at + 1) and self._has_chosen(at)

    def _has_chosen(self, at: int) -> bool:
        """Return whether a word that chooses stands before: "one", "the larger"."""
        return _kinds_beside(self.words, at)[0] in _CHOSEN_BY or self._counts_at(at - 1)

    def _counts_at(self, at: int) -> bool:
        """Return whether a number of things stands there, not of millimetres."""
        if not 0 <= at < len(self.words) or self.words[at].kind not in NUMBERS:
            return False
        is_length = _kinds_beside(self.words, at)[1] == "unit"
        return not is_length and self._number(at).kind in NUMBERS

    def _joins_findings(self, at: int) -> bool:
        """Return whether there is a finding before and after: "pneumonia with small effusion"."""
        kinds = [{one.kind for one in words} for words in phrase_around(self.words, at)]
        return all("finding" in found for found in kinds) and "negation" not in kinds[1]

    def _next_kind(self, at: int) -> str:
        """Return the kind of the next word that is not silent."""
        kinds = (one.kind for one in self.words[at + 1 :])
        return next((kind for kind in kinds if kind != "filler"), "")

    def _certainty(self, at: int) -> Lexeme:
        """Return a doubt: "?" ends a question, too, and "unlikely malignant" denies the nature."""
        one = self.words[at]
        if self.text[one.start : one.end] == "?":
            is_asked = any(word.value == "asking" for word in self.words[:at])
            return replace(one, kind="filler") if is_asked else one
        is_of_nature = one.value == "unlikely" and self._next_kind(at) == "nature"
        has_noun = any(near.kind in HEADS for near in self._rest(at))
        return replace(one, kind="unread", value="next") if is_of_nature and not has_noun else one

    def _rest(self, at: int) -> list[Lexeme]:
        """Return the words after one, up to the next mark."""
        return phrase_around(self.words, at)[1]

    def _number(self, at: int) -> Lexeme:
        """Return a number as a length's or a count; a name's or one of nothing, as unknown."""
        one = self.words[at]
        before, after = _kinds_beside(self.words, at)
        if after == "unit":
            return one
        is_counting = one.kind == "count" and after != "clock"
        if one.kind == "number" and one.value.isdigit():
            is_counting = _counts(self.words[at + 1 :]) and before != "unknown"
            is_counting = is_counting and not self._is_at_odds_with_its_noun(at)
        if not is_counting or self._is_label(at - 1) or self._is_no_count_of_all(at):
            return replace(one, kind="unknown")
        if int(one.value) == 0:
            return replace(one, kind="negation", value="absent")
        return one

    def _is_no_count_of_all(self, at: int) -> bool:
        """Return whether a number is part of another one, has a unit, or counts in each of some."""
        return (
            self._is_thirds(at + 1)
            or self._is_of_several(at)
            or self._is_other_unit(at + 1)
            or any(map(self._is_for_each, self._after(at)))
        )

    def _is_other_unit(self, at: int) -> bool:
        """Return whether a unit stands there that no fact tells: "a 20 mm² lesion"."""
        return any(
            _OTHER_UNIT.fullmatch(self.text[one.start : one.end]) for one in self.words[at : at + 1]
        )

    def _after(self, at: int) -> range:
        """Return the places of the words after one, up to the next mark."""
        return range(at + 1, at + 1 + len(self._rest(at)))

    def _is_for_each(self, at: int) -> bool:
        """Return whether things are counted organ by organ: "one mass in each breast"."""
        one = self.words[at]
        is_each = (one.kind, one.value) == ("quantifier", "all")
        is_counted = NUMBERS & {near.kind for near in phrase_around(self.words, at)[0]}
        return is_each and bool(is_counted) and _kinds_beside(self.words, at)[1] in _ORGANS

    def _is_thirds(self, at: int) -> bool:
        """Return whether a number is one of thirds: "the upper two thirds"."""
        return [one.value for one in self.words[at : at + 1]] in (["third"], ["half"])

    def _is_of_several(self, at: int) -> bool:
        """Return whether a number has several words: "two dozen", "a hundred and twenty"."""
        return any(
            one.kind == other.kind == "count"
            and one.value != other.value
            and [near.kind for near in self.words[nth + 2 : nth + 3]] != ["unit"]
            for nth, one, other in self._neighbours(at)
        )

    def _neighbours(self, at: int) -> Iterator[tuple[int, Lexeme, Lexeme]]:
        """Yield the pairs of words that one is of; "and" after hundreds is passed over."""
        for nth in (at - 1, at):
            if 0 <= nth < len(self.words) - 1:
                yield nth, self.words[nth], self.words[nth + 1]
        for nth in (at - 2, at):
            hundreds, *rest = [one.value for one in self.words[nth : nth + 3]] if nth >= 0 else [""]
            if hundreds in ("100", "1000") and rest[:1] == ["and"] and len(rest) == 2:
                yield nth + 1, self.words[nth], self.words[nth + 2]

    def _is_label(self, at: int) -> bool:
        """Return whether a word names what bears a number: "segment 8", but not "segment!"."""
        if at < 0 or self.words[at].kind != "label":
            return False
        if self.words[at].value != "verb":
            return True
        before = self.words[at - 1 : at]  # "please segment two nodules" asks for what follows
        return any(one.kind != "break" and one.value != "asking" for one in before)

    def _is_at_odds_with_its_noun(self, at: int) -> bool:
        """Return whether a noun in the singular follows a number that names, as in "rib 5 mass"."""
        rest = self._rest(at)
        is_first = all(one.kind == "filler" or one.kind in BREAKS for one in self.words[:at][-1:])
        is_inches = bool(rest) and (rest[0].kind, rest[0].value) == ("filler", "in")
        if self.language != "en" or int(self.words[at].value) < 2 or (is_first and not is_inches):
            return False
        findings = [one for one in rest if one.kind in ("finding", "area")]
        nouns = findings or [one for one in rest if one.kind == "anatomy"]
        return bool(nouns) and _is_singular(self.text[nouns[0].start : nouns[0].end])


def _with_choices_ended(lexemes: Sequence[Lexeme]) -> list[Lexeme]:
    """Return the words, kind "told" where it goes on of the one: "one of two lesions is large"."""
    words = list(lexemes)
    is_choosing = has_noun = False
    for at, one in enumerate(words):
        is_choosing = (is_choosing or one.kind == "among") and one.kind not in BREAKS
        has_noun = is_choosing and (has_noun or one.kind in NOUNS)
        if has_noun and (one.kind, one.value) == ("filler", "told"):
            words[at] = replace(one, kind="told")
            is_choosing = has_noun = False
    return words


def _is_singular(noun: str) -> bool:
    """Return whether an English noun is in the singular, and has a plural."""
    plural = to_plural(noun)
    return to_singular(noun) == noun != plural and key_of(plural) in lexicon("en").phrases


def _of_a_name(one: Lexeme) -> Lexeme:
    """Return a name as an organ; the "right" of a phrase is no side at all: "right next to"."""
    last = one.value.split()[-1]
    if last in ("to", "beside", "away"):
        return replace(one, kind="unread", value="noun")
    return replace(one, kind="unknown" if last in ("angle", "angled", "angles") else "anatomy")


def _kinds_beside(lexemes: Sequence[Lexeme], at: int) -> tuple[str, str]:
    """Return the kinds of the words before and after; empty where there is none."""
    before = lexemes[at - 1].kind if at else ""
    return before, lexemes[at + 1].kind if at + 1 < len(lexemes) else ""


def _is_shape(lexemes: Sequence[Lexeme], at: int) -> bool:
    """Return whether an organ stands after a colour and right before a finding."""
    before = phrase_around(lexemes, at)[0]
    return _kinds_beside(lexemes, at)[1] == "finding" and any(o.kind == "colour" for o in before)


def _counts(rest: Sequence[Lexeme]) -> bool:
    """Return whether a number in digits is followed by what there are so many of."""
    if rest and rest[0].kind in ("clock", "number"):
        return False
    for at, one in enumerate(rest):
        is_between_sizes = [near.kind for near in rest[at - 1 : at + 2 : 2]] == ["size", "size"]
        if one.kind in (*BREAKS, "unit") and not (at and is_between_sizes):
            return False
        if one.kind in HEADS | {"anatomy"}:
            return True
    return False


def _is_of_a_lung(rest: Sequence[Lexeme]) -> bool:
    """Return whether "all" is followed by one organ, as in "all left lung"."""
    kinds = [(one.kind, one.value) for one in rest if one.kind not in ("filler", "among")]
    return [kind for kind, _ in kinds[:2]] == ["side", "anatomy"]


def _pronoun_or_count(lexemes: Sequence[Lexeme], at: int) -> Lexeme:
    """Return "one" as a thing in "the left one", as a number in "on the left one nodule"."""
    one = lexemes[at]
    before, after = _kinds_beside(lexemes, at)
    is_adjective = after in (*ADJECTIVES, "finding", "area", "anatomy")
    if (one.kind, one.value) == ("pronoun", "the one") and is_adjective:
        return replace(one, kind="count", value="1")
    stands_alone = before in ADJECTIVES and not is_adjective
    is_one = one.kind == "count" and one.value == "1"
    return replace(one, kind="pronoun", value="one") if is_one and stands_alone else one


def _with_places_shared(lexemes: Sequence[Lexeme]) -> list[Lexeme]:
    """Return the words with what a list of places says once: "right middle and [right] lower"."""
    onward = list(_with_places_carried(lexemes))
    return list(_with_places_carried(onward[::-1], is_reversed=True))[::-1]


def _with_places_carried(
    lexemes: Sequence[Lexeme], *, is_reversed: bool = False
) -> Iterator[Lexeme]:
    """Yield the words, after each "and" the side or height that only the run before it has."""
    before: list[Lexeme] = []
    noun = ""
    for at, one in enumerate(lexemes):
        yield one
        if one.kind in _PLACES:
            before.append(one)
        elif one.kind == "and" or (one.kind == "comma" and _goes_on(lexemes, at)):
            after = _run(lexemes, at)
            carried = _sides_for(after, before)
            if is_reversed and noun in ("part", "anatomy"):
                carried = carried or _heights_for(after, before)
            yield from carried
            before = [*carried]
        else:
            before, noun = [], one.kind


def _goes_on(lexemes: Sequence[Lexeme], at: int) -> bool:
    """Return whether a comma stands in a list of places: "upper, middle and lower"."""
    onward, back = _run(lexemes, at), _run(lexemes[::-1], len(lexemes) - 1 - at)
    ends = (at + len(onward) + 1, at - len(back) - 1)
    beside = [lexemes[end].kind for end in ends if 0 <= end < len(lexemes)]
    return bool(onward and back) and "and" in beside


def _run(lexemes: Sequence[Lexeme], at: int) -> list[Lexeme]:
    """Return the words of place that stand right after a mark."""
    return list(takewhile(lambda one: one.kind in _PLACES, lexemes[at + 1 :]))


def _sides_for(run: Sequence[Lexeme], other: Sequence[Lexeme]) -> list[Lexeme]:
    """Return the side that a run of heights lacks, and the run at the other side of "and" has."""
    sides = [one for one in other if one.kind == "side"]
    heights = {one.value for one in other if one.kind == "zone"}
    own = {one.value for one in run}
    is_of_heights = bool(own and heights) and own | heights <= _THIRDS
    return sides if is_of_heights and len(sides) == 1 else []


def _heights_for(run: Sequence[Lexeme], other: Sequence[Lexeme]) -> list[Lexeme]:
    """Return the heights that a lone side lacks: "left and right lower lobes"."""
    is_side = [one.kind for one in run] == ["side"]
    sides = [one.value for one in other if one.kind == "side"]
    is_other = is_side and len(sides) == 1 and sides[0] != run[0].value
    return [one for one in other if one.kind == "zone"] if is_other else []
