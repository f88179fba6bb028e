"""Write mmiunet_reference.json: what the official MMI-UNet answers to weights made by formula.

Run it, from the folder above, on a checkout of github.com/nguyenpbui/MMI-UNet:

    python -m parity.make_mmiunet_reference CHECKOUT

It wants transformers and monai. Nothing of the checkout is copied, rewritten or shown: its network
is built and run. CXR-BERT is stood in for at run time; for a form that runs in a second, its parts
are built again, smaller, from its own classes.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from parity.official_code import imports_from, probes, size, stand_in, write_reference
from parity.shared_weights import noise, settle_batch_norm, shared_weights, silence_dropout
from torch import Tensor, nn

REFERENCE = Path(__file__).with_name("mmiunet_reference.json")
NUM_WORDS = 24
TEXT_DIM = 768
UNUSED = ("norm.", "head.", "fusion4.fusion_t.", "fusion4.linear2.")
"""Parts that no mask depends on, and that we do without."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """How large both sides are."""

    depths: tuple[int, int, int, int]
    dims: tuple[int, int, int, int]
    height: int
    width: int
    """Odd multiples of 32, which alone the official network takes."""
    batch: int


FORMS = {
    "reduced": Form(depths=(1, 1, 2, 1), dims=(8, 16, 24, 32), height=96, width=160, batch=3),
    "full": Form(depths=(3, 3, 9, 3), dims=(96, 192, 384, 768), height=160, width=224, batch=2),
}
GRADIENTS = (
    "downsample_layers.0.0.weight",
    "stages.2.1.dwconv.weight",
    "fusion1.fusion_v.self_attn.out_proj.weight",
    "fusion1.fusion_t.multihead_attn.out_proj.weight",
    "fusion1.linear2.weight",
    "fusion2.zoom_in.weight",
    "fusion3.ln_t.weight",
    "fusion3.fusion_t.linear1.weight",
    "fusion4.zoom_out.weight",
    "fusion4.fusion_v.norm3.weight",
    "decode4.up.weight",
    "decode2.conv_bn_relu.0.weight",
    "decoder1.conv_block.weight",
    "out.conv.conv.weight",
)


def inputs(form: Form) -> tuple[Tensor, Tensor, Tensor]:
    """Return image (0 to 1), words and reference."""
    image = (noise("image", form.batch, 3, form.height, form.width) + 1) / 2
    words = noise("words", form.batch, NUM_WORDS, TEXT_DIM)
    reference = noise("reference", form.batch, 1, form.height, form.width) > 0.3
    return image, words, reference


class FormulaText(nn.Module):
    """Stands where CXR-BERT stood: the words are handed in as if they were token ids."""

    def __init__(self, *_: Any) -> None:
        super().__init__()

    def forward(self, input_ids: Tensor, _: Tensor) -> dict[str, Any]:
        return {"feature": [input_ids], "project": None}


def build(checkout: Path, form: Form, text: type[nn.Module] | None) -> nn.Module:
    """Build the official network, random, with `text` in place of its own text encoder's class."""
    stand_in("timm")
    stand_in("timm.models")
    stand_in("timm.models.layers", DropPath=nn.Identity, trunc_normal_=nn.init.trunc_normal_)
    with imports_from(checkout):
        from utils import layers
        from utils import model as official

        official.BERTModel = text or official.BERTModel
        model = official.MMIUNet_V2("text", "vision")
        if form.dims[-1] != TEXT_DIM:
            _make_smaller(model, layers, form)
    return model


def fill(model: nn.Module) -> None:
    """Give the official network formula weights."""
    shapes = {name: weight.shape for name, weight in model.named_parameters()}
    model.load_state_dict(shared_weights(shapes), strict=False)
    silence_dropout(model)


