"""Large pictures, tile by tile. The fake bundle draws what is brighter than the middle."""

import hashlib
import itertools

import numpy as np
import pytest
from tiled_tiff_files import tiled_tiff

from lingseg.imaging import Image, read_mask, resize_probabilities
from lingseg.imaging import tiled_tiff as tiled
from lingseg.imaging.large_picture import windows_of
from lingseg.imaging.resampling import resize_window
from lingseg.prediction import tiles
from lingseg.prediction.formats import FORMATS, Answer
from lingseg.prediction.graphs import Graphs
from lingseg.prediction.predictor import EncodedImage
from lingseg.prediction.tiles import EncodedTiles, encode_tiles, tiles_of

SIDE = 60
HEIGHT, WIDTH = 90, 150
LEFT, RIGHT = np.s_[30:60, 20:50], np.s_[30:60, 100:130]


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(tiles, "TILE_SIDE", SIDE)
    monkeypatch.setattr("lingseg.prediction.predictor.TILE_SIDE", SIDE)


def two_lights() -> np.ndarray:
    pixels = np.full((HEIGHT, WIDTH), 20, np.uint8)
    pixels[LEFT] = pixels[RIGHT] = 240
    return pixels


def encoded(model, pixels) -> EncodedTiles:
    picture = windows_of(Image(pixels=pixels))
    return EncodedTiles(encode_tiles(model, picture).whole, picture, SIDE)


@pytest.mark.parametrize("size", [(90, 150), (60, 61), (40, 300), (60, 60), (7, 9)])
def test_tiles_cover_the_picture_and_overlap_by_half(size):
    covered = np.zeros(size, int)
    for tile in tiles_of(size, SIDE):
        covered[tile.where] += 1
    assert covered.min() == 1
    assert all(covered.shape[axis] <= SIDE or covered.max() > 1 for axis in (0, 1))
    starts = sorted({tile.left for tile in tiles_of(size, SIDE)})
    assert all(after - before <= SIDE / 2 for before, after in itertools.pairwise(starts))


