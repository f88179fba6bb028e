"""LAVT.

Command     lingseg train lavt-on-qata-cov19 --out runs/lavt
                --model.text-weights BERT_FOLDER --model.image-weights SWIN_FOLDER
Hardware    one accelerator at the paper's size; two CPU cores when small
Weights     BERT-base uncased and Swin-Base (window 12, ImageNet-22k) as Hugging Face folders; none
            when small but MiniLM's package
Paper       72.73 overall IoU on RefCOCO's validation; on QaTa-COV19 by others only
Ours        docs/results.md

As published for photographs: 480 x 480, no augmentation, texts cut at 20 tokens.
"""

from dataclasses import replace

from lingseg.models import LAVTConfig
from lingseg.recipes.sets import LONGEST_TEXT, SETS, TRUE_TO_TEXT, on_every_set
from lingseg.training.recipe import Augmentation, Optimizer, Recipe, Schedule

AS_PUBLISHED = Recipe(
    model=LAVTConfig(),
    data=replace(SETS["qata-cov19"], height=480, width=480),
    augmentation=Augmentation(flip_rate=0.0),
    optimizer=Optimizer(learning_rate=5e-5, weight_decay=0.01, max_gradient_norm=0.0),
    schedule=Schedule(batch_size=32, num_epochs=40, shape="poly"),
    precision="fp32",
)
CORRECTED = replace(
    AS_PUBLISHED,
    model=LAVTConfig(max_words=LONGEST_TEXT, objective="cross_entropy+dice"),
    augmentation=TRUE_TO_TEXT,
)
SMALL = replace(LAVTConfig.small(), max_words=LONGEST_TEXT)

RECIPES = on_every_set("lavt", CORRECTED, SMALL) | {"lavt-on-qata-cov19-as-published": AS_PUBLISHED}
