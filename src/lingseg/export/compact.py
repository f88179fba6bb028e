"""Weights stored in half the bytes where nothing is lost by it."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_MIN_SIZE = 256
"""Smaller tensors are left as they are: a cast node costs more than they would save."""


def compact(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store each fp32 weight as fp16 plus a cast, where every number in it survives that unchanged.

    The graph computes in fp32 as before, to the last bit; the runtime folds the casts at load.
    """
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT:
            continue
        numbers = numpy_helper.to_array(weight)
        with np.errstate(over="ignore"):
            halves = numbers.astype(np.float16)
        if numbers.size < _MIN_SIZE or not np.array_equal(halves.astype(np.float32), numbers):
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(halves, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return model
