"""Sentences on a volume. The fake bundle draws what is brighter than the middle."""

import weakref
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from clinical_files import ct_slice, nifti, save_series
from fake_bundle import write_fake_bundle

import lingseg
from lingseg.imaging import Image, UnreadableImage, Volume, read_volume
from lingseg.imaging.parts import CleanUp
from lingseg.prediction.graphs import Graphs
from lingseg.prediction.volume import segment_volume

NUM_SLICES, HEIGHT, WIDTH = 4, 30, 50
LEFT, RIGHT = np.s_[8:20, 4:16], np.s_[8:20, 34:46]
AFFINE = np.array([[0, -2, 0, 0], [-1, 0, 0, 0], [0, 0, 5, 0], [0, 0, 0, 1.0]])


def lights() -> np.ndarray:
    """A light at the left of slices 1 and 2, and one at the right of slice 3."""
    pixels = np.full((NUM_SLICES, HEIGHT, WIDTH), 20, np.uint8)
    pixels[1:3][:, *LEFT] = pixels[3][RIGHT] = 240
    return pixels


def volume_of(pixels: np.ndarray, **changes: object) -> Volume:
    given = {"spacing": (1.0, 2.0), "affine": AFFINE} | changes
    return Volume(
        num_slices=len(pixels),
        size=pixels.shape[1:],
        read=lambda number: Image(pixels=pixels[number], patient_left="right"),
        **given,
    )


def test_every_slice_is_drawn_as_if_it_were_alone(model):
    result = model.segment_volume(volume_of(lights()), "bright")
    expected = np.stack([model.segment(pixels, "bright").mask for pixels in lights()])
    np.testing.assert_array_equal(result.masks, expected)
    assert result.found_slices == (1, 2, 3)
    alone = [model.segment(pixels, "bright").confidence for pixels in lights()]
    assert [one.confidence for one in result.slices] == alone


def test_slices_done_by_several_workers_stay_in_their_order(model):
    pixels = np.random.default_rng(0).integers(0, 256, (17, HEIGHT, WIDTH), dtype=np.uint8)
    told = []
    results = [
        list(
            segment_volume(
                model,
                volume_of(pixels),
                ["bright", "left"],
                workers=workers,
                progress=lambda done, _total: told.append(done),
            )
        )
        for workers in (1, 3)
    ]
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one.masks, other.masks)
        assert one.slices == other.slices
    assert told == [*range(1, 18), *range(1, 18)]


def test_what_was_drawn_is_measured_where_the_spacing_is_known(model):
    result = model.segment_volume(volume_of(lights()), "bright")
    assert result.voxels == result.masks.sum() > 300
    assert result.volume_ml == pytest.approx(result.voxels * 1 * 2 * 5 / 1000)
    record = result.as_record()
    assert (record["num_slices"], record["plane"]) == (4, "axial")
    assert record["spacing_mm"] == [1.0, 2.0, 5.0]
    unknown = model.segment_volume(volume_of(lights(), affine=None, spacing=None), "bright")
    assert unknown.volume_ml is unknown.as_record()["volume_ml"] is None


def test_a_leaning_stack_has_smaller_voxels_than_its_steps_are_long():
    leaning = AFFINE.copy()
    leaning[:3, 2] = 0, 3, 4
    assert volume_of(lights(), affine=leaning).voxel_mm3 == pytest.approx(1 * 2 * 4)


def test_a_sentence_is_encoded_once_and_a_slice_once_for_all_sentences(model, monkeypatch):
    words, pictures, read = [], [], []
    for name, calls in (("encode_words", words), ("encode_image", pictures)):
        genuine = getattr(Graphs, name)
        monkeypatch.setattr(
            Graphs,
            name,
            lambda graphs, *given, genuine=genuine, calls=calls: (
                calls.append(1) or genuine(graphs, *given)
            ),
        )
    volume = volume_of(lights())
    volume = replace(volume, read=lambda number: read.append(number) or Image(lights()[number]))
    results = list(segment_volume(model, volume, ["left once more", "right once more"]))
    assert [result.text for result in results] == ["left once more", "right once more"]
    assert (len(words), len(pictures), read) == (2, 4, [0, 1, 2, 3])


