"""One training step of ours beside one of the official network's, at paper size, on the CPU.

Run `python benchmarks/train_speed.py --reclmis CHECKOUT --lvit CHECKOUT` on a quiet machine, with
checkouts of github.com/ShawnHuang497/RecLMIS and github.com/HUANGLIZI/LViT; either may be left out.

Both sides get the same pictures, words and masks, compute the same loss terms and take a step of
Adam; the text encoder, frozen and run once a sentence, stands outside on both. Ours is laid out
channels last, as `lingseg train` does; theirs as their scripts do. Both keep the memory that they
free. Sides take turns, so that a machine that slows down slows both. Exit code 1 if a step of ours
takes longer than theirs.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from cyclopts import App
from official import checkout_of
from parity import make_lvit_reference, make_reclmis_reference
from torch import Tensor, nn

from lingseg.models import LViTConfig, RecLMISConfig, Segmenter, build_model
from lingseg.training.freed_memory import keep_freed_memory

app = App()


@app.default
def compare(
    *,
    reclmis: Path | None = None,
    lvit: Path | None = None,
    batch_size: int = 4,
    threads: int = 2,
    passes: int = 10,
) -> int:
    """Time the steps and print medians and their ratios.

    Parameters
    ----------
    reclmis
        A checkout of the official RecLMIS.
    lvit
        A checkout of the official LViT.
    batch_size
        Pictures a step.
    threads
        Threads of the CPU.
    passes
        Steps of each side that are timed, after one that is not.
    """
    keep_freed_memory()
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    ratios = []
    if reclmis:
        ratios.append(
            _compare("RecLMIS", _reclmis_steps(checkout_of("RecLMIS", reclmis), batch_size), passes)
        )
    if lvit:
        ratios.append(_compare("LViT", _lvit_steps(checkout_of("LViT", lvit), batch_size), passes))
    return int(any(ratio > 1 for ratio in ratios))


def _compare(name: str, steps: dict[str, Callable[[], None]], passes: int) -> float:
    """Let the sides take turns; print and return ours over theirs."""
    seconds: dict[str, list[float]] = {side: [] for side in steps}
    for step in steps.values():
        step()
    for _ in range(passes):
        for side, step in steps.items():
            began = time.perf_counter()
            step()
            seconds[side].append(time.perf_counter() - began)
    for side, found in seconds.items():
        spread = f"{min(found):.3f} to {max(found):.3f}"
        print(f"{name:8} {side:9} {median(found):.3f} s a step ({spread}, {passes} passes)")
    ratio = median(seconds["ours"]) / median(seconds["official"])
    print(f"{name:8} ours / official {ratio:.3f}   goal 1")
    return ratio


def _reclmis_steps(checkout: Path, batch_size: int) -> dict[str, Callable[[], None]]:
    """Return one training step of ours and one of the official RecLMIS, every loss included."""
    form = replace(make_reclmis_reference.FORMS["full"], batch=batch_size)
    image, words, reference = make_reclmis_reference.inputs(form)
    official = make_reclmis_reference.build(checkout, form)
    return {
        "ours": _our_step(
            build_model(RecLMISConfig(text_weights="random")), image, words, reference
        ),
        "official": _step(
            official.model, lambda: official.total(official.losses(image, words, reference))
        ),
    }


def _lvit_steps(checkout: Path, batch_size: int) -> dict[str, Callable[[], None]]:
    """Return one training step of ours and one of the official LViT."""
    form = replace(make_lvit_reference.FORMS["full"], batch=batch_size)
    image, words, reference = make_lvit_reference.inputs(form)
    official = make_lvit_reference.build(checkout, form)
    return {
        "ours": _our_step(build_model(LViTConfig(text_weights="random")), image, words, reference),
        "official": _step(official.model, lambda: official.loss(image, words, reference)),
    }


def _our_step(
    model: Segmenter, image: Tensor, words: Tensor, reference: Tensor
) -> Callable[[], None]:
    """Return one training step of ours."""
    image = image.to(memory_format=torch.channels_last)
    word_mask = torch.ones(words.shape[:2], dtype=torch.bool)

    def loss() -> Tensor:
        found = model(image, words, word_mask)
        return torch.stack(list(model.losses(found, reference).values())).sum()

    return _step(model.to(memory_format=torch.channels_last), loss)


def _step(model: nn.Module, loss: Callable[[], Tensor]) -> Callable[[], None]:
    """Return a step of Adam on a loss."""
    weights = [weight for weight in model.train().parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=3e-4)

    def step() -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    sys.exit(app())
