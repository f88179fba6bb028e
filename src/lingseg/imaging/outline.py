"""The outline of a mask as polygons along the edges of its pixels, and how far it stretches."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging.image import MaskPixels, Spacing

Point: TypeAlias = tuple[int, int]
"""Row and column of a corner between pixels; (0, 0) is the picture's upper left corner."""
Polygon: TypeAlias = tuple[Point, ...]

_RIGHT, _DOWN, _LEFT, _UP = (0, 1), (1, 0), (0, -1), (-1, 0)
_ROWS_AT_ONCE = 512


def trace_outlines(mask: MaskPixels) -> list[Polygon]:
    """Return the outline of every part, and of every hole in one, as closed polygons.

    Parts run clockwise as seen, holes the other way. Pixels that touch at a corner only are two
    parts. Filling the polygons by the even-odd rule gives the mask again, to the pixel.
    """
    steps = _edges(mask)
    outlines = []
    while steps:
        start = next(iter(steps))  # upper edges stand first, by columns: always a corner
        outlines.append(_walk(steps, start))
    return outlines


def signed_area(polygon: Polygon) -> float:
    """Return the pixels inside: above 0 for a part, below for a hole."""
    rows, columns = np.asarray(polygon, dtype=float).T
    return float(columns @ np.roll(rows, -1) - rows @ np.roll(columns, -1)) / 2


def measure_diameters(mask: MaskPixels, spacing: Spacing) -> tuple[float, float] | None:
    """Return the longest diameter in millimetres, and the width across it; None if empty.

    Both are those of the largest part: the longest distance between the midpoints of outer pixel
    edges (as PyRadiomics measures it), and the extent at right angles to that line.
    """
    parts = [outline for outline in trace_outlines(mask) if signed_area(outline) > 0]
    if not parts:
        return None
    points = _edge_midpoints(max(parts, key=signed_area)) * np.asarray(spacing)
    start, end = _farthest(points)
    length = float(np.linalg.norm(end - start))
    row, column = (end - start) / length
    across = points @ np.asarray([-column, row])
    return length, float(across.max() - across.min())


def _edges(mask: MaskPixels) -> dict[Point, list[Point]]:
    """Return where one may go from each corner with the mask at one's right hand."""
    padded = np.pad(mask, 1)
    inner = padded[1:-1, 1:-1]
    steps: dict[Point, list[Point]] = defaultdict(list)
    sides = (
        (padded[:-2, 1:-1], (0, 0), _RIGHT),
        (padded[1:-1, 2:], (0, 1), _DOWN),
        (padded[2:, 1:-1], (1, 1), _LEFT),
        (padded[1:-1, :-2], (1, 0), _UP),
    )
    for neighbour, (down, right), direction in sides:
        for row, column in np.argwhere(inner & ~neighbour).tolist():
            steps[row + down, column + right].append(direction)
    return steps


def _walk(steps: dict[Point, list[Point]], start: Point) -> Polygon:
    """Go round one outline, taking its edges out of `steps`; return where it turns."""
    corners: list[Point] = []
    point, heading = start, None
    while point in steps and not _is_round(steps[point], point == start, heading):
        choices = steps[point]
        direction = _sharpest_right(choices, heading)
        choices.remove(direction)
        if not choices:
            del steps[point]
        if direction != heading:
            corners.append(point)
        heading = direction
        point = point[0] + direction[0], point[1] + direction[1]
    return tuple(corners)


def _is_round(choices: Sequence[Point], is_at_start: bool, heading: Point | None) -> bool:
    """Return whether the walk is back, and what is left there belongs to another outline."""
    return is_at_start and heading is not None and _turned_right(heading) not in choices


def _turned_right(heading: Point) -> Point:
    """Return the direction at one's right hand."""
    return heading[1], -heading[0]


def _sharpest_right(choices: Sequence[Point], heading: Point | None) -> Point:
    """Where two outlines touch at a corner, stay with the pixel that was being followed."""
    if heading is not None and _turned_right(heading) in choices:
        return _turned_right(heading)
    return choices[0]


def _edge_midpoints(outline: Polygon) -> NDArray[np.float64]:
    """Return the midpoint of every pixel edge of an outline."""
    points = []
    for start, end in zip(outline, (*outline[1:], outline[0]), strict=True):
        length = abs(end[0] - start[0]) + abs(end[1] - start[1])
        along = (np.arange(length) + 0.5)[:, None] / length
        points.append(np.asarray(start) + along * (np.asarray(end) - np.asarray(start)))
    return np.concatenate(points)


def _farthest(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the two points that lie farthest apart."""
    best, pair = -1.0, (0, 0)
    for top in range(0, len(points), _ROWS_AT_ONCE):
        block = points[top : top + _ROWS_AT_ONCE]
        squares = ((block[:, None] - points[None]) ** 2).sum(axis=-1)
        number = int(squares.argmax())
        if squares.flat[number] > best:
            best = float(squares.flat[number])
            pair = (top + number // len(points), number % len(points))
    return points[pair[0]], points[pair[1]]
