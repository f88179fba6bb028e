"""The data sets of a run, its own phantoms included."""

from pathlib import Path

from lingseg.datasets.case import Dataset
from lingseg.datasets.catalogue import find_dataset
from lingseg.datasets.folder import read_folder
from lingseg.datasets.phantom import draw_phantoms
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


def _draw(recipe: Recipe, folder: Path) -> None:
    """Draw the phantoms; the folder appears when it is complete."""
    draw_phantoms(
        folder,
        num_cases=recipe.data.num_phantoms,
        seed=recipe.data.phantom_seed,
        size=(recipe.data.height, recipe.data.width),
    )
