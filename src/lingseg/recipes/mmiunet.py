"""MMI-UNet.

Command     lingseg train mmiunet-on-qata-cov19 --out runs/mmiunet
                --model.text-weights CXR_BERT_FOLDER --model.image-weights CONVNEXT_FOLDER
Hardware    one accelerator at the paper's size; two CPU cores when small
Weights     BiomedVLP-CXR-BERT-specialized and ConvNeXt-Tiny (ImageNet-22k) as Hugging Face folders;
            none when small but MiniLM's package
Paper       its table was not at hand; its checkpoint scores 83.97 / 75.48 Dice / IoU, per image, on
            QaTa-COV19's test, by others
Ours        docs/results.md

The settings are LanGuideMedSeg's with a learning rate that stays. Its own data code makes the masks
of QaTa-COV19 empty unless it is edited, and trains on four fifths of its list.
"""

from dataclasses import replace

from lingseg.models import MMIUNetConfig
from lingseg.recipes import languidemedseg
from lingseg.recipes.sets import LONGEST_TEXT, TRUE_TO_TEXT, on_every_set

AS_PUBLISHED = replace(
    languidemedseg.AS_PUBLISHED,
    model=MMIUNetConfig(),
    schedule=replace(languidemedseg.AS_PUBLISHED.schedule, shape="constant", shape_epochs=0),
)
CORRECTED = replace(
    AS_PUBLISHED,
    model=MMIUNetConfig(max_words=LONGEST_TEXT, objective="dice+bce"),
    augmentation=TRUE_TO_TEXT,
)
SMALL = replace(MMIUNetConfig.small(), max_words=LONGEST_TEXT)

RECIPES = on_every_set("mmiunet", CORRECTED, SMALL) | {
    "mmiunet-on-qata-cov19-as-published": AS_PUBLISHED
}
