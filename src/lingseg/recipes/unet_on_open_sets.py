"""The image-only twin of LingNet on the open sets: the floor that a model that reads must clear.

Command     lingseg train unet-on-open-sets --out runs/unet
Hardware    two CPU cores
Paper       none of these sets together

As many steps of as many pictures as `lingnet_on_open_sets`, with the same changes of the picture;
no phantoms, whose targets cannot be told without the sentence.
"""

from lingseg.models import UNetConfig
from lingseg.training.recipe import Augmentation, Data, Optimizer, Recipe, Schedule

RECIPE = Recipe(
    model=UNetConfig(base_dim=16),
    data=Data(
        sets=("busi", "isic2017", "kvasir_polyp", "hc18", "hippocampus"),
        shares=(3.0, 3.0, 4.0, 2.0, 3.0),
    ),
    augmentation=Augmentation(
        flip_rate=0.5,
        turn_rate=0.5,
        warp_rate=0.7,
        max_scale=1.2,
        colour_rate=0.7,
        noise_rate=0.2,
        blur_rate=0.15,
    ),
    optimizer=Optimizer(learning_rate=1e-3, weight_decay=0.02, ema_decay=0.998),
    schedule=Schedule(
        batch_size=16, steps_per_epoch=200, num_epochs=25, warmup_steps=100, state_steps=100
    ),
    half_weights=True,
)
