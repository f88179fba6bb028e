"""A run that takes a second: Tiny on a few blocks."""

from fakes import write_folder_dataset

from lingseg.datasets.folder import read_folder
from lingseg.models import TinyConfig
from lingseg.training.loop import train
from lingseg.training.recipe import Augmentation, Data, Optimizer, Recipe, Schedule

RECIPE = Recipe(
    model=TinyConfig(dim=16, patch_size=8),
    data=Data(sets=("blocks",), height=24, width=32),
    augmentation=Augmentation(flip_rate=0.5, noise_rate=0.5),
    optimizer=Optimizer(learning_rate=3e-3, ema_decay=0.9),
    schedule=Schedule(batch_size=4, steps_per_epoch=3, num_epochs=3, warmup_steps=2, state_steps=2),
    precision="fp32",
)


def write_blocks(folder):
    """Return a data set of bright blocks, left and right."""
    return read_folder(
        write_folder_dataset(
            folder,
            num_cases={"train": 10, "val": 4, "test": 2},
            declared={"symmetry": "horizontal"},
        )
    )


def run_small(folder, recipe=RECIPE, *, resume=False, report=None):
    """Train into `folder / "run"` on the data set `folder / "data"`."""
    data = folder / "data"
    dataset = read_folder(data) if data.exists() else write_blocks(data)
    train(recipe, [dataset], folder / "run", resume=resume, report=report)
    return folder / "run"
