"""Two numbers that are one measure, as in "2 by 3 cm", or none that is known: "8 to 10 mm"."""

from collections.abc import Sequence
from dataclasses import replace

from lingseg.language.lexicon import Lexeme

NUMBERS = frozenset(["number", "count"])


def with_measures_whole(lexemes: Sequence[Lexeme]) -> list[Lexeme]:
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
    if first[0].kind not in NUMBERS or last[0].kind not in NUMBERS:
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
