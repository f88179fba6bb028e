"""Multiply-adds, on numbers that a reader can check by hand."""

import numpy as np
import onnx
import pytest
from fake_bundle import HEIGHT, WIDTH, write_fake_bundle
from onnx import TensorProto, helper, numpy_helper

from lingseg.prediction import read_bundle
from lingseg.prediction.graphs import Step, trace
from lingseg.prediction.multiply_adds import count_multiply_adds, count_work


@pytest.mark.parametrize(
    ("operation", "inputs", "output", "expected"),
    [
        ("Conv", [(1, 4, 9, 7), (6, 4, 3, 3), (6,)], (1, 6, 9, 7), 6 * 9 * 7 * 4 * 9),
        ("Conv", [(1, 6, 9, 7), (6, 1, 5, 5)], (1, 6, 5, 4), 6 * 5 * 4 * 25),  # depthwise
        ("ConvTranspose", [(1, 4, 5, 3), (4, 2, 2, 2)], (1, 2, 10, 6), 4 * 5 * 3 * 2 * 4),
        ("MatMul", [(1, 5, 11, 8), (1, 5, 8, 3)], (1, 5, 11, 3), 5 * 11 * 3 * 8),
        ("MatMulInteger", [(1, 11, 8), (8, 3), (), ()], (1, 11, 3), 11 * 3 * 8),
        ("Gemm", [(11, 8), (3, 8), (3,)], (11, 3), 11 * 3 * 8),
        ("Gemm", [(8, 11), (8, 3)], (11, 3), 11 * 3 * 8),  # the left one transposed
        ("Softmax", [(11, 8)], (11, 8), 0),
    ],
)
def test_an_operation_counts_what_its_shapes_say(operation, inputs, output, expected):
    step = Step(operation=operation, inputs=tuple(inputs), outputs=(output,))
    assert count_multiply_adds([step]) == expected
    assert count_multiply_adds([step, step]) == 2 * expected


def product_graph() -> bytes:
    """Rows of 3 numbers times a table of 3 x 5."""
    table = numpy_helper.from_array(np.ones((3, 5), np.float32), "table")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["rows", "table"], ["product"])],
        "product",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["many", 3])],
        [helper.make_tensor_value_info("product", TensorProto.FLOAT, ["many", 5])],
        [table],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def test_a_graph_is_counted_as_it_was_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = np.ones((7, 3), np.float32)
    made, steps = trace("a.onnx", {"a.onnx": product_graph()}, {"rows": rows, "other": rows})
    np.testing.assert_array_equal(made["product"], np.full((7, 5), 3))
    assert steps == [Step(operation="MatMul", inputs=((7, 3), (3, 5)), outputs=((7, 5),))]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("encodes_image_first", [True, False])
def test_a_bundle_without_products_has_no_work(tmp_path, encodes_image_first):
    path = write_fake_bundle(tmp_path / "fake", encodes_image_first=encodes_image_first)
    work = count_work(read_bundle(path), "left")
    assert (work.text, work.image, work.mask) == (0, 0, 0)


def test_steps_tell_the_shapes_of_a_picture(tmp_path):
    bundle = read_bundle(write_fake_bundle(tmp_path / "fake"))
    image = np.zeros((1, 3, HEIGHT, WIDTH), np.float32)
    _, steps = trace("image.onnx", bundle.files, {"image": image})
    assert steps[-1].outputs == ((1, 1, HEIGHT, WIDTH),)
