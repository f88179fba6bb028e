"""Write reclmis_reference.json: what the official RecLMIS answers to weights made by formula.

Run it, from the folder above, on a checkout of github.com/ShawnHuang497/RecLMIS:

    python -m parity.make_reclmis_reference CHECKOUT

Nothing of the checkout is copied. What it needs and its requirements lack (fairseq's softmax), what
only its data loading needs, and the CLIP weights, are stood in for at run time; its 512 features on
a 14 x 14 grid are replaced by smaller numbers while it is read, for a form that runs in a second.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from parity.official_code import (
    imports_from,
    load_rewritten,
    probes,
    size,
    stand_in,
    stand_in_for_lvits_family,
    write_reference,
)
from parity.shared_weights import noise, settle_batch_norm, shared_weights, silence_dropout
from torch import Tensor, nn

REFERENCE = Path(__file__).with_name("reclmis_reference.json")


@dataclass(frozen=True, kw_only=True)
class Form:
    """How large both sides are."""

    base_dim: int
    num_layers: int
    grid: tuple[int, int]
    batch: int
    words: int

    @property
    def dim(self) -> int:
        return 8 * self.base_dim


FORMS = {
    "reduced": Form(base_dim=4, num_layers=2, grid=(3, 4), batch=3, words=7),
    "full": Form(base_dim=64, num_layers=4, grid=(14, 14), batch=2, words=18),
}
LOGIT_SCALE = 2.0  # CLIP's is 4.6; with random features that makes the contrast loss a step
GRADIENTS = (
    "down4.nConvs.1.conv.weight",  # of every loss
    "text_module4.weight",
    "interact.embeddings.position_embeddings",
    "interact.attn_img.out_proj.weight",  # of the patches that are to be rebuilt, too
    "interact.CTBN.conv.weight",  # of the interest only
    "mlp_visual.2.weight",
    "mlp_woi.2.weight",
    "rec_text_trans1.decoder1.decoder_layers.0.self_attn.out_proj.weight",
)


def inputs(form: Form) -> tuple[Tensor, Tensor, Tensor]:
    """Return image, words and reference."""
    size = (16 * form.grid[0], 16 * form.grid[1])
    image = (noise("image", form.batch, 3, *size) + 1) / 2
    words = noise("words", form.batch, form.words, form.dim)
    return image, words, noise("reference", form.batch, 1, *size) > 0.3


def chosen(length: int, number: int) -> np.ndarray:
    """Return which `number` of `length` tokens both sides hide."""
    return np.argsort(noise(f"hidden of {length}", length).numpy())[:number]


class FormulaClip(nn.Module):
    """Stands where CLIP stood: the words are handed in as if they were token ids."""

    def __init__(self) -> None:
        super().__init__()
        self.logit_scale = nn.Parameter(torch.tensor(LOGIT_SCALE), requires_grad=False)

    def encode_text(self, words: Tensor, **_: Any) -> tuple[None, Tensor]:
        return None, words


@dataclass(frozen=True, kw_only=True)
class Official:
    """The official network and what it is trained with."""

    model: nn.Module
    criterion: nn.Module
    loss_weight: dict[str, float]

    def losses(self, image: Tensor, words: Tensor, reference: Tensor) -> dict[str, Tensor]:
        """Return its loss terms, not weighted yet, as its training loop computes them."""
        mask, losses = self.model(image, reference, words, torch.ones(words.shape[:2]))
        if not self.model.aux:
            raise RuntimeError("The official network switched its auxiliary branch off.")
        return losses | {"loss_criterion": self.criterion(mask, reference.float()).mean()}

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        return sum(self.loss_weight[name] * loss for name, loss in losses.items())


def build(checkout: Path, form: Form) -> Official:
    """Build the official network, random, with words in place of CLIP."""
    stand_in_for_lvits_family()
    softmax = SimpleNamespace(softmax=lambda scores, dim, onnx_trace: F.softmax(scores, dim=dim))  # noqa: ARG005
    stand_in("fairseq", utils=softmax)

    def resized(source: str) -> str:
        source = source.replace("512, 14, 14", f"512, {form.grid[0]}, {form.grid[1]}")
        source = source.replace("img_size=14", f"img_size={form.grid}")
        source = source.replace("DualTransformer(num_heads", "DualTransformer(512, num_heads")
        return source.replace("512", str(form.dim))

    with imports_from(checkout):
        import Config_covid19 as official
        from utils import WeightedDiceBCE

        module = load_rewritten("nets.RecLMIS", checkout, resized)
        module.RecLMIS.load_clip = lambda self, _: setattr(self, "clip", FormulaClip())
        config = official.get_ViT_config()
        config.base_channel, config.rec_trans_num_layers1 = form.base_dim, form.num_layers
        return Official(
            model=module.RecLMIS(official, config),
            criterion=WeightedDiceBCE(0.5, 0.5),
            loss_weight=official.loss_weight,
        )


def fill(model: nn.Module) -> None:
    """Give the official network formula weights."""
    shapes = {
        name: weight.shape
        for name, weight in model.named_parameters()
        if not name.startswith("clip.")
    }
    model.load_state_dict(shared_weights(shapes), strict=False)
    silence_dropout(model)


def answers(checkout: Path, form: Form) -> dict[str, Any]:
    """Return what the official network says."""
    official = build(checkout, form)
    model = official.model
    fill(model)
    image, words, reference = inputs(form)
    word_mask = torch.ones(words.shape[:2])
    logits: list[Tensor] = []
    model.outc.register_forward_hook(lambda _, __, output: logits.append(output))
    settle_batch_norm(model, image, reference, words, word_mask)
    with torch.no_grad():
        model(image, reference, words, word_mask)
        answer = logits[-1]
        model(image.roll(1, 0), reference, words, word_mask)
        by_image = (logits[-1] - answer).abs().max().item()
        model(image, reference, words.roll(1, 0), word_mask)
        by_text = (logits[-1] - answer).abs().max().item()
    model.train()
    with torch.no_grad():
        _, poi, woi = model(image, reference, words, word_mask, mode="test")
    losses = official.losses(image, words, reference)
    total = official.total(losses)
    total.backward()
    weights = dict(model.named_parameters())
    return {
        "mask_logits": probes(answer),
        "patch_interest": probes(poi),
        "word_interest": probes(woi),
        "train_mask_logits": probes(logits[-1]),
        "moved_by_image": by_image,
        "moved_by_text": by_text,
        **{name: loss.item() for name, loss in sorted(losses.items())},
        "total": total.item(),
        "gradients": {name: size(weights[name].grad) for name in GRADIENTS},
    }


def main(checkout: Path) -> None:
    """Run both forms and write what came out."""
    torch.set_num_threads(1)
    np.random.choice = lambda order, number, **_: order[chosen(len(order), number)]
    write_reference(
        REFERENCE,
        checkout=checkout,
        source="github.com/ShawnHuang497/RecLMIS",
        made_by=__file__,
        forms={name: answers(checkout, form) for name, form in FORMS.items()},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
