"""Which convention a published pair of Dice and IoU was taken in.

Counted over one set of pixels, Dice = 2 IoU / (1 + IoU) exactly. The curve bends down, so means
over images that differ lie *below* it (Jensen's inequality): the gap tells the convention.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

Convention: TypeAlias = Literal["pooled", "per image", "either", "neither"]

TOLERANCE = 0.03
"""Points of 100 by which rounding on the way and at the end may part a pooled pair."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a pair of scores says of itself."""

    convention: Convention
    pooled_dice: float
    """Dice that a pooled IoU of this size goes with, in points of 100."""
    gap: float
    """By how many points the given Dice lies above it."""
    sentence: str
    """The verdict for a reader."""


def explain_pair(dice: float, iou: float) -> Verdict:
    """Tell the convention of a published pair, both of 1 or both of 100.

    Raises:
        ValueError: A number is not a score, or the two are on different scales.
    """
    scale = _scale(dice, iou)
    pooled = 100 * dice_of_iou(iou / scale)
    gap = 100 * dice / scale - pooled
    tolerance = max(TOLERANCE, _rounding(dice, iou, scale))
    is_extreme = dice == iou and iou / scale in (0, 1)
    convention = "either" if is_extreme else _convention(gap, dice < iou, tolerance)
    shown = f"2 IoU / (1 + IoU) = {pooled:.2f}, the Dice given is {100 * dice / scale:.2f}"
    return Verdict(
        convention=convention,
        pooled_dice=pooled,
        gap=gap,
        sentence=f"{_READINGS[convention]} ({shown}: {gap:+.2f} points)",
    )


def dice_of_iou(iou: float) -> float:
    """Return the Dice of masks with this intersection over union, of 1."""
    return 2 * iou / (1 + iou)


_READINGS: dict[Convention, str] = {
    "pooled": "Pooled: all pixels of the set in one count (or a single image)",
    "per image": "Per image: means over images (or over other parts, as classes or folds)",
    "either": "Cannot be told: where all images score 0, or all 100, both conventions agree",
    "neither": "Neither: no set of masks gives this pair; a number is wrong, or the two are of "
    "different sets",
}


def _scale(dice: float, iou: float) -> float:
    """Return what a perfect score is in the pair: 1 or 100."""
    for name, value in (("Dice", dice), ("IoU", iou)):
        if not 0 <= value <= 100:
            raise ValueError(
                f"{name} is {value}, expected 0 to 1 or 0 to 100. Give both scores of one table."
            )
    scale = 1.0 if max(dice, iou) <= 1 else 100.0
    if scale > 1 and 0 < min(dice, iou) <= 1:
        raise ValueError(
            f"Dice {dice} and IoU {iou} seem to be on different scales; expected both of 1 or "
            f"both of 100. Multiply the smaller one by 100 if it is of 1."
        )
    return scale


def _rounding(dice: float, iou: float, scale: float) -> float:
    """Return the points by which rounding to the digits given can part a pooled pair."""
    # 75.20 arrives as 75.2, so the longer of the two tells to how many digits both were given.
    exponents = [Decimal(repr(value)).as_tuple().exponent for value in (dice, iou)]
    unit = 10.0 ** min(exponent for exponent in exponents if isinstance(exponent, int))
    slope = 2 / (1 + iou / scale) ** 2
    return 100 / scale * unit / 2 * (1 + slope)


def _convention(gap: float, is_dice_below_iou: bool, tolerance: float) -> Convention:
    """Return the convention that a gap to the pooled relation speaks for."""
    if abs(gap) <= tolerance:
        return "pooled"
    return "neither" if gap > 0 or is_dice_below_iou else "per image"
