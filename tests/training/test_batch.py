"""From cases on disk to the batch of one step."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from training.small_run import RECIPE, write_blocks

from lingseg.training.batch import PixelCache, TrainingBatches
from lingseg.training.recipe import Augmentation, with_choices


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_blocks(tmp_path_factory.mktemp("blocks"))


def batches(dataset, recipe=RECIPE, **share):
    return TrainingBatches([dataset], recipe, **({"rank": 0, "num_processes": 1} | share))


def test_a_batch_is_the_same_whenever_it_is_asked_for(dataset):
    first, again = batches(dataset)[5], batches(dataset)[5]
    assert torch.equal(first.image, again.image)
    assert first.texts == again.texts


def test_another_seed_gives_another_batch(dataset):
    other = batches(dataset, replace(RECIPE, seed=1))[0]
    assert not torch.equal(batches(dataset)[0].image, other.image)


def test_processes_share_a_batch_without_overlap(dataset):
    whole = batches(dataset)[2]
    parts = [batches(dataset, rank=rank, num_processes=2)[2] for rank in (0, 1)]
    assert torch.equal(torch.cat([part.image for part in parts])[[0, 2, 1, 3]], whole.image)


def test_a_batch_that_cannot_be_shared_evenly_is_refused(dataset):
    with pytest.raises(ValueError, match="multiple of 3"):
        batches(dataset, num_processes=3)


def test_no_case_is_drawn_again_before_all_were(dataset):
    recipe = with_choices(
        replace(RECIPE, augmentation=Augmentation(flip_rate=0.0)), {"schedule.batch_size": 10}
    )
    images = batches(dataset, recipe)[1].image
    assert len({image.numpy().tobytes() for image in images}) == 10


def test_shares_decide_how_often_a_set_is_drawn(dataset):
    recipe = with_choices(RECIPE, {"data.sets": ("a", "b"), "data.shares": (1.0, 3.0)})
    recipe = with_choices(recipe, {"schedule.steps_per_epoch": 300})
    plan = TrainingBatches([dataset, dataset], recipe, rank=0, num_processes=1)._plan
    assert abs(np.mean(plan[:, 0]) - 0.75) < 0.02


def test_sentences_of_other_sets_are_what_is_absent(dataset):
    other = replace(dataset, info=replace(dataset.info, name="other"))
    recipe = with_choices(RECIPE, {"data.sets": ("a", "b"), "augmentation.absent_text_rate": 1.0})
    batch = TrainingBatches([dataset, other], recipe, rank=0, num_processes=1)[0]
    assert not batch.reference.any()


def test_pictures_are_in_zero_to_one_at_the_size_of_the_recipe(dataset):
    batch = batches(dataset, with_choices(RECIPE, {"data.height": 40, "data.width": 36}))[0]
    assert batch.image.shape == (4, 3, 40, 36)
    assert batch.reference.shape == (4, 1, 40, 36)
    assert 0 <= batch.image.min() < batch.image.max() <= 1


def test_the_first_epochs_show_smaller_pictures(dataset):
    recipe = with_choices(RECIPE, {"data.height": 80, "data.width": 140})
    recipe = with_choices(recipe, {"schedule.small_epochs": 1, "schedule.small_scale": 0.5})
    found, whole = (
        batches(dataset, recipe),
        batches(dataset, with_choices(recipe, {"schedule.small_epochs": 0})),
    )
    assert [found[step].reference.shape[2:] for step in (0, 2, 3)] == [
        (32, 64),
        (32, 64),
        (80, 140),
    ]
    assert found[0].texts == whole[0].texts
    assert torch.equal(found[3].image, whole[3].image)
    assert found.cache is not found._small_cache  # validation is at full size


def test_a_share_of_the_size_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"small_scale=1\.5 is no share"):
        with_choices(RECIPE, {"schedule.small_scale": 1.5})


def test_a_full_cache_still_gives_every_picture(dataset):
    case = dataset.split("train")[0]
    small = PixelCache(with_choices(RECIPE, {"data.cache_gigabytes": 1e-9}).data)
    large = PixelCache(RECIPE.data)
    for cache in (small, large):
        cache.triple(case)
    assert np.array_equal(small.triple(case).image, large.triple(case).image)


COMPANIONS = with_choices(RECIPE, {"data.companions": 1, "augmentation.flip_rate": 0.5})


def two_masks_a_picture(dataset):
    """Let every second case ask about the picture of the one before it."""
    cases = dataset.splits["train"]
    paired = [replace(case, image=cases[k - k % 2].image) for k, case in enumerate(cases)]
    return replace(dataset, splits={**dataset.splits, "train": tuple(paired)})


def test_a_companion_shows_the_same_view_with_another_mask(dataset):
    batch = batches(two_masks_a_picture(dataset), COMPANIONS)[1]
    assert len(batch.image) == 2
    assert batch.asked.tolist() == [0, 0, 1, 1]
    differs = (batch.reference[::2] != batch.reference[1::2]).flatten(1).any(dim=1)
    assert differs.all()


def test_a_case_whose_picture_has_one_mask_brings_no_companion(dataset):
    batch = batches(dataset, COMPANIONS)[1]
    assert batch.asked.tolist() == [0, 1, 2, 3]


def test_a_case_brings_as_many_companions_as_were_asked_for(dataset):
    recipe = with_choices(COMPANIONS, {"data.companions": 3})
    batch = batches(two_masks_a_picture(dataset), recipe)[1]
    assert batch.asked.tolist() == [0, 0, 0, 0]


def test_companions_leave_each_set_its_share(dataset):
    recipe = with_choices(COMPANIONS, {"data.sets": ("a", "b"), "data.shares": (1.0, 3.0)})
    recipe = with_choices(recipe, {"schedule.steps_per_epoch": 600})
    sets = [two_masks_a_picture(dataset), dataset]
    plan = TrainingBatches(sets, recipe, rank=0, num_processes=1)._plan
    assert abs(np.mean(plan[:, 0]) - 0.75) < 0.02
