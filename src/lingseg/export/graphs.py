"""From a torch model to ONNX graphs: text, image and mask apart where the model allows."""

import io
import logging
import warnings
from collections.abc import Mapping, Sequence

import onnx
import torch
from onnxscript import optimizer
from torch import Tensor, nn

from lingseg.export.compact import compact
from lingseg.models import EncodesImageFirst, Segmenter
from lingseg.nn.shapes import ImageBatch, TokenIds, WordMask, Words
from lingseg.nn.text_encoder import TextEncoder

OPSET = 20

# It names every operator of torchvision that it skips, twelve lines a graph.
logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)


class _TextGraph(nn.Module):
    """Token ids to words."""

    def __init__(self, text_encoder: TextEncoder) -> None:
        """Take the encoder in."""
        super().__init__()
        self.text_encoder = text_encoder

    def forward(self, token_ids: TokenIds, word_mask: WordMask) -> Words:
        """Return the words."""
        return self.text_encoder(token_ids, word_mask)


class _ImageGraph(nn.Module):
    """An image to what the mask graph needs of it."""

    def __init__(self, segmenter: Segmenter) -> None:
        """Take the segmenter in."""
        super().__init__()
        self.segmenter = segmenter

    def forward(self, image: ImageBatch) -> tuple[Tensor, ...]:
        """Return the encoded image."""
        assert isinstance(self.segmenter, EncodesImageFirst)  # noqa: S101  # asked before it is built
        return self.segmenter.encode_image(image)


class _MaskGraph(nn.Module):
    """An encoded image and words to logits."""

    def __init__(self, segmenter: Segmenter, size: tuple[int, int]) -> None:
        """Take the segmenter in; `size` is fixed in the graph."""
        super().__init__()
        self.segmenter = segmenter
        self.size = size

    def forward(
        self, words: Words, word_mask: WordMask, encoded: list[Tensor]
    ) -> tuple[Tensor, ...]:
        """Return mask logits and, where the model gives them, presence logits."""
        if isinstance(self.segmenter, EncodesImageFirst):
            found = self.segmenter.segment_encoded(tuple(encoded), words, word_mask, self.size)
        else:
            found = self.segmenter(encoded[0], words, word_mask)
        if found.presence_logits is None:
            return (found.mask_logits,)
        return found.mask_logits, found.presence_logits


@torch.no_grad()
def export_graphs(segmenter: Segmenter, size: tuple[int, int]) -> dict[str, bytes]:
    """Return the ONNX files of a model, by the names that a bundle gives them.

    Args:
        segmenter: The model, in evaluation mode, on the CPU.
        size: Height and width of the pictures that the graphs will take.
    """
    token_ids, word_mask = segmenter.text_encoder.tokenize(["one small mass at the left"])
    words = segmenter.text_encoder(token_ids, word_mask)
    image = torch.linspace(0, 1, 3 * size[0] * size[1]).reshape(1, 3, *size)
    any_words = torch.export.Dim("words", min=1, max=4096)
    graphs = {
        "text.onnx": _export(
            _TextGraph(segmenter.text_encoder),
            (token_ids, word_mask),
            names=["token_ids", "word_mask"],
            outputs=["words"],
            dynamic={"token_ids": {1: any_words}, "word_mask": {1: any_words}},
        )
    }
    encoded = {"image": image}
    if isinstance(segmenter, EncodesImageFirst):
        maps = segmenter.encode_image(image)
        encoded = {f"encoded_{number}": found for number, found in enumerate(maps)}
        graphs["image.onnx"] = _export(
            _ImageGraph(segmenter),
            (image,),
            names=["image"],
            outputs=list(encoded),
            dynamic={"image": None},
        )
    mask_graph = _MaskGraph(segmenter, size)
    inputs = (words, word_mask, list(encoded.values()))
    graphs["mask.onnx"] = _export(
        mask_graph,
        inputs,
        names=["words", "word_mask", *encoded],
        outputs=["mask_logits", "presence_logits"][: len(mask_graph(*inputs))],
        dynamic={
            "words": {1: any_words},
            "word_mask": {1: any_words},
            "encoded": [None for _ in encoded],
        },
    )
    return graphs


def _export(
    module: nn.Module,
    inputs: tuple[object, ...],
    *,
    names: Sequence[str],
    outputs: Sequence[str],
    dynamic: Mapping[str, object],
) -> bytes:
    """Return one module as an ONNX file, its weights stored compactly."""
    with warnings.catch_warnings():
        # torch's exporter warns of its own deprecated internals; none of it concerns the graph.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            inputs,
            input_names=list(names),
            output_names=list(outputs),
            dynamic_shapes=dict(dynamic),
            opset_version=OPSET,
            dynamo=True,
            optimize=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program; it does so only without dynamo.")
    # Constants only: norms folded into kernels here would cost these their compactness, while norms
    # whose numbers are no constants would not be folded by the runtime, at three times the cost.
    optimizer.fold_constants(program.model)
    optimizer.remove_unused_nodes(program.model)
    file = io.BytesIO()
    onnx.save(compact(program.model_proto), file)
    return file.getvalue()
