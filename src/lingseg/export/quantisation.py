"""The graphs of a bundle with products of 8-bit numbers, where 32 bits are not needed.

Convolutions know the ranges of what goes in and out beforehand, from training pictures. Products of
words and pixels with weights measure theirs anew in every run: their outliers differ from case to
case, and with ranges known beforehand LingNet lost up to 27 points of Dice. What is no product with
weights (attention, norms, sums, heads of one row) costs little and stays in 32 bits, and the text's
table of words keeps the 8 bits that it was trained with. So do two more that cost little, and
whose rounding moved LingNet's masks and presences more than all else: the picture's first
convolutions, where its pixels are still many, and the products that narrow the text's rows.

Weights have a scale for each channel. They use all 8 bits, so whoever runs the graphs must tell the
runtime to beware of processors that add products in 16 bits, as `lingseg.prediction.graphs` does.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray

from lingseg.datasets.case import Case
from lingseg.datasets.progress import Progress, no_progress
from lingseg.export.compact import compact
from lingseg.prediction.graphs import Floats, Graphs
from lingseg.prediction.sentence import SentenceReader
from lingseg.training.batch import PixelCache, collate
from lingseg.training.recipe import Data

_CONVOLUTIONS = ("Conv", "Clip", "Relu")
"""With what cuts their outputs off, which so costs nothing, and makes the ranges smaller."""
_FIRST_CONVOLUTIONS = 18
"""Of the graph that is shown the picture; in EfficientNet-Lite2 its stages down to stride 4."""
_PREPARED = {"onnx.quant.pre_process": "onnxruntime.quant"}
"""What tells ONNX Runtime that constants are folded; else it logs advice to do so."""

Inputs: TypeAlias = Mapping[str, NDArray[np.generic]]
"""Of all graphs together, by name."""


def quantise(
    files: Mapping[str, bytes],
    cases: Sequence[Case],
    *,
    data: Data,
    max_words: int,
    progress: Progress = no_progress,
) -> dict[str, bytes]:
    """Return the files of a bundle with graphs that multiply 8-bit numbers.

    Args:
        files: The graphs and the tokenizer, by their names in a bundle.
        cases: Training cases, from which ranges are taken; each is shown with its own sentence and
            with none.
        data: How pictures are shown to the model.
        max_words: Tokens that are read of a sentence.
        progress: Told after every case, graph by graph.
    """
    # Products first: quantize_dynamic would warn of the numbers that quantize_static has written.
    graphs = {
        name: _with_dynamic_products(_folded(file))
        for name, file in files.items()
        if name.endswith(".onnx")
    }
    measured = [name for name, graph in graphs.items() if _has_convolution(graph)]
    reader = SentenceReader(files["tokenizer.json"].decode(), max_words=max_words)
    runtime = Graphs(files, size=(data.height, data.width))
    for number, name in enumerate(measured):

        def tell(done: int, _: int, first: int = number * len(cases)) -> None:
            progress(first + done, len(measured) * len(cases))

        rows = _inputs(runtime, reader, cases, data, tell)
        graphs[name] = _with_static_convolutions(graphs[name], rows)
    made = {name: compact(_tidied(graph)).SerializeToString() for name, graph in graphs.items()}
    return {**files, **made}


class _Rows:
    """Inputs one by one, as ONNX Runtime asks for them."""

    def __init__(self, rows: Iterator[Inputs], graph: onnx.ModelProto) -> None:
        """Keep what the graph declares of each row."""
        self._rows = rows
        self._names = {one.name for one in graph.graph.input}

    def get_next(self) -> Inputs | None:
        """Return the next inputs, or None after the last."""
        row = next(self._rows, None)
        return row and {name: value for name, value in row.items() if name in self._names}


def _inputs(
    graphs: Graphs,
    reader: SentenceReader,
    cases: Sequence[Case],
    data: Data,
    progress: Progress,
) -> Iterator[Inputs]:
    """Yield the inputs of all graphs, case by case, with the sentence and without."""
    cache = PixelCache(data)
    for number, case in enumerate(cases, start=1):
        image: Floats = collate([cache.triple(case)]).image.numpy()
        encoded = graphs.encode_image(image)
        for text in (case.text, ""):
            sentence = reader.read(text)
            yield {
                "image": image,
                "token_ids": sentence.token_ids,
                "word_mask": sentence.word_mask,
                "words": graphs.encode_words(sentence.token_ids, sentence.word_mask),
                **{f"encoded_{position}": found for position, found in enumerate(encoded)},
            }
        progress(number, len(cases))


def _folded(graph: bytes) -> onnx.ModelProto:
    """Return the graph with its constants folded, and its norms in the convolutions before them."""
    # Not above: `lingseg.prediction.graphs` must come first, which turns its telemetry off.
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3  # else it warns that some optimisations fit this machine only
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "folded.onnx"
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(
            graph,
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["MatMulAddFusion"],  # its products would be hidden between shapes
        )
        folded = onnx.load(path)
    del folded.graph.value_info[:]  # the shapes of some were changed and not noted
    onnx.helper.set_model_props(folded, _PREPARED)
    return folded


def _has_convolution(graph: onnx.ModelProto) -> bool:
    """Tell whether there is anything whose ranges must be known beforehand."""
    return any(node.op_type == "Conv" for node in graph.graph.node)


def _first_convolutions(graph: onnx.ModelProto) -> list[str]:
    """Return the names of the first that see the picture, and of what cuts their outputs off."""
    if "image" not in {one.name for one in graph.graph.input}:
        return []
    nodes = graph.graph.node
    first = [node for node in nodes if node.op_type == "Conv"][:_FIRST_CONVOLUTIONS]
    outputs = {name for node in first for name in node.output}
    cut = [node for node in nodes if node.op_type in _CONVOLUTIONS[1:] and node.input[0] in outputs]
    return [node.name for node in (*first, *cut)]


def _narrowing_products(graph: onnx.ModelProto) -> list[str]:
    """Return the names of the text's products that give fewer features than they take."""
    if "token_ids" not in {one.name for one in graph.graph.input}:
        return []
    sizes = {one.name: tuple(one.dims) for one in graph.graph.initializer}
    products = [node for node in graph.graph.node if node.op_type == "MatMul"]
    weights = [(node.name, sizes.get(node.input[1], (0, 0))) for node in products]
    return [name for name, (taken, given) in weights if taken > given]


def _with_static_convolutions(graph: onnx.ModelProto, rows: Iterator[Inputs]) -> onnx.ModelProto:
    """Return the graph with convolutions of 8-bit numbers, their ranges taken from `rows`."""
    from onnxruntime.quantization import (  # type: ignore[import-untyped]
        QuantFormat,
        QuantType,
        quantize_static,
    )

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "static.onnx"
        quantize_static(
            graph,
            path,
            _Rows(rows, graph),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_CONVOLUTIONS),
            nodes_to_exclude=_first_convolutions(graph),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(path)


def _with_dynamic_products(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph with products of rows and weights in 8-bit numbers."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dynamic.onnx"
        quantize_dynamic(
            graph,
            path,
            op_types_to_quantize=["MatMul"],
            nodes_to_exclude=_narrowing_products(graph),
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
        return onnx.load(path)


def _tidied(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Return the graph without what tells of how it was made, and of operators that it lacks."""
    used = {node.domain for node in graph.graph.node}
    kept = [one for one in graph.opset_import if one.domain in used]
    del graph.opset_import[:]
    graph.opset_import.extend(kept)
    del graph.metadata_props[:]
    del graph.graph.value_info[:]
    return graph
