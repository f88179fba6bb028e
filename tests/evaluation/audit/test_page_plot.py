"""Where marks lie on paper."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lingseg.evaluation.audit.page_plot import BOTTOM, LEFT, NUM_STYLES, RIGHT, TOP, draw_plot
from lingseg.evaluation.audit.row import Line, Plot

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


def plot_of(*lines: Line) -> Plot:
    return Plot(key="p", title="t", x_label="x", y_label="y", lines=lines)


def test_shares_are_drawn_on_the_whole_range_from_0_to_1():
    line = Line(name="a", xs=(0.0, 1.0), ys=(0.5, 0.6))
    drawn = draw_plot(plot_of(line))
    assert [tick.text for tick in drawn.up.ticks] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert (drawn.up.ticks[0].place, drawn.up.ticks[-1].place) == (BOTTOM, TOP)
    assert drawn.lines[0].points[0].y == (BOTTOM + TOP) / 2


def test_small_shares_get_an_axis_of_their_size():
    drawn = draw_plot(plot_of(Line(name="a", xs=(0.0, 1.0), ys=(0.02, 0.12))))
    assert (drawn.up.ticks[0].text, drawn.up.ticks[-1].text) == ("0", "0.15")


def test_shares_that_are_all_nothing_lie_at_the_foot():
    drawn = draw_plot(plot_of(Line(name="a", xs=(0.0, 1.0), ys=(0.0, 0.0))))
    assert drawn.up.ticks[0].text == "0"
    assert [point.y for point in drawn.lines[0].points] == [BOTTOM, BOTTOM]


def test_a_larger_number_lies_higher_and_further_right():
    line = Line(name="a", xs=(1.0, 2.0), ys=(10.0, 30.0), lows=(5.0, 25.0), highs=(15.0, 40.0))
    first, second = draw_plot(plot_of(line)).lines[0].points
    assert first.x < second.x
    assert first.y > second.y
    assert first.high < first.y < first.low


def test_band_runs_along_the_upper_ends_and_back_along_the_lower_ones():
    line = Line(name="a", xs=(0.0, 1.0), ys=(0.5, 0.5), lows=(0.0, 0.0), highs=(1.0, 1.0))
    corners = [corner.split(",") for corner in draw_plot(plot_of(line)).lines[0].band.split()]
    assert [float(y) for _, y in corners] == [TOP, TOP, BOTTOM, BOTTOM]
    assert corners[0][0] == corners[3][0] != corners[1][0] == corners[2][0]


def test_a_line_without_intervals_has_no_band():
    (line,) = draw_plot(plot_of(Line(name="a", xs=(0.0, 1.0), ys=(0.5, 0.5)))).lines
    assert line.band == ""
    assert line.points[0].low is None


def test_lines_differ_in_style_until_styles_run_out():
    lines = [Line(name=str(n), xs=(0.0,), ys=(0.5,)) for n in range(NUM_STYLES + 1)]
    styles = [line.style for line in draw_plot(plot_of(*lines)).lines]
    assert styles == [1, 2, 3, 4, 5, 6, 1]


@pytest.mark.parametrize("lines", [(), (Line(name="a", xs=(), ys=()),)])
def test_a_plot_of_nothing_has_axes(lines):
    assert draw_plot(plot_of(*lines)).across.ticks


@settings(max_examples=40)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8))
def test_everything_lies_between_the_axes_with_a_handful_of_ticks(places):
    line = Line(name="a", xs=tuple(x for x, _ in places), ys=tuple(y for _, y in places))
    drawn = draw_plot(plot_of(line))
    for point in drawn.lines[0].points:
        assert LEFT <= point.x <= RIGHT
        assert TOP <= point.y <= BOTTOM
        assert math.isfinite(point.x + point.y)
    assert 1 <= len(drawn.across.ticks) <= 8
    assert all(LEFT <= tick.place <= RIGHT for tick in drawn.across.ticks)
