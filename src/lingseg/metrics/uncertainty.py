"""How sure a score is, and whether two scores differ, when images of one patient go together.

Images of one subject resemble each other, so subjects are drawn and not images: an interval that
ignores this is too narrow. Every random number comes from the generator that the caller hands in.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

NUM_RESAMPLES = 2000
NUM_PERMUTATIONS = 10_000
MAX_EXACT_SUBJECTS = 16
"""Up to so many subjects all exchanges of two models, 65,536 at most, are written out."""
_NUMBERS_AT_ONCE = 2**22
"""Drawn subjects that are held in memory together (32 MiB)."""


@dataclass(frozen=True)
class Interval:
    """Between which values a score lies with the confidence that was asked for."""

    low: float
    high: float


def bootstrap_ratio(
    numerators: Sequence[float] | Numbers,
    denominators: Sequence[float] | Numbers,
    subjects: Sequence[str],
    *,
    rng: np.random.Generator,
    num_resamples: int = NUM_RESAMPLES,
    confidence: float = 0.95,
) -> Interval | None:
    """Return the percentile interval of sum(numerators) / sum(denominators), subjects redrawn.

    Both conventions are such a ratio: a mean over images has denominators of 1, Dice of all
    pixels has 2 * intersections over areas. A resample with nothing to divide by is left out.

    Returns:
        None where no spread was seen and none can be told: with fewer than two subjects, or where
        all resamples agree, as in 13 hits out of 13.

    Raises:
        ValueError: The lengths differ.
    """
    over = _sum_by_subject(numerators, subjects)
    under = _sum_by_subject(denominators, subjects)
    if len(over) < 2:
        return None
    ratios = []
    for drawn in _draw_subjects(len(over), num_resamples, rng):
        whole = under[drawn].sum(axis=1)
        ratios.append(over[drawn].sum(axis=1)[whole > 0] / whole[whole > 0])
    return _percentile_interval(np.concatenate(ratios), confidence)


def bootstrap_mean(
    values: Sequence[float] | Numbers,
    subjects: Sequence[str],
    *,
    rng: np.random.Generator,
    num_resamples: int = NUM_RESAMPLES,
    confidence: float = 0.95,
) -> Interval | None:
    """Return the percentile interval of the mean over images, subjects redrawn.

    See `bootstrap_ratio` for what it returns and raises.
    """
    return bootstrap_ratio(
        values,
        np.ones(len(values)),
        subjects,
        rng=rng,
        num_resamples=num_resamples,
        confidence=confidence,
    )


def bootstrap_statistic(
    statistic: Callable[[Numbers], Numbers],
    subjects: Sequence[str],
    *,
    rng: np.random.Generator,
    num_resamples: int = NUM_RESAMPLES,
    confidence: float = 0.95,
) -> Interval | None:
    """Return the percentile interval of any score that can be taken of weighted images.

    Args:
        statistic: Given a table of weights, a resample a row and an image a column, returns the
            score of every row; an image that was drawn twice weighs 2. NaN where a row has none:
            it is left out.
        subjects: Of every image; they are what is redrawn.
        rng: Where the resamples come from.
        num_resamples: How many to draw.
        confidence: Of the interval.

    Returns:
        None where no spread was seen; see `bootstrap_ratio`.
    """
    names, places = np.unique(np.asarray(subjects, dtype=np.str_), return_inverse=True)
    if len(names) < 2:
        return None
    scores = []
    for size in _chunk_sizes(num_resamples, len(subjects)):
        drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=size)
        scores.append(statistic(drawn[:, places].astype(np.float64)))
    every = np.concatenate(scores)
    return _percentile_interval(every[~np.isnan(every)], confidence)


def paired_permutation_test(
    first: Sequence[float] | Numbers,
    second: Sequence[float] | Numbers,
    subjects: Sequence[str],
    *,
    rng: np.random.Generator,
    num_permutations: int = NUM_PERMUTATIONS,
) -> float:
    """Return how often chance alone parts two models' mean scores as far as seen, or further.

    If the models were equal, either could have made the scores of any subject: the two are
    exchanged for whole subjects. Subjects on which they agree have no say. Two-sided; exact with
    up to `MAX_EXACT_SUBJECTS` others, where the smallest p is 2 / 2 ** subjects, and drawn at
    random with more, where it is 1 / (permutations + 1).

    Raises:
        ValueError: The lengths differ, or there is no case.
    """
    if not len(first) or len(first) != len(second):
        raise ValueError(
            f"There are {len(first)} and {len(second)} scores; expected as many of both models, "
            f"and at least one. Pair them by case."
        )
    every = _sum_by_subject(np.asarray(first) - np.asarray(second), subjects)
    gaps = every[every != 0]
    if len(gaps) <= MAX_EXACT_SUBJECTS:
        return float(np.mean(_is_as_far(_all_exchanges(len(gaps)), gaps)))
    num_as_far = 0
    for size in _chunk_sizes(num_permutations, len(gaps)):
        drawn = rng.integers(2, size=(size, len(gaps)), dtype=np.int8)
        num_as_far += int(np.count_nonzero(_is_as_far(drawn, gaps)))
    return (1 + num_as_far) / (1 + num_permutations)


def mean_error(values: Sequence[float] | Numbers, subjects: Sequence[str]) -> float | None:
    """Return the standard error of the mean over images, whose subjects were drawn.

    It is the error of a ratio of two sums over subjects (Cochran, Sampling Techniques, 1977,
    section 6.4): subjects may have any number of images. None with fewer than two subjects.

    Raises:
        ValueError: The lengths differ.
    """
    sums = _sum_by_subject(values, subjects)
    sizes = _sum_by_subject(np.ones(len(values)), subjects)
    if len(sums) < 2:
        return None
    apart = sums - sizes * (sums.sum() / sizes.sum())
    spread = np.square(apart).sum() * len(sums) / (len(sums) - 1)
    return float(np.sqrt(spread) / sizes.sum())


def smallest_detectable(
    differences: Sequence[float] | Numbers,
    subjects: Sequence[str],
    *,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float | None:
    """Return how large a mean difference must be for a test to find it with this power.

    It is (t(1 - alpha / 2) + t(power)) times the standard error of the paired differences, for one
    two-sided comparison; t has one degree of freedom fewer than there are subjects. None with
    fewer than two subjects.

    Raises:
        ValueError: The lengths differ.
    """
    # A quarter of a second of start-up that only those who compare should pay.
    from scipy.special import stdtrit

    error = mean_error(differences, subjects)
    if error is None:
        return None
    freedom = len(set(subjects)) - 1
    return float(stdtrit(freedom, 1 - alpha / 2) + stdtrit(freedom, power)) * error


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values that hold for all comparisons together (Holm, 1979), in the given order."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    stepped = np.maximum.accumulate(np.asarray(p_values, dtype=np.float64)[order] * factors)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(p_value) for p_value in adjusted]


def _percentile_interval(resampled: Numbers, confidence: float) -> Interval | None:
    """Return the interval that leaves out equal tails; None where there is no spread."""
    if not resampled.size or resampled.min() == resampled.max():
        return None
    tail = 50 * (1 - confidence)
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return Interval(float(low), float(high))


def _sum_by_subject(values: Sequence[float] | Numbers, subjects: Sequence[str]) -> Numbers:
    """Return the sum of the values of every subject."""
    if len(values) != len(subjects):
        raise ValueError(
            f"There are {len(values)} values for {len(subjects)} subjects; expected one subject "
            f"for each value. Pass the subject of every case."
        )
    _, places = np.unique(np.asarray(subjects, dtype=np.str_), return_inverse=True)
    sums = np.bincount(places, weights=np.asarray(values, dtype=np.float64))
    return sums.astype(np.float64)


def _all_exchanges(num_subjects: int) -> NDArray[np.int8]:
    """Return a row of 0 and 1 for every way to exchange some of the subjects."""
    numbers = np.arange(2**num_subjects, dtype=np.int64)[:, None]
    return (numbers >> np.arange(num_subjects, dtype=np.int64) & 1).astype(np.int8)


def _is_as_far(exchanged: NDArray[np.int8], gaps: Numbers) -> NDArray[np.bool_]:
    """Return which rows of exchanges part the sums at least as far as none does."""
    slack = 1e-12 * np.abs(gaps).sum()  # equal sums added in another order must count as equal
    moved = gaps.sum() - 2 * (exchanged @ gaps)
    return np.asarray(np.abs(moved) >= abs(gaps.sum()) - slack)


def _draw_subjects(
    num_subjects: int, num_resamples: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield tables of drawn subjects, a resample a row, small enough for the memory."""
    for size in _chunk_sizes(num_resamples, num_subjects):
        yield rng.integers(num_subjects, size=(size, num_subjects))


def _chunk_sizes(num_rows: int, num_columns: int) -> Iterator[int]:
    """Yield how many of the rows to hold at once, until all are done."""
    size = max(1, _NUMBERS_AT_ONCE // max(1, num_columns))
    for start in range(0, num_rows, size):
        yield min(size, num_rows - start)
