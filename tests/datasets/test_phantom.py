import csv
import hashlib
import json
import re
from itertools import combinations

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from lingseg.datasets.folder import read_folder
from lingseg.datasets.phantom import draw_phantom, draw_phantoms, referring_pairs
from lingseg.datasets.phantom_film import FILM
from lingseg.datasets.phantom_outline import SHAPES, draw_depth, inside
from lingseg.datasets.phantom_question import ATTRIBUTES
from lingseg.datasets.phantom_scene import draw_things
from lingseg.datasets.phantom_slice import SLICE
from lingseg.datasets.phantom_ultrasound import ULTRASOUND
from lingseg.language import WORDS

SIZE = (96, 112)
NUMBERS = {"one": 1, "two": 2, "both": 2, "three": 3, "four": 4}
ABSENT = re.compile(r"\b(?:no|without)\b")
SIDES = {"left": 0, "right": 1}
HEIGHTS = {"upper": 0, "top": 0, "lower": 1, "bottom": 1}
PLACES = {**SIDES, **HEIGHTS, "middle": None, "center": None, "centre": None, "central": None}


def phantoms(number, size=SIZE):
    return [draw_phantom(np.random.default_rng([7, nth]), size) for nth in range(number)]


@pytest.fixture(scope="module")
def some():
    return phantoms(60)


@pytest.fixture(scope="module")
def described(some):
    return [description for phantom in some for description in phantom.descriptions]


def words(text):
    return re.findall("[a-z]+", text.lower())


def pieces(mask):
    return ndimage.label(mask, structure=np.ones((3, 3)))[1]


def centres(mask):
    """Return the centre of each connected piece, as shares of height and width."""
    labels, number = ndimage.label(mask, structure=np.ones((3, 3)))
    return (
        np.reshape(ndimage.center_of_mass(mask, labels, range(1, number + 1)), (-1, 2)) / mask.shape
    )


def agrees_with_places(text, mask):
    """Return whether every piece of the mask lies in a half that the text names, if any."""
    stated = set(words(text))
    sides = {SIDES[word] for word in stated & SIDES.keys()}
    heights = {HEIGHTS[word] for word in stated & HEIGHTS.keys()}
    if stated & {"lung", "zones", "fields", "lungs"} or PLACES.keys() & {"center"} & stated:
        heights = set()  # thirds of lungs have a test of their own
    found = centres(mask)
    return all(
        (not sides or int(x > 0.5) in sides) and (not heights or int(y > 0.5) in heights)
        for y, x in found
    )


def test_masks_lie_where_their_sentences_say(described):
    stated = [
        each for each in described if each.mask.any() and PLACES.keys() & set(words(each.text))
    ]
    assert len(stated) > 50
    assert [each.text for each in stated if not agrees_with_places(each.text, each.mask)] == []


def test_opacities_lie_in_the_third_of_the_lung_that_their_sentences_say(some):
    heights = {"upper": [], "middle": [], "lower": []}
    for phantom in some:
        for each in phantom.descriptions:
            zones = heights.keys() & set(words(each.text))
            if phantom.style == "film" and len(zones) == 1 and each.mask.any():
                heights[zones.pop()] += list(centres(each.mask)[:, 0])
    assert all(heights.values())
    assert max(heights["upper"]) < min(heights["middle"])
    assert max(heights["middle"]) < min(heights["lower"])


def test_masks_have_as_many_pieces_as_their_sentences_count(described):
    counted = 0
    for each in described:
        stated = words(each.text)
        if not each.mask.any() or {"one", "ones"} & {stated[-1]}:  # "the left one" counts nothing
            continue
        numbers = [NUMBERS[word] for word in stated if word in NUMBERS]
        if numbers:
            counted += 1
            assert pieces(each.mask) == numbers[0], each.text
        if "unilateral" in stated or "bilateral" in stated:
            sides = {int(x > 0.5) for _, x in centres(each.mask)}
            assert len(sides) == (2 if "bilateral" in stated else 1)
    assert counted > 30


def test_what_is_denied_is_not_there(described):
    denied = [each for each in described if ABSENT.search(each.text.lower())]
    assert len(denied) > 5
    assert not any(each.mask.any() for each in denied)


def test_masks_are_empty_only_where_absence_is_the_question(described):
    empty = [each for each in described if not each.mask.any()]
    assert {each.attribute for each in empty} == {"absence"}
    assert 0.05 < len(empty) / len(described) < 0.35


