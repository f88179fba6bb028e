"""What the graphs of a bundle compute, counted in multiply-adds of a run."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

import numpy as np

from lingseg.prediction.bundle import Bundle
from lingseg.prediction.graphs import Floats, Step, TokenIds, WordMask, trace
from lingseg.prediction.sentence import SentenceReader, checked_text


@dataclass(frozen=True, kw_only=True)
class Work:
    """Billions of multiply-adds of one run of each graph."""

    text: float
    image: float
    """0 where the mask's graph takes the picture itself."""
    mask: float


def count_work(bundle: Bundle, sentence: str) -> Work:
    """Count the multiply-adds of a picture and a sentence, by running each graph once.

    Matrix products and convolutions count, as in `lingseg models info`; what else is done (norms,
    sums, resampling) is little, and no processor does it at the rate of a matrix product.

    Raises:
        ValueError: The sentence or a graph cannot be used.
    """
    manifest = bundle.manifest
    reader = SentenceReader(bundle.files["tokenizer.json"], max_words=manifest.max_words)
    read = reader.read(checked_text(sentence))
    given: dict[str, Floats | TokenIds | WordMask] = {
        "token_ids": read.token_ids,
        "word_mask": read.word_mask,
        "image": np.full((1, 3, manifest.height, manifest.width), 0.5, dtype=np.float32),
    }
    counted = {"image.onnx": 0}
    for name in ("text.onnx", "image.onnx", "mask.onnx"):
        if name in bundle.files:
            made, steps = trace(name, bundle.files, given)
            given |= made
            counted[name] = count_multiply_adds(steps)
    return Work(
        text=counted["text.onnx"] / 1e9,
        image=counted["image.onnx"] / 1e9,
        mask=counted["mask.onnx"] / 1e9,
    )


def count_multiply_adds(steps: Iterable[Step]) -> int:
    """Count the multiply-adds of all matrix products and convolutions among some operations."""
    return sum(map(_multiply_adds, steps))


def _multiply_adds(step: Step) -> int:
    """Count those of one operation; 0 where it is neither product nor convolution."""
    match step.operation:
        case "Conv":  # each value that comes out is one kernel's product with what it lies on
            return prod(step.outputs[0]) * prod(step.inputs[1][1:])
        case "ConvTranspose":  # each value that goes in meets one kernel
            return prod(step.inputs[0]) * prod(step.inputs[1][1:])
        case "MatMul" | "MatMulInteger":
            return prod(step.outputs[0]) * step.inputs[0][-1]
        case "Gemm":  # either factor may be transposed: by rows of what comes out
            return prod(step.outputs[0]) * prod(step.inputs[0]) // step.outputs[0][0]
        case _:
            return 0
