"""Write segnext_reference.json: what SegNeXt's official encoder and Hamburger answer.

Run it, from the folder above, on a checkout of github.com/Visual-Attention-Network/SegNeXt:

    python -m parity.make_segnext_reference CHECKOUT

It wants nothing beyond torch: what the two modules import of mmcv and mmseg is stood in for. The
bases, which are drawn at random there, are given by formula. Nothing of the checkout is copied.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from parity.official_code import load_rewritten, probes, size, stand_in, write_reference
from parity.shared_weights import noise, settle_batch_norm, shared_weights
from torch import Tensor, nn

REFERENCE = Path(__file__).with_name("segnext_reference.json")
SIZE = (64, 96)
ENCODERS: dict[str, dict[str, list[int]]] = {
    "reduced": {"embed_dims": [8, 12, 16, 20], "depths": [1, 2, 1, 1], "mlp_ratios": [3, 2, 2, 1]},
    "t": {"embed_dims": [32, 64, 160, 256], "depths": [3, 3, 5, 2], "mlp_ratios": [8, 8, 4, 4]},
}
DIM, RANK, MAP = 12, 5, (6, 7)


def image() -> Tensor:
    """Return what is shown to the encoder."""
    return noise("image", 2, 3, *SIZE)


def features() -> Tensor:
    """Return what is shown to the Hamburger."""
    return noise("features", 2, DIM, *MAP)


def bases() -> Tensor:
    """Return non-negative bases of length 1."""
    return nn.functional.normalize(noise("bases", 1, DIM, RANK).abs(), dim=1)


def fill(model: nn.Module) -> None:
    """Give a model weights by formula."""
    shapes = {name: weight.shape for name, weight in model.named_parameters()}
    model.load_state_dict(shared_weights(shapes), strict=False)


class _Module(nn.Module):
    """Stands where mmcv's BaseModule stood."""

    def __init__(self, init_cfg: Any = None) -> None:
        super().__init__()
        self.init_cfg = init_cfg


class _Convolution(nn.Module):
    """Stands where mmcv's ConvModule stood, without norm and activation."""

    def __init__(self, in_dim: int, dim: int, kernel: int, **_: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_dim, dim, kernel)

    def forward(self, features: Tensor) -> Tensor:
        return self.conv(features)


class _Registry:
    """Stands where mmcv's registries stood."""

    def register_module(self) -> Any:
        return lambda registered: registered


def _named_norm(_: Any, dim: int) -> tuple[str, nn.Module]:
    return "bn", nn.BatchNorm2d(dim)


def stand_in_for_mmcv() -> None:
    """Stand in for all that the two modules import."""
    for name in ("mmcv", "mmcv.cnn.utils", "mmseg", "mmseg.models", "mmseg.models.decode_heads"):
        stand_in(name)
    stand_in("mmcv.cnn", build_norm_layer=_named_norm, ConvModule=_Convolution)
    stand_in("mmcv.cnn.bricks", DropPath=nn.Dropout)
    stand_in("mmcv.runner", BaseModule=_Module)
    initialisers = dict.fromkeys(("constant_init", "normal_init", "trunc_normal_init"))
    stand_in("mmcv.cnn.utils.weight_init", **initialisers)
    stand_in("mmseg.models.builder", BACKBONES=_Registry(), HEADS=_Registry())
    stand_in("mmseg.ops", resize=None)
    stand_in("mmseg.models.decode_heads.decode_head", BaseDecodeHead=nn.Module)
    torch.Tensor.cuda = lambda tensor: tensor


def of_encoder(checkout: Path, form: dict[str, list[int]]) -> dict[str, Any]:
    """Return what the official encoder says."""
    module = load_rewritten("mmseg.models.backbones.mscan", checkout, str)
    model = module.MSCAN(**form)
    fill(model)
    settle_batch_norm(model, image())
    with torch.no_grad():
        maps = model(image())
        others = model(image().roll(1, 0))
        moved = [(one - two).abs().max() for one, two in zip(maps, others, strict=True)]
    return {"maps": [probes(found) for found in maps], "moved_by_image": min(moved).item()}


def of_hamburger(checkout: Path) -> dict[str, Any]:
    """Return what the official Hamburger says in both modes, and its gradients in training."""
    module = load_rewritten("mmseg.models.decode_heads.ham_head", checkout, str)
    module.NMF2D._build_bases = lambda _, batch, *__, **___: bases().repeat(batch, 1, 1)
    model = module.Hamburger(DIM, {"MD_R": RANK})
    fill(model)
    with torch.no_grad():
        in_eval = model.eval()(features())
    in_training = model.train()(features())
    in_training.square().sum().backward()
    gradients = {name: size(weight.grad) for name, weight in model.named_parameters()}
    return {"eval": probes(in_eval), "train": probes(in_training), "gradients": gradients}


def main(checkout: Path) -> None:
    """Run everything and write what came out."""
    torch.set_num_threads(1)
    stand_in_for_mmcv()
    forms = {name: of_encoder(checkout, form) for name, form in ENCODERS.items()}
    write_reference(
        REFERENCE,
        checkout=checkout,
        source="github.com/Visual-Attention-Network/SegNeXt",
        made_by=__file__,
        forms=forms | {"hamburger": of_hamburger(checkout)},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
