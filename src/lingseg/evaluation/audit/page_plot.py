"""Where the marks of a plot lie on paper; `plot.svg.jinja` draws them.

The page brings its plots as SVG whose colours are the page's own, so that they follow the light
and the dark scheme and the printer. A plotting library fixes colours in every mark and gives all
plots of a page the same ids, which a page must not hold twice.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lingseg.evaluation.audit.row import Line, Plot

LEFT, RIGHT, TOP, BOTTOM = 46, 408, 12, 226
"""Ends of the axes on a paper of 420 by 270; labels lie outside of them."""
NUM_STYLES = 6
"""Colours, dashes and shapes that the style sheet tells apart; a seventh line is drawn as the
first."""
_MAX_TICKS = 6
_SMALL = 0.3
"""Shares up to here get an axis of their own size; others are shown on the whole from 0 to 1."""
_ROOM = 0.04
"""Room at both ends of an axis, in shares of its length."""


@dataclass(frozen=True)
class Tick:
    """A number on an axis."""

    place: float
    text: str


@dataclass(frozen=True)
class Axis:
    """From numbers to places on paper."""

    low: float
    high: float
    start: int
    """Where the low end lies on paper."""
    stop: int

    def place(self, value: float) -> float:
        """Return where a number lies."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 1)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Return round numbers within the axis."""
        return tuple(
            Tick(self.place(value), f"{value:.10g}")
            for value in _round_numbers(self.low, self.high)
        )


@dataclass(frozen=True)
class DrawnPoint:
    """One mark and, where it is known, its interval from low to high."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class DrawnLine:
    """One line of a plot on paper."""

    name: str
    style: int
    points: tuple[DrawnPoint, ...]
    path: str
    """Corners of the line, as SVG wants them."""
    band: str
    """Corners of the interval's band; empty: no interval is known."""


@dataclass(frozen=True, kw_only=True)
class DrawnPlot:
    """A plot on paper."""

    plot: Plot
    across: Axis
    up: Axis
    lines: tuple[DrawnLine, ...]


def draw_plot(plot: Plot) -> DrawnPlot:
    """Lay a plot out on paper."""
    xs = [x for line in plot.lines for x in line.xs]
    ys = [y for line in plot.lines for y in (*line.ys, *line.lows, *line.highs)]
    across = _axis(xs, LEFT, RIGHT)
    up = _axis([*ys, *_ends_of_shares(ys)], BOTTOM, TOP, room=0.0)
    return DrawnPlot(
        plot=plot,
        across=across,
        up=up,
        lines=tuple(
            _draw_line(line, index % NUM_STYLES + 1, across, up)
            for index, line in enumerate(plot.lines)
        ),
    )


def _ends_of_shares(values: Sequence[float]) -> tuple[float, ...]:
    """Return what an axis of shares must hold: nothing, and all unless all shares are small."""
    if any(not 0 <= value <= 1 for value in values):
        return ()
    largest = max(values, default=1.0)
    return 0.0, 1.0 if largest > _SMALL else max(1, math.ceil(20 * largest)) / 20


def _axis(values: Sequence[float], start: int, stop: int, *, room: float = _ROOM) -> Axis:
    """Return an axis that holds all values; one of no length is made one long."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    is_flat = math.isclose(low, high, rel_tol=1e-9, abs_tol=1e-12)
    spare = 0.5 if is_flat else (high - low) * room
    return Axis(low - spare, high + spare, start, stop)


def _round_numbers(low: float, high: float) -> Iterator[float]:
    """Yield at most a handful of multiples of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10((high - low) / _MAX_TICKS))
    steps = (power * factor for factor in (1, 2, 5, 10))
    step = next(step for step in steps if (high - low) / step <= _MAX_TICKS)
    for count in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        yield count * step


def _draw_line(line: Line, style: int, across: Axis, up: Axis) -> DrawnLine:
    """Lay one line out on paper."""
    xs = [across.place(x) for x in line.xs]
    ys, lows, highs = ([up.place(y) for y in values] for values in (line.ys, line.lows, line.highs))
    there = list(zip(xs, highs, strict=True)) if highs else []
    back = list(zip(xs, lows, strict=True))[::-1] if lows else []
    ends = zip(lows, highs, strict=True) if lows else ((None, None) for _ in xs)
    return DrawnLine(
        name=line.name,
        style=style,
        points=tuple(
            DrawnPoint(x, y, low, high) for x, y, (low, high) in zip(xs, ys, ends, strict=True)
        ),
        path=_corners(zip(xs, ys, strict=True)),
        band=_corners(there + back),
    )


def _corners(places: Iterable[tuple[float, float]]) -> str:
    """Return places as the `points` of an SVG polyline or polygon."""
    return " ".join(f"{x:g},{y:g}" for x, y in places)
