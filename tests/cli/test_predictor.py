import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
from fake_bundle import write_fake_bundle
from fakes import write_folder_dataset

from lingseg.cli.predictor import ModelPredictor, find_predictor, hash_of
from lingseg.datasets import find_dataset
from lingseg.imaging import read_image
from lingseg.imaging.image import Image
from lingseg.prediction import load


@pytest.fixture
def cases(tmp_path):
    root = write_folder_dataset(tmp_path / "blocks", num_cases={"test": 2})
    return find_dataset(str(root)).split("test")


@pytest.fixture
def bundle(tmp_path):
    return write_fake_bundle(tmp_path / "fake.lingseg")


def test_a_changed_picture_of_the_same_file_is_encoded_anew(cases, bundle):
    predictor = ModelPredictor(load(bundle))
    image = read_image(cases[0].image)
    before = predictor.probabilities(cases[0], image)
    inverted = predictor.probabilities(cases[0], Image(pixels=255 - image.pixels))
    assert np.abs(before - inverted).max() > 0.5
    assert np.array_equal(predictor.probabilities(cases[0], image), before)


def test_a_picture_that_is_read_again_is_not_encoded_again(cases, bundle, monkeypatch):
    model = load(bundle)
    encoded = []
    encode = model.encode_whole
    monkeypatch.setattr(model, "encode_whole", lambda image: encoded.append(image) or encode(image))
    predictor = ModelPredictor(model)
    for case in (cases[0], cases[0], cases[1]):
        predictor.probabilities(case, read_image(case.image))
    assert len(encoded) == 2


def test_saved_masks_are_known_by_what_they_show(cases):
    folder = cases[0].mask.parent
    first = hash_of(str(folder), find_predictor(str(folder), cases, lambda: None))
    cases[0].mask.write_bytes(cases[1].mask.read_bytes())
    second = hash_of(str(folder), find_predictor(str(folder), cases, lambda: None))
    assert len(first) == len(second) == 64
    assert first != second


def test_a_floor_needs_training_masks(cases):
    with pytest.raises(ValueError, match="the data set has none"):
        find_predictor("text-lookup", cases, lambda: None)


def test_a_run_is_known_by_the_hash_of_its_weights_file(tmp_path):
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"numbers")
    predictor = SimpleNamespace(name="it", threshold=0.5, probabilities=lambda *_: None)
    assert hash_of(str(tmp_path), predictor) == hashlib.sha256(b"numbers").hexdigest()
    assert hash_of("mean-mask", predictor) == ""
