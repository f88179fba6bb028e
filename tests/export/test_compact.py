"""Weights stored in half the bytes where nothing is lost by it."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from lingseg.export.compact import compact


def product(weight):
    node = helper.make_node("MatMul", ["image", "weight"], ["mask"])
    graph = helper.make_graph(
        [node],
        "product",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, weight.shape[0]])],
        [helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, weight.shape[1]])],
        [numpy_helper.from_array(weight, "weight")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model, image):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(["mask"], {"image": image})[0]


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def test_halved_weights_compute_the_same_to_the_last_bit():
    weight = noise(40, 30).astype(np.float16).astype(np.float32)
    image = noise(1, 40)
    assert np.array_equal(run(compact(product(weight)), image), run(product(weight), image))


def test_halved_weights_take_half_the_bytes():
    weight = noise(40, 30).astype(np.float16).astype(np.float32)
    halved = compact(product(weight)).ByteSize()
    assert halved < 0.6 * product(weight).ByteSize()


def test_a_weight_that_half_precision_cannot_hold_is_left_alone():
    model = compact(product(noise(40, 30)))
    assert model.graph.initializer[0].data_type == TensorProto.FLOAT
    assert len(model.graph.node) == 1


def test_small_weights_are_left_alone():
    assert len(compact(product(np.ones((3, 4), dtype=np.float32))).graph.node) == 1


def test_numbers_beyond_half_precision_are_left_alone():
    weight = np.full((40, 30), 1e6, dtype=np.float32)
    assert len(compact(product(weight)).graph.node) == 1
