"""The data sets of a run, its own phantoms included."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from lingseg.datasets.case import Case, Dataset
from lingseg.datasets.catalogue import find_dataset
from lingseg.datasets.folder import read_folder
from lingseg.datasets.phantom import draw_phantoms
from lingseg.language.side import Side, to_side
from lingseg.training.other_texts import SHORT_TEXT
from lingseg.training.processes import this_process
from lingseg.training.recipe import Recipe

PHANTOMS = "phantoms"
"""The folder of a run in which its phantoms lie."""


def gather_datasets(recipe: Recipe, run: Path) -> list[Dataset]:
    """Return a recipe's data sets; phantoms are drawn into the run folder, once, by one process.

    Raises:
        DatasetNotFound: A set is not on this machine.
        ValueError: A set cannot be read as what it should be.
    """
    root = Path(recipe.data.root) if recipe.data.root else None
    datasets = [find_dataset(name, data_root=root) for name in recipe.data.sets]
    if recipe.data.num_phantoms:
        folder = run / PHANTOMS
        with this_process().main_process_first():
            if not folder.is_dir():
                _draw(recipe, folder)
        datasets.append(read_folder(folder))
    return datasets


def with_one_side(datasets: Sequence[Dataset]) -> list[Dataset]:
    """Say all sentences with one left, so that no word means two things to the model."""
    side = shared_side(datasets)
    return [_in_side(dataset, side) for dataset in datasets]


def shared_side(datasets: Sequence[Dataset]) -> Side:
    """Return whose left the sentences of a run mean: the picture's, where its sets disagree."""
    sides = {dataset.info.side for dataset in datasets} - {"none"}
    if len(sides) > 1:
        return "image"
    return sides.pop() if sides else "none"


def _in_side(dataset: Dataset, side: Side) -> Dataset:
    """Return the data set as said with the left of `side`; one that names no sides stays."""
    if dataset.info.side in ("none", side):
        return dataset
    splits = {
        name: tuple(_case_in_side(case, side) for case in cases)
        for name, cases in dataset.splits.items()
    }
    return replace(dataset, info=replace(dataset.info, side=side), splits=splits)


def _case_in_side(case: Case, side: Side) -> Case:
    """Return the case as said with the left of `side`, its short name as well."""
    columns = dict(case.columns)
    if SHORT_TEXT in columns:
        columns[SHORT_TEXT] = to_side(columns[SHORT_TEXT], case.side, side)
    return replace(
        case, text=to_side(case.text, case.side, side), side=side, columns=MappingProxyType(columns)
    )


def _draw(recipe: Recipe, folder: Path) -> None:
    """Draw the phantoms; the folder appears when it is complete."""
    draw_phantoms(
        folder,
        num_cases=recipe.data.num_phantoms,
        seed=recipe.data.phantom_seed,
        size=(recipe.data.height, recipe.data.width),
    )
