"""The graphs of a bundle with products of 8-bit numbers."""

from collections import Counter
from dataclasses import replace

import numpy as np
import onnx
import pytest
from training.small_run import RECIPE

from lingseg.datasets.folder import read_folder
from lingseg.export import bundling, quantisation
from lingseg.export.bundling import Disagreement, Evidence, add_findings, export_run
from lingseg.export.quantisation import quantise
from lingseg.imaging.reading import read_image
from lingseg.prediction.bundle import read_bundle
from lingseg.prediction.graphs import Graphs
from lingseg.prediction.predictor import Model

pytestmark = pytest.mark.slow  # torch.onnx.export takes seconds for the smallest graph


@pytest.fixture(scope="module")
def dataset(run):
    return read_folder(run.parent / "data")


@pytest.fixture(scope="module")
def export(run, dataset):
    def export_as(precision, *, name=None, **changes):
        return export_run(
            run,
            run.parent / f"{name or precision}.lingseg",
            Evidence(
                validation={"blocks": dataset.split("val")}, calibration=dataset.split("train")
            ),
            licence="CC0-1.0",
            precision=precision,
            **changes,
        )

    return export_as


@pytest.fixture(scope="module")
def bundles(export):
    return {precision: export(precision) for precision in ("fp32", "int8")}


def operators(bundle, name):
    graph = onnx.load_from_string(bytes(bundle.files[name])).graph
    return Counter(node.op_type for node in graph.node)


def test_products_with_weights_are_of_8_bit_numbers(bundles):
    found = operators(bundles["int8"], "mask.onnx")
    weights = operators(bundles["fp32"], "mask.onnx")["MatMul"] - found["MatMul"]
    assert found["MatMulInteger"] == weights > 4
    assert found["MatMul"] == 2  # attention: both sides are made of the case


def test_what_rounding_hurts_most_stays_in_32_bits(bundles):
    found = operators(bundles["int8"], "mask.onnx")
    assert found["Conv"] == 1  # which cuts the picture into patches
    assert found["QuantizeLinear"] == 0
    text = onnx.load_from_string(bytes(bundles["int8"].files["text.onnx"])).graph
    weights = {one.name: tuple(one.dims) for one in text.initializer}
    products = [one.input[1] for one in text.node if one.op_type == "MatMul"]
    assert [weights[name] for name in products if name in weights] == [(256, 64)]
    assert operators(bundles["int8"], "text.onnx")["MatMulInteger"] == 3


def test_an_int8_bundle_draws_nearly_what_its_run_draws(dataset, bundles):
    models = [Model(bundles[precision]) for precision in ("int8", "fp32")]
    for case in dataset.split("val"):
        image = read_image(case.image)
        given, expected = (model.segment(image, case.text).probabilities for model in models)
        difference = np.abs(given - expected).max()
        assert 0 < difference < 0.02  # exactly the same would be fp32 again


def test_an_int8_bundle_says_what_it_is_and_how_far_off(bundles):
    bundle = bundles["int8"]
    assert bundle.manifest.precision == "int8"
    agreement = bundle.manifest.provenance["agreement"]
    assert agreement["pictures"] == 4
    assert abs(agreement["dice_differences"]["blocks"]) <= 0.003
    assert agreement["other_verdicts"] == 0
    card = bytes(bundle.files["card.md"]).decode()
    assert f"| blocks | {100 * agreement['dice_differences']['blocks']:+.2f} |" in card
    assert "computes in fp32" in bytes(bundles["fp32"].files["card.md"]).decode()


def test_scores_are_added_to_an_int8_bundle_that_stays_one(run, bundles):
    add_findings(run.parent / "int8.lingseg", run.parent / "scored.lingseg", scores=[])
    found = read_bundle(run.parent / "scored.lingseg")
    assert found.manifest.precision == "int8"
    assert found.files["mask.onnx"] == bundles["int8"].files["mask.onnx"]


def test_the_same_run_gives_the_same_int8_bundle(export, bundles):
    again = export("int8", name="again")
    for name in ("text.onnx", "mask.onnx"):
        assert again.manifest.files[name] == bundles["int8"].manifest.files[name]


def test_every_step_is_told(export):
    told = []
    export("int8", name="told", progress=lambda done, total: told.append((done, total)))
    calibrated, compared = told[:10], told[10:]
    assert calibrated == [(number, 10) for number in range(1, 11)]
    assert compared == [(number, 4) for number in range(1, 5)]


def test_what_lies_beyond_the_calibration_pictures_is_cut_off(dataset, bundles, monkeypatch):
    monkeypatch.setattr(quantisation, "_FIRST_CONVOLUTIONS", 0)  # it has but one
    files = {name: bytes(data) for name, data in bundles["fp32"].files.items()}
    data = replace(RECIPE.data, height=32, width=40)
    made = quantise(files, dataset.split("train")[:1], data=data, max_words=64)
    is_word = np.zeros((1, 1), np.bool_)

    def drawn(graphs, brightness):
        words = graphs.encode_words(np.zeros((1, 1), np.int64), is_word)
        return graphs.segment([np.full((1, 3, 32, 40), brightness, np.float32)], words, is_word)[0]

    given, expected = (Graphs(one, size=(32, 40), threads=1) for one in (made, files))
    far = [np.abs(drawn(one, 9) - drawn(one, 1)).max() for one in (given, expected)]
    assert far[0] < far[1] / 4


def test_a_bundle_that_is_worse_than_its_run_is_not_written(run, export, monkeypatch):
    def spoilt(files, *_, **__):
        graph = onnx.load_from_string(files["mask.onnx"])
        graph.graph.node.append(onnx.helper.make_node("Neg", ["mask_logits_"], ["mask_logits"]))
        for node in graph.graph.node[:-1]:
            for names in (node.input, node.output):
                names[:] = [f"{name}_" if name == "mask_logits" else name for name in names]
        return {**files, "mask.onnx": graph.SerializeToString()}

    monkeypatch.setattr(bundling, "quantise", spoilt)
    with pytest.raises(
        Disagreement, match=r"Dice on blocks differs by .* --precision fp32\."
    ) as no:
        export("int8", name="spoilt")
    assert "\n" not in str(no.value)
    assert not (run.parent / "spoilt.lingseg").exists()
