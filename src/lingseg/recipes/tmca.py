"""TMCA.

Command     lingseg train tmca-on-qata-cov19 --out runs/tmca
                --model.text-weights CXR_BERT_FOLDER --model.image-weights CONVNEXT_FOLDER
Hardware    one accelerator at the paper's size; two CPU cores when small
Weights     BiomedVLP-CXR-BERT-specialized and ConvNeXt-Tiny as Hugging Face folders; none when
            small but MiniLM's package
Paper       its numbers were not at hand
Ours        docs/results.md

The settings are LanGuideMedSeg's, the lab's earlier code, as the paper's own were not at hand: "as
published" stands for that.
"""

from dataclasses import replace

from lingseg.models import TMCAConfig
from lingseg.recipes import languidemedseg
from lingseg.recipes.sets import LONGEST_TEXT, TRUE_TO_TEXT, on_every_set

AS_PUBLISHED = replace(languidemedseg.AS_PUBLISHED, model=TMCAConfig())
CORRECTED = replace(
    AS_PUBLISHED,
    model=TMCAConfig(max_words=LONGEST_TEXT),
    augmentation=TRUE_TO_TEXT,
)
SMALL = replace(TMCAConfig.small(), max_words=LONGEST_TEXT)

RECIPES = on_every_set("tmca", CORRECTED, SMALL) | {"tmca-on-qata-cov19-as-published": AS_PUBLISHED}
