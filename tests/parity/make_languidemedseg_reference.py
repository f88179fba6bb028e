"""Write languidemedseg_reference.json: what the official LanGuideMedSeg answers to formula weights.

Run it, from the folder above, on a checkout of github.com/Junelin2333/LanGuideMedSeg-MICCAI2023:

    python -m parity.make_languidemedseg_reference CHECKOUT

It wants transformers and monai. Nothing of the checkout is copied or rewritten: its network is
built and run. The pretrained encoders are stood in for at run time; for a form that runs in a
second, its decoder stages are built again, smaller, from its own classes.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from parity.official_code import imports_from, probes, size, write_reference
from parity.shared_weights import noise, settle_batch_norm, shared_weights
from torch import Tensor, nn

REFERENCE = Path(__file__).with_name("languidemedseg_reference.json")
NUM_WORDS = 24
NUM_SUMMARIES = (24, 12, 9)
TEXT_DIM = 768
STAGES = ("decoder16", "decoder8", "decoder4")


@dataclass(frozen=True, kw_only=True)
class Form:
    """How large both sides are."""

    depths: tuple[int, int, int, int]
    dims: tuple[int, int, int, int]
    side: int
    """Of the image, which the official network wants square."""
    batch: int


FORMS = {
    "reduced": Form(depths=(1, 1, 2, 1), dims=(8, 16, 24, 32), side=64, batch=3),
    "full": Form(depths=(3, 3, 9, 3), dims=(96, 192, 384, 768), side=224, batch=2),
}
GRADIENTS = (
    "encoder.model.embeddings.patch_embeddings.weight",
    "encoder.model.encoder.stages.2.layers.1.dwconv.weight",
    "decoder16.guide_layer.cross_attn_norm.bias",
    "decoder16.guide_layer.text_project.0.weight",
    "decoder8.guide_layer.self_attn.in_proj_weight",
    "decoder8.guide_layer.cross_attn.out_proj.weight",
    "decoder4.guide_layer.cross_attn_norm.weight",
    "decoder4.decoder.transp_conv.conv.weight",
    "decoder1.conv_block.weight",
    "out.conv.conv.weight",
)


def inputs(form: Form) -> tuple[Tensor, Tensor, Tensor]:
    """Return image (0 to 1), words and reference."""
    image = (noise("image", form.batch, 3, form.side, form.side) + 1) / 2
    words = noise("words", form.batch, NUM_WORDS, TEXT_DIM)
    return image, words, noise("reference", form.batch, 1, form.side, form.side) > 0.3


class FormulaText(nn.Module):
    """Stands where CXR-BERT stood: the words are handed in as if they were token ids."""

    def forward(self, input_ids: Tensor, **_: Any) -> dict[str, Any]:
        earlier = [torch.zeros_like(input_ids)] * 12
        return {"hidden_states": (*earlier, input_ids), "last_hidden_state": input_ids}


def build(checkout: Path, form: Form, text: nn.Module) -> nn.Module:
    """Build the official network, random, with `text` in place of CXR-BERT."""
    import transformers
    from monai.networks.blocks import SubpixelUpsample
    from monai.networks.blocks.dynunet_block import UnetOutBlock

    shape = transformers.ConvNextConfig(
        depths=list(form.depths), hidden_sizes=list(form.dims), output_hidden_states=True
    )
    parts = {"vision": transformers.ConvNextModel(shape), "text": text}
    transformers.AutoModel.from_pretrained = lambda name, **_: parts[name]
    with imports_from(checkout):
        from utils.layers import GuideDecoder
        from utils.model import LanGuideMedSeg

        model = LanGuideMedSeg("text", "vision")
    if form.dims[-1] != TEXT_DIM:
        model.encoder.project_head = nn.Linear(form.dims[-1], 4)
        for stage, name in enumerate(STAGES):
            coarse, fine = form.dims[3 - stage], form.dims[2 - stage]
            grid = form.side // 32 * 2**stage
            setattr(model, name, GuideDecoder(coarse, fine, grid, NUM_SUMMARIES[stage]))
        model.spatial_dim = [form.side // stride for stride in (32, 16, 8, 4)]
        finest = form.dims[0]
        model.decoder1 = SubpixelUpsample(2, finest, finest // 4, 4)
        model.out = UnetOutBlock(2, finest // 4, 1)
    return model


def fill(model: nn.Module) -> None:
    """Give the official network formula weights."""
    shapes = {name: weight.shape for name, weight in model.named_parameters()}
    model.load_state_dict(shared_weights(shapes), strict=False)


def standardised(image: Tensor) -> Tensor:
    """Return what the official data loading makes of the image."""
    from monai.transforms import NormalizeIntensity

    normalise = NormalizeIntensity(channel_wise=True)
    return torch.stack([torch.as_tensor(normalise(one)) for one in image])


def answers(checkout: Path, form: Form) -> dict[str, Any]:
    """Return what the official network says."""
    from monai.losses import DiceLoss

    model = build(checkout, form, FormulaText())
    fill(model)
    image, words, reference = inputs(form)
    image = standardised(image)
    logits: list[Tensor] = []
    model.out.register_forward_hook(lambda _, __, output: logits.append(output))

    def ask(image: Tensor, words: Tensor) -> Tensor:
        return [image, {"input_ids": words, "attention_mask": torch.ones(words.shape[:2])}]

    settle_batch_norm(model, ask(image, words))
    with torch.no_grad():
        model(ask(image, words))
        answer = logits[-1]
        model(ask(image.roll(1, 0), words))
        by_image = (logits[-1] - answer).abs().max().item()
        model(ask(image, words.roll(1, 0)))
        by_text = (logits[-1] - answer).abs().max().item()
    model.train()
    dice = DiceLoss()(model(ask(image, words)), reference.float())
    dice.backward()
    weights = dict(model.named_parameters())
    return {
        "mask_logits": probes(answer),
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
        source="github.com/Junelin2333/LanGuideMedSeg-MICCAI2023",
        made_by=__file__,
        forms={name: answers(checkout, form) for name, form in FORMS.items()},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
