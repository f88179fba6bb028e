import numpy as np
import onnx
import pytest
from fake_bundle import HEIGHT, WIDTH, write_fake_bundle

from lingseg.prediction import read_bundle
from lingseg.prediction.graphs import Graphs


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    path = write_fake_bundle(tmp_path_factory.mktemp("bundle") / "fake.lingseg")
    return dict(read_bundle(path).files)


def test_padding_words_change_nothing(files):
    graphs = Graphs(files, size=(HEIGHT, WIDTH), threads=1)
    encoded = graphs.encode_image(np.full((1, 3, HEIGHT, WIDTH), 0.8, np.float32))
    answers = []
    for token_ids, word_mask in (([[2, 4, 3]], [[1, 1, 1]]), ([[2, 4, 3, 5]], [[1, 1, 1, 0]])):
        mask = np.array(word_mask, bool)
        words = graphs.encode_words(np.array(token_ids), mask)
        answers.append(graphs.segment(encoded, words, mask))
    np.testing.assert_array_equal(answers[0][0], answers[1][0])
    assert answers[0][1] == answers[1][1] == 10


def test_a_graph_that_cannot_be_loaded_is_named(files):
    with pytest.raises(ValueError, match=r"cannot load mask\.onnx"):
        Graphs(files | {"mask.onnx": b"no graph"}, size=(HEIGHT, WIDTH), threads=1)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("flags : avx2 avx512_vnni", "0"),
        ("flags : avx2 avx_vnni", "0"),
        ("flags : avx2", "1"),
        (None, "1"),
    ],
)
def test_products_of_8_bit_numbers_do_not_overflow_on_old_processors(
    files, tmp_path, monkeypatch, told, expected
):
    if told is not None:
        (tmp_path / "cpuinfo").write_text(told)
    monkeypatch.setattr("lingseg.prediction.graphs._PROCESSOR", tmp_path / "cpuinfo")
    graphs = Graphs(files, size=(HEIGHT, WIDTH), threads=1)
    for graph in (graphs._text, graphs._image, graphs._mask):
        options = graph._session.get_session_options()
        assert options.get_session_config_entry("session.x64quantprecision") == expected


@pytest.mark.parametrize("place", ["weights.bin", "../outside.bin", "inside/../../outside.bin"])
def test_a_graph_cannot_take_its_weights_from_files_of_the_machine(
    files, tmp_path, monkeypatch, place
):
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    for path in (tmp_path / "outside.bin", tmp_path / "folder" / "weights.bin"):
        path.write_bytes(np.ones(36, np.float32).tobytes())
    monkeypatch.chdir(tmp_path / "folder")
    model = onnx.load_from_string(bytes(files["text.onnx"]))
    (table,) = model.graph.initializer
    table.ClearField("raw_data")
    table.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", place), ("offset", "0"), ("length", "144")):
        table.external_data.add(key=key, value=value)
    with pytest.raises(ValueError, match=r"cannot load text\.onnx \(.*[Ee]xternal data"):
        Graphs(files | {"text.onnx": model.SerializeToString()}, size=(HEIGHT, WIDTH), threads=1)


def test_a_graph_whose_names_are_no_text_gives_one_line_and_prints_nothing(files, capfd):
    spoiled = files["image.onnx"].tobytes().replace(b"encoded_0", b"enco\xff\xfe\x0a_0")
    with pytest.raises(ValueError, match=r"cannot load image\.onnx") as caught:
        Graphs(files | {"image.onnx": spoiled}, size=(HEIGHT, WIDTH), threads=1)
    assert str(caught.value).isprintable()
    assert capfd.readouterr() == ("", "")


def test_a_graph_that_breaks_the_contract_is_named(files):
    with pytest.raises(ValueError, match=r"text\.onnx takes unknown inputs \['image'\]"):
        Graphs(files | {"text.onnx": files["image.onnx"]}, size=(HEIGHT, WIDTH), threads=1)
    without_image = {name: data for name, data in files.items() if name != "image.onnx"}
    with pytest.raises(ValueError, match=r"mask\.onnx takes unknown inputs \['encoded_0'\]"):
        Graphs(without_image, size=(HEIGHT, WIDTH), threads=1)


def test_a_mask_of_another_size_or_without_finite_values_is_refused(files):
    graphs = Graphs(files, size=(HEIGHT, WIDTH + 1), threads=1)
    word_mask = np.ones((1, 1), bool)
    words = graphs.encode_words(np.array([[4]]), word_mask)
    image = np.zeros((1, 3, HEIGHT, WIDTH), np.float32)
    with pytest.raises(ValueError, match="gave a mask of shape"):
        graphs.segment(graphs.encode_image(image), words, word_mask)
    graphs = Graphs(files, size=(HEIGHT, WIDTH), threads=1)
    with pytest.raises(ValueError, match="not finite"):
        graphs.segment(graphs.encode_image(image * np.nan), words, word_mask)


def test_an_image_of_another_size_gives_one_line(files):
    graphs = Graphs(files, size=(HEIGHT, WIDTH), threads=1)
    with pytest.raises(ValueError, match=r"image\.onnx failed") as caught:
        graphs.encode_image(np.zeros((1, 3, 5, 7), np.float32))
    assert "\n" not in str(caught.value)
