"""Pairs of masks, and maps of probabilities, that a formula gives alike on every machine."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIZE = (48, 68)


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """What one picture is scored by."""

    name: str
    prediction: NDArray[np.bool_]
    reference: NDArray[np.bool_]
    probabilities: NDArray[np.float32]
    spacing: tuple[float, float]
    tolerance: float


def mask_pairs() -> Iterator[Pair]:
    """Yield the pairs, none of which has an empty mask."""
    disc = _ellipse(24, 30, 12, 15)
    holed = disc & ~_ellipse(22, 28, 4, 6)
    waves = _waves(0.31, 0.23) > 0.7
    yield _pair("the same", disc, disc)
    yield _pair("moved", _ellipse(26, 35, 12, 15), disc)
    yield _pair("larger", _ellipse(24, 30, 17, 21), disc, spacing=(0.7, 1.3), tolerance=3.0)
    yield _pair("smaller", _ellipse(21, 27, 6, 7), disc, spacing=(2.0, 0.5))
    yield _pair("a hole missed", disc, holed)
    yield _pair("far apart", _ellipse(8, 9, 5, 6), _ellipse(38, 55, 7, 8), tolerance=1.0)
    yield _pair("at the rim", _ellipse(2, 60, 11, 13), _ellipse(0, 64, 12, 10))
    yield _pair("a far blob", disc | _ellipse(42, 62, 3, 4), disc, tolerance=1.0)
    yield _pair("two for one", _ellipse(24, 18, 9, 7) | _ellipse(22, 44, 9, 7), disc)
    yield _pair("waves", waves, _waves(0.29, 0.25) > 0.6, spacing=(0.4, 0.4), tolerance=0.8)
    yield _pair("waves and a disc", waves, holed, spacing=(1.0, 0.6), tolerance=1.2)
    yield _pair("whole picture", np.ones(SIZE, dtype=np.bool_), disc, tolerance=4.0)


def _pair(
    name: str,
    prediction: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    *,
    spacing: tuple[float, float] = (1.0, 1.0),
    tolerance: float = 2.0,
) -> Pair:
    """Return a pair with a map that leans to the prediction, in steps that floats hold exactly."""
    soft = 0.5 + 0.3 * np.where(prediction, 1, -1) + 0.19 * _waves(0.7, 0.9)
    return Pair(
        name=name,
        prediction=prediction,
        reference=reference,
        probabilities=(np.round(soft * 64) / 64).astype(np.float32),
        spacing=spacing,
        tolerance=tolerance,
    )


def _ellipse(row: float, column: float, height: float, width: float) -> NDArray[np.bool_]:
    """Return an ellipse with these half axes."""
    rows, columns = np.indices(SIZE)
    inside = ((rows - row) / height) ** 2 + ((columns - column) / width) ** 2 <= 1
    return inside.astype(np.bool_)


def _waves(down: float, across: float) -> NDArray[np.float64]:
    """Return hills and valleys between -1 and 1."""
    rows, columns = np.indices(SIZE)
    return np.sin(down * rows + 0.5) * np.cos(across * columns - 0.2)
