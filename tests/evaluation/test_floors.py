import numpy as np
import pytest
from fake_predictors import box, make_dataset, write_case

from lingseg.evaluation.evaluate import evaluate
from lingseg.evaluation.floors import GRID, build_floors
from lingseg.imaging.reading import read_image

LEFT, RIGHT = box(2, 1, 8, 8), box(2, 11, 8, 8)


def cases_of(root, split, number, **changes):
    """Return cases of which every other one is left."""
    return [
        write_case(
            root,
            f"{split}{index}",
            (LEFT, RIGHT)[index % 2],
            text=("the left box", "the right box")[index % 2],
            **changes,
        )
        for index in range(number)
    ]


@pytest.fixture
def dataset(tmp_path):
    splits = {
        split: cases_of(tmp_path, split, n) for split, n in (("train", 6), ("val", 2), ("test", 4))
    }
    return make_dataset(tmp_path, **splits)


def dice(floor, cases):
    evaluation = evaluate(floor, cases, rng=np.random.default_rng(0))
    return evaluation.overall.estimates["dice_per_image"].value


def test_the_mean_mask_knows_neither_image_nor_text(dataset):
    floor = build_floors(dataset).mean_mask
    assert dice(floor, dataset.split("test")) == pytest.approx(2 / 3, abs=0.03)


def test_the_text_lookup_knows_the_sentence(dataset):
    floor = build_floors(dataset).text_lookup
    assert dice(floor, dataset.split("test")) > 0.97


def test_a_sentence_that_training_never_saw_gets_the_mean_mask(dataset, tmp_path):
    floors = build_floors(dataset)
    case = write_case(tmp_path, "new", LEFT, text="a box that nobody has seen")
    image = read_image(case.image)
    both = (floor.probabilities(case, image) for floor in floors.both)
    np.testing.assert_array_equal(*both)


def test_the_average_is_that_of_the_masks(dataset):
    mean = build_floors(dataset).mean_mask.mean
    assert mean.shape == GRID
    assert mean[GRID[0] // 2, GRID[1] // 4] == mean[GRID[0] // 2, 3 * GRID[1] // 4] == 0.5
    assert mean[0, 0] == 0


def test_floors_fit_the_image_they_are_asked_for(dataset, tmp_path):
    case = write_case(tmp_path, "large", box(0, 0, 5, 5, size=(50, 31)))
    for floor in build_floors(dataset).both:
        assert floor.probabilities(case, read_image(case.image)).shape == (50, 31)


def test_thresholds_are_the_best_on_validation(tmp_path):
    train = [write_case(tmp_path, f"t{n}", (LEFT, RIGHT, RIGHT, RIGHT)[n]) for n in range(4)]
    right = [write_case(tmp_path, "v", RIGHT)]
    both = [write_case(tmp_path, "w", LEFT | RIGHT)]
    for_right = build_floors(make_dataset(tmp_path, train=train, val=right)).mean_mask
    for_both = build_floors(make_dataset(tmp_path, train=train, val=both)).mean_mask
    assert 0.25 < for_right.threshold <= 0.75
    assert for_both.threshold <= 0.25


def test_thresholds_come_from_training_where_there_is_no_validation(dataset, tmp_path):
    assert build_floors(dataset).thresholds_from == "val"
    alone = make_dataset(tmp_path, train=dataset.split("train"))
    assert build_floors(alone).thresholds_from == "train"


def test_the_test_split_is_never_looked_at(dataset, tmp_path):
    inverted = [write_case(tmp_path, f"i{n}", ~(LEFT | RIGHT)) for n in range(4)]
    other = make_dataset(tmp_path, **(dict(dataset.splits) | {"test": inverted}))
    mine, theirs = (build_floors(one).mean_mask for one in (dataset, other))
    assert mine.threshold == theirs.threshold
    np.testing.assert_array_equal(mine.mean, theirs.mean)


def test_no_training_masks_means_no_floors(dataset, tmp_path):
    unmarked = make_dataset(
        tmp_path, train=[write_case(tmp_path, "x", None)], test=dataset.split("test")
    )
    for useless in (unmarked, make_dataset(tmp_path, test=dataset.split("test"))):
        with pytest.raises(ValueError, match=r"boxes has no training masks.*--no-floors"):
            build_floors(useless)


def test_progress_goes_to_the_end(dataset):
    told = []
    build_floors(dataset, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 8) for done in range(1, 9)]
