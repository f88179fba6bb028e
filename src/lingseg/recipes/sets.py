"""What every method is trained on, and how at a small size; the methods' files choose the rest.

A recipe is named METHOD-on-SET at the paper's size, METHOD-small-on-SET at the size that trains on
two CPU cores. "as-published" at the end means: with what the paper's code did to the data, even
where that makes sentences false or cuts them; without it, sentences stay whole and true.
"""

from dataclasses import replace

from lingseg.models import ModelConfig
from lingseg.training.recipe import Augmentation, Data, Optimizer, Recipe, Schedule

OPEN_SETS = ("busi", "isic2017", "kvasir_polyp", "hc18", "hippocampus")
"""Those whose licences let weights trained on them be passed on."""

LONGEST_TEXT = 48
"""In tokens, start and end included; no sentence of the ten sets is longer."""

SETS = {
    "qata-cov19": Data(sets=("qata_cov19",)),
    "chaos-mr": Data(sets=("chaos_mr",), companions=1),
    "acdc": Data(sets=("acdc",), companions=1),
    "hippocampus": Data(sets=("hippocampus",), companions=1),
    "busi": Data(sets=("busi",)),
    "open-sets": Data(
        sets=OPEN_SETS,
        shares=(2.0, 3.0, 4.0, 2.0, 3.0, 8.0),
        num_phantoms=6000,
        companions=1,
    ),
    "ablation-sets": Data(
        sets=("chaos_mr", "busi", "qata_cov19"), shares=(1.0, 1.0, 1.0), companions=1
    ),
    "reading-sets": Data(sets=("busi",), shares=(1.0, 2.0), num_phantoms=3000, companions=1),
    "three-sets": Data(sets=("chaos_mr", "acdc", "busi"), companions=1),
}
"""The data behind each name; "three-sets" is what docs/results.md compares methods on,
"ablation-sets" and "reading-sets" what docs/lingnet.md chooses LingNet's parts on."""

TRUE_TO_TEXT = Augmentation(
    flip_rate=0.5,
    turn_rate=0.5,
    warp_rate=0.7,
    max_scale=1.2,
    colour_rate=0.7,
    noise_rate=0.2,
    blur_rate=0.15,
)
"""Changes of the picture with which every sentence stays true."""

BLIND_TO_TEXT = Augmentation(
    text_stays=True,
    flip_rate=0.25,
    turn_rate=0.375,
    warp_rate=0.25,
    max_angle=20.0,
    max_scale=1.0,
    max_shift=0.0,
)
"""LViT's, which RecLMIS took over: half of the pictures are turned and flipped, half of the others
rotated by up to 20 degrees, while their sentences stay as they are."""


def on_every_set(method: str, paper: Recipe, small: ModelConfig) -> dict[str, Recipe]:
    """Return the recipes of a method on every set, at the paper's size and at the small one.

    Args:
        method: As it is called in names.
        paper: The method's own settings; its picture size is kept, its data are replaced.
        small: The model that trains on two CPU cores.
    """
    recipes = {}
    for name, data in SETS.items():
        sized = replace(data, height=paper.data.height, width=paper.data.width)
        recipes[f"{method}-on-{name}"] = replace(paper, data=sized)
        if small != paper.model:
            recipes[f"{method}-small-on-{name}"] = at_small_size(small, data)
    return recipes


def at_small_size(model: ModelConfig, data: Data) -> Recipe:
    """Return how a small model is trained on two CPU cores: the same for every method."""
    return Recipe(
        model=model,
        data=data,
        augmentation=TRUE_TO_TEXT,
        optimizer=Optimizer(learning_rate=1e-3, weight_decay=0.02, ema_decay=0.998),
        schedule=Schedule(batch_size=16, steps_per_epoch=200, num_epochs=6, warmup_steps=100),
    )