def pairs(phantom):
    for first, second in combinations(phantom.descriptions, 2):
        if first.pair is not None and first.pair == second.pair:
            yield first, second


def test_the_two_of_a_pair_have_different_texts_and_masks(some):
    found = [both for phantom in some for both in pairs(phantom)]
    assert len(found) > 50
    for first, second in found:
        assert first.text != second.text
        assert first.attribute == second.attribute
        assert not np.array_equal(first.mask, second.mask)


def test_of_two_on_absence_exactly_one_is_there(some):
    found = [both for phantom in some for both in pairs(phantom) if both[0].attribute == "absence"]
    assert len(found) > 10
    assert all(first.mask.any() != second.mask.any() for first, second in found)


def test_contrasted_things_do_not_overlap(some):
    for phantom in some:
        for first, second in pairs(phantom):
            if first.attribute == "count":
                assert (second.mask <= first.mask).all()
            else:
                assert not (first.mask & second.mask).any()


def test_no_pair_has_just_one_of_its_two(some):
    for phantom in some:
        numbers = [each.pair for each in phantom.descriptions if each.pair is not None]
        assert all(numbers.count(number) == 2 for number in numbers)


def test_large_things_are_larger_than_small_ones(some):
    for phantom in some:
        for first, second in pairs(phantom):
            small, large = sorted((first, second), key=lambda each: "l" in size_word(each.text))
            if first.attribute == "size":
                areas = [each.mask.sum() / pieces(each.mask) for each in (small, large)]
                assert areas[1] > 1.5 * areas[0], first.text


@pytest.mark.parametrize(
    ("style", "darker", "brighter"),
    [(SLICE, "dark", "bright"), (ULTRASOUND, "dark", "bright"), (FILM, "faint", "dense")],
    ids=lambda each: getattr(each, "name", each),
)
def test_things_are_as_bright_as_said(style, darker, brighter):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        stage = style.draw_stage(rng, SIZE)
        things = draw_things(rng, style, stage, 3, "brightness")
        pixels = style.paint(rng, stage, things)
        seen = {each.traits["brightness"]: pixels[each.mask].mean() for each in things}
        assert seen[darker] + 10 < seen[brighter]


def size_word(text):
    """Return "s" for small and "l" for large; "" where the text says neither."""
    small = {"small", "smaller", "smallest", "little", "tiny"}
    large = {"large", "larger", "largest", "big", "huge"}
    stated = set(words(text))
    return "s" if small & stated else "l" if large & stated else ""


def test_all_attributes_and_all_styles_come_up(some, described):
    assert {each.attribute for each in described} == set(ATTRIBUTES)
    assert {phantom.style for phantom in some} == {"film", "slice", "ultrasound", "skin", "colon"}


def test_hardly_any_sentence_comes_twice(described):
    assert len({each.text for each in described}) > 0.85 * len(described)


def test_all_words_are_in_the_vocabulary(described):
    spoken = {word for each in described for word in words(each.text)}
    assert spoken - set(WORDS) == set()


@pytest.mark.parametrize("size", [(64, 64), (64, 150), (150, 64)])
def test_pictures_have_the_size_asked_for(size):
    for phantom in phantoms(6, size):
        assert phantom.pixels.dtype == np.uint8
        assert phantom.pixels.shape[:2] == size
        assert all(each.mask.shape == size for each in phantom.descriptions)
        assert all(each.mask.any() or each.attribute == "absence" for each in phantom.descriptions)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_outlines_of_any_shape_have_the_area_of_their_circle(shape):
    depth = draw_depth(
        np.random.default_rng(0),
        shape,
        centre=(50.0, 60.0),
        radius=20.0,
        reach=60.0,
        size=(100, 120),
    )
    assert (depth > 0).sum() == pytest.approx(np.pi * 20**2, rel=0.05)
    assert pieces(inside(depth)) == 1


def test_outlines_stay_within_their_reach():
    depth = draw_depth(
        np.random.default_rng(0),
        "star",
        centre=(50.0, 60.0),
        radius=20.0,
        reach=15.0,
        size=(100, 120),
    )
    rows, columns = np.nonzero(depth > 0)
    assert np.hypot(rows - 50, columns - 60).max() <= 15


def test_only_the_largest_piece_is_inside():
    depth = np.full((20, 30), -1.0, dtype=np.float32)
    depth[2:4, 2:4] = depth[8:15, 8:20] = 1
    assert inside(depth).sum() == 7 * 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("phantoms") / "set"
    draw_phantoms(out, num_cases=30, seed=3, size=(64, 80))
    return out


