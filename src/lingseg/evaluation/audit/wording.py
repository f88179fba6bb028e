"""Numbers as a reader sees them: in the sentences of the rows, in the table and on the page."""

from lingseg.evaluation.audit.row import Figure, Unit
from lingseg.evaluation.summary import Estimate

UNKNOWN = "\N{EN DASH}"
"""In place of a number that cannot be told."""
_SUFFIXES: dict[Unit, str] = {"percent": " %", "points": " points", "plain": ""}


def percent(estimate: Estimate, *, digits: int = 0) -> str:
    """Return a share or a Dice: "85 %"."""
    return "an unknown share" if estimate.value is None else f"{100 * estimate.value:.{digits}f} %"


def points(estimate: Estimate) -> str:
    """Return a difference: "12.3 points", with its sign if it is negative."""
    if estimate.value is None:
        return "an unknown number of points"
    return _number(estimate.value, "points") + _SUFFIXES["points"]


def ahead(estimate: Estimate) -> str:
    """Return how far ahead one is of the other: "12.3 points ahead", "2.0 points behind"."""
    if estimate.value is None or round(100 * estimate.value, 1) >= 0:
        return f"{points(estimate)} ahead"
    return f"{points(Estimate(-estimate.value))} behind"


def say_value(figure: Figure) -> str:
    """Return the value with its unit: "85.3 %", "12.0 points", "0.041"."""
    value = figure.estimate.value
    return UNKNOWN if value is None else _number(value, figure.unit) + _SUFFIXES[figure.unit]


def say_interval(figure: Figure) -> str:
    """Return the 95 % interval without its unit: "82.1 to 88.0"."""
    interval = figure.estimate.interval
    if interval is None:
        return UNKNOWN
    return f"{_number(interval.low, figure.unit)} to {_number(interval.high, figure.unit)}"


def _number(value: float, unit: Unit) -> str:
    """Return a number as its unit wants it, with a true minus and no minus on nothing."""
    shown = _plain(value) if unit == "plain" else f"{100 * value:.1f}"
    shown = shown.removeprefix("-") if float(shown.replace(",", "")) == 0 else shown
    return shown.replace("-", "\N{MINUS SIGN}")


def _plain(value: float) -> str:
    """Return whole numbers and large ones without digits after the point, others with three."""
    is_whole = value == round(value)
    return f"{value:,.0f}" if is_whole or abs(value) >= 1000 else f"{value:,.3f}"
