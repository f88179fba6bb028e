"""Numbers as the sentences of the rows say them."""

from lingseg.evaluation.summary import Estimate


def percent(estimate: Estimate) -> str:
    """Return a share or a Dice: "85 %"."""
    return "an unknown share" if estimate.value is None else f"{100 * estimate.value:.0f} %"


def points(estimate: Estimate) -> str:
    """Return a difference: "12.3 points", with its sign if it is negative."""
    if estimate.value is None:
        return "an unknown number of points"
    number = f"{100 * estimate.value:.1f}"
    shown = "0.0" if number == "-0.0" else number.replace("-", "\N{MINUS SIGN}")
    return f"{shown} points"
