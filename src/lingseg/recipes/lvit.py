"""LViT.

Command     lingseg train lvit-on-qata-cov19 --model.text-weights BERT_FOLDER --out runs/lvit
Hardware    one accelerator at the paper's size; two CPU cores when small
Weights     BERT-base as a Hugging Face folder; none when small but MiniLM's package
Paper       83.66 / 75.11 Dice / IoU, per image, on QaTa-COV19's test; replicated at 81.8 ± 0.2
Ours        docs/results.md

As published, pictures are flipped, turned and rotated while their sentences stay as they are, and
ten words are heard, which cuts every sentence of QaTa-COV19; its own code keeps the best weights
from the sixth epoch on. The other recipes hear every sentence whole, at a row of weights a word.
"""

from dataclasses import replace

from lingseg.models import LViTConfig
from lingseg.recipes.sets import BLIND_TO_TEXT, LONGEST_TEXT, SETS, TRUE_TO_TEXT, on_every_set
from lingseg.training.recipe import Optimizer, Recipe, Schedule

AS_PUBLISHED = Recipe(
    model=LViTConfig(),
    data=SETS["qata-cov19"],
    augmentation=BLIND_TO_TEXT,
    optimizer=Optimizer(name="adam", learning_rate=3e-4, weight_decay=0.0, max_gradient_norm=0.0),
    schedule=Schedule(batch_size=2, num_epochs=2000, shape="restarts", patience=50),
    seed=666,
    precision="fp32",
)
NUM_WORDS = LONGEST_TEXT - 2  # start and end are not counted
CORRECTED = replace(AS_PUBLISHED, model=LViTConfig(max_words=NUM_WORDS), augmentation=TRUE_TO_TEXT)
SMALL = replace(LViTConfig.small(), max_words=NUM_WORDS)

RECIPES = on_every_set("lvit", CORRECTED, SMALL) | {"lvit-on-qata-cov19-as-published": AS_PUBLISHED}
