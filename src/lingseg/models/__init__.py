"""The models, one method a file. To add one: write its file and put it in this table."""

from typing import TypeAlias

from lingseg.models.lingnet import LingNet, LingNetConfig
from lingseg.models.reclmis import RecLMIS, RecLMISConfig
from lingseg.models.segmenter import EncodesImageFirst, Segmentation, Segmenter
from lingseg.models.tiny import Tiny, TinyConfig
from lingseg.models.unet import UNet, UNetConfig

ModelConfig: TypeAlias = LingNetConfig | RecLMISConfig | TinyConfig | UNetConfig

MODELS: dict[type[ModelConfig], type[Segmenter]] = {
    LingNetConfig: LingNet,
    RecLMISConfig: RecLMIS,
    TinyConfig: Tiny,
    UNetConfig: UNet,
}


def build_model(config: ModelConfig) -> Segmenter:
    """Build the model that `config` describes."""
    return MODELS[type(config)](config)


__all__ = [
    "MODELS",
    "EncodesImageFirst",
    "LingNet",
    "LingNetConfig",
    "ModelConfig",
    "RecLMIS",
    "RecLMISConfig",
    "Segmentation",
    "Segmenter",
    "Tiny",
    "TinyConfig",
    "UNet",
    "UNetConfig",
    "build_model",
]
