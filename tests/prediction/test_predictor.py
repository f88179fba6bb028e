import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fake_bundle import write_fake_bundle
from PIL import Image as PillowImage

import lingseg
from lingseg.imaging import Image, UnreadableImage
from lingseg.prediction import predictor
from lingseg.prediction.graphs import Graphs

HEIGHT, WIDTH = 60, 100
LEFT, RIGHT = np.s_[20:40, 10:30], np.s_[20:40, 70:90]


def two_lights() -> np.ndarray:
    pixels = np.full((HEIGHT, WIDTH), 20, np.uint8)
    pixels[LEFT] = pixels[RIGHT] = 240
    return pixels


@pytest.fixture(scope="module", params=["encoded first", "in one"])
def model(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "fake.lingseg"
    write_fake_bundle(path, encodes_image_first=request.param == "encoded first")
    return lingseg.load(path, threads=1)


def test_the_mask_has_the_size_of_the_picture_and_lies_where_the_words_say(model):
    left, right = (model.segment(two_lights(), text) for text in ("left one", "the Right one"))
    assert left.mask.shape == left.probabilities.shape == (HEIGHT, WIDTH)
    assert left.mask[25:35, 15:25].all()
    assert not left.mask[:, WIDTH // 2 :].any()
    assert right.mask[25:35, 75:85].all()
    assert not right.mask[:, : WIDTH // 2].any()


def test_what_is_bright_is_drawn_where_it_lies(model):
    pixels = np.full((HEIGHT, WIDTH), 20, np.uint8)
    pixels[5:20, 60:95] = 240  # above and to the right
    row, column = model.segment(pixels, "the bright one").centroid
    assert abs(row - 12) < 1
    assert abs(column - 77) < 1


def test_one_encoded_picture_answers_many_sentences_as_if_asked_alone(model):
    encoded = model.encode(two_lights())
    for text in ("left", "right", "dark", "left"):
        np.testing.assert_array_equal(
            encoded.segment(text).probabilities, model.segment(two_lights(), text).probabilities
        )


def test_a_sentence_is_encoded_once(model, monkeypatch):
    calls = []
    genuine = Graphs.encode_words
    monkeypatch.setattr(
        Graphs,
        "encode_words",
        lambda graphs, *given: calls.append(given) or genuine(graphs, *given),
    )
    encoded = model.encode(two_lights())
    for text in ("left once", "left  once", "left once", "left twice"):
        encoded.segment(text)
    assert len(calls) == 2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, np.int32])
def test_pixels_of_every_type_give_the_same_mask(model, dtype):
    scale = 1 if dtype == np.uint8 else 10
    result = model.segment(two_lights().astype(dtype) * scale, "left")
    assert 300 <= result.area_pixels <= 500


def test_grey_and_colour_of_the_same_brightness_give_the_same_mask(model):
    colour = np.stack([two_lights()] * 3, axis=-1)
    np.testing.assert_array_equal(
        model.segment(colour, "left").mask, model.segment(Image(pixels=two_lights()), "left").mask
    )


@pytest.mark.parametrize(
    ("pixels", "line"),
    [
        (np.zeros((5, 7, 4), np.uint8), r"shape \(5, 7, 4\)"),
        (np.zeros((0, 7), np.uint8), r"shape \(0, 7\)"),
        (np.zeros(7, np.uint8), r"shape \(7,\)"),
        (np.zeros((5, 7), bool), "type bool"),
        (np.zeros((5, 7), complex), "type complex"),
        (np.full((5, 7), np.nan), "not finite"),
    ],
)
def test_pixels_that_are_no_picture_are_refused(model, pixels, line):
    with pytest.raises(ValueError, match=line):
        model.encode(pixels)


def test_a_file_gives_what_its_pixels_give_and_its_hash(model, tmp_path):
    path = tmp_path / "lights.png"
    PillowImage.fromarray(two_lights()).save(path)
    result = model.segment(str(path), "left")
    np.testing.assert_array_equal(result.mask, model.segment(two_lights(), "left").mask)
    assert result.input_hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert model.segment(two_lights(), "left").input_hash is None


def test_a_text_file_is_no_picture(model, tmp_path):
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(UnreadableImage, match="not a PNG, JPEG, TIFF, DICOM or NIfTI"):
        model.segment(tmp_path / "text.png", "left")


def test_what_is_not_there_gets_an_empty_mask(model):
    result = model.segment(two_lights(), "nothing")
    assert not result.is_found
    assert not result.mask.any()
    assert result.presence < 0.01
    assert result.probabilities.max() > 0.9


def test_a_model_that_does_not_judge_presence_always_draws(tmp_path):
    path = write_fake_bundle(tmp_path / "fake.lingseg", presence_threshold=None)
    assert lingseg.load(path).segment(two_lights(), "nothing").is_found


def test_between_the_two_thresholds_of_presence_the_mask_is_drawn_but_unsure(tmp_path, model):
    path = write_fake_bundle(tmp_path / "fake.lingseg", presence_sure_from=0.9999999)
    unsure, sure = (one.segment(two_lights(), "left") for one in (lingseg.load(path), model))
    assert (unsure.verdict, sure.verdict) == ("unsure", "found")
    assert np.array_equal(unsure.mask, sure.mask)
    assert lingseg.load(path).segment(two_lights(), "nothing").verdict == "not found"


def test_the_threshold_decides_which_pixels_are_in(model):
    encoded = model.encode(two_lights())
    areas = [encoded.segment("left", threshold=limit).area_pixels for limit in (0.01, 0.5, 0.99)]
    assert areas[0] > areas[1] > areas[2] > 0
    result = encoded.segment("left", threshold=0.3)
    np.testing.assert_array_equal(result.mask, result.probabilities >= np.float32(0.3))


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, float("nan")])
def test_a_threshold_that_is_no_probability_is_refused(model, threshold):
    with pytest.raises(ValueError, match="expected a number between 0 and 1"):
        model.segment(two_lights(), "left", threshold=threshold)


