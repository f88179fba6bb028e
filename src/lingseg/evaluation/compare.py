"""Whether one model scores better than another on the same cases, and what could have been seen.

Cases are paired by their names, and whole subjects are exchanged between the two models: images of
one subject resemble each other and are no independent witnesses. All pairs and scores that are
looked at together are corrected together.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import numpy as np

from lingseg.evaluation.scored_cases import ScoredCase, ScoredCases
from lingseg.metrics.overlap import EmptyPolicy
from lingseg.metrics.uncertainty import (
    NUM_PERMUTATIONS,
    Interval,
    bootstrap_mean,
    holm,
    paired_permutation_test,
    smallest_detectable,
)

Metric: TypeAlias = Literal["dice", "iou", "nsd"]
"""Scores that every image has for itself; pooled ones have no images to pair."""

METRICS: tuple[Metric, ...] = get_args(Metric)
ALPHA = 0.05
POWER = 0.8


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far two models lie apart in the mean of one score over images; all of 1."""

    first: str
    second: str
    metric: Metric
    first_mean: float
    second_mean: float
    interval: Interval | None
    """Of the difference, 95 %, for this pair alone."""
    p_value: float
    p_adjusted: float
    """Holm's, over all pairs and scores that were asked for."""
    smallest_detectable: float | None
    """Difference that a test of these subjects finds four times in five."""

    @property
    def difference(self) -> float:
        """Mean of the first minus mean of the second."""
        return self.first_mean - self.second_mean

    @property
    def is_significant(self) -> bool:
        """Whether the two are told apart."""
        return self.p_adjusted < ALPHA


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All pairs of some models on one list of cases."""

    dataset: str
    split: str
    models: tuple[str, ...]
    num_images: int
    num_subjects: int
    num_left_out: Mapping[str, int]
    """By model: cases that not all have, and with `empty="exclude"` those without a target."""
    tolerance: float | None
    """Of the NSD, if it was compared."""
    empty: EmptyPolicy
    differences: tuple[Difference, ...]


def compare(
    scored: Sequence[ScoredCases],
    *,
    rng: np.random.Generator,
    metrics: Sequence[Metric] = (),
    common: bool = False,
    empty: EmptyPolicy = "count",
    num_permutations: int = NUM_PERMUTATIONS,
) -> Comparison:
    """Compare every two models by a paired permutation test over subjects.

    Args:
        scored: What two or more models scored.
        rng: Where exchanges and resamples come from.
        metrics: Which scores; all that the models share if left out.
        common: Whether to leave out cases that not every model has.
        empty: Whether images whose reference is empty count, or are left out for all models.
        num_permutations: How many exchanges to draw where all are too many.

    Raises:
        ValueError: The models were not scored on the same cases.
    """
    named = _with_names(scored)
    _check_same_data(named)
    case_ids = _shared_cases(named, common=common)
    _check_same_references(named, case_ids)
    first = named[0].cases
    kept = [name for name in case_ids if empty == "count" or first[name].overlap.reference]
    if not kept:
        raise ValueError(
            "Every reference is empty, so that leaving such images out leaves none. "
            "Count them, or compare on another split."
        )
    chosen = _choose_metrics(named, kept, metrics)
    differences = [
        _difference(pair, metric, kept, rng=rng, num_permutations=num_permutations)
        for pair in combinations(named, 2)
        for metric in chosen
    ]
    adjusted = holm([found.p_value for found in differences])
    return Comparison(
        dataset=named[0].dataset,
        split=named[0].split,
        models=tuple(one.name for one in named),
        num_images=len(kept),
        num_subjects=len({first[name].subject for name in kept}),
        num_left_out=MappingProxyType({one.name: len(one.cases) - len(kept) for one in named}),
        tolerance=named[0].tolerance if "nsd" in chosen else None,
        empty=empty,
        differences=tuple(
            replace(found, p_adjusted=p_value)
            for found, p_value in zip(differences, adjusted, strict=True)
        ),
    )


_SCORES: dict[Metric, Callable[[ScoredCase], float]] = {
    "dice": lambda case: case.overlap.dice,
    "iou": lambda case: case.overlap.iou,
    "nsd": lambda case: case.nsd,
}


def _with_names(scored: Sequence[ScoredCases]) -> list[ScoredCases]:
    """Return the models under names that tell them apart."""
    if len(scored) < 2:
        raise ValueError(
            f"There is {len(scored)} folder of scores, expected two or more. "
            f"Name those of the models to compare."
        )
    tables = Counter(one.path.resolve() for one in scored)
    twice = [path for path, number in tables.items() if number > 1]
    if twice:
        raise ValueError(f"{twice[0]} is named twice. Name every folder of scores once.")
    names = Counter(one.name for one in scored)
    return [
        replace(one, name=f"{one.name} ({one.path.parent})") if names[one.name] > 1 else one
        for one in scored
    ]


def _check_same_data(scored: Sequence[ScoredCases]) -> None:
    """Refuse models that were scored on different data."""
    first = scored[0]
    for other in scored[1:]:
        if (other.dataset, other.split) != (first.dataset, first.split):
            raise ValueError(
                f"{first.name} was scored on {first.dataset}, {first.split}, {other.name} on "
                f"{other.dataset}, {other.split}; expected the same. Evaluate both on one split."
            )


def _shared_cases(scored: Sequence[ScoredCases], *, common: bool) -> list[str]:
    """Return the cases that all models have, in the order of the first."""
    shared = [name for name in scored[0].cases if all(name in one.cases for one in scored)]
    extra = {one.name: len(one.cases) - len(shared) for one in scored}
    if not shared:
        raise ValueError(
            "The models have no case in common. Evaluate them on the same cases of one split."
        )
    if any(extra.values()) and not common:
        told = ", ".join(f"{name} {number}" for name, number in extra.items() if number)
        raise ValueError(
            f"The models were scored on different cases: all have {len(shared)}, and beyond these "
            f"{told}. Evaluate them on the same ones, or compare what they share with --common."
        )
    return shared


def _check_same_references(scored: Sequence[ScoredCases], case_ids: Sequence[str]) -> None:
    """Refuse cases of one name that are not the same: no score would tell."""
    first = scored[0]
    for other in scored[1:]:
        for name in case_ids:
            one, two = first.cases[name], other.cases[name]
            known = one.subject, one.overlap.reference
            if known != (two.subject, two.overlap.reference):
                raise ValueError(
                    f"{name} is not one case: subject {known[0]} with a reference of {known[1]} "
                    f"pixels for {first.name}, subject {two.subject} with {two.overlap.reference} "
                    f"for {other.name}. Evaluate both on the same copy of the data."
                )


def _choose_metrics(
    scored: Sequence[ScoredCases], case_ids: Sequence[str], metrics: Sequence[Metric]
) -> tuple[Metric, ...]:
    """Return the scores to compare: those asked for, or all that mean the same for all models."""
    tolerances = sorted({one.tolerance for one in scored})
    units = {tuple(one.cases[name].unit for name in case_ids) for one in scored}
    has_nsd = len(tolerances) == 1 and len(units) == 1
    if "nsd" in metrics and not has_nsd:
        raise ValueError(
            f"The NSD was taken at tolerances of {', '.join(f'{t:g}' for t in tolerances)}, in "
            f"{len(units)} choices of unit; expected one. Evaluate again with one --tolerance."
        )
    chosen = metrics or [metric for metric in METRICS if metric != "nsd" or has_nsd]
    return tuple(dict.fromkeys(chosen))


def _difference(
    pair: tuple[ScoredCases, ScoredCases],
    metric: Metric,
    case_ids: Sequence[str],
    *,
    rng: np.random.Generator,
    num_permutations: int,
) -> Difference:
    """Compare two models in one score; not yet corrected for the others."""
    one, other = pair
    subjects = [one.cases[name].subject for name in case_ids]
    first, second = (
        np.array([_SCORES[metric](model.cases[name]) for name in case_ids]) for model in pair
    )
    p_value = paired_permutation_test(
        first, second, subjects, rng=rng, num_permutations=num_permutations
    )
    return Difference(
        first=one.name,
        second=other.name,
        metric=metric,
        first_mean=float(first.mean()),
        second_mean=float(second.mean()),
        interval=bootstrap_mean(first - second, subjects, rng=rng),
        p_value=p_value,
        p_adjusted=p_value,
        smallest_detectable=smallest_detectable(first - second, subjects, alpha=ALPHA, power=POWER),
    )
