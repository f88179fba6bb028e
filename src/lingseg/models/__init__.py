"""The models, one method a file. To add one: write its file and put it in this table."""

from typing import TypeAlias

from lingseg.models.languidemedseg import LanGuideMedSeg, LanGuideMedSegConfig
from lingseg.models.lavt import LAVT, LAVTConfig
from lingseg.models.lingnet import LingNet, LingNetConfig
from lingseg.models.lsms import LSMS, LSMSConfig
from lingseg.models.lvit import LViT, LViTConfig
from lingseg.models.mmiunet import MMIUNet, MMIUNetConfig
from lingseg.models.reclmis import RecLMIS, RecLMISConfig
from lingseg.models.segmenter import EncodesImageFirst, Segmentation, Segmenter
from lingseg.models.tiny import Tiny, TinyConfig
from lingseg.models.tmca import TMCA, TMCAConfig
from lingseg.models.unet import UNet, UNetConfig

ModelConfig: TypeAlias = (
    LanGuideMedSegConfig
    | LAVTConfig
    | LingNetConfig
    | LViTConfig
    | LSMSConfig
    | MMIUNetConfig
    | RecLMISConfig
    | TinyConfig
    | TMCAConfig
    | UNetConfig
)

MODELS: dict[type[ModelConfig], type[Segmenter]] = {
    LanGuideMedSegConfig: LanGuideMedSeg,
    LAVTConfig: LAVT,
    LingNetConfig: LingNet,
    LViTConfig: LViT,
    LSMSConfig: LSMS,
    MMIUNetConfig: MMIUNet,
    RecLMISConfig: RecLMIS,
    TinyConfig: Tiny,
    TMCAConfig: TMCA,
    UNetConfig: UNet,
}


def build_model(config: ModelConfig) -> Segmenter:
    """Build the model that `config` describes."""
    return MODELS[type(config)](config)


__all__ = [
    "LAVT",
    "LSMS",
    "MODELS",
    "TMCA",
    "EncodesImageFirst",
    "LAVTConfig",
    "LSMSConfig",
    "LViT",
    "LViTConfig",
    "LanGuideMedSeg",
    "LanGuideMedSegConfig",
    "LingNet",
    "LingNetConfig",
    "MMIUNet",
    "MMIUNetConfig",
    "ModelConfig",
    "RecLMIS",
    "RecLMISConfig",
    "Segmentation",
    "Segmenter",
    "TMCAConfig",
    "Tiny",
    "TinyConfig",
    "UNet",
    "UNetConfig",
    "build_model",
]
