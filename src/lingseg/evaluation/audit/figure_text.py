"""A row's figures as a reader sees them: 0.853 as "85.3 %"."""

from lingseg.evaluation.audit.row import Figure

UNKNOWN = "\N{EN DASH}"
"""In place of a number that cannot be told."""
_MINUS = "\N{MINUS SIGN}"
_SUFFIXES = {"percent": " %", "points": " points", "plain": ""}


def say_value(figure: Figure) -> str:
    """Return the value with its unit: "85.3 %", "12.0 points", "0.041"."""
    value = figure.estimate.value
    return UNKNOWN if value is None else _number(value, figure) + _SUFFIXES[figure.unit]


def say_interval(figure: Figure) -> str:
    """Return the 95 % interval without its unit: "82.1 to 88.0"."""
    interval = figure.estimate.interval
    if interval is None:
        return UNKNOWN
    return f"{_number(interval.low, figure)} to {_number(interval.high, figure)}"


def _number(value: float, figure: Figure) -> str:
    """Return a number as its unit wants it, with a true minus and no minus on nothing."""
    shown = _plain(value) if figure.unit == "plain" else f"{100 * value:.1f}"
    shown = shown.removeprefix("-") if float(shown.replace(",", "")) == 0 else shown
    return shown.replace("-", _MINUS)


def _plain(value: float) -> str:
    """Return whole numbers and large ones without digits after the point, others with three."""
    is_whole = value == round(value)
    return f"{value:,.0f}" if is_whole or abs(value) >= 1000 else f"{value:,.3f}"