def test_slices_are_let_go_as_they_are_done(model):
    held = []

    def read(number: int) -> Image:
        image = Image(pixels=lights()[number])
        held.append(weakref.ref(image.pixels))
        assert sum(one() is not None for one in held) <= 2
        return image

    volume = replace(volume_of(lights()), read=read)
    (result,) = segment_volume(model, volume, ["bright"])
    assert result.packed._bits.nbytes == NUM_SLICES * ((HEIGHT * WIDTH + 7) // 8)


def test_sides_of_the_patient_go_by_where_each_slice_has_them(model):
    usual = model.segment_volume(volume_of(lights()), "left", side="patient")
    assert usual.found_slices == (3,)
    flipped = replace(
        volume_of(lights()),
        read=lambda number: Image(pixels=lights()[number], patient_left="left"),
    )
    assert model.segment_volume(flipped, "left", side="patient").found_slices == (1, 2)


def test_parts_are_taken_out_in_three_dimensions(model):
    volume = volume_of(lights())
    result = model.segment_volume(volume, "bright", clean_up=CleanUp(keep_largest=True))
    assert (result.found_slices, result.num_removed) == ((1, 2), 1)
    assert result.as_record()["clean_up"] == {"keep_largest": True, "min_ml": None}
    none_left = model.segment_volume(volume, "bright", clean_up=CleanUp(min_ml=100.0))
    assert not none_left.is_found
    assert none_left.confidence < 0.5


def test_millilitres_are_refused_before_any_slice_is_read(model):
    def read(number: int) -> Image:
        raise AssertionError(f"slice {number} was read")

    volume = replace(volume_of(lights(), affine=None), read=read)
    with pytest.raises(ValueError, match="how large its voxels are"):
        model.segment_volume(volume, "bright", clean_up=CleanUp(min_ml=1.0))
    for wrong in ({"text": " "}, {"text": "left", "threshold": 1.5}):
        with pytest.raises(ValueError, match=r"empty|between 0 and 1"):
            model.segment_volume(volume, **wrong)


def test_nothing_found_is_as_sure_as_the_most_doubtful_slice(model):
    result = model.segment_volume(volume_of(lights()), "nothing")
    assert (result.is_found, result.voxels, result.found_slices) == (False, 0, ())
    assert result.confidence == pytest.approx(1 - max(one.presence for one in result.slices))
    assert result.presence == max(one.presence for one in result.slices)


def test_a_volume_is_found_where_any_slice_that_was_drawn_on_is(model):
    result = model.segment_volume(volume_of(lights()), "left")
    assert result.found_slices == (1, 2)
    said = {}
    for surest in range(3):
        slices = tuple(
            replace(one, presence=0.9 if number == surest else 0.6)
            for number, one in enumerate(result.slices)
        )
        said[surest] = replace(result, slices=slices, presence_sure_from=0.8).verdict
    assert said == {0: "unsure", 1: "found", 2: "found"}


def test_a_volume_hears_from_the_bundle_what_is_sure(tmp_path):
    path = write_fake_bundle(tmp_path / "fake.lingseg", presence_sure_from=0.9999999)
    ask = lingseg.load(path).segment_volume
    drawn, nothing = (ask(volume_of(lights()), text) for text in ("left", "nothing"))
    assert (drawn.verdict, drawn.as_record()["verdict"]) == ("unsure", "unsure")
    assert nothing.verdict == "not found"


def test_confidence_counts_slices_by_what_was_drawn_there(model):
    result = model.segment_volume(volume_of(lights()), "bright")
    areas = result.masks.sum(axis=(1, 2))
    by_hand = sum(one.confidence * area for one, area in zip(result.slices, areas, strict=True))
    assert result.confidence == pytest.approx(by_hand / areas.sum())


def test_probabilities_are_kept_in_steps_where_they_are_asked_for(model):
    (result,) = segment_volume(model, volume_of(lights()), ["bright"], keeps_probabilities=True)
    expected = np.stack([model.segment(pixels, "bright").probabilities for pixels in lights()])
    assert np.abs(result.probabilities / 255 - expected).max() <= 0.5 / 255 + 1e-6
    (without,) = segment_volume(model, volume_of(lights()), ["bright"])
    assert without.probabilities is None


def test_progress_is_told_slice_by_slice(model):
    told = []
    model.segment_volume(volume_of(lights()), "bright", progress=lambda *given: told.append(given))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_series_remembers_which_instance_each_slice_is(model, tmp_path):
    folder = save_series(tmp_path / "s", [ct_slice(number) for number in (2, 0, 1)])
    result = model.segment_volume(folder, "bright")
    uids = [source.sop_instance_uid for source in result.sources]
    assert uids == ["1.2.3.4.1", "1.2.3.4.2", "1.2.3.4.3"]


def test_a_slice_that_cannot_be_decoded_is_told_in_one_line(model, tmp_path):
    folder = save_series(tmp_path / "s", [ct_slice(number) for number in range(3)])
    cut = folder / "007"
    cut.write_bytes(cut.read_bytes()[:-20])
    with pytest.raises(UnreadableImage, match="007 is cut short"):
        model.segment_volume(folder, "bright")


def test_masks_of_an_oblique_flipped_nifti_lie_where_its_voxels_do(model, tmp_path):
    rng = np.random.default_rng(0)
    voxels = (rng.random((6, 20, 33)) * 255).astype(np.uint8)
    affine = np.array([[0, 0.1, -1.5, 3], [-2, 0, 0.1, 4], [0, 1.2, 0.1, 5], [0, 0, 0, 1.0]])
    path = tmp_path / "scan.nii"
    path.write_bytes(nifti(voxels, affine))
    result = model.segment_volume(path, "bright")
    result.save(tmp_path / "mask.nii.gz")
    saved = nibabel.load(tmp_path / "mask.nii.gz")
    np.testing.assert_allclose(saved.affine, affine, atol=1e-5)
    stored = np.asarray(saved.dataobj)
    assert stored.shape == voxels.shape
    assert voxels[stored == 1].mean() > 150 > voxels[stored == 0].mean()
    shown = read_volume(path).stored.as_shown(stored)
    np.testing.assert_array_equal(shown, result.masks)
    with pytest.raises(ValueError, match=r"Let it end in \.nii\.gz"):
        result.save(tmp_path / "mask.png")


def test_a_sentence_is_not_checked_against_a_volume(model):
    result = model.segment_volume(volume_of(lights()), "bright")
    with pytest.raises(ValueError, match="a volume of 4 slices"):
        result.disagreements()
