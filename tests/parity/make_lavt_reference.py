"""Write lavt_reference.json: what the official LAVT answers to weights made by formula.

Run it, from the folder above, on a checkout of github.com/yz93/LAVT-RIS:

    python -m parity.make_lavt_reference CHECKOUT

Both sides compute in double precision: 24 blocks of random weights, with instance norms, move what
single precision leaves uncertain to 1e-4. Nothing of the checkout is copied, rewritten or shown:
its network is imported, built at the size we want and run. What it imports beyond torch is stood in
for; BERT's words are handed in.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from parity.official_code import imports_from, probes, size, stand_in, write_reference
from parity.shared_weights import noise, settle_batch_norm, shared_weights
from torch import Tensor, nn

REFERENCE = Path(__file__).with_name("lavt_reference.json")
TEXT_DIM = 768
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
UNUSED = (
    "backbone.layers.3.res_gate.",  # the last stage has no next one
    ".f_key.0.bias",  # a softmax cancels it
    ".f_query.0.bias",  # so do instance norms
    ".f_value.0.bias",
    ".W.0.bias",
)
"""Weights that a mask does not depend on, and that we do without."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """How large both sides are."""

    dim: int
    depths: tuple[int, int, int, int]
    num_heads: tuple[int, int, int, int]
    window_size: int
    height: int
    width: int
    num_words: tuple[int, ...]
    """Of each text of the batch; the longest one is not padded."""


FORMS = {
    "reduced": Form(
        dim=8,
        depths=(2, 2, 2, 2),
        num_heads=(1, 2, 4, 4),
        window_size=4,
        height=72,
        width=104,
        num_words=(7, 5, 3),
    ),
    "full": Form(
        dim=128,
        depths=(2, 2, 18, 2),
        num_heads=(4, 8, 16, 32),
        window_size=12,
        height=192,
        width=256,
        num_words=(20, 12),
    ),
}
GRADIENTS = (
    "backbone.patch_embed.proj.weight",
    "backbone.layers.0.blocks.1.attn.relative_position_bias_table",
    "backbone.layers.0.fusion.image_lang_att.f_key.0.weight",
    "backbone.layers.1.fusion.image_lang_att.f_value.0.weight",
    "backbone.layers.1.res_gate.0.weight",
    "backbone.layers.2.downsample.reduction.weight",
    "backbone.layers.2.fusion.vis_project.0.weight",
    "backbone.layers.3.blocks.1.attn.qkv.weight",
    "backbone.layers.3.fusion.project_mm.0.weight",
    "backbone.norm0.weight",
    "classifier.conv1_4.weight",
    "classifier.conv1_1.weight",
)


def inputs(form: Form) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return image (0 to 1), words, word mask and reference."""
    batch, longest = len(form.num_words), max(form.num_words)
    image = (noise("image", batch, 3, form.height, form.width) + 1) / 2
    words = noise("words", batch, longest, TEXT_DIM)
    word_mask = torch.arange(longest) < torch.tensor(form.num_words)[:, None]
    reference = noise("reference", batch, 1, form.height, form.width) > 0.3
    return image.double(), words.double(), word_mask, reference


def build(checkout: Path, form: Form) -> nn.Module:
    """Build the official network, random, without drop path."""
    _stand_in_for_imports()
    with imports_from(checkout):
        from lib._utils import LAVT
        from lib.backbone import MultiModalSwinTransformer
        from lib.mask_predictor import SimpleDecoding

        backbone = MultiModalSwinTransformer(
            embed_dim=form.dim,
            depths=list(form.depths),
            num_heads=list(form.num_heads),
            window_size=form.window_size,
            drop_path_rate=0.0,
        )
        return LAVT(backbone, SimpleDecoding(8 * form.dim))


def fill(model: nn.Module) -> None:
    """Give the official network formula weights."""
    shapes = {name: weight.shape for name, weight in model.named_parameters()}
    model.load_state_dict(shared_weights(shapes), strict=False)


def _stand_in_for_imports() -> None:
    """Stand in for what it imports to load checkpoints, and for three small things of timm's."""
    stand_in("requests")
    stand_in("torchvision")
    stand_in("torchvision.models")
    stand_in("torchvision.models._utils", IntermediateLayerGetter=None)
    stand_in("timm")
    stand_in("timm.models")
    stand_in(
        "timm.models.layers",
        DropPath=nn.Identity,
        to_2tuple=lambda one: one if isinstance(one, tuple) else (one, one),
        trunc_normal_=nn.init.trunc_normal_,
    )
    for package in ("mmcv", "mmseg"):
        stand_in(package, __path__=[])
    stand_in("mmcv.fileio", FileClient=None, load=None)
    stand_in("mmcv.parallel", is_module_wrapper=None)
    stand_in("mmcv.utils", mkdir_or_exist=None)
    stand_in("mmcv.runner", get_dist_info=None)
    stand_in("mmseg.utils", get_root_logger=None)


def answers(checkout: Path, form: Form) -> dict[str, Any]:
    """Return what the official network says."""
    model = build(checkout, form)
    fill(model)
    model.double()
    image, words, word_mask, reference = inputs(form)
    mean, spread = torch.tensor(MEAN)[:, None, None], torch.tensor(SPREAD)[:, None, None]
    image = (image - mean) / spread
    maps: list[tuple[Tensor, ...]] = []
    model.backbone.register_forward_hook(lambda _, __, output: maps.append(output))

    def ask(image: Tensor, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return image, words.transpose(1, 2), word_mask[..., None].double()

    settle_batch_norm(model, *ask(image, words))
    with torch.no_grad():
        answer = difference(model(*ask(image, words)))
        answer_maps = maps[-1]
        by_image = difference(model(*ask(image.roll(1, 0), words))) - answer
        by_text = difference(model(*ask(image, words.roll(1, 0)))) - answer
    model.train()
    logits = model(*ask(image, words))
    loss = nn.functional.cross_entropy(
        logits, reference[:, 0].long(), weight=torch.tensor([0.9, 1.1]).double()
    )
    loss.backward()
    weights = dict(model.named_parameters())
    used = [weight.numel() for name, weight in weights.items() if not _is_unused(name)]
    return {
        "num_weights": sum(used),
        "num_unused_weights": sum(weight.numel() for weight in weights.values()) - sum(used),
        "mask_logits": probes(answer),
        "maps": [probes(found) for found in answer_maps],
        "train_mask_logits": probes(difference(logits)),
        "moved_by_image": by_image.abs().max().item(),
        "moved_by_text": by_text.abs().max().item(),
        "cross_entropy": loss.item(),
        "gradients": {name: size(weights[name].grad) for name in GRADIENTS},
        "largest_unused_gradient": max(
            size(weight.grad)
            for name, weight in weights.items()
            if _is_unused(name) and weight.grad is not None
        ),
    }


def difference(logits: Tensor) -> Tensor:
    """Return the one logit that two classes amount to."""
    return logits[:, 1:] - logits[:, :1]


def _is_unused(name: str) -> bool:
    return any(part in name for part in UNUSED)


def main(checkout: Path) -> None:
    """Run both forms and write what came out."""
    torch.set_num_threads(1)
    write_reference(
        REFERENCE,
        checkout=checkout,
        source="github.com/yz93/LAVT-RIS",
        made_by=__file__,
        forms={name: answers(checkout, form) for name, form in FORMS.items()},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
