"""What a word means beside its neighbours; what would be read wrong there is not read at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from lingseg.language.lexicon import Language, Lexeme, key_of, lexicon
from lingseg.language.plural import to_plural, to_singular

_ADJECTIVES = frozenset(
    ["side", "zone", "order", "size", "shape", "colour", "brightness", "nature"]
)
"""Kinds after which "one" stands for a thing: "the left one"."""

_BREAKS = frozenset(["break", "comma", "stop", "and", "or"])
_NUMBERS = frozenset(["number", "count"])
_CHOSEN_BY = frozenset(["order", "pronoun", "count", "side", "zone"])
"""Kinds of words that choose from others: "the larger of the two"."""

_NOUNS = frozenset(["finding", "area", "pronoun", "anatomy", "part", "name"])
_BEFORE_A_NOUN = frozenset([*_ADJECTIVES, "number", "count", "among", "quantifier"])
_PLACES = frozenset(["side", "zone"])
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
    sentence = _Sentence(_with_measures_whole(lexemes), text, language)
    words = [sentence.meaning(at) for at in range(len(sentence.words))]
    words = _without_unread(words)
    if language == "en":
        words = [_pronoun_or_count(words, at) for at in range(len(words))]
    return list(_with_places_shared(words))


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
                return replace(one, kind=one.value)
            case "filler" | "label" | "times" | "among":
                return replace(one, kind=self._kind_of_silent(at))
        return self._described(at)

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
            case "size", "large" if is_after_length and before[0] in _NUMBERS:
                # "3 cm großer Tumor" tells how large only
                return replace(one, kind="filler" if self.language == "de" else "size")
            case "measure", "long" if is_after_length:
                return replace(one, value="length")
            case "measure", "long":
                return replace(one, kind="shape", value="elongated")
        return one

    def _kind_of_silent(self, at: int) -> str:
        """Return the kind of a word that says nothing, except before some others."""
        one, (before, _) = self.words[at], _kinds_beside(self.words, at)
        match one.kind, one.value:
            case "label", value:
                return "filler" if value != "named" else "unknown"
            case "filler", "third" if self._next_kind(at) in ("finding", "pronoun", "order"):
                return "unknown"  # "the third nodule"
            case "filler", "with" if self._joins_findings(at):
                return "and"
            case "times", _:
                return "unknown"
            case "filler", "third" if self._is_thirds(at) and before in _NUMBERS:
                return "unknown"  # "one third of the lung"
            case "among", _ if not self._chooses(at):
                is_out = self.text[one.start : one.end].lower() != "of the"
                return "unknown" if is_out and not self._has_chosen(at) else "filler"
            case "filler", "of" if self._chooses(at):
                return "among"
        return one.kind

    def _chooses(self, at: int) -> bool:
        """Return whether some are taken of a number: "one of two", but not "one of 5 mm"."""
        return self._counts_at(at + 1) and self._has_chosen(at)

    def _has_chosen(self, at: int) -> bool:
        """Return whether a word that chooses stands before: "one", "the larger"."""
        return _kinds_beside(self.words, at)[0] in _CHOSEN_BY or self._counts_at(at - 1)

    def _counts_at(self, at: int) -> bool:
        """Return whether a number of things stands there, not of millimetres."""
        if not 0 <= at < len(self.words) or self.words[at].kind not in _NUMBERS:
            return False
        is_length = _kinds_beside(self.words, at)[1] == "unit"
        return not is_length and self._number(at).kind in _NUMBERS

    def _joins_findings(self, at: int) -> bool:
        """Return whether there is a finding before and after: "pneumonia with small effusion"."""
        since = takewhile(lambda one: one.kind not in _BREAKS, reversed(self.words[:at]))
        kinds = [{one.kind for one in words} for words in (since, self._rest(at))]
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
        has_noun = any(near.kind in ("finding", "area", "pronoun") for near in self._rest(at))
        return replace(one, kind="unread", value="next") if is_of_nature and not has_noun else one

    def _rest(self, at: int) -> Iterator[Lexeme]:
        """Yield the words after one, up to the next mark."""
        for one in self.words[at + 1 :]:
            if one.kind in _BREAKS:
                return
            yield one

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
        if not is_counting or self._is_label(at - 1) or self._is_thirds(at + 1):
            return replace(one, kind="unknown")
        if int(one.value) == 0:
            return replace(one, kind="negation", value="absent")
        return one

    def _is_thirds(self, at: int) -> bool:
        """Return whether a number is one of thirds: "two thirds of the lung"."""
        next_two = [one.value for one in self.words[at : at + 2]]
        return next_two in (["third", "of"], ["third", "among"])

    def _is_label(self, at: int) -> bool:
        """Return whether a word names what bears a number: "segment 8", but not "segment!"."""
        if at < 0 or self.words[at].kind != "label":
            return False
        if self.words[at].value != "verb":
            return True
        return at > 0 and self.words[at - 1].kind != "break" and not self._is_asked(at - 1)

    def _is_asked(self, at: int) -> bool:
        """Return whether a word asks for what follows: "please segment two nodules"."""
        return self.words[at].value == "asking"

    def _is_at_odds_with_its_noun(self, at: int) -> bool:
        """Return whether a noun in the singular follows a number that names, as in "rib 5 mass"."""
        rest = list(self._rest(at))
        is_first = all(one.kind == "filler" or one.kind in _BREAKS for one in self.words[:at][-1:])
        is_inches = bool(rest) and (rest[0].kind, rest[0].value) == ("filler", "in")
        if self.language != "en" or int(self.words[at].value) < 2 or (is_first and not is_inches):
            return False
        findings = [one for one in rest if one.kind in ("finding", "area")]
        nouns = findings or [one for one in rest if one.kind == "anatomy"]
        return bool(nouns) and _is_singular(self.text[nouns[0].start : nouns[0].end])


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
    kinds = [one.kind for one in lexemes]
    since = max((place + 1 for place in range(at) if kinds[place] in _BREAKS), default=0)
    return kinds[at + 1 : at + 2] == ["finding"] and "colour" in kinds[since:at]


def _counts(rest: Sequence[Lexeme]) -> bool:
    """Return whether a number in digits is followed by what there are so many of."""
    if rest and rest[0].kind in ("clock", "number"):
        return False
    for at, one in enumerate(rest):
        is_between_sizes = [near.kind for near in rest[at - 1 : at + 2 : 2]] == ["size", "size"]
        if one.kind in (*_BREAKS, "unit") and not (at and is_between_sizes):
            return False
        if one.kind in ("finding", "area", "pronoun", "anatomy"):
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
    is_adjective = after in (*_ADJECTIVES, "finding", "area", "anatomy")
    if (one.kind, one.value) == ("pronoun", "the one") and is_adjective:
        return replace(one, kind="count", value="1")
    stands_alone = before in _ADJECTIVES and not is_adjective
    is_one = one.kind == "count" and one.value == "1"
    return replace(one, kind="pronoun", value="one") if is_one and stands_alone else one


def _with_measures_whole(lexemes: Sequence[Lexeme]) -> list[Lexeme]:
    """Return the words with "2 by 3 cm" as one number, and with no number of "8 to 10 mm"."""
    words: list[Lexeme] = []
    for one in lexemes:
        words.append(one)
        for size in (3, 4):
            run = words[-size - 1 :] if one.kind == "unit" else words[-size:]
            words[len(words) - len(run) :] = _measured(run)
    return words


def _measured(run: list[Lexeme]) -> list[Lexeme]:
    """Return two numbers and what joins them as one number, or as not known; others as they are."""
    kinds = [one.kind for one in run]
    has_unit = kinds[-1:] == ["unit"]
    core = run[:-1] if has_unit else run
    first, last = core[:1], core[-1:]
    units = [one for one in core[1:-1] if one.kind == "unit"]
    joint = [one for one in core[1:-1] if one.kind != "unit"]
    if len(joint) != 1 or len(units) > 1 or (units and core[1].kind != "unit"):
        return run
    if first[0].kind not in _NUMBERS or last[0].kind not in _NUMBERS:
        return run
    if joint[0].kind == "times":
        if not has_unit or (units and units[0].value != run[-1].value):
            return run
        size = f"{first[0].value}x{last[0].value}"
        whole = Lexeme("number", size, first[0].start, last[0].end)
        return [whole, run[-1]]
    if not _is_range(joint[0], has_unit, bool(units)):
        return run
    return [one if one in joint else replace(one, kind="unknown") for one in run]


def _is_range(joint: Lexeme, has_unit: bool, has_two_units: bool) -> bool:
    """Return whether what stands between two numbers makes of them one that is not known."""
    match joint.value:
        case "to":
            return joint.kind == "filler"
        case "and":
            return has_unit
        case "or":
            return has_unit or not has_two_units
        case "comma":
            return has_unit and has_two_units
    return False


def _without_unread(lexemes: Sequence[Lexeme]) -> list[Lexeme]:
    """Return the words, those unknown that belong to something that no fact can tell."""
    words = list(lexemes)
    for at, one in enumerate(lexemes):
        if one.kind != "unread":
            continue
        end = _end_of_what_is_unread(lexemes, at)
        if one.value in ("upper", "lower", "left", "right") and end == at + 1:
            words[at] = replace(one, kind="side" if one.value in ("left", "right") else "zone")
            continue
        for nth in range(at, end):
            if words[nth].kind != "filler":
                words[nth] = replace(words[nth], kind="unknown")
    return words


def _end_of_what_is_unread(lexemes: Sequence[Lexeme], at: int) -> int:
    """Return where that ends which cannot be read together with the word."""
    kind = lexemes[at].value
    if kind == "alone":
        return at + 1
    for nth in range(at + 1, len(lexemes)):
        one = lexemes[nth]
        is_place = one.kind == "filler" and one.value in ("in", "picture")
        if one.kind in _BREAKS or (is_place and kind != "next"):
            return at + 1
        is_next = kind == "next" and one.kind != "filler"
        is_number = kind == "bound" and one.kind in _NUMBERS | {"unknown"}
        if is_number and [near.kind for near in lexemes[nth + 1 : nth + 2]] == ["unit"]:
            return nth + 2
        if is_next or is_number or one.kind in _NOUNS:
            return _with_the_organ(lexemes, nth) + 1
        if one.kind not in ("filler", *_BEFORE_A_NOUN):
            return at + 1
    return at + 1


def _with_the_organ(lexemes: Sequence[Lexeme], at: int) -> int:
    """Return the place of the noun's last word: "lobe" goes with "of the liver"."""
    is_part = lexemes[at].kind == "part"
    rest = [nth for nth in range(at + 1, len(lexemes)) if lexemes[nth].kind != "filler"]
    return rest[0] if is_part and rest and lexemes[rest[0]].kind == "anatomy" else at


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
