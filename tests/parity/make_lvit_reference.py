"""Write lvit_reference.json: what the official LViT answers to weights made by formula.

Run it, from the folder above, on a checkout of github.com/HUANGLIZI/LViT:

    python -m parity.make_lvit_reference CHECKOUT

Nothing of the checkout is copied. What only its data loading needs is stood in for at run time. Its
widths, its 196 patches of a square and its 768 features of a word are replaced by smaller numbers
while it is read, for a form that is not square and runs in a second.

Both sides compute in double precision: in single, rounding decides at full size on which side of a
ReLU a few of the many pixels fall, and gradients are certain to 1e-4 only.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from parity.official_code import (
    imports_from,
    load_rewritten,
    probes,
    size,
    stand_in_for_lvits_family,
    write_reference,
)
from parity.shared_weights import noise, settle_batch_norm, shared_weights, silence_dropout
from torch import Tensor, nn

REFERENCE = Path(__file__).with_name("lvit_reference.json")
NUM_WORDS = 10


@dataclass(frozen=True, kw_only=True)
class Form:
    """How large both sides are."""

    base_dim: int
    text_dim: int
    grid: tuple[int, int]
    batch: int

    @property
    def height_width(self) -> tuple[int, int]:
        return 16 * self.grid[0], 16 * self.grid[1]


FORMS = {
    "reduced": Form(base_dim=8, text_dim=24, grid=(3, 4), batch=3),
    "full": Form(base_dim=64, text_dim=768, grid=(14, 14), batch=2),
}
GRADIENTS = (
    "inc.conv.weight",
    "down4.nConvs.1.conv.weight",
    "text_module4.weight",
    "text_module1.bias",
    "downVit.CTBN3.conv.weight",
    "downVit.embeddings.position_embeddings",
    "downVit2.embeddings.patch_embeddings.weight",
    "downVit3.Encoder_blocks.0.attn.qkv.weight",
    "downVit1.CTBN.conv.weight",
    "upVit.CTBN2.conv.weight",
    "upVit3.Encoder_blocks.0.mlp.fc2.weight",
    "reconstruct1.conv.weight",
    "reconstruct4.norm.weight",
    "up1.pixModule.conv_avg.weight",
)


def inputs(form: Form) -> tuple[Tensor, Tensor, Tensor]:
    """Return image, words and reference."""
    image = (noise("image", form.batch, 3, *form.height_width) + 1) / 2
    words = noise("words", form.batch, NUM_WORDS, form.text_dim)
    return image, words, noise("reference", form.batch, 1, *form.height_width) > 0.3


@dataclass(frozen=True, kw_only=True)
class Official:
    """The official network and what it is trained with."""

    model: nn.Module
    criterion: nn.Module

    def loss(self, image: Tensor, words: Tensor, reference: Tensor) -> Tensor:
        """Return its loss, as its training loop computes it."""
        mask = self.model(image, words)
        return self.criterion(mask, reference.to(mask.dtype))


def build(checkout: Path, form: Form) -> Official:
    """Build the official network, random."""
    stand_in_for_lvits_family()
    (rows, columns), base = form.grid, form.base_dim
    numbers = {str(64 * 2**level): str(base * 2**level) for level in range(4)}
    numbers |= {"768": str(form.text_dim), "196": str(rows * columns)}
    sides = {str(14 * patch): f"({patch * rows}, {patch * columns})" for patch in (16, 8, 4, 2)}

    def resized(source: str) -> str:
        source = re.sub(r"\b\d+\b", lambda found: numbers.get(found[0], found[0]), source)
        source = re.sub(r"img_size=(\d+)", lambda found: f"img_size={sides[found[1]]}", source)
        source = source.replace("x = x.float()", "x = x.to(self.outc.weight.dtype)")
        root = "int(np.sqrt(n_patch))"
        return source.replace(f"{root}, {root}", f"{rows}, {columns}")

    with imports_from(checkout):
        import Config
        from utils import WeightedDiceBCE

        load_rewritten("nets.Vit", checkout, resized)
        module = load_rewritten("nets.LViT", checkout, resized)
        config = Config.get_CTranS_config()
        config.base_channel = base
        model = module.LViT(config, n_channels=Config.n_channels, n_classes=Config.n_labels)
        return Official(model=model, criterion=WeightedDiceBCE(dice_weight=0.5, BCE_weight=0.5))


def fill(model: nn.Module) -> None:
    """Give the official network formula weights."""
    shapes = {name: weight.shape for name, weight in model.named_parameters()}
    model.load_state_dict(shared_weights(shapes), strict=False)
    silence_dropout(model)


def answers(checkout: Path, form: Form) -> dict[str, Any]:
    """Return what the official network says."""
    official = build(checkout, form)
    model = official.model
    fill(model)
    model.double()
    image, words, reference = inputs(form)
    image, words = image.double(), words.double()
    logits: list[Tensor] = []
    model.outc.register_forward_hook(lambda _, __, output: logits.append(output))
    settle_batch_norm(model, image, words)
    with torch.no_grad():
        model(image, words)
        answer = logits[-1]
        model(image.roll(1, 0), words)
        by_image = (logits[-1] - answer).abs().max().item()
        model(image, words.roll(1, 0))
        by_text = (logits[-1] - answer).abs().max().item()
    model.train()
    with torch.no_grad():
        of_empty = official.loss(image, words, torch.zeros_like(reference)).item()
        of_full = official.loss(image, words, torch.ones_like(reference)).item()
    loss = official.loss(image, words, reference)
    loss.backward()
    weights = dict(model.named_parameters())
    needed = sum(weight.numel() for weight in weights.values() if weight.grad is not None)
    return {
        "mask_logits": probes(answer),
        "train_mask_logits": probes(logits[-1]),
        "moved_by_image": by_image,
        "moved_by_text": by_text,
        "loss": loss.item(),
        "loss_of_empty": of_empty,
        "loss_of_full": of_full,
        "gradients": {name: size(weights[name].grad) for name in GRADIENTS},
        "num_weights": sum(weight.numel() for weight in weights.values()),
        "num_weights_with_gradient": needed,
    }


def main(checkout: Path) -> None:
    """Run both forms and write what came out."""
    torch.set_num_threads(1)
    write_reference(
        REFERENCE,
        checkout=checkout,
        source="github.com/HUANGLIZI/LViT",
        made_by=__file__,
        forms={name: answers(checkout, form) for name, form in FORMS.items()},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