def _make_smaller(model: nn.Module, layers: ModuleType, form: Form) -> None:
    """Put smaller parts of the same classes in place of those of published size."""
    from monai.networks.blocks import SubpixelUpsample
    from monai.networks.blocks.dynunet_block import UnetOutBlock

    dims = form.dims

    def norm(dim: int) -> nn.Module:
        return layers.LayerNorm(dim, eps=1e-6, data_format="channels_first")

    model.downsample_layers[0] = nn.Sequential(nn.Conv2d(3, dims[0], 4, 4), norm(dims[0]))
    for stage, dim in enumerate(dims):
        if stage:
            finer = dims[stage - 1]
            halve = nn.Conv2d(finer, dim, 2, 2)
            model.downsample_layers[stage] = nn.Sequential(norm(finer), halve)
            setattr(model, f"decode{stage + 1}", layers.Decoder(dim, finer))
        blocks = (layers.Block(dim) for _ in range(form.depths[stage]))
        model.stages[stage] = nn.Sequential(*blocks)
        bridger = layers.Bridger(d_img=dim, d_txt=TEXT_DIM, d_model=dim, stage_id=stage + 1)
        setattr(model, f"fusion{stage + 1}", bridger)
    model.decoder1 = SubpixelUpsample(2, dims[0], dims[0] // 4, 4)
    model.out = UnetOutBlock(2, dims[0] // 4, 1)
    model.norm, model.head = nn.LayerNorm(dims[-1]), nn.Linear(dims[-1], 1)


def standardised(image: Tensor) -> Tensor:
    """Return what the official data loading makes of the image."""
    from monai.transforms import NormalizeIntensity

    normalise = NormalizeIntensity(channel_wise=True)
    return torch.stack([torch.as_tensor(normalise(one)) for one in image])


def answers(checkout: Path, form: Form) -> dict[str, Any]:
    """Return what the official network says."""
    from monai.losses import DiceLoss

    model = build(checkout, form, FormulaText)
    fill(model)
    image, words, reference = inputs(form)
    image = standardised(image)
    logits: list[Tensor] = []
    model.out.register_forward_hook(lambda _, __, output: logits.append(output))
    maps: dict[str, Tensor] = {}
    for number in range(1, 5):
        name = f"fusion{number}"
        getattr(model, name).register_forward_hook(
            lambda _, __, output, name=name: maps.update({name: output[0]})
        )

    def ask(image: Tensor, words: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return image, {"input_ids": words, "attention_mask": torch.ones(words.shape[:2])}

    settle_batch_norm(model, ask(image, words))
    with torch.no_grad():
        model(ask(image, words))
        answer, answer_maps = logits[-1], [maps[f"fusion{number}"] for number in range(1, 5)]
        model(ask(image.roll(1, 0), words))
        by_image = (logits[-1] - answer).abs().max().item()
        model(ask(image, words.roll(1, 0)))
        by_text = (logits[-1] - answer).abs().max().item()
    model.train()
    dice = DiceLoss()(model(ask(image, words)), reference.float())
    dice.backward()
    weights = dict(model.named_parameters())
    return {
        "parts": {
            name: sum(weight.numel() for weight in part.parameters())
            for name, part in model.named_children()
        },
        "num_unused_weights": sum(
            weight.numel() for name, weight in weights.items() if name.startswith(UNUSED)
        ),
        "unused_have_no_gradient": all(
            (weight.grad is None) == name.startswith(UNUSED) for name, weight in weights.items()
        ),
        "mask_logits": probes(answer),
        "maps": [probes(found) for found in answer_maps],
        "train_mask_logits": probes(logits[-1]),
        "moved_by_image": by_image,
        "moved_by_text": by_text,
        "dice": dice.item(),
        "gradients": {name: size(weights[name].grad) for name in GRADIENTS},
    }


def main(checkout: Path) -> None:
    """Run both forms and write what came out."""
    torch.set_num_threads(1)
    write_reference(
        REFERENCE,
        checkout=checkout,
        source="github.com/nguyenpbui/MMI-UNet",
        made_by=__file__,
        forms={name: answers(checkout, form) for name, form in FORMS.items()},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
