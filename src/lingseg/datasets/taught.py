"""What the sentences of known data sets speak of: what a model that learnt from them has heard."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from lingseg.language.facts import Facts, Finding
from lingseg.language.lexicon import lexicon

TAUGHT: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "acdc": frozenset(["left ventricle", "right ventricle"]),
        "busi": frozenset(["tumor"]),
        "chaos_mr": frozenset(["kidney", "liver", "spleen"]),
        "cxr_findings": frozenset(
            [
                *("airway", "cardiomediastinum", "central venous line", "consolidation"),
                *("endotracheal tube", "ground glass opacity", "lung", "monitoring probe"),
                *("nasogastric tube", "pleural effusion", "tubing"),
            ]
        ),
        "hc18": frozenset(["fetal head"]),
        "hippocampus": frozenset(["hippocampus"]),
        "isic2017": frozenset(["melanoma", "nevus", "seborrheic keratosis"]),
        "kvasir_polyp": frozenset(["polyp"]),
        "monuseg": frozenset(["nucleus"]),
        "phantom": frozenset(
            [
                *("consolidation", "growth", "infection", "lesion", "lung", "mass", "nevus"),
                *("nodule", "opacity", "polyp", "spot", "structure", "tumor"),
            ]
        ),
        "qata_cov19": frozenset(["infection"]),
    }
)
"""By the set's name, each thing as `understand` has it."""


def untaught(sets: Iterable[str], facts: Facts) -> tuple[str, ...]:
    """Return what a sentence asks for that no sentence of the sets spoke of.

    Nothing is said of things that are denied, nor where a set is not known, for it may have held
    them.

    Args:
        sets: The names of the data sets that a model learnt from.
        facts: What the sentence states.
    """
    named = list(sets)
    if not named or any(name not in TAUGHT for name in named):
        return ()
    heard = frozenset[str]().union(*(TAUGHT[name] for name in named))
    asked = map(_thing, facts.affirmed.findings)
    return tuple(dict.fromkeys(one for one in asked if one is not None and one not in heard))


def _thing(finding: Finding) -> str | None:
    """Return what is asked for; None where it is any area, or is not named."""
    if finding.finding is None:
        return finding.anatomy
    is_named = ("finding", finding.finding) in lexicon("en").says
    return finding.finding if is_named else None
