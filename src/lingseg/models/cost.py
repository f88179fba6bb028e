"""What a model costs: parameters and multiply-adds."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from lingseg.models.segmenter import Segmenter

SENTENCE = "One small mass at the upper left in the image."
"""What compute is counted with."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Parameters, and billions of multiply-adds of one picture with one sentence."""

    parameters: int
    """All of them; a frozen word table counts one for each of its 8-bit numbers."""
    trainable: int
    of_text_encoder: int
    dead: int
    """Trainable parameters that no loss reaches."""
    gmacs: float
    """Without the text encoder."""
    gmacs_of_text_encoder: float


def measure_cost(segmenter: Segmenter, size: tuple[int, int]) -> Cost:
    """Count parameters, and the multiply-adds of matrix products, convolutions and attention.

    Source of the count: torch.utils.flop_counter, at two operations a multiply-add, batch 1, with
    the sentence `SENTENCE` and a picture of `size` (height, width).
    """
    segmenter.eval()
    encoder = segmenter.text_encoder
    token_ids, word_mask = encoder.tokenize([SENTENCE])
    image = torch.linspace(0, 1, 3 * size[0] * size[1]).reshape(1, 3, *size)
    with torch.no_grad():
        with FlopCounterMode(display=False) as text_counter:
            words = encoder(token_ids, word_mask)
        with FlopCounterMode(display=False) as mask_counter:
            segmenter(image, words, word_mask)
    trainable = [weight for weight in segmenter.parameters() if weight.requires_grad]
    return Cost(
        parameters=count_numbers(segmenter),
        trainable=sum(weight.numel() for weight in trainable),
        of_text_encoder=count_numbers(encoder),
        dead=_count_dead(segmenter, image),
        gmacs=mask_counter.get_total_flops() / 2e9,
        gmacs_of_text_encoder=text_counter.get_total_flops() / 2e9,
    )


def count_numbers(module: torch.nn.Module) -> int:
    """Return how many weights a module has, 8-bit tables included."""
    tables = (buffer for buffer in module.buffers() if buffer.dtype == torch.int8)
    return sum(weight.numel() for weight in (*module.parameters(), *tables))


def _count_dead(segmenter: Segmenter, image: torch.Tensor) -> int:
    """Return how many trainable parameters get no gradient from the losses."""
    texts = [SENTENCE, "two large dark lesions"]
    token_ids, word_mask = segmenter.text_encoder.tokenize(texts)
    segmenter.train()
    words = segmenter.text_encoder(token_ids, word_mask)
    found = segmenter(image.repeat(2, 1, 1, 1), words, word_mask)
    reference = torch.zeros_like(found.mask_logits, dtype=torch.bool)
    reference[0, :, : image.shape[-2] // 2] = True
    loss = torch.stack(list(segmenter.losses(found, reference).values())).sum()
    torch.autograd.backward(loss)
    dead = sum(
        weight.numel()
        for weight in segmenter.parameters()
        if weight.requires_grad and weight.grad is None
    )
    segmenter.zero_grad(set_to_none=True)
    segmenter.eval()
    return dead
