"""What a model costs: parameters and multiply-adds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lingseg.models import ModelConfig, build_model
from lingseg.models.segmenter import Segmenter
from lingseg.nn.pretrained import RANDOM, MissingWeights

SENTENCE = "One small mass at the upper left in the image."
"""What compute is counted with."""

Part: TypeAlias = Literal["text encoder", "image encoder"]
_RANDOM_START: dict[Part, dict[str, Any]] = {
    "text encoder": {"text_weights": RANDOM},
    "image encoder": {"image_weights": RANDOM, "pretrained": False},
}
"""The fields, of those that a config has, that choose a random start of a part."""
_TRIALS: tuple[tuple[Part, ...], ...] = (
    (),
    ("text encoder",),
    ("image encoder",),
    ("text encoder", "image encoder"),
)
_SMALL_PICTURE = (64, 96)
"""Where gradients reach does not depend on the size, and a small picture is quick."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Parameters, and billions of multiply-adds of one picture with one sentence."""

    parameters: int
    """All of them; a frozen word table counts one for each of its 8-bit numbers."""
    trainable: int
    dead: int
    """Trainable parameters that no loss reaches."""
    at_inference: int
    """Those that a mask is made from, the text encoder's included."""
    of_text_encoder: int
    gmacs: float
    """Without the text encoder."""
    gmacs_with_text_encoder: float
    num_words: int
    """Tokens of the sentence that multiply-adds are counted with."""


def measure_cost(segmenter: Segmenter, size: tuple[int, int]) -> Cost:
    """Count parameters, and the multiply-adds of matrix products, convolutions and attention.

    Source of the count: torch.utils.flop_counter, at two operations a multiply-add, batch 1, with
    the sentence `SENTENCE` and a picture of `size` (height, width).
    """
    segmenter.eval()
    encoder = segmenter.text_encoder
    token_ids, word_mask = encoder.tokenize([SENTENCE])
    words: list[Tensor] = []
    of_text = count_gmacs(lambda: words.append(encoder(token_ids, word_mask)))
    of_mask = count_gmacs(lambda: segmenter(_picture(size), words[0], word_mask))
    trainable = [weight for weight in segmenter.parameters() if weight.requires_grad]
    return Cost(
        parameters=count_numbers(segmenter),
        trainable=sum(weight.numel() for weight in trainable),
        dead=_count_dead(segmenter),
        at_inference=_count_at_inference(segmenter),
        of_text_encoder=count_numbers(encoder),
        gmacs=of_mask,
        gmacs_with_text_encoder=of_mask + of_text,
        num_words=token_ids.shape[1],
    )


def build_countable(config: ModelConfig) -> tuple[Segmenter, tuple[Part, ...]]:
    """Build a model whose pretrained parts start at random where their weights are not here.

    Returns:
        The model, and the parts that had to start at random: fit to be counted, not to be used.

    Raises:
        MissingWeights: Weights of another part are missing.
    """
    for parts in _TRIALS:
        try:
            return build_model(with_random_start(config, parts)), parts
        except MissingWeights as error:
            missing = error
    raise missing


def count_gmacs(action: Callable[[], object]) -> float:
    """Return how many billions of multiply-adds an action's products, convolutions, attention are.

    Source of the count: torch.utils.flop_counter, at two operations a multiply-add.
    """
    with torch.no_grad(), _counted_attention(), FlopCounterMode(display=False) as counter:
        action()
    return counter.get_total_flops() / 2e9


def count_needed(module: torch.nn.Module, action: Callable[[], Tensor]) -> int:
    """Return how many numbers of a module what `action` gives is made from, frozen ones included.

    Args:
        module: In the mode that is asked about.
        action: Runs the module, on which all parameters are trainable then.
    """
    weights = list(module.parameters())
    were_trainable = [weight.requires_grad for weight in weights]
    module.requires_grad_(True)
    reached = _count_reached(action().sum(), weights)
    for weight, was_trainable in zip(weights, were_trainable, strict=True):
        weight.requires_grad_(was_trainable)
    return reached + _count_tables(module)


def count_numbers(module: torch.nn.Module) -> int:
    """Return how many weights a module has, 8-bit tables included."""
    return sum(weight.numel() for weight in module.parameters()) + _count_tables(module)


def _count_tables(module: torch.nn.Module) -> int:
    """Return how many 8-bit numbers a module has."""
    return sum(buffer.numel() for buffer in module.buffers() if buffer.dtype == torch.int8)


def with_random_start(config: ModelConfig, parts: tuple[Part, ...]) -> ModelConfig:
    """Return the config with these parts starting at random, as far as it has them."""
    known = {one.name for one in fields(config)}
    wanted = {name: value for part in parts for name, value in _RANDOM_START[part].items()}
    changes: dict[str, Any] = {name: value for name, value in wanted.items() if name in known}
    return replace(config, **changes)


@contextmanager
def _counted_attention() -> Iterator[None]:
    """Let attention run as the matrix products that it is: fused ones escape torch's counter."""
    was_fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(value=False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(value=was_fast)


def _picture(size: tuple[int, int]) -> Tensor:
    """Return a picture that is nowhere the same."""
    return torch.linspace(0, 1, 3 * size[0] * size[1]).reshape(1, 3, *size)


def _count_dead(segmenter: Segmenter) -> int:
    """Return how many trainable parameters get no gradient from the losses in train mode."""
    token_ids, word_mask = segmenter.text_encoder.tokenize([SENTENCE, "two large dark lesions"])
    segmenter.train()
    words = segmenter.text_encoder(token_ids, word_mask)
    found = segmenter(_picture(_SMALL_PICTURE).repeat(2, 1, 1, 1), words, word_mask)
    reference = torch.zeros_like(found.mask_logits, dtype=torch.bool)
    reference[0, :, : _SMALL_PICTURE[0] // 2] = True
    loss = torch.stack(list(segmenter.losses(found, reference).values())).sum()
    trainable = [weight for weight in segmenter.parameters() if weight.requires_grad]
    reached = _count_reached(loss, trainable)
    segmenter.eval()
    return sum(weight.numel() for weight in trainable) - reached


def _count_at_inference(segmenter: Segmenter) -> int:
    """Return how many numbers a mask is made from in eval mode, frozen ones included."""
    token_ids, word_mask = segmenter.text_encoder.tokenize([SENTENCE])

    def mask_logits() -> Tensor:
        words = segmenter.text_encoder(token_ids, word_mask)
        return segmenter(_picture(_SMALL_PICTURE), words, word_mask).mask_logits

    return count_needed(segmenter, mask_logits)


def _count_reached(value: Tensor, weights: list[torch.nn.Parameter]) -> int:
    """Return how many parameters a gradient of `value` reaches."""
    gradients = torch.autograd.grad(value, weights, allow_unused=True) if weights else ()
    return sum(found.numel() for found in gradients if found is not None)
