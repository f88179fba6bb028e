"""RecLMIS on QaTa-COV19, as published.

Command     lingseg train reclmis-on-qata-cov19 --model.text-weights CLIP_FOLDER --out runs/reclmis
Hardware    one accelerator; days on two CPU cores
Weights     CLIP ViT-B/32's text tower as a Hugging Face folder (config.json, model.safetensors,
            tokenizer.json)
Paper       85.22 / 77.00 Dice / IoU, per image, on test; replicated at 83.7 ± 0.4 (3 seeds)
Ours        not trained yet

The official recipe turns and flips pictures while their sentences stay as they are. Here the heart
and the sentence forbid both. Its blur mixes rows and colours by a mistake; here it is a blur.
"""

from lingseg.models import RecLMISConfig
from lingseg.training.recipe import Augmentation, Data, Optimizer, Recipe, Schedule

RECIPE = Recipe(
    model=RecLMISConfig(),
    data=Data(sets=("qata_cov19",)),
    augmentation=Augmentation(flip_rate=0.0, colour_rate=0.5, blur_rate=0.5),
    optimizer=Optimizer(name="adam", learning_rate=3e-4, weight_decay=0.0, max_gradient_norm=0.0),
    schedule=Schedule(batch_size=32, num_epochs=2000, shape="restarts", patience=100),
    seed=3407,
    precision="fp32",
)