def test_left_is_the_pictures_left_not_the_tiles(model):
    left = encoded(model, two_lights()).segment("left one")
    assert left.mask.shape == (HEIGHT, WIDTH)
    assert left.mask[35:55, 25:45].all()
    assert not left.mask[:, WIDTH // 2 :].any()
    right = encoded(model, two_lights()).segment("the one at the right")
    assert right.mask[35:55, 105:125].all()
    assert not right.mask[:, : WIDTH // 2].any()


def test_a_sentence_of_place_alone_is_answered_by_the_first_look(model):
    plain = model.segment(two_lights(), "left")
    np.testing.assert_allclose(
        encoded(model, two_lights()).segment("left").probabilities, plain.probabilities, atol=1e-4
    )


def test_the_patients_left_is_found_as_in_a_small_picture(model):
    result = encoded(model, two_lights()).segment("left one", side="patient")
    assert result.mask[:, WIDTH // 2 :].any()
    assert not result.mask[:, : WIDTH // 2].any()


def test_no_seam_shows_where_tiles_meet(model):
    pixels = np.full((HEIGHT, WIDTH), 150, np.uint8)
    result = encoded(model, pixels).segment("bright")
    assert np.ptp(result.probabilities) < 1e-5
    assert result.probabilities[0, 0] == pytest.approx(
        model.segment(pixels, "bright").probabilities[0, 0], abs=1e-5
    )


def test_tiles_draw_finer_than_the_first_look(model):
    pixels = np.full((HEIGHT, WIDTH), 20, np.uint8)
    pixels[:, 70:140] = 240
    pixels[40:42, 80:130] = 20  # too thin for a picture of 32 x 48
    plain, closer = model.segment(pixels, "bright"), encoded(model, pixels).segment("bright")
    assert closer.probabilities[40:42, 85:125].mean() < plain.probabilities[40:42, 85:125].mean()


def test_a_tile_is_shown_to_the_model_only_where_the_first_look_saw_something(model, monkeypatch):
    pictures = []
    genuine = Graphs.encode_image
    monkeypatch.setattr(
        Graphs, "encode_image", lambda graphs, image: pictures.append(1) or genuine(graphs, image)
    )
    asked = encoded(model, two_lights())
    pictures.clear()
    asked.segment("nothing")
    assert not pictures
    asked.segment("left one")
    first = len(pictures)
    assert 0 < first < len(tiles_of((HEIGHT, WIDTH), SIDE))
    asked.segment("left of it")
    assert len(pictures) == first


def test_what_is_not_there_is_not_drawn(model):
    result = encoded(model, two_lights()).segment("nothing")
    assert not result.is_found
    assert result.presence < 0.5


def test_small_pictures_are_shown_whole_though_tiles_are_asked_for(model):
    assert isinstance(model.encode(two_lights()[:SIDE, :SIDE], tiles=True), EncodedImage)
    assert isinstance(model.encode(two_lights(), tiles=True), EncodedTiles)
    assert isinstance(model.encode(two_lights()), EncodedImage)
    assert model.segment(two_lights(), "left", tiles=True).is_found


def test_a_slide_is_read_by_windows_and_answers_as_a_picture_does(model, tmp_path, monkeypatch):
    path = tmp_path / "slide.tif"
    path.write_bytes(tiled_tiff(two_lights()))
    monkeypatch.setattr(tiled, "MAX_PIXELS", 5_000)
    result = model.segment(path, "left one")
    assert result.mask[35:55, 25:45].all()
    assert not result.mask[:, WIDTH // 2 :].any()
    assert result.input_hash == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_window_of_probabilities_is_cut_from_the_whole():
    small = np.random.default_rng(0).random((7, 9), dtype=np.float32)
    whole = resize_probabilities(small, (90, 150))
    for top, left, height, width in ((0, 0, 90, 150), (30, 90, 60, 60), (13, 0, 5, 7)):
        np.testing.assert_allclose(
            resize_window(small, (90, 150), top, left, (height, width)),
            whole[top : top + height, left : left + width],
            atol=1e-4,
        )


def test_a_slide_is_written_as_a_picture_is_and_never_as_dicom(model, tmp_path):
    picture = windows_of(Image(pixels=two_lights()))
    answer = Answer(result=model.encode(picture).segment("left one"), image=picture)
    FORMATS["png"].write(tmp_path / "mask.png", answer)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png").pixels, answer.result.mask)
    FORMATS["nifti"].write(tmp_path / "mask.png", answer)
    for name, message in (("dicom-seg", "not DICOM"), ("secondary-capture", "too large")):
        with pytest.raises(ValueError, match=message):
            FORMATS[name].write(tmp_path / "mask.png", answer)
    assert len(list(tmp_path.iterdir())) == 2


def test_weights_add_up_to_one_and_fall_to_nothing_where_a_tile_ends():
    spans = {(tile.left, tile.width) for tile in tiles_of((HEIGHT, WIDTH), SIDE)}
    together = np.zeros(WIDTH)
    for (start, width), weight in tiles._weights(WIDTH, spans).items():
        alone = np.zeros(WIDTH)
        alone[start : start + width] = weight
        assert np.abs(np.diff(alone)).max() < 3 / SIDE
        together += alone
    np.testing.assert_allclose(together, 1, atol=1e-6)


def test_tiles_that_disagree_pass_into_one_another(model, monkeypatch):
    said = iter([0.9, 0.1] * 100)
    monkeypatch.setattr(
        EncodedImage, "probabilities", lambda tile, _: np.full(tile.size, next(said), np.float32)
    )
    result = encoded(model, np.full((HEIGHT, WIDTH), 150, np.uint8)).segment("bright")
    assert np.ptp(result.probabilities) > 0.1
    for axis in (0, 1):
        assert np.abs(np.diff(result.probabilities, axis=axis)).max() < 0.03


def test_a_result_of_tiles_knows_the_whole_picture(model):
    picture = Image(pixels=two_lights(), patient_left="neither")
    result = model.encode(picture, tiles=True).segment("left one", side="patient")
    assert result.image is picture
    assert result.request.means_unseen_side
