"""LSMS.

Command     lingseg train lsms-on-qata-cov19 --out runs/lsms
                --model.text-weights BERT_FOLDER --model.image-weights SEGNEXT_FILE
Hardware    one accelerator at the paper's size; two CPU cores when small
Weights     BERT-base uncased as a Hugging Face folder and SegNeXt-Base (MSCAN-B) as safetensors;
            none when small but MiniLM's package
Paper       its numbers were not at hand
Ours        docs/results.md

Every setting is the authors' earlier code's (SLViT), as the paper's own were not at hand: "as
published" stands for that. 480 x 480, no augmentation, texts cut at 20 tokens.
"""

from dataclasses import replace

from lingseg.models import LSMSConfig
from lingseg.recipes.sets import LONGEST_TEXT, SETS, TRUE_TO_TEXT, on_every_set
from lingseg.training.recipe import Augmentation, Optimizer, Recipe, Schedule

AS_PUBLISHED = Recipe(
    model=LSMSConfig(),
    data=replace(SETS["qata-cov19"], height=480, width=480),
    augmentation=Augmentation(flip_rate=0.0),
    optimizer=Optimizer(learning_rate=3e-5, weight_decay=0.01, max_gradient_norm=0.0),
    schedule=Schedule(batch_size=8, num_epochs=60, shape="poly"),
    precision="fp32",
)
CORRECTED = replace(
    AS_PUBLISHED,
    model=LSMSConfig(max_words=LONGEST_TEXT),
    augmentation=TRUE_TO_TEXT,
)

RECIPES = on_every_set("lsms", CORRECTED, LSMSConfig.small()) | {
    "lsms-on-qata-cov19-as-published": AS_PUBLISHED
}