def test_the_patients_left_is_the_pictures_right(model):
    as_patient = model.segment(two_lights(), "left one", side="patient")
    np.testing.assert_array_equal(as_patient.mask, model.segment(two_lights(), "right one").mask)
    assert (as_patient.text, as_patient.side) == ("left one", "patient")


def test_a_model_of_the_patients_side_hears_pictures_sides(tmp_path):
    path = write_fake_bundle(tmp_path / "fake.lingseg", side="patient")
    model = lingseg.load(path)
    own = model.segment(two_lights(), "left")
    assert own.centroid[1] > WIDTH / 2
    assert model.segment(two_lights(), "left", side="image").centroid[1] < WIDTH / 2


@pytest.mark.parametrize(
    ("patient_left", "edge"), [(None, "right"), ("right", "right"), ("left", "left")]
)
@pytest.mark.parametrize("model_side", ["image", "patient"])
def test_the_patients_left_lies_where_the_picture_says(model_side, patient_left, edge, tmp_path):
    model = lingseg.load(write_fake_bundle(tmp_path / "fake.lingseg", side=model_side))
    picture = Image(pixels=two_lights(), patient_left=patient_left)
    found = model.segment(picture, "left", side="patient").centroid[1]
    assert ("right" if found > WIDTH / 2 else "left") == edge
    assert model.segment(picture, "left", side="image").centroid[1] < WIDTH / 2


def test_a_model_whose_sides_are_names_hears_the_sentence_as_it_is(tmp_path):
    model = lingseg.load(write_fake_bundle(tmp_path / "fake.lingseg", side="none"))
    for side in ("image", "patient", None):
        assert model.segment(two_lights(), "left", side=side).centroid[1] < WIDTH / 2


def test_the_empty_sentence_is_asked_on_purpose_only(model):
    with pytest.raises(ValueError, match="The sentence is empty"):
        model.segment(two_lights(), " ")
    result = model.segment(two_lights(), "", allow_null=True)
    assert result.mask[LEFT].any()
    assert result.mask[RIGHT].any()


def test_words_that_were_not_read_are_named(model):
    assert model.segment(two_lights(), "left " + "word " * 20).lost_words == ("word",) * 11


def test_threads_do_not_disturb_each_other(model):
    texts = ["left", "right", "dark", "nothing"] * 4
    with ThreadPoolExecutor(4) as pool:
        masks = list(pool.map(lambda text: model.segment(two_lights(), text).mask, texts))
    for text, mask in zip(texts, masks, strict=True):
        np.testing.assert_array_equal(mask, model.segment(two_lights(), text).mask)


def test_a_shipped_model_is_found_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(predictor, "SHIPPED", tmp_path)
    path = write_fake_bundle(tmp_path / "default.lingseg")
    assert lingseg.load().hash == lingseg.load(path).hash


def test_an_unknown_model_is_named_with_those_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(predictor, "SHIPPED", tmp_path)
    write_fake_bundle(tmp_path / "small.lingseg")
    with pytest.raises(FileNotFoundError, match=r"no model 'larger'.* come small\."):
        lingseg.load("larger")