def stored(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def contents(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_folder_reads_as_a_data_set(folder):
    dataset = read_folder(folder)
    cases = [case for split in dataset.splits.values() for case in split]
    assert len(cases) == 30
    assert all(dataset.splits.values())
    assert (dataset.info.name, dataset.info.side) == ("phantom", "image")
    assert dataset.info.licence == "CC0-1.0"
    for case in cases:
        image, mask = stored(case.image), stored(case.mask)
        assert mask.shape == image.shape[:2] == (64, 80)
        assert set(np.unique(mask)) <= {0, 255}
        assert case.columns["attribute"] in ATTRIBUTES


def test_no_picture_is_in_two_splits(folder):
    dataset = read_folder(folder)
    subjects = [{case.subject for case in split} for split in dataset.splits.values()]
    assert not any(first & second for first, second in combinations(subjects, 2))


@pytest.mark.parametrize("num_cases", range(10, 16))  # some of these part the last pair
def test_pairs_on_disk_are_complete(num_cases, tmp_path):
    draw_phantoms(tmp_path / "set", num_cases=num_cases, seed=0, size=(64, 64))
    tables = [table.read_text().splitlines() for table in (tmp_path / "set").glob("*.csv")]
    rows = [row for table in tables for row in csv.DictReader(table)]
    numbered = [row["pair"] for row in rows if row["pair"]]
    assert len(rows) == num_cases
    assert numbered
    assert all(numbered.count(pair) == 2 for pair in numbered)


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    draw_phantoms(tmp_path / "again", num_cases=30, seed=3, size=(64, 80))
    assert contents(tmp_path / "again") == contents(folder)


def test_another_seed_gives_other_pictures(folder, tmp_path):
    draw_phantoms(tmp_path / "other", num_cases=10, seed=4, size=(64, 80))
    mine, others = contents(folder), contents(tmp_path / "other")
    assert not set(mine.values()) & {others[name] for name in others if name.startswith("images")}


def test_progress_ends_at_the_number_of_cases(tmp_path):
    seen = []
    draw_phantoms(
        tmp_path / "set", num_cases=11, seed=0, size=(64, 64), progress=lambda *at: seen.append(at)
    )
    assert seen == sorted(seen)
    assert seen[-1] == (11, 11)
    assert {total for _, total in seen} == {11}


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="not an empty folder"):
        draw_phantoms(tmp_path, num_cases=10, seed=0)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_nothing_half_written_stays_behind(tmp_path):
    def stop(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_phantoms(tmp_path / "set", num_cases=10, seed=0, size=(64, 64), progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ({"num_cases": 3, "seed": 0}, "num_cases=3 is too few"),
        ({"num_cases": 10, "seed": -1}, "seed=-1 is negative"),
        ({"num_cases": 10, "seed": 0, "size": (64, 63)}, "too small"),
    ],
)
def test_impossible_orders_are_refused(order, complaint, tmp_path):
    with pytest.raises(ValueError, match=complaint):
        draw_phantoms(tmp_path / "set", **order)
    assert list(tmp_path.iterdir()) == []


def test_the_declaration_says_what_may_be_shipped(folder):
    declared = json.loads((folder / "dataset.json").read_text())
    assert declared["ship_weights"] is True
    assert declared["ship_images"] is True
    assert declared["symmetry"] == "horizontal"


def test_referring_pairs_share_a_picture_and_differ_in_text():
    pairs = referring_pairs(np.random.default_rng(0), 40, (32, 40))
    assert pairs.images.shape == (40, 3, 32, 40)
    assert pairs.masks.shape == (40, 1, 32, 40)
    assert pairs.images.dtype == np.float32
    assert 0 <= pairs.images.min() < pairs.images.max() <= 1
    np.testing.assert_array_equal(pairs.images[::2], pairs.images[1::2])
    for text, mask in zip(pairs.texts, pairs.masks[:, 0], strict=True):
        assert pieces(mask) == 1
        assert int(centres(mask)[0, 1] > 0.5) == SIDES[text.split()[1]]
    assert pairs.texts.count("the left one") == 20
    assert 5 < pairs.texts[::2].count("the left one") < 15


def test_referring_pairs_may_be_odd_in_number():
    assert len(referring_pairs(np.random.default_rng(0), 3, (32, 40)).texts) == 3
