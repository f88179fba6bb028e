"""The image-only U-Net: the floor that a model that reads must clear.

Command     lingseg train unet-on-open-sets --out runs/unet
Hardware    two CPU cores at the small size, which is that on the open sets; else one accelerator
Paper       none of these sets together

On the open sets it is LingNet's image-only twin: as many steps of as many pictures, with the same
changes of the picture; no phantoms, whose targets cannot be told without the sentence.
"""

from dataclasses import replace

from lingseg.models import UNetConfig
from lingseg.recipes.lingnet import OPEN_SETS
from lingseg.recipes.sets import SETS, TRUE_TO_TEXT, on_every_set
from lingseg.training.recipe import Data, Recipe

TWIN = replace(
    OPEN_SETS,
    model=UNetConfig.small(),
    data=Data(sets=OPEN_SETS.data.sets, shares=OPEN_SETS.data.shares[:-1]),
    augmentation=TRUE_TO_TEXT,
    optimizer=replace(OPEN_SETS.optimizer, encoder_rate=1.0),
)
PAPER = Recipe(model=UNetConfig(), data=SETS["qata-cov19"], augmentation=TRUE_TO_TEXT)

RECIPES = on_every_set("unet", PAPER, UNetConfig.small()) | {"unet-on-open-sets": TWIN}
